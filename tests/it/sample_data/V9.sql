UPDATE notify_watch SET generation = generation + 1, since = coalesce(since, now()), checked_at = now();
INSERT INTO notify_state (subject, status, since, reported_at, seen_at, last_slot)
VALUES ('timer:last-due/' || gen_random_uuid(), 'fail', now(), now(), now(), now()),
       ('backup:age/' || gen_random_uuid(), 'warn', now(), now(), now(), NULL);
WITH message AS (
    INSERT INTO notify_message (message_id, event, message)
    VALUES (gen_random_uuid(), gen_random_uuid()::text, '{"version": 1}')
    RETURNING id)
INSERT INTO notify_delivery (receiver, message, attempts, failure)
SELECT 'default', id, 1, 'the receiver returned 500' FROM message;
