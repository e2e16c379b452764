//! A small backup, written by hand, and the script that makes the same database without it.

mod entries;

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use magnusapi::backup::restore::{Backup, Content, Failure};
use pgarchive::Entry;
use pgarchive::manifest::{FORMAT, File, Manifest, Server, Snapshot, Table, Timings, Tool};
use pgarchive::row_sum::RowSum;
use tokio::sync::mpsc::{Receiver, channel};

use entries::entries;

/// The definitions that a restore must make.
pub(super) const SCRIPT: &str = r#"
    CREATE SCHEMA more AUTHORIZATION restore_owner;
    CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN NEW.note := NEW.note || ''!''; RETURN NEW; END';
    ALTER FUNCTION public.touch() OWNER TO restore_owner;
    CREATE TABLE public.team (
        id bigint NOT NULL,
        name text NOT NULL,
        slug text GENERATED ALWAYS AS (lower(name)) STORED);
    ALTER TABLE public.team OWNER TO restore_owner;
    COMMENT ON TABLE public.team IS 'who plays';
    CREATE SEQUENCE public.team_id_seq AS bigint;
    ALTER SEQUENCE public.team_id_seq OWNER TO restore_owner;
    ALTER SEQUENCE public.team_id_seq OWNED BY public.team.id;
    ALTER TABLE ONLY public.team ALTER COLUMN id
        SET DEFAULT nextval('public.team_id_seq'::regclass);
    CREATE TABLE public.member (id bigint NOT NULL, team_id bigint, note text);
    ALTER TABLE public.member OWNER TO restore_owner;
    CREATE TABLE more."Odd ""Name""" ("The Key" integer, at timestamp with time zone);
    ALTER TABLE ONLY public.team ADD CONSTRAINT team_pkey PRIMARY KEY (id);
    ALTER TABLE ONLY public.member ADD CONSTRAINT member_pkey PRIMARY KEY (id);
    CREATE INDEX member_note ON public.member USING btree (lower(note));
    COMMENT ON INDEX public.member_note IS 'for searching';
    ALTER TABLE ONLY public.member ADD CONSTRAINT member_team
        FOREIGN KEY (team_id) REFERENCES public.team(id) ON DELETE CASCADE;
    CREATE TRIGGER touch BEFORE UPDATE ON public.member
        FOR EACH ROW EXECUTE FUNCTION public.touch();
    GRANT SELECT ON TABLE public.team TO "restore Reader";"#;

/// Three tables with a few rows each.
pub(super) struct Sample {
    pub(super) entries: Vec<Entry>,
    pub(super) manifest: Manifest,
    pub(super) files: Files,
}

impl Sample {
    pub(super) fn new() -> Sample {
        let texts = texts();
        Sample {
            entries: entries(),
            manifest: manifest(&texts),
            files: Files {
                texts: Arc::new(texts),
                fault: Fault::None,
            },
        }
    }

    pub(super) fn backup(&self) -> Backup<'_> {
        Backup {
            entries: &self.entries,
            manifest: &self.manifest,
            content: &self.files,
        }
    }

    pub(super) fn with_fault(fault: Fault) -> Sample {
        let mut sample = Sample::new();
        sample.files.fault = fault;
        sample
    }
}

/// The files in memory.
pub(super) struct Files {
    texts: Arc<HashMap<&'static str, String>>,
    fault: Fault,
}

impl Files {
    /// Of all rows.
    pub(super) fn bytes(&self) -> u64 {
        let bytes: usize = self.texts.values().map(String::len).sum();
        bytes.try_into().expect("a few")
    }
}

/// A fault in `public.member`'s rows.
pub(super) enum Fault {
    None,
    /// The first pass finds it.
    Found,
    /// Half-way, the second pass finds that it is not what the first one read.
    Changed,
    /// It ends after half of its rows, without an error.
    Short,
    /// One letter is another.
    Letter,
    /// Half-way, this happens.
    Meanwhile(Box<dyn Fn() + Send + Sync>),
}

impl Content for Files {
    fn check(&self) -> BoxFuture<'_, Result<(), Failure>> {
        let checked = match self.fault {
            Fault::Found => Err("file 11.dat.gz has another SHA-256".into()),
            _ => Ok(()),
        };
        ready(checked).boxed()
    }

    fn rows(&self, table: &Table) -> Receiver<Result<Bytes, Failure>> {
        let text = &self.texts[table.name.as_str()];
        // Not between two rows.
        let (one, other) = text.split_at(text.len() / 2);
        let part = |text: &str| -> Result<Bytes, Failure> { Ok(text.to_owned().into()) };
        let mut parts = vec![part(one), part(other)];
        if table.name == "member" {
            let end = one.rfind('\n').map_or(0, |end| end + 1);
            match &self.fault {
                Fault::None | Fault::Found => {}
                Fault::Changed => parts[1] = Err("file 11.dat.gz has another SHA-256".into()),
                Fault::Short => parts = vec![part(&one[..end])],
                Fault::Letter => parts[1] = part(&other.replacen("note", "nose", 1)),
                Fault::Meanwhile(act) => act(),
            }
        }
        let (sender, receiver) = channel(2);
        for part in parts {
            sender.try_send(part).expect("two fit");
        }
        receiver
    }
}

fn texts() -> HashMap<&'static str, String> {
    use std::fmt::Write;
    let mut member = String::new();
    for id in 1..=500 {
        writeln!(member, "{id}\t{}\ta note of {id}\\t\\\\ 'é'", id % 3 + 1).expect("memory");
    }
    [
        ("team", "1\tOne\n2\ttwo\\nlines\n3\t\n".to_owned()),
        ("member", member),
        (
            "Odd \"Name\"",
            "1\t2026-11-24 02:00:00+00\n\\N\t\\N\n\\N\t\\N\n".to_owned(),
        ),
    ]
    .into()
}

fn manifest(texts: &HashMap<&'static str, String>) -> Manifest {
    let table = |schema: &str, name: &str, file: &str, columns: &[&str]| {
        let mut sum = RowSum::default();
        let rows = texts[name].split_inclusive('\n');
        rows.clone().for_each(|row| sum.add(row.as_bytes()));
        Table {
            schema: schema.into(),
            name: name.into(),
            columns: columns.iter().map(|it| (*it).to_owned()).collect(),
            file: file.into(),
            rows: rows.count().try_into().expect("a few"),
            row_sum: sum.to_string(),
        }
    };
    let tables = vec![
        table("public", "team", "10.dat.gz", &["id", "name"]),
        table("public", "member", "11.dat.gz", &["id", "team_id", "note"]),
        table("more", "Odd \"Name\"", "12.dat.gz", &["The Key", "at"]),
    ];
    let file = |table: &Table| File {
        name: table.file.clone(),
        stored_bytes: 0,
        stored_sha256: String::new(),
        content_bytes: 0,
        content_sha256: String::new(),
    };
    let now = jiff::Timestamp::UNIX_EPOCH;
    Manifest {
        format: FORMAT,
        source: "sample".into(),
        id: "20261124T020000Z-1a2b3c4d"
            .parse()
            .expect("a backup's name"),
        started: now,
        finished: now,
        tool: Tool {
            version: String::new(),
            commit: String::new(),
        },
        server: Server {
            version: "15.0".into(),
            version_number: 150_000,
            database: "sample".into(),
            database_bytes: 0,
        },
        snapshot: Snapshot {
            taken: now,
            lsn: String::new(),
            transactions: String::new(),
        },
        schema_migrations: Vec::new(),
        findings: Vec::new(),
        not_examined: Vec::new(),
        recipients: Vec::new(),
        files: tables.iter().map(file).collect(),
        tables,
        milliseconds: Timings {
            catalog: 0,
            data: 0,
            total: 0,
        },
    }
}
