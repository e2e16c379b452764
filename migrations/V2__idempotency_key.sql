-- The first answer to a POST that carried an Idempotency-Key. `name` is what it asked for;
-- `item_id` and `item_created_at` are null where the answer was that the name is taken.
-- No foreign key: the answer outlives the item.
CREATE TABLE idempotency_key (
    key             text        PRIMARY KEY CHECK (char_length(key) BETWEEN 1 AND 255),
    name            text        NOT NULL,
    item_id         bigint,
    item_created_at timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    CHECK ((item_id IS NULL) = (item_created_at IS NULL))
);

-- For the timer that deletes keys of more than 24 hours.
CREATE INDEX idempotency_key_created_at ON idempotency_key (created_at);
