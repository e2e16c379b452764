--- an extension with tables
CREATE EXTENSION ledger; CREATE TABLE payment (id integer PRIMARY KEY, entry integer REFERENCES ledger.entry);
CREATE VIEW paid AS SELECT p.id, e.amount FROM payment AS p JOIN ledger.entry AS e ON e.id = p.entry; INSERT INTO payment VALUES (1, NULL);

--- an extension with tables of another role than the one that restores
--? FK CONSTRAINT public.payment payment_entry_fkey
CREATE EXTENSION sealed; CREATE TABLE payment (id integer PRIMARY KEY, entry integer REFERENCES sealed.entry);

--- a user's indexes and statistics on an extension's tables
CREATE EXTENSION ledger; CREATE INDEX by_amount ON ledger.entry (amount) WHERE amount > 5; CREATE UNIQUE INDEX "it's" ON ledger.account (name) WITH (fillfactor = 60) WHERE name <> E'a\\b';
CREATE INDEX in_order ON ledger.account (id); ALTER TABLE ledger.account CLUSTER ON in_order; CREATE STATISTICS ledger.more ON id, at FROM ledger.entry; ALTER STATISTICS ledger.more SET STATISTICS 7; CREATE STATISTICS "my own" ON id, name FROM ledger.account; ALTER STATISTICS "my own" OWNER TO backup_owner;

--- a user's policies and row security on an extension's tables
CREATE EXTENSION ledger; CREATE POLICY mine ON ledger.entry FOR UPDATE TO backup_reader USING (amount < 9); COMMENT ON POLICY mine ON ledger.entry IS 'mine';
CREATE POLICY "it's" ON ledger.account AS RESTRICTIVE USING (name <> E'a\\b') WITH CHECK (name <> ''); ALTER TABLE ledger.account ENABLE ROW LEVEL SECURITY;

--- a user's policy on an extension's table of another role
--? POLICY sealed.entry mine
CREATE EXTENSION sealed; CREATE POLICY mine ON sealed.entry USING (amount < 9);

--- what needs a user's objects, on an extension's tables
CREATE EXTENSION ledger; CREATE TABLE noted (id integer PRIMARY KEY); INSERT INTO noted VALUES (1); CREATE SEQUENCE numbers;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO noted VALUES (NEW.id); RETURN NEW; END'; CREATE FUNCTION fine(integer) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT $1 <> 7';
CREATE TRIGGER noting AFTER INSERT ON ledger.entry FOR EACH ROW EXECUTE FUNCTION note(); ALTER TABLE ledger.entry DISABLE TRIGGER noting; COMMENT ON TRIGGER noting ON ledger.entry IS 'noted';
CREATE RULE copying AS ON UPDATE TO ledger.account DO ALSO INSERT INTO noted VALUES (NEW.id); ALTER TABLE ledger.account ADD CONSTRAINT finely CHECK (fine(id)), ADD CONSTRAINT known FOREIGN KEY (id) REFERENCES noted DEFERRABLE;
ALTER TABLE ledger.account ALTER COLUMN id SET DEFAULT nextval('numbers'); CREATE INDEX by_fine ON ledger.entry (fine(amount)); CREATE POLICY finely ON ledger.account USING (fine(id));

--- a user's partition and child of an extension's tables
CREATE EXTENSION ledger; CREATE TABLE in_2026 PARTITION OF ledger.yearly FOR VALUES FROM (2026) TO (2027); INSERT INTO in_2026 VALUES (2026, 'x');
CREATE INDEX in_2026_odd ON in_2026 (year) WHERE year > 1; CREATE TABLE rich (money integer) INHERITS (ledger.account); INSERT INTO rich VALUES (1, 'a', 2);

--- grants on an extension's tables
CREATE EXTENSION ledger; GRANT SELECT ON ledger.entry TO backup_reader; REVOKE SELECT ON ledger.account FROM PUBLIC; GRANT UPDATE (name) ON ledger.account TO backup_granter; GRANT USAGE ON SCHEMA ledger TO backup_reader;

--- an extension's view that a user replaced
--! rule "_RETURN" on ledger.balance is not in the archive
CREATE EXTENSION ledger; CREATE TABLE own (total bigint); INSERT INTO own VALUES (1); CREATE OR REPLACE VIEW ledger.balance AS SELECT total FROM own;
