INSERT INTO function_run (function, slot, invocation_id, started_at)
VALUES ('postfacto_restore_drill', clock_timestamp(), gen_random_uuid(), now());
