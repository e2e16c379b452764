--- publications
--? PUBLICATION TABLES IN SCHEMA s.of_schema s
--? PUBLICATION everything
CREATE TABLE t (id int PRIMARY KEY, v text, w int); CREATE SCHEMA s; CREATE TABLE s.u (id int PRIMARY KEY);
CREATE PUBLICATION everything FOR ALL TABLES WITH (publish = 'insert, delete'); CREATE PUBLICATION a_few FOR TABLE t (id, v) WHERE (id > 5), s.u WITH (publish_via_partition_root = true);
CREATE PUBLICATION of_schema FOR TABLES IN SCHEMA s; CREATE PUBLICATION nothing; ALTER PUBLICATION a_few OWNER TO backup_owner; COMMENT ON PUBLICATION a_few IS 'some';

--- a subscription
--! subscription sub is not in the archive
CREATE SUBSCRIPTION sub CONNECTION 'host=nowhere.invalid' PUBLICATION pub WITH (connect = false, slot_name = NONE);

--- foreign tables
--? ACL FOREIGN SERVER far
--? ACL public.TABLE away
--? COMMENT EXTENSION postgres_fdw
--? COMMENT SERVER far
--? COMMENT public.COLUMN away.v
--? COMMENT public.FOREIGN TABLE away
--? EXTENSION postgres_fdw
--? FOREIGN TABLE public.away
--? SERVER far
--? VIEW public.of_away
CREATE EXTENSION postgres_fdw;
CREATE SERVER far TYPE 'x' VERSION '1' FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'nowhere.invalid', dbname 'it''s');
CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'u'); CREATE USER MAPPING FOR backup_owner SERVER far OPTIONS (user 'o', password 'p''w');
CREATE FOREIGN TABLE away (id int OPTIONS (column_name 'the id') NOT NULL, v text COLLATE "C" DEFAULT 'x', CHECK (id > 0)) SERVER far OPTIONS (table_name 'there');
ALTER SERVER far OWNER TO backup_owner; ALTER FOREIGN TABLE away OWNER TO backup_owner; GRANT USAGE ON FOREIGN SERVER far TO backup_reader; GRANT SELECT ON away TO backup_reader;
COMMENT ON SERVER far IS 'far'; COMMENT ON FOREIGN TABLE away IS 'away'; COMMENT ON COLUMN away.v IS 'v'; CREATE VIEW of_away AS SELECT id FROM away;

--- a wrapper for foreign data, without a handler
--? ACL FOREIGN DATA WRAPPER wrap
--? FOREIGN DATA WRAPPER wrap
--? FOREIGN TABLE public.f
--? SERVER s
CREATE FOREIGN DATA WRAPPER wrap OPTIONS (debug 'true'); CREATE SERVER s FOREIGN DATA WRAPPER wrap; GRANT USAGE ON FOREIGN DATA WRAPPER wrap TO backup_reader; CREATE FOREIGN TABLE f (a int) SERVER s;

--- a foreign table that is a partition
--? FOREIGN DATA WRAPPER wrap
--? FOREIGN TABLE public.p2
--? SERVER s
--? TABLE ATTACH public.p2
CREATE FOREIGN DATA WRAPPER wrap; CREATE SERVER s FOREIGN DATA WRAPPER wrap; CREATE TABLE p (id int, v text) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); CREATE FOREIGN TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20) SERVER s; INSERT INTO p VALUES (1, 'x');

--- large objects
--! 2 large objects are not in the archive
SELECT lo_from_bytea(0, 'abc'), lo_create(0); CREATE TABLE files (id int, content oid); INSERT INTO files SELECT 1, oid FROM pg_largeobject_metadata LIMIT 1;

--- an access method
--! access method other is not in the archive
--! table public.stored is restored without its access method other
CREATE ACCESS METHOD other TYPE TABLE HANDLER heap_tableam_handler; CREATE TABLE stored (a int) USING other;

--- a tablespace
--! index public.parted_a is restored without its tablespace
--! table public.moved is restored without its tablespace
--! table public.parted is restored without its tablespace
CREATE TABLE moved (a int); CREATE TABLE parted (a int) PARTITION BY LIST (a); CREATE INDEX parted_a ON parted (a); UPDATE pg_class SET reltablespace = 1663 WHERE relname IN ('moved', 'parted', 'parted_a');

--- extensions of text and numbers
CREATE SCHEMA ext; CREATE EXTENSION citext WITH SCHEMA ext; CREATE EXTENSION pg_trgm; CREATE EXTENSION hstore; CREATE EXTENSION ltree; CREATE EXTENSION unaccent; CREATE EXTENSION intarray; CREATE EXTENSION cube;
CREATE TABLE t (c ext.citext UNIQUE DEFAULT 'X' CHECK (c <> ''), h hstore, l ltree, i int[], k cube, s text); CREATE INDEX ON t USING gin (s gin_trgm_ops); CREATE INDEX ON t USING gist (l); CREATE INDEX ON t USING gin (i gin__int_ops);
INSERT INTO t VALUES ('Ab', 'a=>1', 'a.b', '{1,2}', '(1,2)', 'text');

--- extensions of identifiers and secrets
CREATE EXTENSION pgcrypto; CREATE EXTENSION "uuid-ossp"; CREATE TABLE t (id uuid DEFAULT uuid_generate_v4(), other uuid DEFAULT gen_random_uuid(), hash text DEFAULT crypt('x', 'xx')); INSERT INTO t (id, other) VALUES ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002');

--- extensions with views and functions alone
--? COMMENT EXTENSION bloom
--? COMMENT EXTENSION dblink
--? COMMENT EXTENSION earthdistance
--? COMMENT EXTENSION moddatetime
--? COMMENT EXTENSION pg_buffercache
--? COMMENT EXTENSION pg_stat_statements
--? COMMENT EXTENSION sslinfo
--? COMMENT EXTENSION xml2
--? EXTENSION bloom
--? EXTENSION dblink
--? EXTENSION earthdistance
--? EXTENSION moddatetime
--? EXTENSION pg_buffercache
--? EXTENSION pg_stat_statements
--? EXTENSION sslinfo
--? EXTENSION xml2
--? INDEX public.t_a_idx
CREATE EXTENSION pg_stat_statements; CREATE EXTENSION tablefunc; CREATE EXTENSION dblink; CREATE EXTENSION pg_buffercache; CREATE EXTENSION fuzzystrmatch; CREATE EXTENSION isn; CREATE EXTENSION seg; CREATE EXTENSION earthdistance CASCADE; CREATE EXTENSION moddatetime; CREATE EXTENSION tcn; CREATE EXTENSION xml2; CREATE EXTENSION btree_gin; CREATE EXTENSION bloom; CREATE EXTENSION lo; CREATE EXTENSION sslinfo; CREATE TABLE t (a int, b isbn, c seg); CREATE INDEX ON t USING bloom (a); INSERT INTO t VALUES (1, '978-0-393-04002-9', '1..2');

--- grants and comments on an extension's members
--? ACL public.TABLE pg_stat_statements
--? COMMENT EXTENSION pg_stat_statements
--? EXTENSION pg_stat_statements
CREATE EXTENSION hstore; REVOKE EXECUTE ON FUNCTION hstore_in(cstring) FROM PUBLIC; GRANT EXECUTE ON FUNCTION hstore_in(cstring) TO backup_reader; CREATE EXTENSION pg_stat_statements; GRANT SELECT ON pg_stat_statements TO backup_reader; COMMENT ON EXTENSION hstore IS 'ours';

--- what a session alone has
CREATE TEMPORARY TABLE mine (id serial PRIMARY KEY, n text DEFAULT 'x' CHECK (n > '')); CREATE TYPE pg_temp.mood AS ENUM ('a'); CREATE TABLE stays (a int);

--- an extension with tables, their keys, checks, sequences, triggers and rules
CREATE EXTENSION tsm_system_rows;
CREATE TABLE hers (id serial PRIMARY KEY, v text DEFAULT 'x' CHECK (v <> ''), up int REFERENCES hers);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE INSERT ON hers FOR EACH ROW EXECUTE FUNCTION touch();
CREATE RULE quiet AS ON DELETE TO hers DO INSTEAD NOTHING;
CREATE STATISTICS hers_stat ON id, v FROM hers;
CREATE TABLE hers_too (a int) PARTITION BY RANGE (a);
ALTER EXTENSION tsm_system_rows ADD TABLE hers; ALTER EXTENSION tsm_system_rows ADD TABLE hers_too; ALTER EXTENSION tsm_system_rows ADD FUNCTION touch(); ALTER EXTENSION tsm_system_rows ADD SEQUENCE hers_id_seq;

--- the rows that an extension was given
--! the rows that were added to public.hers of extension tsm_system_rows are not in the archive
CREATE EXTENSION tsm_system_rows;
CREATE TABLE hers (id int); INSERT INTO hers VALUES (1), (100); CREATE TABLE hers_too (id int);
ALTER EXTENSION tsm_system_rows ADD TABLE hers; ALTER EXTENSION tsm_system_rows ADD TABLE hers_too;
UPDATE pg_extension SET extconfig = ARRAY['hers'::regclass, 'hers_too'::regclass], extcondition = ARRAY['WHERE id > 50', ''] WHERE extname = 'tsm_system_rows';
