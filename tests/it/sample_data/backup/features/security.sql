--- row security
CREATE TABLE rows_of (id int, owner name DEFAULT current_user, v text);
ALTER TABLE rows_of ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON rows_of USING (owner = current_user) WITH CHECK (v <> '');
CREATE POLICY "read on it" ON rows_of AS RESTRICTIVE FOR SELECT TO backup_reader, backup_granter USING (id > 0);
CREATE POLICY writing ON rows_of FOR INSERT TO PUBLIC WITH CHECK (id IN (SELECT r.id FROM rows_of r));
COMMENT ON POLICY "read on it" ON rows_of IS 'a name with on';
INSERT INTO rows_of VALUES (1, 'x', 'y');

--- forced row security
--x
CREATE TABLE forced (id int); ALTER TABLE forced OWNER TO backup_owner;
ALTER TABLE forced ENABLE ROW LEVEL SECURITY; ALTER TABLE forced FORCE ROW LEVEL SECURITY;
INSERT INTO forced VALUES (1);

--- grants on tables, columns, sequences, functions, types, schemas
CREATE SCHEMA more AUTHORIZATION backup_owner; GRANT USAGE ON SCHEMA more TO backup_reader; GRANT CREATE ON SCHEMA public TO backup_granter;
CREATE TABLE granted (id serial, v text, w text);
GRANT SELECT, INSERT ON granted TO backup_reader; GRANT SELECT (id), UPDATE (v, w) ON granted TO backup_granter WITH GRANT OPTION;
REVOKE TRIGGER ON granted FROM CURRENT_USER; GRANT SELECT ON granted TO PUBLIC; GRANT USAGE ON SEQUENCE granted_id_seq TO backup_reader;
CREATE TYPE mood AS ENUM ('x'); REVOKE USAGE ON TYPE mood FROM PUBLIC;
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; REVOKE ALL ON FUNCTION f() FROM PUBLIC;

--- grants by those who were granted to
CREATE TABLE granted (id int); GRANT SELECT ON granted TO backup_granter WITH GRANT OPTION;
SET SESSION AUTHORIZATION backup_granter; GRANT SELECT ON granted TO backup_reader; RESET SESSION AUTHORIZATION;

--- grants that need what another role grants later
CREATE TABLE granted (id int); GRANT INSERT ON granted TO backup_granter WITH GRANT OPTION; GRANT SELECT ON granted TO backup_owner WITH GRANT OPTION;
SET SESSION AUTHORIZATION backup_granter; GRANT INSERT ON granted TO backup_reader;
SET SESSION AUTHORIZATION backup_owner; GRANT SELECT ON granted TO backup_granter WITH GRANT OPTION;
SET SESSION AUTHORIZATION backup_granter; GRANT SELECT ON granted TO backup_reader; RESET SESSION AUTHORIZATION;

--- default privileges
CREATE SCHEMA more;
ALTER DEFAULT PRIVILEGES FOR ROLE backup_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE backup_owner IN SCHEMA more GRANT SELECT ON TABLES TO backup_reader WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO backup_reader; ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO backup_reader;
ALTER DEFAULT PRIVILEGES GRANT INSERT ON TABLES TO backup_granter;
CREATE TABLE more.after_it (id serial); CREATE TABLE without_it (id int); REVOKE ALL ON without_it FROM backup_granter;

--- grants on what every database has
--? ACL pg_catalog.FUNCTION pg_ls_waldir(OUT name text, OUT size bigint, OUT modification timestamp with time zone)
--? ACL pg_catalog.TABLE pg_authid
REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) FROM PUBLIC; GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_waldir() TO backup_reader;
REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC; GRANT SELECT ON pg_catalog.pg_authid TO backup_reader; REVOKE ALL ON SCHEMA public FROM PUBLIC;

--- owners
CREATE SCHEMA theirs AUTHORIZATION backup_owner; CREATE TABLE theirs.t (id serial PRIMARY KEY); ALTER TABLE theirs.t OWNER TO backup_owner;
CREATE TABLE ours (id serial); ALTER TABLE ours OWNER TO backup_reader; ALTER SCHEMA public OWNER TO backup_granter;
CREATE TYPE e AS ENUM ('a'); ALTER TYPE e OWNER TO backup_owner; CREATE DOMAIN d AS int; ALTER DOMAIN d OWNER TO backup_owner;

--- settings of the database
--? ALTER DATABASE "x" SET "my"."own" TO 'it''s'
DO $$ DECLARE d name := current_database(); BEGIN
  EXECUTE format('ALTER DATABASE %I SET search_path = public, "$user"', d); EXECUTE format('ALTER DATABASE %I SET work_mem = ''7MB''', d);
  EXECUTE format('ALTER DATABASE %I SET "my.own" = ''it''''s''', d); EXECUTE format('ALTER ROLE backup_reader IN DATABASE %I SET statement_timeout = ''5s''', d);
  EXECUTE format('ALTER ROLE ALL IN DATABASE %I SET lock_timeout = ''9s''', d); EXECUTE format('COMMENT ON DATABASE %I IS ''it''''s ours''', d);
END $$;

--- an empty search path of the database
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = ' || quote_literal(''), current_database()); END $$;

--- owner, grants and limit of the database
DO $$ DECLARE d name := current_database(); BEGIN
  EXECUTE format('ALTER DATABASE %I OWNER TO backup_owner', d); EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', d);
  EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO backup_reader WITH GRANT OPTION', d); EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT 17', d);
END $$;

--- a role whose name contains a line break and what separates statements
--? ALTER DATABASE "x" SET "my"."own" TO E'a;\n''b'
CREATE ROLE "two
lines; of ""DATABASE x"" TO y"; GRANT "two
lines; of ""DATABASE x"" TO y" TO administrator WITH ADMIN OPTION; CREATE TABLE theirs (id int); ALTER TABLE theirs OWNER TO "two
lines; of ""DATABASE x"" TO y"; GRANT SELECT ON theirs TO backup_reader;
DO $$ DECLARE d name := current_database(); r text := quote_ident(E'two\nlines; of "DATABASE x" TO y'); BEGIN
  EXECUTE format('GRANT CREATE ON DATABASE %I TO %s WITH GRANT OPTION', d, r); EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO backup_reader, %s', d, r);
  EXECUTE format('ALTER ROLE %s IN DATABASE %I SET work_mem = ''8MB''', r, d); EXECUTE format('ALTER DATABASE %I SET "my.own" = %L', d, E'a;\n''b');
END $$;

--- a database that is a template
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I IS_TEMPLATE true', current_database()); END $$;

--- security labels
--! security label of dummy on table public.plain is not in the archive
CREATE TABLE other (a int);
INSERT INTO pg_seclabel VALUES ('plain'::regclass, 'pg_class'::regclass, 0, 'dummy', 'secret');
