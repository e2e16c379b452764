INSERT INTO scale_hold (target, size, since, until, reason, made_by, released_at)
VALUES ('web', '6', now(), now() + interval '2 hours', 'release', 'ann', NULL),
       ('apps', '{"min": 2, "max": 6}', now(), now() + interval '7 days', 'sale', 'bob', now());

INSERT INTO scale_change (target, resource, requested_at, size_before, size_after, rule, cause,
                          invocation_id, finished_at, outcome, detail)
VALUES ('web', '/subscriptions/s', now(), '1', '4', 'weekly window "work day"', 'schedule', 'i', NULL, NULL,
        NULL),
       ('web', '/subscriptions/s', now(), '2', '4', 'weekly window "work day"', 'drift', 'i', now(),
        'failed', 'QuotaExceeded');
