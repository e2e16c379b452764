--- names with quotes, spaces, percent signs and dollar signs
CREATE SCHEMA "a ""b"" 'c'"; CREATE TYPE "a ""b"" 'c'"."t $$ %s" AS ENUM ('x');
CREATE TABLE "a ""b"" 'c'"."it's $check$" ("col ""1""" serial PRIMARY KEY, "100%" int CHECK ("100%" > 0), "t $$" "a ""b"" 'c'"."t $$ %s");
CREATE INDEX "i $1 %I" ON "a ""b"" 'c'"."it's $check$" ("100%"); INSERT INTO "a ""b"" 'c'"."it's $check$" ("100%") VALUES (1);

--- names with line ends, tabs and control characters
DO $$ BEGIN EXECUTE format('CREATE TABLE %I (%I int DEFAULT 1, %I text)', E'a\n\\! b', E'c\r\nd\t', E'\x01'); EXECUTE format('INSERT INTO %I DEFAULT VALUES', E'a\n\\! b'); EXECUTE format('COMMENT ON TABLE %I IS ''x''', E'a\n\\! b'); EXECUTE format('CREATE INDEX %I ON %I (%I)', E'i\nx', E'a\n\\! b', E'c\r\nd\t'); END $$;

--- names in unicode
CREATE TABLE "Größe 表 😀" ("ключ" int PRIMARY KEY, "é" text); INSERT INTO "Größe 表 😀" VALUES (1, 'ü'); CREATE VIEW "вид" AS SELECT "ключ" FROM "Größe 表 😀";

--- names that are keywords
CREATE TABLE "select" ("from" int PRIMARY KEY, "order" text, "user" name, "values" int[], "all" int); CREATE TABLE "user" ("check" int REFERENCES "select"); CREATE FUNCTION "table"("in" int) RETURNS int LANGUAGE sql AS 'SELECT $1'; CREATE TYPE "end" AS ("begin" int); CREATE VIEW "join" AS SELECT "from" AS "where" FROM "select";

--- names of 63 bytes
DO $$ DECLARE n text := repeat('n', 63); BEGIN EXECUTE format('CREATE TABLE %I (%I serial PRIMARY KEY, %I text UNIQUE)', n, n, repeat('é', 31)); EXECUTE format('CREATE SEQUENCE %I', repeat('s', 63)); END $$;

--- names with on in them, with comments
CREATE TABLE t (a int, CONSTRAINT "check on a" CHECK (a > 0), CONSTRAINT "key on t on a" UNIQUE (a)); CREATE TABLE "t on b" (a int REFERENCES t (a), CONSTRAINT " on " CHECK (a > 1));
COMMENT ON CONSTRAINT "check on a" ON t IS '1'; COMMENT ON CONSTRAINT "key on t on a" ON t IS '2'; COMMENT ON CONSTRAINT " on " ON "t on b" IS '3'; COMMENT ON CONSTRAINT "t on b_a_fkey" ON "t on b" IS '4';

--- many schemas with the same names
CREATE SCHEMA s1; CREATE SCHEMA s2; CREATE SCHEMA "S1"; CREATE TABLE s1.t (id serial PRIMARY KEY); CREATE TABLE s2.t (id int REFERENCES s1.t); CREATE TABLE "S1".t (id int REFERENCES s1.t); CREATE VIEW s2.v AS SELECT t.id FROM s1.t; CREATE FUNCTION s1.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION s2.f() RETURNS int LANGUAGE sql AS 'SELECT 2'; INSERT INTO s1.t VALUES (DEFAULT);

--- public renamed
--~ GRANT USAGE ON SCHEMA app TO PUBLIC;
ALTER SCHEMA public RENAME TO app; GRANT USAGE ON SCHEMA app TO backup_reader; CREATE TABLE app.t (id serial PRIMARY KEY); INSERT INTO app.t DEFAULT VALUES;

--- public dropped
CREATE SCHEMA app; ALTER TABLE plain SET SCHEMA app; DROP SCHEMA public; CREATE TABLE app.t (id serial PRIMARY KEY);

--- public made anew
CREATE SCHEMA app; ALTER TABLE plain SET SCHEMA app; DROP SCHEMA public; CREATE SCHEMA public; COMMENT ON SCHEMA public IS 'ours'; GRANT ALL ON SCHEMA public TO PUBLIC; CREATE TABLE t (id int);

--- comments on everything
CREATE TABLE t (id int PRIMARY KEY, v text); CREATE SEQUENCE s; CREATE SCHEMA c; CREATE TYPE e AS ENUM ('a'); CREATE FUNCTION f(a int, b text[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
COMMENT ON TABLE t IS E'it''s a \\ ta\nble'; COMMENT ON COLUMN t.v IS 'v'; COMMENT ON CONSTRAINT t_pkey ON t IS 'key'; COMMENT ON INDEX t_pkey IS 'index'; COMMENT ON SEQUENCE s IS 's'; COMMENT ON SCHEMA c IS 'c'; COMMENT ON TYPE e IS 'e'; COMMENT ON FUNCTION f(int, text[]) IS 'f'; COMMENT ON SCHEMA public IS NULL; COMMENT ON EXTENSION plpgsql IS 'ours';

--- a user's table in information_schema
--! table information_schema.mine is not in the archive
CREATE TABLE information_schema.mine (id int); INSERT INTO information_schema.mine VALUES (1);
