INSERT INTO function_run (function, slot, invocation_id, started_at, finished_at, outcome, failure, degraded)
VALUES ('postfacto_backup', clock_timestamp(), 'invocation', now(), now(), 'failed', 'not in the backup: a rule', true);
INSERT INTO function_schedule (function, schedule, since)
VALUES ('function ' || clock_timestamp(), '0 0 2 * * *', now());
