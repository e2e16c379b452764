--- indexes of every method
CREATE TABLE indexed (id int, t text, r int4range, p point, a int[], at timestamptz, j jsonb);
CREATE INDEX ON indexed USING hash (id);
CREATE INDEX ON indexed USING gist (r);
CREATE INDEX ON indexed USING spgist (p);
CREATE INDEX ON indexed USING gin (a) WITH (fastupdate = off);
CREATE INDEX ON indexed USING brin (at) WITH (pages_per_range = 32);
CREATE INDEX ON indexed USING gin (j jsonb_path_ops);
INSERT INTO indexed VALUES (1, 'x', '[1,2)', '(1,1)', '{1}', 'now', '{}');

--- indexes of expressions, of some rows, with collations and orders
CREATE TABLE indexed (id int, t text);
CREATE INDEX "An Index" ON indexed (lower(t) COLLATE "C" text_pattern_ops DESC NULLS LAST, id) WHERE id > 3;
CREATE INDEX ON indexed ((id * 2), (t || 'x')) WITH (fillfactor = 50);
ALTER INDEX indexed_expr_expr1_idx ALTER COLUMN 1 SET STATISTICS 99;

--- an invalid index
--! index public.broken is not in the archive
CREATE TABLE twice (a int); INSERT INTO twice VALUES (1), (1);
CREATE INDEX broken ON twice (a);
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass;

--- extended statistics
CREATE TABLE measured (a int, b int, c text);
CREATE STATISTICS every ON a, b FROM measured;
CREATE STATISTICS a_few (ndistinct, mcv) ON a, c FROM measured;
CREATE STATISTICS of_expressions (dependencies) ON (a + 1), (lower(c)) FROM measured;
ALTER STATISTICS a_few SET STATISTICS 33; ALTER STATISTICS every OWNER TO backup_owner;
COMMENT ON STATISTICS a_few IS 'some';

--- triggers of every kind
CREATE TABLE watched (id int, v text);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER a BEFORE INSERT OR UPDATE OF v ON watched FOR EACH ROW WHEN (NEW.id > 0) EXECUTE FUNCTION touch('x', 'it''s');
CREATE TRIGGER b AFTER UPDATE ON watched REFERENCING OLD TABLE AS o NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION touch();
CREATE CONSTRAINT TRIGGER c AFTER INSERT ON watched DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER d BEFORE TRUNCATE ON watched EXECUTE FUNCTION touch();
CREATE TRIGGER "not on it" BEFORE DELETE ON watched FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE watched DISABLE TRIGGER a, ENABLE REPLICA TRIGGER b, ENABLE ALWAYS TRIGGER d;
COMMENT ON TRIGGER "not on it" ON watched IS 'a name with on';

--- rules
CREATE TABLE ruled (id int, v text); CREATE TABLE copied (id int, v text);
CREATE RULE copying AS ON INSERT TO ruled WHERE NEW.id > 0 DO ALSO INSERT INTO copied VALUES (NEW.id, NEW.v);
CREATE RULE "quiet on it" AS ON DELETE TO ruled DO INSTEAD NOTHING;
ALTER TABLE ruled DISABLE RULE copying;
COMMENT ON RULE "quiet on it" ON ruled IS 'quiet';
INSERT INTO ruled VALUES (1, 'x');

--- event triggers
--? COMMENT EVENT TRIGGER never
--? EVENT TRIGGER never
--? EVENT TRIGGER noting
CREATE FUNCTION noted() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER noting ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'DROP TABLE') EXECUTE FUNCTION noted();
CREATE EVENT TRIGGER never ON sql_drop EXECUTE FUNCTION noted();
ALTER EVENT TRIGGER never DISABLE; ALTER EVENT TRIGGER noting ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER never IS 'never';

--- an event trigger that refuses everything
--? EVENT TRIGGER refusing
CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
CREATE EVENT TRIGGER refusing ON ddl_command_start EXECUTE FUNCTION refuse();
