//! Its table of contents, in the order in which `pg_restore` does it.

use pgarchive::{Entry, Kind};

pub(super) fn entries() -> Vec<Entry> {
    let mut entries = before_the_rows();
    entries.extend(rows_and_after());
    entries
}

fn before_the_rows() -> Vec<Entry> {
    vec![
        entry(
            1,
            Kind::Encoding,
            "ENCODING",
            "SET client_encoding = 'UTF8';\n",
        ),
        entry(
            100,
            Kind::Database,
            "sample",
            "CREATE DATABASE \"sample\" WITH TEMPLATE = template0 ENCODING = 'UTF8' \
             LC_COLLATE = 'C' LC_CTYPE = 'C';\n",
        )
        .owned()
        .outside(),
        entry(2, Kind::Schema, "more", "CREATE SCHEMA more;\n")
            .owned()
            .outside(),
        entry(
            3,
            Kind::Function,
            "touch()",
            "CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql
                AS 'BEGIN NEW.note := NEW.note || ''!''; RETURN NEW; END';\n",
        )
        .owned()
        .dropped_by("DROP FUNCTION public.touch();\n"),
        entry(
            4,
            Kind::Table,
            "team",
            "CREATE TABLE public.team (id bigint NOT NULL, name text NOT NULL,
                slug text GENERATED ALWAYS AS (lower(name)) STORED);\n",
        )
        .owned(),
        entry(
            5,
            Kind::Comment,
            "TABLE team",
            "COMMENT ON TABLE public.team IS 'who plays';\n",
        )
        .after(&[4]),
        entry(
            6,
            Kind::Sequence,
            "team_id_seq",
            "CREATE SEQUENCE public.team_id_seq AS bigint;\n",
        )
        .owned(),
        entry(
            7,
            Kind::SequenceOwnedBy,
            "team_id_seq",
            "ALTER SEQUENCE public.team_id_seq OWNED BY public.team.id;\n",
        ),
        entry(
            8,
            Kind::Default,
            "team id",
            "ALTER TABLE ONLY public.team ALTER COLUMN id
                SET DEFAULT nextval('public.team_id_seq'::regclass);\n",
        ),
        entry(
            9,
            Kind::Table,
            "member",
            "CREATE TABLE public.member (id bigint NOT NULL, team_id bigint, note text);\n",
        )
        .owned(),
        Entry {
            namespace: Some("more".into()),
            ..entry(
                10,
                Kind::Table,
                "Odd \"Name\"",
                "CREATE TABLE more.\"Odd \"\"Name\"\"\"
                    (\"The Key\" integer, at timestamp with time zone);\n",
            )
        },
    ]
}

fn rows_and_after() -> Vec<Entry> {
    let rows = |id, namespace: &str, table: &str, file: &str| Entry {
        namespace: Some(namespace.into()),
        file: Some(file.into()),
        ..entry(id, Kind::TableData, table, "")
    };
    vec![
        rows(11, "public", "team", "10.dat"),
        rows(12, "public", "member", "11.dat"),
        rows(13, "more", "Odd \"Name\"", "12.dat"),
        entry(
            14,
            Kind::SequenceSet,
            "team_id_seq",
            "SELECT pg_catalog.setval('public.team_id_seq', 41, true);\n",
        ),
        entry(
            15,
            Kind::SequenceSet,
            "row_counts",
            "DO $$ BEGIN IF (SELECT count(*) FROM public.member) <> 500 THEN
                RAISE EXCEPTION 'incomplete restore'; END IF; END $$;\n",
        ),
        entry(
            16,
            Kind::Constraint,
            "team team_pkey",
            "ALTER TABLE ONLY public.team ADD CONSTRAINT team_pkey PRIMARY KEY (id);\n",
        )
        .after(&[4]),
        entry(
            17,
            Kind::Constraint,
            "member member_pkey",
            "ALTER TABLE ONLY public.member ADD CONSTRAINT member_pkey PRIMARY KEY (id);\n",
        )
        .after(&[9]),
        entry(
            18,
            Kind::Index,
            "member_note",
            "CREATE INDEX member_note ON public.member USING btree (lower(note));\n",
        )
        .after(&[9]),
        entry(
            19,
            Kind::Comment,
            "INDEX member_note",
            "COMMENT ON INDEX public.member_note IS 'for searching';\n",
        )
        .after(&[18]),
        entry(
            20,
            Kind::ForeignKey,
            "member member_team",
            "ALTER TABLE ONLY public.member ADD CONSTRAINT member_team
                FOREIGN KEY (team_id) REFERENCES public.team(id) ON DELETE CASCADE;\n",
        )
        .after(&[4, 9, 16]),
        entry(
            21,
            Kind::Trigger,
            "member touch",
            "CREATE TRIGGER touch BEFORE UPDATE ON public.member
                FOR EACH ROW EXECUTE FUNCTION public.touch();\n",
        )
        .after(&[3, 9]),
        entry(
            22,
            Kind::Acl,
            "TABLE team",
            "GRANT SELECT ON TABLE public.team TO \"restore Reader\";\n",
        )
        .after(&[4]),
    ]
}

fn entry(id: i32, kind: Kind, tag: &str, definition: &str) -> Entry {
    Entry {
        id,
        definition: definition.into(),
        namespace: Some("public".into()),
        ..Entry::new(kind, tag)
    }
}

trait With {
    fn owned(self) -> Self;
    fn outside(self) -> Self;
    fn after(self, ids: &[i32]) -> Self;
    fn dropped_by(self, statement: &str) -> Self;
}

impl With for Entry {
    fn owned(mut self) -> Entry {
        self.owner = "restore_owner".into();
        self
    }

    fn outside(mut self) -> Entry {
        self.namespace = None;
        self
    }

    fn after(mut self, ids: &[i32]) -> Entry {
        self.dependencies = ids.to_vec();
        self
    }

    fn dropped_by(mut self, statement: &str) -> Entry {
        self.drop = statement.into();
        self
    }
}
