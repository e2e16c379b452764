-- Sizes that people want for a while, whatever the schedule says. A row stays after its time, for
-- whoever asks later; `released_at` is set where it was ended before.
CREATE TABLE scale_hold (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    target      text        NOT NULL CHECK (char_length(target) BETWEEN 1 AND 40),
    size        jsonb       NOT NULL,
    since       timestamptz NOT NULL,
    until       timestamptz NOT NULL,
    reason      text        NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 500),
    made_by     text        NOT NULL CHECK (char_length(made_by) BETWEEN 1 AND 100),
    released_at timestamptz,
    CHECK (until > since AND until <= since + interval '7 days')
);

-- For those in force, and for the deletion of old rows.
CREATE INDEX scale_hold_until ON scale_hold (until);

-- One row for each change that Azure was asked for, or would have been in shadow mode. It is written
-- before Azure is asked: `outcome` is null while the change is under way, and after a process that
-- died; the next tick finds out what became of it.
CREATE TABLE scale_change (
    id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    target        text        NOT NULL CHECK (char_length(target) BETWEEN 1 AND 40),
    resource      text        NOT NULL,
    requested_at  timestamptz NOT NULL,
    size_before   jsonb       NOT NULL,
    size_after    jsonb       NOT NULL,
    rule          text        NOT NULL,
    cause         text        NOT NULL CHECK (cause IN ('schedule', 'drift')),
    invocation_id text        NOT NULL,
    finished_at   timestamptz,
    outcome       text        CHECK (outcome IN ('succeeded', 'failed', 'left', 'shadow')),
    detail        text,
    CHECK ((finished_at IS NULL) = (outcome IS NULL))
);

-- For a target's last changes.
CREATE INDEX scale_change_target ON scale_change (target, requested_at);

-- For everyone's, and for the deletion of old rows.
CREATE INDEX scale_change_requested_at ON scale_change (requested_at);
