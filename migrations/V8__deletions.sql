-- What a request deleted, under the Functions host's id of its invocation. The host sends a request
-- without a body again when the connection breaks, with the same id: the second sending finds its row
-- here. No foreign key: the row outlives the item.
CREATE TABLE item_deletion (
    invocation_id uuid        NOT NULL,
    item_id       bigint      NOT NULL,
    deleted_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (invocation_id, item_id)
);

-- For the timer that deletes rows of more than 24 hours.
CREATE INDEX item_deletion_deleted_at ON item_deletion (deleted_at);

-- The same for a hold that a request ended.
ALTER TABLE scale_hold ADD COLUMN release_invocation_id uuid;
