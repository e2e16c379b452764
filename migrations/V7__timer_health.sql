-- Why the last attempt at a slot failed, for people and for /health. `degraded` says that the attempt
-- failed and that all that matters was done all the same: such a run is not a failure to /health.
ALTER TABLE function_run
    ADD COLUMN failure  text,
    ADD COLUMN degraded boolean NOT NULL DEFAULT false;

-- The schedule by which the host calls each timer, and since when: a slot before `since` was not due.
-- The text is empty while the host does not run the timer.
CREATE TABLE function_schedule (
    function text        PRIMARY KEY CHECK (char_length(function) BETWEEN 1 AND 128),
    schedule text        NOT NULL,
    since    timestamptz NOT NULL
);
