-- A schema with everything that an archive must carry, in its awkward forms. Its roles are made by
-- the test. It runs on PostgreSQL 11 and later.

CREATE SCHEMA sales AUTHORIZATION backup_owner;
CREATE SCHEMA "Odd ""Schema""";
COMMENT ON SCHEMA sales IS 'it''s
\! not a command';
GRANT USAGE ON SCHEMA sales TO backup_reader, backup_granter;
GRANT CREATE ON SCHEMA public TO backup_reader;

-- Types.
CREATE TYPE sales.mood AS ENUM ('happy', 'it''s', 'so-so', 'ünhappy');
ALTER TYPE sales.mood ADD VALUE 'back\slash' BEFORE 'so-so';
ALTER TYPE sales.mood OWNER TO backup_owner;
COMMENT ON TYPE sales.mood IS 'how it went';
REVOKE USAGE ON TYPE sales.mood FROM PUBLIC;
GRANT USAGE ON TYPE sales.mood TO backup_reader WITH GRANT OPTION;
CREATE TYPE sales.place AS (street text COLLATE "C", "House No" numeric(6,2), feeling sales.mood);
COMMENT ON TYPE sales.place IS 'where';
COMMENT ON COLUMN sales.place.street IS 'which';
CREATE DOMAIN sales.age AS integer DEFAULT 18 NOT NULL CONSTRAINT grown CHECK (VALUE >= 0);
ALTER DOMAIN sales.age ADD CONSTRAINT plausible CHECK (VALUE < 150) NOT VALID;
COMMENT ON DOMAIN sales.age IS 'in years';
COMMENT ON CONSTRAINT grown ON DOMAIN sales.age IS 'not before birth';
CREATE DOMAIN sales.code AS varchar(7) COLLATE "C" DEFAULT 'a\b';
GRANT USAGE ON TYPE sales.age TO backup_reader;

-- Functions, which need each other, tables and types.
CREATE FUNCTION sales.is_mail(text) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT
    AS $$ SELECT $1 ~ '@' $$;
CREATE FUNCTION sales.next_code(start integer DEFAULT 1, VARIADIC rest text[] DEFAULT '{}')
    RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path TO 'sales', 'pg_temp' COST 7
    AS $body$
BEGIN
    -- $$ and 'quotes' and \ backslashes
    RETURN 'C' || start;
END $body$;
CREATE FUNCTION sales.next_code(sales.mood) RETURNS text LANGUAGE sql AS 'SELECT $1::text';
CREATE FUNCTION sales.rank_of(integer) RETURNS bigint LANGUAGE internal WINDOW AS 'window_row_number';
CREATE PROCEDURE sales.tidy(INOUT n integer) LANGUAGE plpgsql AS $$ BEGIN n := 1; END $$;
ALTER FUNCTION sales.is_mail(text) OWNER TO backup_owner;
ALTER PROCEDURE sales.tidy(integer) OWNER TO backup_owner;
COMMENT ON FUNCTION sales.next_code(sales.mood) IS 'by mood';
COMMENT ON PROCEDURE sales.tidy(integer) IS 'a procedure';
REVOKE EXECUTE ON FUNCTION sales.is_mail(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sales.is_mail(text) TO backup_reader;
GRANT EXECUTE ON PROCEDURE sales.tidy(integer) TO backup_reader;

-- Tables and columns.
CREATE SEQUENCE public.shared_numbers AS integer START 5 INCREMENT -3 MINVALUE -100 MAXVALUE 10
    CACHE 4 CYCLE;
COMMENT ON SEQUENCE public.shared_numbers IS 'shared';
CREATE TABLE sales.customer (
    id bigserial PRIMARY KEY,
    mail text NOT NULL UNIQUE CONSTRAINT is_a_mail CHECK (sales.is_mail(mail)),
    "Mixed Case" text COLLATE "C" DEFAULT 'x''\y',
    "select" integer DEFAULT nextval('public.shared_numbers'),
    gone integer,
    mood sales.mood DEFAULT 'so-so' NOT NULL,
    moods sales.mood[] DEFAULT '{happy,"it''s"}',
    age sales.age,
    place sales.place,
    code sales.code DEFAULT sales.next_code(3),
    born date CHECK (born > '1900-01-01') NO INHERIT,
    price numeric(10,2) DEFAULT 0.00 NOT NULL,
    at timestamp(3) with time zone DEFAULT now(),
    span interval day to second(2),
    bits bit varying(9) DEFAULT B'101',
    doc jsonb DEFAULT '{"a": [1, null]}'::jsonb,
    raw bytea DEFAULT '\x0001'::bytea,
    CONSTRAINT "odd ""name""" CHECK (price >= 0),
    CONSTRAINT later_than EXCLUDE USING btree (code WITH =) WHERE (code IS NOT NULL) DEFERRABLE
) WITH (fillfactor = 70, autovacuum_enabled = false, toast.autovacuum_enabled = false);
ALTER TABLE sales.customer DROP COLUMN gone;
ALTER TABLE sales.customer ADD COLUMN added text DEFAULT 'since then' NOT NULL;
ALTER TABLE sales.customer ADD CONSTRAINT new_only CHECK (price < 1000) NOT VALID;
ALTER TABLE sales.customer ALTER COLUMN doc SET STORAGE EXTERNAL;
ALTER TABLE sales.customer ALTER COLUMN price SET STATISTICS 500;
ALTER TABLE sales.customer ALTER COLUMN mood SET (n_distinct = -0.2, n_distinct_inherited = 7);
ALTER TABLE sales.customer OWNER TO backup_owner;
ALTER TABLE sales.customer REPLICA IDENTITY FULL;
COMMENT ON TABLE sales.customer IS 'a
\connect postgres';
COMMENT ON COLUMN sales.customer."Mixed Case" IS 'mixed';
COMMENT ON CONSTRAINT "odd ""name""" ON sales.customer IS 'odd';
COMMENT ON CONSTRAINT customer_pkey ON sales.customer IS 'the key';
GRANT SELECT, INSERT ON sales.customer TO backup_reader;
GRANT UPDATE (mail), SELECT (id, price) ON sales.customer TO backup_granter WITH GRANT OPTION;
GRANT ALL ON sales.customer TO backup_granter WITH GRANT OPTION;
REVOKE TRIGGER, TRUNCATE ON sales.customer FROM backup_owner;
GRANT USAGE, SELECT ON SEQUENCE sales.customer_id_seq TO backup_reader;
SET SESSION AUTHORIZATION backup_granter;
GRANT SELECT ON sales.customer TO backup_reader, PUBLIC;
RESET SESSION AUTHORIZATION;
CREATE TABLE "Odd ""Schema"""."Order" (
    "Id" integer GENERATED ALWAYS AS IDENTITY (START WITH 100 INCREMENT BY 5 CACHE 2) NOT NULL,
    other smallint GENERATED BY DEFAULT AS IDENTITY,
    customer bigint NOT NULL,
    friend bigint,
    amount integer DEFAULT 1,
    CONSTRAINT order_pkey PRIMARY KEY ("Id") INCLUDE (amount),
    CONSTRAINT pair UNIQUE (customer, amount) WITH (fillfactor = 60) DEFERRABLE INITIALLY DEFERRED
);
ALTER TABLE "Odd ""Schema"""."Order" ADD CONSTRAINT customer_fk FOREIGN KEY (customer)
    REFERENCES sales.customer ON UPDATE CASCADE ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE "Odd ""Schema"""."Order" ADD CONSTRAINT friend_fk FOREIGN KEY (friend)
    REFERENCES sales.customer (id) ON DELETE SET NULL NOT VALID;
ALTER TABLE "Odd ""Schema"""."Order" CLUSTER ON order_pkey;
COMMENT ON CONSTRAINT customer_fk ON "Odd ""Schema"""."Order" IS 'whose';
CREATE UNLOGGED TABLE public.scratch (a integer NOT NULL, b text);
CREATE TABLE public.nothing ();
CREATE TABLE public.linked (id integer PRIMARY KEY, next integer REFERENCES public.linked (id));
CREATE TABLE public.ring_a (id integer PRIMARY KEY, b integer);
CREATE TABLE public.ring_b (id integer PRIMARY KEY, a integer REFERENCES public.ring_a (id));
ALTER TABLE public.ring_a ADD FOREIGN KEY (b) REFERENCES public.ring_b (id);

-- A function of a table, and a table whose default needs it: both ways at once.
CREATE TABLE public.self_made (id integer NOT NULL, title text);
CREATE FUNCTION public.title_of(public.self_made) RETURNS text LANGUAGE sql AS 'SELECT $1.title';
CREATE FUNCTION public.a_title() RETURNS text LANGUAGE sql
    AS 'SELECT public.title_of(s) FROM public.self_made s LIMIT 1';
ALTER TABLE public.self_made ALTER COLUMN title SET DEFAULT public.a_title();

-- Sequences in each state.
ALTER SEQUENCE "Odd ""Schema"""."Order_Id_seq" RENAME TO "Seq Of Order";
SELECT setval('sales.customer_id_seq', 41, false);
SELECT nextval('public.shared_numbers');
CREATE SEQUENCE public.lent OWNED BY public.scratch.a;
CREATE SEQUENCE public.by_role;
ALTER SEQUENCE public.by_role OWNER TO backup_owner;

-- Indexes.
CREATE INDEX "lower Mixed" ON sales.customer (lower("Mixed Case") text_pattern_ops DESC NULLS LAST)
    WHERE price > 0;
CREATE UNIQUE INDEX covering ON sales.customer (mail, age) INCLUDE (price) WITH (fillfactor = 50);
CREATE INDEX by_doc ON sales.customer USING gin (doc jsonb_path_ops);
CREATE INDEX by_sum ON sales.customer ((price * 2));
ALTER INDEX sales.by_sum ALTER COLUMN 1 SET STATISTICS 300;
COMMENT ON INDEX sales.covering IS 'covers';
CREATE UNIQUE INDEX scratch_a ON public.scratch (a);
ALTER TABLE public.scratch REPLICA IDENTITY USING INDEX scratch_a;
CREATE STATISTICS sales.together (dependencies, ndistinct) ON price, added FROM sales.customer;
COMMENT ON STATISTICS sales.together IS 'together';

-- Views, one of which needs a key, and views of views.
CREATE VIEW sales.cheap WITH (security_barrier = true) AS
    SELECT id, mail, price FROM sales.customer WHERE price < 10 WITH LOCAL CHECK OPTION;
COMMENT ON COLUMN sales.cheap.price IS 'low';
ALTER VIEW sales.cheap ALTER COLUMN price SET DEFAULT 5;
ALTER VIEW sales.cheap OWNER TO backup_owner;
GRANT SELECT ON sales.cheap TO backup_reader;
CREATE VIEW sales.by_key AS
    SELECT c.id, c.added, count(*) AS n
      FROM sales.customer c JOIN "Odd ""Schema"""."Order" o ON o.customer = c.id
     GROUP BY c.id;
CREATE MATERIALIZED VIEW public.z_first WITH (fillfactor = 90) AS
    SELECT id, price FROM sales.cheap;
CREATE VIEW public.m_between AS SELECT count(*) AS n FROM public.z_first;
CREATE MATERIALIZED VIEW public.a_second AS SELECT n FROM public.m_between;
CREATE MATERIALIZED VIEW public.not_filled AS SELECT 1 AS one WITH NO DATA;
CREATE UNIQUE INDEX z_first_id ON public.z_first (id);
COMMENT ON MATERIALIZED VIEW public.z_first IS 'first';
ALTER MATERIALIZED VIEW public.z_first OWNER TO backup_owner;
ALTER MATERIALIZED VIEW public.z_first ALTER COLUMN price SET STATISTICS 11;
CREATE RECURSIVE VIEW public.counted (n) AS
    VALUES (1) UNION ALL SELECT n + 1 FROM counted WHERE n < 3;

-- Triggers, rules, policies.
CREATE FUNCTION sales.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER touched BEFORE INSERT OR UPDATE OF mail ON sales.customer
    FOR EACH ROW WHEN (NEW.price > 0) EXECUTE FUNCTION sales.touch('it''s', 'two');
CREATE TRIGGER statement_wise AFTER DELETE ON sales.customer
    REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION sales.touch();
CREATE CONSTRAINT TRIGGER checked AFTER INSERT ON sales.customer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sales.touch();
CREATE TRIGGER on_view INSTEAD OF INSERT ON sales.cheap
    FOR EACH ROW EXECUTE FUNCTION sales.touch();
ALTER TABLE sales.customer DISABLE TRIGGER touched;
ALTER TABLE sales.customer ENABLE ALWAYS TRIGGER statement_wise;
COMMENT ON TRIGGER touched ON sales.customer IS 'touches';
CREATE RULE quiet AS ON DELETE TO public.scratch WHERE OLD.a > 5 DO INSTEAD NOTHING;
ALTER TABLE public.scratch DISABLE RULE quiet;
COMMENT ON RULE quiet ON public.scratch IS 'quiet';
ALTER TABLE sales.customer ENABLE ROW LEVEL SECURITY;
ALTER TABLE sales.customer FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON sales.customer AS RESTRICTIVE FOR UPDATE TO backup_reader, backup_granter
    USING (price > 1) WITH CHECK (price > 2);
CREATE POLICY "any" ON sales.customer USING (true);
COMMENT ON POLICY mine ON sales.customer IS 'mine';

-- Privileges of what comes later, and of what was always there.
ALTER DEFAULT PRIVILEGES FOR ROLE backup_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE backup_owner IN SCHEMA sales
    GRANT SELECT ON TABLES TO backup_reader WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES FOR ROLE backup_owner GRANT USAGE ON SEQUENCES TO backup_reader;
REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_waldir() TO backup_reader;
REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
GRANT SELECT ON pg_catalog.pg_user_mapping TO backup_reader;

INSERT INTO sales.customer (mail, price) VALUES ('a@b', 3);
SELECT nextval('"Odd ""Schema"""."Seq Of Order"');
REFRESH MATERIALIZED VIEW public.z_first;
