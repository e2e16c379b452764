--- columns that are computed when they are read
--# 18
CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2) VIRTUAL, c text GENERATED ALWAYS AS ('x' || 'y')); INSERT INTO t VALUES (1);

--- keys and references over time
--# 18
CREATE TABLE room (id int4range, during daterange, PRIMARY KEY (id, during WITHOUT OVERLAPS)); CREATE TABLE stay (id int4range, room int4range, during daterange, PRIMARY KEY (id, during WITHOUT OVERLAPS), FOREIGN KEY (room, PERIOD during) REFERENCES room (id, PERIOD during));
INSERT INTO room VALUES ('[1,2)', '[2026-01-01,2027-01-01)'); INSERT INTO stay VALUES ('[5,6)', '[1,2)', '[2026-02-01,2026-03-01)');

--- constraints that are not enforced
--# 18
CREATE TABLE up (id int PRIMARY KEY); CREATE TABLE t (a int CHECK (a > 0) NOT ENFORCED, b int REFERENCES up NOT ENFORCED); INSERT INTO t VALUES (-1, 7);

--- named, inherited and unvalidated constraints against null
--# 18
CREATE TABLE t (a int CONSTRAINT "must be" NOT NULL, b int NOT NULL NO INHERIT); INSERT INTO t VALUES (1, 2); CREATE TABLE alone (c int); INSERT INTO alone VALUES (NULL); ALTER TABLE alone ADD CONSTRAINT later NOT NULL c NOT VALID; COMMENT ON CONSTRAINT "must be" ON t IS 'named';
CREATE TABLE child (CONSTRAINT own NOT NULL a) INHERITS (t); CREATE TABLE other () INHERITS (t); CREATE TABLE p (a int NOT NULL) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);

--- unvalidated NOT NULL of a partition, under another name than its parent's
--# 18
CREATE TABLE p (a int, b int) PARTITION BY LIST (b); CREATE TABLE p1 (b int, a int); INSERT INTO p1 VALUES (1, NULL);
ALTER TABLE p1 ADD CONSTRAINT own NOT NULL a NOT VALID; ALTER TABLE p ADD CONSTRAINT later NOT NULL a NOT VALID; ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1);

--- NOT NULL of a child whose parents have one that is valid and one that is not
--# 18
CREATE TABLE a (x int); CREATE TABLE b (x int CONSTRAINT b_required NOT NULL); INSERT INTO a VALUES (NULL);
ALTER TABLE a ADD CONSTRAINT a_required NOT NULL x NOT VALID; CREATE TABLE c () INHERITS (a, b); INSERT INTO c VALUES (1);

--- unvalidated NOT NULL of a table with children
--# 18
CREATE TABLE p (a int); CREATE TABLE early () INHERITS (p); INSERT INTO p VALUES (NULL); ALTER TABLE p ADD CONSTRAINT later NOT NULL a NOT VALID; CREATE TABLE late () INHERITS (p); INSERT INTO late VALUES (1);

--- a child that declares a column of its parent again
--# 18
CREATE TABLE p (id int NOT NULL, t text); CREATE TABLE c (id int DEFAULT 9) INHERITS (p); INSERT INTO c VALUES (1, 'x');

--- exclusions of partitions
--# 18
--! index public.p1_pkey is restored apart from public.p_pkey, because the server cannot attach the index of an exclusion
CREATE TABLE p (id int4range, d daterange, CONSTRAINT more CHECK (d <> 'empty') NOT ENFORCED, PRIMARY KEY (id, d WITHOUT OVERLAPS)) PARTITION BY LIST (id); CREATE TABLE p1 PARTITION OF p FOR VALUES IN ('[1,2)'); INSERT INTO p VALUES ('[1,2)', '[2026-01-01,2026-02-01)');

--- identity columns of partitioned tables
--# 17
CREATE TABLE p (id int GENERATED ALWAYS AS IDENTITY, k int) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); INSERT INTO p (k) VALUES (1), (1);

--- the right to maintain, and default privileges of large objects
--# 18
CREATE TABLE t (a int); GRANT MAINTAIN ON t TO backup_reader; GRANT ALL ON t TO backup_granter; ALTER DEFAULT PRIVILEGES GRANT SELECT ON LARGE OBJECTS TO backup_reader;

--- a collation of the server's own provider
--# 17
CREATE COLLATION own (provider = builtin, locale = 'C.UTF-8'); CREATE TABLE t (a text COLLATE own); INSERT INTO t VALUES ('x');

--- publications of generated columns
--# 18
CREATE TABLE t (id int PRIMARY KEY, b int GENERATED ALWAYS AS (id) STORED); CREATE PUBLICATION p FOR TABLE t WITH (publish_generated_columns = stored);

--- an access method of a partitioned table
--# 17
--! access method other is not in the archive
--! table public.p is restored without its access method other
CREATE ACCESS METHOD other TYPE TABLE HANDLER heap_tableam_handler; CREATE TABLE p (a int) PARTITION BY LIST (a) USING other; CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1) USING heap; INSERT INTO p VALUES (1);

--- storage and compression in the definition of a table
--# 16
CREATE TABLE t (a text STORAGE EXTERNAL, b text STORAGE MAIN COMPRESSION pglz, c text STORAGE DEFAULT); INSERT INTO t VALUES ('a', 'b', 'c');

--- grants on functions and views of the newest server
--? ACL pg_catalog.FUNCTION pg_log_standby_snapshot()
--# 17
GRANT EXECUTE ON FUNCTION pg_catalog.pg_log_standby_snapshot() TO backup_reader; REVOKE SELECT ON pg_catalog.pg_stats FROM PUBLIC;
