-- One row for each function and slot: the scheduled occurrence, or for a call outside of the
-- schedule the instant of the call. `attempt` counts the invocations that worked on it,
-- `invocation_id` is the last one's. `outcome` is null while one works, and after one that died.
CREATE TABLE function_run (
    function      text        NOT NULL CHECK (char_length(function) BETWEEN 1 AND 128),
    slot          timestamptz NOT NULL,
    attempt       integer     NOT NULL DEFAULT 1 CHECK (attempt >= 1),
    invocation_id text        NOT NULL,
    started_at    timestamptz NOT NULL,
    finished_at   timestamptz,
    outcome       text        CHECK (outcome IN ('succeeded', 'failed')),
    summary       jsonb       NOT NULL DEFAULT '{}',
    PRIMARY KEY (function, slot),
    CHECK ((finished_at IS NULL) = (outcome IS NULL))
);

-- For the deletion of old rows.
CREATE INDEX function_run_started_at ON function_run (started_at);
