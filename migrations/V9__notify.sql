-- One row: the number of the last evaluation, and when the program last read all checks. An evaluation is
-- stored only if no other one was stored since it began, so two programs write no message twice.
CREATE TABLE notify_watch (
    one        boolean     PRIMARY KEY DEFAULT true CHECK (one),
    generation bigint      NOT NULL DEFAULT 0,
    since      timestamptz,
    checked_at timestamptz
);
INSERT INTO notify_watch DEFAULT VALUES;

-- The state of each problem that receivers know, and of each timer. `last_slot` is the last slot of a timer
-- whose run is reported or succeeded.
CREATE TABLE notify_state (
    subject     text        PRIMARY KEY CHECK (char_length(subject) BETWEEN 1 AND 300),
    status      text        NOT NULL CHECK (status IN ('ok', 'warn', 'fail')),
    since       timestamptz NOT NULL,
    reported_at timestamptz NOT NULL,
    seen_at     timestamptz NOT NULL,
    last_slot   timestamptz
);

-- The messages. `event` identifies the event, so that it makes one message only.
CREATE TABLE notify_message (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id uuid        NOT NULL UNIQUE,
    event      text        NOT NULL UNIQUE CHECK (char_length(event) BETWEEN 1 AND 400),
    message    jsonb       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- For the deletion of old rows.
CREATE INDEX notify_message_created_at ON notify_message (created_at);

-- The delivery of each message to each receiver. A sender that claims a row moves `next_attempt_at` to the end
-- of its lease.
CREATE TABLE notify_delivery (
    receiver        text        NOT NULL CHECK (char_length(receiver) BETWEEN 1 AND 40),
    message         bigint      NOT NULL REFERENCES notify_message ON DELETE CASCADE,
    attempts        integer     NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    delivered_at    timestamptz,
    given_up_at     timestamptz,
    failure         text,
    PRIMARY KEY (receiver, message)
);

-- For the next message of a receiver.
CREATE INDEX notify_delivery_waiting ON notify_delivery (receiver, message)
    WHERE delivered_at IS NULL AND given_up_at IS NULL;

-- For the deletion of a message.
CREATE INDEX notify_delivery_message ON notify_delivery (message);
