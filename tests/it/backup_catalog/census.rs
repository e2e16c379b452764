//! What the archive does not carry is named: one case for each kind that there is.

use super::{execute, read, rebuilt, roles};
use crate::harness::{Database, postgres, run};

/// What is made, and what must be said of it. Nothing else may be said.
const KINDS: &[(&str, &[&str])] = &[
    (
        "CREATE AGGREGATE total (integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0')",
        &["aggregate public.total(integer) is not in the archive"],
    ),
    (
        "CREATE TYPE span AS RANGE (SUBTYPE = float8)",
        &["type public.span is not in the archive"],
    ),
    (
        "CREATE TYPE shell",
        &["type public.shell is not in the archive"],
    ),
    (
        "CREATE COLLATION german FROM \"C\"",
        &["collation public.german is not in the archive"],
    ),
    (
        "CREATE OPERATOR === (LEFTARG = box, RIGHTARG = box, FUNCTION = box_same)",
        &["operator public.===(pg_catalog.box,pg_catalog.box) is not in the archive"],
    ),
    (
        "CREATE OPERATOR FAMILY fam USING btree",
        &["operator family public.fam USING btree is not in the archive"],
    ),
    (
        "CREATE CAST (date AS integer) WITH INOUT",
        &["cast (pg_catalog.date AS integer) is not in the archive"],
    ),
    (
        "CREATE CONVERSION conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
        &["conversion public.conv is not in the archive"],
    ),
    (
        "CREATE TEXT SEARCH CONFIGURATION conf (COPY = english)",
        &["text search configuration public.conf is not in the archive"],
    ),
    (
        "CREATE TEXT SEARCH DICTIONARY dict (TEMPLATE = simple)",
        &["text search dictionary public.dict is not in the archive"],
    ),
    (
        "CREATE FUNCTION ev() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
         CREATE EVENT TRIGGER ev ON sql_drop EXECUTE FUNCTION ev()",
        &["event trigger ev is not in the archive"],
    ),
    (
        "CREATE PUBLICATION pub FOR TABLE plain",
        &["publication pub is not in the archive"],
    ),
    (
        "CREATE SUBSCRIPTION sub CONNECTION 'host=nowhere.invalid' PUBLICATION pub
         WITH (connect = false)",
        &["subscription sub is not in the archive"],
    ),
    (
        "CREATE FOREIGN DATA WRAPPER wrap;
         CREATE SERVER far FOREIGN DATA WRAPPER wrap;
         CREATE USER MAPPING FOR PUBLIC SERVER far;
         CREATE FOREIGN TABLE away (id integer NOT NULL DEFAULT 1 CHECK (id > 0)) SERVER far",
        &[
            "foreign table public.away is not in the archive",
            "foreign-data wrapper wrap is not in the archive",
            "server far is not in the archive",
            "user mapping public on server far is not in the archive",
        ],
    ),
    (
        "CREATE ACCESS METHOD other TYPE TABLE HANDLER heap_tableam_handler;
         CREATE TABLE stored (a int) USING other",
        &[
            "access method other is not in the archive",
            "table public.stored is restored without its access method other",
        ],
    ),
    (
        "CREATE LANGUAGE own HANDLER plpgsql_call_handler",
        &["language own is not in the archive"],
    ),
    (
        "CREATE TABLE parted (id integer PRIMARY KEY, n text DEFAULT 'x') PARTITION BY RANGE (id);
         CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (9);
         CREATE TABLE referrer (id integer REFERENCES parted)",
        &[
            "table constraint referrer_id_fkey on public.referrer is not in the archive",
            "table public.parted is not in the archive",
            "table public.part is restored as a table of its own, not as a partition of public.parted",
        ],
    ),
    (
        "CREATE TABLE child (more text) INHERITS (plain)",
        &["table public.child is restored as a table of its own, not as a child of public.plain"],
    ),
    (
        "CREATE TYPE shape AS (a int); CREATE TABLE typed OF shape",
        &["table public.typed is restored without its type public.shape"],
    ),
    (
        "SELECT lo_create(0), lo_create(0)",
        &["2 large objects are not in the archive"],
    ),
    (
        "CREATE TABLE moved (a int);
         UPDATE pg_class SET reltablespace = 1663 WHERE oid = 'moved'::regclass",
        &["table public.moved is restored without its tablespace"],
    ),
    (
        "CREATE TABLE twice (a int); INSERT INTO twice VALUES (1), (1);
         CREATE INDEX broken ON twice (a);
         UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass",
        &["index public.broken is not in the archive"],
    ),
    (
        "CREATE TABLE keyed (id int PRIMARY KEY, up int REFERENCES keyed);
         ALTER TABLE keyed DISABLE TRIGGER ALL",
        &[
            "foreign key keyed_up_fkey is restored in force, though its triggers on public.keyed \
             are switched off",
        ],
    ),
    (
        "CREATE EXTENSION tsm_system_rows; CREATE TABLE hers (id int);
         UPDATE pg_extension SET extconfig = ARRAY['hers'::regclass], extcondition = ARRAY['']
          WHERE extname = 'tsm_system_rows'",
        &["the rows that extension tsm_system_rows was given are not in the archive"],
    ),
    (
        "CREATE FUNCTION pg_catalog.lurking() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        &["function pg_catalog.lurking() is not in the archive"],
    ),
    (
        "CREATE AGGREGATE total (integer) (SFUNC = int4pl, STYPE = integer);
         CREATE VIEW totals AS SELECT total(id) FROM plain;
         CREATE VIEW of_totals AS SELECT * FROM totals",
        &[
            "aggregate public.total(integer) is not in the archive",
            "view public.of_totals is not in the archive",
            "view public.totals is not in the archive",
        ],
    ),
    (
        "CREATE FUNCTION sneaky() RETURNS text LANGUAGE sql AS $$ SELECT 'a
\\! touch /tmp/pwned' $$",
        &[
            "function public.sneaky() has a line that psql would take for a command: do not run \
             schema.sql with it",
        ],
    ),
    // Nothing that only a session has, nothing that an extension brought, and what is carried.
    (
        "CREATE TEMPORARY TABLE mine (id serial PRIMARY KEY, n text DEFAULT 'x' CHECK (n > ''))",
        &[],
    ),
    ("CREATE EXTENSION hstore; CREATE EXTENSION btree_gist", &[]),
];

#[test]
fn every_kind_that_is_not_carried_is_named() {
    run(async {
        for (made, said) in KINDS {
            let database = Database::empty();
            execute(&database, "CREATE TABLE plain (id integer)").await;
            // A temporary object is there only as long as whoever made it.
            let maker = database.connect().await;
            let done = maker.batch_execute(made).await;
            done.unwrap_or_else(|error| panic!("{error:?} in {made}"));
            let catalog = read(&database).await.expect("it can be read");
            let mut findings = catalog.findings.clone();
            findings.sort();
            let mut said = said.to_vec();
            said.sort_unstable();
            assert_eq!(findings, said, "after {made}");
            // What is carried can be restored nevertheless.
            rebuilt(&catalog).await;
        }
    });
}

#[test]
fn a_role_that_may_only_read_is_told_what_it_could_not_look_at() {
    run(async {
        roles(postgres()).await;
        let database = Database::empty();
        execute(
            &database,
            "CREATE TABLE plain (id serial);
             GRANT SELECT ON ALL TABLES IN SCHEMA public TO backup_reader;
             GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO backup_reader",
        )
        .await;
        let client = database.connect().await;
        let reader = "SET SESSION AUTHORIZATION backup_reader;
                      BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        client.batch_execute(reader).await.expect("a snapshot");
        let limit = std::time::Duration::from_secs(5);
        let catalog = magnusapi::backup::catalog::read(&client, limit).await;
        let catalog = catalog.expect("it can be read");
        assert_eq!(catalog.findings, Vec::<String>::new());
        assert_eq!(catalog.not_examined, ["pg_user_mapping"]);
    });
}
