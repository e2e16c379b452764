//! The archive in the hands of others: stock `pg_restore`, and a reader that shares no code with
//! ours.

use std::ffi::OsStr;
use std::fs;
use std::process::{Command, Output};

use futures_util::TryStreamExt;
use jiff::Timestamp;
use libpgdump::types::ObjectType;
use pgarchive::encryption::Recipients;
use pgarchive::{Algorithm, BufferPool, Cutter, End, Entry, Kind, Packed, Sealer, Toc, pack_small};
use tempfile::TempDir;
use tokio_postgres::Client;

use crate::harness::{Site, everywhere, run};

/// Two tables of which one refers to the other, with whatever is hard to carry as text: more than
/// fits into one gzip member, a row longer than one, and a table without rows or columns.
const SOURCE: &str = r"
    CREATE TABLE items (id bigint NOT NULL, description text);
    CREATE TABLE retros (id bigint NOT NULL, name text, item_id bigint);
    CREATE TABLE nothing ();
    INSERT INTO items SELECT n, md5(n::text) || repeat('-', 40) FROM generate_series(10, 30000) n;
    INSERT INTO items VALUES
        (1, NULL), (2, ''), (3, '\N'), (4, '\.'), (5, E'tab\there'), (6, E'two\nlines\r\n'),
        (7, E'\v\f\b\x01\x7f'), (8, '👩‍👩‍👧 ‏ שלום'), (9, repeat('long', 600000));
    INSERT INTO retros VALUES (1, 'the ''first''', 9), (2, E'back\\slash', NULL);";

/// The same, as an archive's definitions.
const ITEMS: &str = "CREATE TABLE public.items (id bigint NOT NULL, description text);\n";
const RETROS: &str =
    "CREATE TABLE public.retros (id bigint NOT NULL, name text, item_id bigint);\n";
const NOTHING: &str = "CREATE TABLE public.nothing ();\n";
const KEY: &str = "ALTER TABLE ONLY public.items ADD CONSTRAINT items_pkey PRIMARY KEY (id);\n";
const REFERENCE: &str = "ALTER TABLE ONLY public.retros ADD CONSTRAINT fk_items
    FOREIGN KEY (item_id) REFERENCES public.items(id);\n";

const TABLES: [(&str, &str); 3] = [
    ("items", "COPY public.items (id, description) FROM stdin;\n"),
    (
        "retros",
        "COPY public.retros (id, name, item_id) FROM stdin;\n",
    ),
    ("nothing", "COPY public.nothing  FROM stdin;\n"),
];

#[test]
fn pg_restore_lists_and_restores_an_archive() {
    everywhere(async |site| {
        let pg_restore = |arguments: &[&str]| stock(site.programs.path("pg_restore"), arguments);
        let archive = Archive::of_source(site, Algorithm::Gzip).await;
        let listed = pg_restore(&["--list", &archive.path()]);
        let list = String::from_utf8_lossy(&listed.stdout);
        let table = format!("; 1259 16385 TABLE public items {}", site.role);
        let data = format!("; 0 0 TABLE DATA public retros {}", site.role);
        let key = format!("; 0 0 FK CONSTRAINT public retros fk_items {}", site.role);
        for expected in [
            "Archive created at 2026-11-24 02:00:00",
            "dbname: postfacto",
            "TOC Entries: 11",
            "Dump Version: 1.13-0",
            "Format: DIRECTORY",
            table.as_str(),
            data.as_str(),
            key.as_str(),
        ] {
            assert!(list.contains(expected), "{expected} is not in\n{list}");
        }
        for jobs in ["1", "2"] {
            let target = site.source(&site.database().await);
            pg_restore(&[
                "--exit-on-error",
                "--jobs",
                jobs,
                "--dbname",
                &target.url,
                &archive.path(),
            ]);
            let client = target.connect().await;
            for ((table, _), text) in TABLES.iter().zip(&archive.texts) {
                let restored = rows(&client, table).await.concat();
                assert!(restored == *text, "{table} differs with {jobs} jobs");
            }
        }
    });
}

#[test]
fn another_reader_reads_the_same_archive() {
    run(async {
        let site = Site::usual();
        let archive = Archive::of_source(site, Algorithm::Gzip).await;
        // libpgdump reads only the first member of a gzip file, and plain files as they are.
        stock("gzip", &["--decompress", "--recursive", &archive.path()]);
        archive.is_read_by_libpgdump("1.13.0");
        let archive = Archive::of_source(site, Algorithm::Zstd).await;
        archive.is_read_by_libpgdump("1.15.0");
    });
}

#[test]
fn an_archive_of_pg_dump_is_rejected_by_its_version() {
    everywhere(async |site| {
        let database = site.source(&site.database().await);
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("dump").display().to_string();
        site.succeeds("pg_dump", &["-Fd", "-f", &path, "-d", &database.url]);
        let bytes = fs::read(format!("{path}/toc.dat")).expect("it wrote one");
        let error = Toc::decode(&bytes).expect_err("it is newer").to_string();
        let version = format!("version 1.{},", bytes[6]);
        assert!(error.contains(&version), "{error}");
        assert!(error.contains("pg_restore"), "{error}");
    });
}

/// A folder with an archive, and what is in it.
struct Archive {
    folder: TempDir,
    toc: Toc,
    /// The COPY text of each of [`TABLES`].
    texts: Vec<Vec<u8>>,
}

impl Archive {
    async fn of_source(site: Site, algorithm: Algorithm) -> Archive {
        let source = site.filled(SOURCE).await;
        let client = source.connect().await;
        let folder = tempfile::tempdir().expect("a folder");
        let mut texts = Vec::new();
        for (index, (table, _)) in TABLES.iter().enumerate() {
            let rows = rows(&client, table).await;
            let (stored, packed) = pack(index + 7, algorithm, &rows);
            assert_eq!(packed.rows, rows.len() as u64);
            fs::write(folder.path().join(packed.file.name), stored).expect("it is written");
            texts.push(rows.concat());
        }
        let toc = contents(site.role);
        let (stored, _) = pack_small(
            "toc.dat",
            &toc.encode("MagnusAPI 0.1.0", algorithm),
            &Recipients::default(),
        );
        fs::write(folder.path().join("toc.dat"), stored).expect("it is written");
        Archive { folder, toc, texts }
    }

    fn is_read_by_libpgdump(&self, version: &str) {
        let found = libpgdump::load(self.folder.path()).expect("it reads it");
        assert_eq!(found.version().to_string(), version);
        assert_eq!(found.dbname(), self.toc.database);
        assert_eq!(found.server_version(), self.toc.server_version);
        assert_eq!(found.entries().len(), self.toc.entries.len());
        for (found, written) in found.entries().iter().zip(&self.toc.entries) {
            assert_eq!(found.dump_id, written.id);
            assert_eq!(found.oid, written.oid.to_string());
            assert_eq!(found.table_oid, written.catalog.to_string());
            assert_eq!(found.tag.as_ref(), Some(&written.tag));
            assert_eq!(found.desc.as_str(), written.kind.words());
            assert_eq!(found.defn.as_ref(), Some(&written.definition));
            assert_eq!(found.copy_stmt, written.copy);
            assert_eq!(found.namespace, written.namespace);
            assert_eq!(found.owner.as_ref(), Some(&written.owner));
            assert_eq!(found.dependencies, written.dependencies);
            assert_eq!(found.had_dumper, written.file.is_some());
        }
        let data = found
            .entries()
            .iter()
            .filter(|entry| entry.desc == ObjectType::TableData);
        for (entry, text) in data.zip(&self.texts) {
            let content = found.entry_data(entry.dump_id).expect("it has data");
            let expected = [text.as_slice(), b"\\.\n\n\n"].concat();
            assert!(content == expected, "{:?} differs", entry.tag);
        }
    }

    fn path(&self) -> String {
        self.folder.path().display().to_string()
    }
}

/// A table's rows, each as the server sends it.
async fn rows(client: &Client, table: &str) -> Vec<Vec<u8>> {
    let copy = client
        .copy_out(&format!("COPY {table} TO STDOUT"))
        .await
        .expect("it begins");
    copy.map_ok(|row| row.to_vec())
        .try_collect()
        .await
        .expect("it ends")
}

fn pack(id: usize, algorithm: Algorithm, rows: &[Vec<u8>]) -> (Vec<u8>, Packed) {
    let pool = BufferPool::new(algorithm.into());
    let (mut cutter, mut members) = (Cutter::new(&pool), Vec::new());
    for row in rows {
        let length = i32::try_from(row.len() + 4).expect("it fits a message");
        let message = [b"d", &length.to_be_bytes()[..], row].concat();
        cutter.push(&message, &mut members).expect("a row");
    }
    let content = cutter
        .finish(End::OfTable, &mut members)
        .expect("whole rows");
    let name = format!("{id}.dat{}", algorithm.suffix());
    let (mut sealer, mut stored) = (Sealer::new(&name, &Recipients::default()), Vec::new());
    for member in members {
        sealer.push(&member.compress(), &mut stored);
    }
    let packed = sealer.finish(content, &mut stored);
    (stored, packed)
}

/// The archive's entries, whose objects belong to this role.
fn contents(owner: &str) -> Toc {
    let object = |entry, dependencies: &[i32]| object(entry, owner, dependencies);
    let setting = |id, kind: Kind, definition| entry(id, kind, kind.words(), definition);
    let mut entries = vec![
        setting(1, Kind::Encoding, "SET client_encoding = 'UTF8';\n"),
        setting(
            2,
            Kind::StdStrings,
            "SET standard_conforming_strings = 'on';\n",
        ),
        setting(
            3,
            Kind::SearchPath,
            "SELECT pg_catalog.set_config('search_path', '', false);\n",
        ),
    ];
    for (id, (tag, definition)) in
        (4..).zip([("items", ITEMS), ("retros", RETROS), ("nothing", NOTHING)])
    {
        entries.push(Entry {
            catalog: 1259,
            oid: 16385,
            ..object(entry(id, Kind::Table, tag, definition), &[])
        });
    }
    for (id, (tag, copy)) in (7..).zip(TABLES) {
        let data = entry(id, Kind::TableData, tag, "");
        entries.push(Entry {
            copy: Some(copy.into()),
            file: Some(format!("{id}.dat")),
            ..object(data, &[id - 3])
        });
    }
    let key = entry(10, Kind::Constraint, "items items_pkey", KEY);
    entries.push(object(key, &[4]));
    let tag = "retros fk_items";
    let reference = entry(11, Kind::ForeignKey, tag, REFERENCE);
    entries.push(object(reference, &[10, 5]));
    Toc {
        database: "postfacto".into(),
        server_version: "15.18".into(),
        created: "2026-11-24T02:00:00Z".parse::<Timestamp>().expect("a time"),
        entries,
    }
}

fn entry(id: i32, kind: Kind, tag: &str, definition: &str) -> Entry {
    Entry {
        id,
        definition: definition.into(),
        ..Entry::new(kind, tag)
    }
}

/// In `public`, with an owner.
fn object(entry: Entry, owner: &str, dependencies: &[i32]) -> Entry {
    Entry {
        namespace: Some("public".into()),
        owner: owner.into(),
        dependencies: dependencies.to_vec(),
        ..entry
    }
}

/// Runs a program of others, which must succeed without a word of complaint.
pub(crate) fn stock(program: impl AsRef<OsStr>, arguments: &[&str]) -> Output {
    let program = program.as_ref();
    let output = Command::new(program)
        .args(arguments)
        .env("TZ", "UTC")
        .output()
        .expect("the program runs");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && complaint.is_empty(),
        "{} {arguments:?}: {complaint}",
        program.display()
    );
    output
}
