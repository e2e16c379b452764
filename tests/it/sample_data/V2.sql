INSERT INTO idempotency_key (key, name, item_id, item_created_at)
SELECT gen_random_uuid(), name, id, created_at FROM item ORDER BY id DESC LIMIT 1;

INSERT INTO idempotency_key (key, name, created_at)
VALUES (gen_random_uuid(), 'taken', now() - interval '23 hours');
