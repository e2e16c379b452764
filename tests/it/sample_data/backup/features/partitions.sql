--- partitions by range, with a default partition
CREATE TABLE event (id bigint NOT NULL, at date NOT NULL, note text DEFAULT 'none') PARTITION BY RANGE (at);
CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE event_2026 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE event_rest PARTITION OF event DEFAULT;
INSERT INTO event SELECT i, date '2024-12-01' + i, 'n' || i FROM generate_series(1, 900) i;

--- partitions by list and of an expression
CREATE TABLE shop (country text, name text) PARTITION BY LIST (lower(country));
CREATE TABLE shop_eu PARTITION OF shop FOR VALUES IN ('de', 'fr', NULL);
CREATE TABLE shop_us PARTITION OF shop FOR VALUES IN ('us');
INSERT INTO shop VALUES ('DE', 'a'), ('us', 'b'), (NULL, 'c');

--- partitions by hash
CREATE TABLE part (id int PRIMARY KEY, v text) PARTITION BY HASH (id);
CREATE TABLE part_0 PARTITION OF part FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE part_1 PARTITION OF part FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE part_2 PARTITION OF part FOR VALUES WITH (MODULUS 3, REMAINDER 2);
INSERT INTO part SELECT i, 'v' || i FROM generate_series(1, 100) i;

--- partitions of partitions, one of them without any
CREATE TABLE deep (a int, b int, c text) PARTITION BY RANGE (a);
CREATE TABLE deep_1 PARTITION OF deep FOR VALUES FROM (0) TO (10) PARTITION BY LIST (b);
CREATE TABLE deep_1_1 PARTITION OF deep_1 FOR VALUES IN (1);
CREATE TABLE deep_2 PARTITION OF deep FOR VALUES FROM (10) TO (20) PARTITION BY LIST (b);
INSERT INTO deep VALUES (1, 1, 'x');

--- a partitioned table without partitions
CREATE TABLE empty_parent (id int PRIMARY KEY, at date) PARTITION BY RANGE (id);

--- keys, indexes and foreign keys of partitioned tables
CREATE TABLE customer (id int PRIMARY KEY);
CREATE TABLE sale (id int, region int, customer int REFERENCES customer, CHECK (id > 0), PRIMARY KEY (region, id),
                   UNIQUE (region, customer)) PARTITION BY LIST (region);
CREATE TABLE sale_1 PARTITION OF sale FOR VALUES IN (1);
CREATE TABLE sale_2 PARTITION OF sale FOR VALUES IN (2) WITH (fillfactor = 70);
CREATE INDEX sale_customer ON sale (customer) INCLUDE (id);
CREATE INDEX sale_1_only ON sale_1 (id DESC);
CREATE INDEX sale_parent_only ON ONLY sale (id);
CREATE TABLE line (region int, sale int, n int, FOREIGN KEY (region, sale) REFERENCES sale ON DELETE CASCADE);
COMMENT ON INDEX sale_customer IS 'partitioned';
COMMENT ON CONSTRAINT sale_pkey ON sale IS 'key';
INSERT INTO customer VALUES (1), (2);
INSERT INTO sale VALUES (1, 1, 1), (2, 1, 2), (1, 2, 1);
INSERT INTO line VALUES (1, 1, 1), (2, 1, 1);

--- a partition that was a table, with its own order of columns, defaults and names
CREATE TABLE whole (a int, b text DEFAULT 'parent', c date NOT NULL) PARTITION BY RANGE (c);
CREATE TABLE attached (c date NOT NULL, gone int, b text DEFAULT 'child', a int CHECK (a > 0));
ALTER TABLE attached DROP COLUMN gone;
INSERT INTO attached VALUES ('2026-02-02', 'x', 3);
CREATE INDEX attached_a ON attached (a);
CREATE INDEX whole_a ON ONLY whole (a);
ALTER TABLE whole ATTACH PARTITION attached FOR VALUES FROM ('2026-01-01') TO (MAXVALUE);
ALTER INDEX whole_a ATTACH PARTITION attached_a;

--- triggers of partitioned tables, one switched off in a partition
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE logged (id int, v text) PARTITION BY RANGE (id);
CREATE TABLE logged_1 PARTITION OF logged FOR VALUES FROM (0) TO (100);
CREATE TABLE logged_2 PARTITION OF logged FOR VALUES FROM (100) TO (200);
CREATE TRIGGER touched BEFORE INSERT ON logged FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TRIGGER own BEFORE UPDATE ON logged_1 FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE logged_2 DISABLE TRIGGER touched;
INSERT INTO logged VALUES (1, 'a'), (150, 'b');

--- keys of partitioned tables with options
CREATE TABLE p (a int, b text, PRIMARY KEY (a) INCLUDE (b) WITH (fillfactor = 70), UNIQUE (a, b) WITH (fillfactor = 80, deduplicate_items = off) DEFERRABLE INITIALLY DEFERRED) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE plainly (a int UNIQUE WITH (fillfactor = 60) DEFERRABLE); INSERT INTO p VALUES (1, 'x');

--- triggers of deep partitions, switched on and off
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE top (a int, b int) PARTITION BY LIST (a); CREATE TABLE middle PARTITION OF top FOR VALUES IN (1) PARTITION BY LIST (b); CREATE TABLE a_leaf PARTITION OF middle FOR VALUES IN (1);
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON top DEFERRABLE FOR EACH ROW EXECUTE FUNCTION touch(); CREATE TRIGGER early BEFORE INSERT ON top FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE a_leaf DISABLE TRIGGER late; ALTER TABLE middle ENABLE REPLICA TRIGGER early; ALTER TABLE a_leaf ENABLE TRIGGER early;

--- unvalidated checks of partitions and children
CREATE TABLE p (a int, b int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1) PARTITION BY LIST (b); CREATE TABLE p11 PARTITION OF p1 DEFAULT; CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);
INSERT INTO p VALUES (1, -1); ALTER TABLE p ADD CONSTRAINT more CHECK (b > 0) NOT VALID; ALTER TABLE p2 VALIDATE CONSTRAINT more; COMMENT ON CONSTRAINT more ON p1 IS 'of a partition';
CREATE TABLE parent (a int); CREATE TABLE child () INHERITS (parent); INSERT INTO child VALUES (-1); ALTER TABLE parent ADD CONSTRAINT more CHECK (a > 0) NOT VALID;

--- foreign keys to a partitioned table that take each other's names
CREATE TABLE p (a int PRIMARY KEY) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE c (a int REFERENCES p ON DELETE CASCADE); ALTER TABLE c ADD CONSTRAINT again FOREIGN KEY (a) REFERENCES p DEFERRABLE; INSERT INTO p VALUES (1); INSERT INTO c VALUES (1);

--- row security, grants, comments and statistics of partitioned tables
CREATE TABLE tenant (id int, org int, secret text) PARTITION BY LIST (org);
CREATE TABLE tenant_1 PARTITION OF tenant FOR VALUES IN (1);
ALTER TABLE tenant ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON tenant USING (org = 1);
GRANT SELECT ON tenant TO backup_reader;
GRANT UPDATE (secret) ON tenant_1 TO backup_granter;
COMMENT ON TABLE tenant IS 'parent';
COMMENT ON COLUMN tenant.secret IS 'hidden';
CREATE STATISTICS tenant_stat ON id, org FROM tenant;
ALTER TABLE tenant OWNER TO backup_owner;
INSERT INTO tenant VALUES (1, 1, 's');

--- generated and serial columns of partitioned tables
CREATE TABLE numbered (id serial, n int, twice int GENERATED ALWAYS AS (n * 2) STORED) PARTITION BY RANGE (n);
CREATE TABLE numbered_1 PARTITION OF numbered FOR VALUES FROM (0) TO (1000);
INSERT INTO numbered (n) SELECT i FROM generate_series(1, 50) i;

--- a foreign key that refers to its own partitioned table
CREATE TABLE tree (id int, root int, up int, PRIMARY KEY (root, id), FOREIGN KEY (root, up) REFERENCES tree) PARTITION BY HASH (root);
CREATE TABLE tree_0 PARTITION OF tree FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE tree_1 PARTITION OF tree FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO tree VALUES (1, 1, NULL), (2, 1, 1);

--- an unlogged partition and settings of its columns
CREATE TABLE metric (at int, v text) PARTITION BY RANGE (at);
CREATE UNLOGGED TABLE metric_1 PARTITION OF metric FOR VALUES FROM (1) TO (9);
ALTER TABLE metric_1 ALTER COLUMN v SET STORAGE EXTERNAL;
ALTER TABLE metric_1 ALTER COLUMN at SET STATISTICS 12;
INSERT INTO metric VALUES (1, 'x');

--- inheritance
CREATE TABLE city (name text NOT NULL, people int DEFAULT 0 CHECK (people >= 0));
CREATE TABLE capital (state char(2) UNIQUE) INHERITS (city);
INSERT INTO city VALUES ('a', 1);
INSERT INTO capital VALUES ('b', 2, 'DE');

--- inheritance from two, with what the child has of its own
CREATE TABLE one (id int NOT NULL, a text DEFAULT 'one', CONSTRAINT positive CHECK (id > 0));
CREATE TABLE two (id int NOT NULL, b text);
CREATE TABLE child (c date, CONSTRAINT own CHECK (c > '2000-01-01')) INHERITS (one, two);
ALTER TABLE child ALTER COLUMN a SET DEFAULT 'child';
ALTER TABLE child ALTER COLUMN b SET NOT NULL;
ALTER TABLE child ALTER COLUMN id SET STATISTICS 50;
INSERT INTO child (id, b) VALUES (1, 'x');

--- inheritance that was added to a table
CREATE TABLE parent (id int, v text, CONSTRAINT plausible CHECK (id > 0));
CREATE TABLE later (v text, id int, CONSTRAINT plausible CHECK (id > 0), extra int);
ALTER TABLE later INHERIT parent;
ALTER TABLE parent ADD COLUMN more int DEFAULT 7;
INSERT INTO later VALUES ('x', 1, 2);

--- a child that lacks its parent's default
CREATE TABLE with_default (id int DEFAULT 5);
CREATE TABLE without_default () INHERITS (with_default);
ALTER TABLE without_default ALTER COLUMN id DROP DEFAULT;
INSERT INTO without_default VALUES (1);
