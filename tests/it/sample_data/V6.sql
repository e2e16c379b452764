SET TimeZone TO 'Europe/Berlin';

-- 168 hours of a week that has 167.
INSERT INTO scale_hold (target, size, since, until, reason, made_by)
VALUES ('web', '6', '2026-03-26T12:00:00Z', '2026-04-02T12:00:00Z', 'release', 'ann');

RESET TimeZone;
