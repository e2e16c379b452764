INSERT INTO item_deletion (invocation_id, item_id) VALUES (gen_random_uuid(), 1);
INSERT INTO scale_hold (target, size, since, until, reason, made_by, released_at, release_invocation_id)
VALUES ('web', '6', now(), now() + interval '2 hours', 'release', 'ann', now(), gen_random_uuid());
