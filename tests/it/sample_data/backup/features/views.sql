--- views with every option
CREATE TABLE seen (id int PRIMARY KEY, v text);
CREATE VIEW checked WITH (security_barrier, security_invoker = true) AS SELECT id, v FROM seen WHERE id > 0 WITH LOCAL CHECK OPTION;
CREATE VIEW cascaded AS SELECT id FROM checked WHERE id < 9 WITH CASCADED CHECK OPTION;
ALTER VIEW checked ALTER COLUMN v SET DEFAULT 'from the view';
CREATE VIEW "Named ""it"" on"("Column A", b) AS VALUES (1, 'x');
COMMENT ON VIEW checked IS 'checked'; COMMENT ON COLUMN checked.v IS 'v'; GRANT SELECT ON checked TO backup_reader;
GRANT UPDATE (v) ON checked TO backup_granter; ALTER VIEW checked OWNER TO backup_owner;
INSERT INTO seen VALUES (1, 'x');

--- views that the server writes otherwise each time
CREATE EXTENSION citext;
CREATE TABLE seen (id int, s varchar(9) CHECK (s IN ('a', 'b')), c citext);
CREATE VIEW negative AS SELECT -1::int AS n, id - -1 AS m, s IN ('x', 'y') AS i FROM seen;
CREATE VIEW nulled AS SELECT NULLIF(c, '') AS c, c IN ('a', 'b') AS i FROM seen;
CREATE VIEW joined AS SELECT a.s, z.y FROM seen a JOIN seen b USING (id) LEFT JOIN LATERAL (SELECT a.s || 'x' AS y) z ON true;
INSERT INTO seen VALUES (1, 'a', 'X');

--- views that need a key
CREATE TABLE seen (id int PRIMARY KEY, v text);
CREATE VIEW grouped AS SELECT id, v, count(*) FROM seen GROUP BY id;
CREATE VIEW above AS SELECT * FROM grouped; CREATE MATERIALIZED VIEW filled AS SELECT * FROM above;
CREATE INDEX ON filled (id); COMMENT ON VIEW grouped IS 'by key'; GRANT SELECT ON above TO backup_reader;
INSERT INTO seen VALUES (1, 'x'); REFRESH MATERIALIZED VIEW filled;

--- tables of the rows of a view that needs a key
CREATE TABLE seen (id int PRIMARY KEY, v text); CREATE VIEW grouped WITH (security_barrier) AS SELECT id, v FROM seen GROUP BY id; CREATE VIEW above AS SELECT id, v FROM grouped;
CREATE FUNCTION id_of(grouped) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1.id'; CREATE TABLE kept (g grouped CHECK (id_of(g) > 0), a above[]);
INSERT INTO seen VALUES (1, 'x'); INSERT INTO kept SELECT g, ARRAY[ROW(2, 'y')::above] FROM grouped g; COMMENT ON VIEW grouped IS 'by key'; GRANT SELECT ON grouped TO backup_reader; ALTER VIEW above OWNER TO backup_owner;

--- views with triggers and rules
CREATE TABLE base (id int, v text); CREATE VIEW over AS SELECT * FROM base;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER instead INSTEAD OF INSERT ON over FOR EACH ROW EXECUTE FUNCTION touch();
CREATE RULE updating AS ON UPDATE TO over DO INSTEAD UPDATE base SET v = NEW.v WHERE id = OLD.id;

--- recursive views
CREATE TABLE tree (id int, up int);
CREATE RECURSIVE VIEW path (id, depth) AS SELECT id, 0 FROM tree WHERE up IS NULL UNION ALL SELECT t.id, p.depth + 1 FROM tree t JOIN path p ON t.up = p.id;
INSERT INTO tree VALUES (1, NULL), (2, 1);

--- views that need each other
CREATE VIEW one AS SELECT 1 AS x, 'a'::text COLLATE "C" AS t; CREATE VIEW two AS SELECT x, t FROM one;
CREATE OR REPLACE VIEW one WITH (security_barrier) AS SELECT x, t COLLATE "C" AS t FROM two;
COMMENT ON VIEW one IS 'first'; GRANT SELECT ON one TO backup_reader; ALTER VIEW two OWNER TO backup_owner;
CREATE TABLE other (a int);

--- a view and a function that need each other
CREATE TABLE seen (id int);
CREATE VIEW counted AS SELECT 0::bigint AS n;
CREATE FUNCTION counting() RETURNS bigint BEGIN ATOMIC SELECT n FROM counted; END;
CREATE OR REPLACE VIEW counted AS SELECT count(*) + counting() AS n FROM seen;

--- materialized views, filled and not, of each other
CREATE TABLE seen (id int, v text); INSERT INTO seen SELECT i, repeat('v', i) FROM generate_series(1, 50) i;
CREATE MATERIALIZED VIEW z_first WITH (fillfactor = 70) AS SELECT id, v FROM seen;
CREATE VIEW between_them AS SELECT count(*) AS n FROM z_first;
CREATE MATERIALIZED VIEW a_second AS SELECT n FROM between_them;
CREATE MATERIALIZED VIEW empty_one AS SELECT 1 AS one WITH NO DATA;
CREATE UNIQUE INDEX ON z_first (id); COMMENT ON MATERIALIZED VIEW z_first IS 'first'; COMMENT ON COLUMN z_first.v IS 'v';
ALTER MATERIALIZED VIEW z_first OWNER TO backup_owner; GRANT SELECT ON seen TO backup_owner; GRANT SELECT ON z_first TO backup_reader;
CREATE STATISTICS of_view ON id, v FROM z_first;

--- a materialized view that reads another one through a function
CREATE MATERIALIZED VIEW z_first AS SELECT 1 AS id; CREATE FUNCTION counted() RETURNS bigint LANGUAGE plpgsql SET search_path = public AS 'BEGIN RETURN (SELECT count(*) FROM z_first); END'; CREATE MATERIALIZED VIEW a_second AS SELECT counted() AS n;

--- settings of materialized views
CREATE TABLE seen (id int NOT NULL, v text);
CREATE MATERIALIZED VIEW tuned WITH (autovacuum_enabled = off, toast.autovacuum_enabled = off) AS SELECT id, v FROM seen;
ALTER MATERIALIZED VIEW tuned ALTER COLUMN v SET STORAGE EXTERNAL, ALTER COLUMN v SET COMPRESSION pglz, ALTER COLUMN id SET STATISTICS 5, ALTER COLUMN id SET (n_distinct = 3);
CREATE UNIQUE INDEX tuned_id ON tuned (id); ALTER MATERIALIZED VIEW tuned CLUSTER ON tuned_id;

--- the identity of a materialized view's rows
CREATE TABLE seen (id int);
CREATE MATERIALIZED VIEW whole AS SELECT id FROM seen;
ALTER TABLE whole REPLICA IDENTITY FULL;

--- a view that reads what sessions do
CREATE VIEW sessions AS SELECT pid, query FROM pg_stat_activity;
CREATE TABLE other (a int);
