-- An extension that makes objects of all kinds, of which the server does not record each as a member.

CREATE TABLE entry (id serial PRIMARY KEY, amount integer DEFAULT 1 CHECK (amount > 0), at date,
                    up integer REFERENCES entry);
CREATE INDEX entry_at ON entry (at);
CREATE STATISTICS entry_statistics ON amount, at FROM entry;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE INSERT ON entry FOR EACH ROW EXECUTE FUNCTION touch();
CREATE RULE quiet AS ON DELETE TO entry DO INSTEAD NOTHING;
ALTER TABLE entry ENABLE ROW LEVEL SECURITY;
CREATE POLICY positive ON entry USING (amount > 0);
COMMENT ON TABLE entry IS 'of the extension';
COMMENT ON POLICY positive ON entry IS 'of the extension';

CREATE TABLE account (id integer, name text DEFAULT 'none');
GRANT SELECT ON account TO PUBLIC;
CREATE TABLE yearly (year integer PRIMARY KEY, note text) PARTITION BY RANGE (year);
CREATE INDEX yearly_note ON yearly (note);
CREATE VIEW balance AS SELECT sum(amount) AS total FROM entry;
