INSERT INTO function_run (function, slot, invocation_id, started_at)
VALUES ('running', clock_timestamp(), gen_random_uuid(), now());

INSERT INTO function_run
       (function, slot, attempt, invocation_id, started_at, finished_at, outcome, summary)
VALUES ('postfacto-backup', clock_timestamp(), 2, gen_random_uuid(), now(), now(), 'succeeded',
        '{"sources": []}'),
       ('postfacto-backup', clock_timestamp() + interval '1 second', 1, gen_random_uuid(), now(),
        now(), 'failed', '{}');
