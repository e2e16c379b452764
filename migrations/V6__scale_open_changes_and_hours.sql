-- A day of a database's time zone has 23 or 25 hours where its clocks change; seven of them are not the
-- 168 hours that a hold may last.
ALTER TABLE scale_hold
    DROP CONSTRAINT scale_hold_check,
    ADD CONSTRAINT scale_hold_check
        CHECK (until > since AND until <= since + interval '168 hours');

-- For the changes without an outcome, which every tick reads first.
CREATE INDEX scale_change_open ON scale_change (id) WHERE outcome IS NULL;
