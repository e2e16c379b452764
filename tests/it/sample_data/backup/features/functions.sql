--- functions of every kind
--? FUNCTION public.many()
--? FUNCTION public.windowed(integer)
CREATE TABLE seen (id int, t text);
CREATE FUNCTION defaults(a int DEFAULT 1, b text DEFAULT 'x''y', VARIADIC c int[] DEFAULT '{}') RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 7 AS $$ SELECT 'a' $$;
CREATE FUNCTION many(OUT a int, OUT "B" text) RETURNS SETOF record LANGUAGE plpgsql STABLE LEAKPROOF ROWS 5 AS $body$ BEGIN a := 1; RETURN NEXT; END $body$;
CREATE FUNCTION rows_of() RETURNS TABLE (id int, t text) LANGUAGE sql AS 'SELECT id, t FROM seen';
CREATE FUNCTION of_row(seen) RETURNS text LANGUAGE sql AS 'SELECT $1.t';
CREATE FUNCTION "Odd ""name"" on it"("an arg" int) RETURNS int LANGUAGE sql AS 'SELECT 1';
COMMENT ON FUNCTION "Odd ""name"" on it"(int) IS 'odd';
CREATE FUNCTION windowed(int) RETURNS bigint LANGUAGE internal WINDOW AS 'window_row_number';
INSERT INTO seen VALUES (1, 'x');

--- security definer functions and their settings
--? ACL public.FUNCTION guarded()
--? FUNCTION public.guarded()
CREATE FUNCTION guarded() RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET work_mem = '7MB' SET "my.setting" = 'a, b' AS 'BEGIN RETURN 1; END';
ALTER FUNCTION guarded() OWNER TO backup_owner; REVOKE EXECUTE ON FUNCTION guarded() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION guarded() TO backup_reader WITH GRANT OPTION;

--- functions with a body of SQL
CREATE TABLE t (id int PRIMARY KEY, v text);
CREATE FUNCTION total() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM t; END;
CREATE FUNCTION first_of(n int) RETURNS text RETURN (SELECT v FROM t WHERE id = n);
CREATE FUNCTION by_key() RETURNS SETOF text BEGIN ATOMIC SELECT v FROM t GROUP BY id; END;
CREATE PROCEDURE adding(n int) BEGIN ATOMIC INSERT INTO t VALUES (n, 'x'); END;
CREATE VIEW using_it AS SELECT total() AS n;

--- procedures, two of which differ by what they return
CREATE PROCEDURE out_of(a int) LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE out_of(OUT a int) LANGUAGE plpgsql AS 'BEGIN a := 1; END';
CREATE PROCEDURE through(INOUT a int, b text DEFAULT 'x') LANGUAGE plpgsql AS 'BEGIN COMMIT; END';
ALTER PROCEDURE out_of(OUT int) OWNER TO backup_owner;
COMMENT ON PROCEDURE out_of(OUT int) IS 'out'; COMMENT ON PROCEDURE out_of(IN int) IS 'in';
GRANT EXECUTE ON PROCEDURE out_of(OUT int) TO backup_reader;

--- aggregates
CREATE FUNCTION joined(text, text) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT coalesce($1 || ',', '') || $2 $$;
CREATE FUNCTION joined_end(text, text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1';
CREATE AGGREGATE total (integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0', COMBINEFUNC = int4pl, PARALLEL = SAFE);
CREATE AGGREGATE list (text ORDER BY text) (SFUNC = joined, STYPE = text, FINALFUNC = joined_end, FINALFUNC_MODIFY = SHAREABLE);
CREATE AGGREGATE least_of (integer) (SFUNC = int4smaller, STYPE = integer, SORTOP = <);
CREATE AGGREGATE moving (integer) (SFUNC = int4pl, STYPE = integer, MSFUNC = int4pl, MINVFUNC = int4mi, MSTYPE = integer, MINITCOND = '0', SSPACE = 100);
CREATE AGGREGATE "any count" (*) (SFUNC = int8inc, STYPE = int8, INITCOND = '0');
ALTER AGGREGATE total (integer) OWNER TO backup_owner; COMMENT ON AGGREGATE total (integer) IS 'sum';
REVOKE EXECUTE ON FUNCTION total(integer) FROM PUBLIC;
CREATE TABLE added (n int); CREATE VIEW totals AS SELECT total(n), "any count"(*) FROM added;
INSERT INTO added VALUES (1), (2);

--- ordered-set and hypothetical aggregates
--? AGGREGATE public.mine(double precision, anyelement)
--? AGGREGATE public.ranked("any")
CREATE AGGREGATE mine (float8 ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
CREATE AGGREGATE ranked (VARIADIC "any" ORDER BY VARIADIC "any") (SFUNC = ordered_set_transition_multi, STYPE = internal, FINALFUNC = rank_final, FINALFUNC_EXTRA, HYPOTHETICAL);

--- functions that need tables that need functions
CREATE TABLE self_made (id int NOT NULL, title text);
CREATE FUNCTION title_of(self_made) RETURNS text LANGUAGE sql AS 'SELECT $1.title';
CREATE FUNCTION a_title() RETURNS text LANGUAGE sql AS 'SELECT title_of(s) FROM self_made s LIMIT 1';
ALTER TABLE self_made ALTER COLUMN title SET DEFAULT a_title(), ADD CHECK (title_of(self_made) <> '');

--- tables that need each other through functions
CREATE TABLE a (x bigint, y bigint); CREATE TABLE b (x bigint, y bigint);
CREATE FUNCTION of_a(bigint) RETURNS boolean IMMUTABLE BEGIN ATOMIC SELECT $1 > (SELECT count(*) FROM a WHERE false); END;
CREATE FUNCTION of_b(bigint) RETURNS boolean IMMUTABLE BEGIN ATOMIC SELECT $1 > (SELECT count(*) FROM b WHERE false); END;
CREATE FUNCTION rows_a() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM a; END; CREATE FUNCTION rows_b() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM b; END;
ALTER TABLE a ADD CONSTRAINT as_b CHECK (of_b(x)), ALTER y SET DEFAULT rows_b(); ALTER TABLE b ADD CONSTRAINT as_a CHECK (of_a(x)), ALTER y SET DEFAULT rows_a();
CREATE TABLE inherits () INHERITS (a); CREATE TABLE parted (x bigint CHECK (of_b(x))) PARTITION BY LIST (x); CREATE TABLE part PARTITION OF parted FOR VALUES IN (1);
INSERT INTO a VALUES (1); INSERT INTO inherits VALUES (2); INSERT INTO parted VALUES (1);

--- functions that trust the search path
CREATE FUNCTION helper(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 + 1';
CREATE FUNCTION caller(int) RETURNS int IMMUTABLE LANGUAGE plpgsql SET search_path = public AS 'BEGIN RETURN helper($1); END';
CREATE TABLE trusting (a int CHECK (caller(a) > 0)); CREATE INDEX ON trusting (caller(a));
INSERT INTO trusting VALUES (1);

--- names in schemas that hide the server's own
CREATE SCHEMA shadow; SET search_path = shadow, pg_catalog, public;
CREATE TABLE shadow.pg_class (id int); CREATE FUNCTION shadow.lower(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1';
CREATE TYPE shadow.text AS ENUM ('a'); CREATE TABLE shadow.now (t shadow.text, u pg_catalog.text DEFAULT shadow.lower('X'));
RESET search_path;

--- a body with lines that begin with a backslash
CREATE FUNCTION sneaky() RETURNS text LANGUAGE sql AS $$ SELECT 'a
\! touch /tmp/pwned
' $$;
CREATE TABLE t (a text DEFAULT E'x\n\\q');
COMMENT ON TABLE t IS E'a\n\\connect x';

--- a function in a schema of the server
--! function pg_catalog.lurking() is not in the archive
CREATE FUNCTION pg_catalog.lurking() RETURNS integer LANGUAGE sql AS 'SELECT 1';

--- what depends on an extension to be dropped with it
CREATE EXTENSION hstore;
CREATE FUNCTION of_hstore(hstore) RETURNS int LANGUAGE sql AS 'SELECT 1';
ALTER FUNCTION of_hstore(hstore) DEPENDS ON EXTENSION hstore;
CREATE TABLE stores (h hstore); CREATE INDEX stores_h ON stores USING gin (h); ALTER INDEX stores_h DEPENDS ON EXTENSION hstore;
CREATE MATERIALIZED VIEW of_stores AS SELECT h FROM stores; ALTER MATERIALIZED VIEW of_stores DEPENDS ON EXTENSION hstore;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE INSERT ON stores FOR EACH ROW EXECUTE FUNCTION touch(); ALTER TRIGGER touched ON stores DEPENDS ON EXTENSION hstore;

--- a language
--? ACL LANGUAGE own
--? COMMENT LANGUAGE own
--? FUNCTION public.f()
--? PROCEDURAL LANGUAGE It's
--? PROCEDURAL LANGUAGE own
CREATE TRUSTED LANGUAGE own HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler VALIDATOR plpgsql_validator;
CREATE LANGUAGE "It's" HANDLER plpgsql_call_handler; COMMENT ON LANGUAGE own IS 'ours'; ALTER LANGUAGE own OWNER TO backup_owner;
GRANT USAGE ON LANGUAGE own TO backup_reader; CREATE FUNCTION f() RETURNS int LANGUAGE own AS 'BEGIN RETURN 1; END';

--- a transform
--? TRANSFORM TRANSFORM FOR integer LANGUAGE sql
CREATE TRANSFORM FOR int LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal));
