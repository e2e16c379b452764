//! A backup of nothing much, for tests of what is pure.

use jiff::Timestamp;

use pgarchive::manifest::{FORMAT, File, Manifest, Server, Snapshot, Table, Timings, Tool};
use pgarchive::{Entry, Kind, Section};

pub(super) fn manifest(tables: &[&str]) -> Manifest {
    let file = |table: &&str| File {
        name: format!("{table}.gz"),
        stored_bytes: 0,
        stored_sha256: String::new(),
        content_bytes: 0,
        content_sha256: String::new(),
    };
    let saved = |table: &&str| Table {
        schema: "public".into(),
        name: (*table).into(),
        columns: vec!["id".into(), "na\"me".into()],
        file: format!("{table}.gz"),
        rows: 0,
        row_sum: String::new(),
    };
    Manifest {
        format: FORMAT,
        source: "postfacto".into(),
        id: "20261124T020000Z-1a2b3c4d"
            .parse()
            .expect("a backup's name"),
        started: Timestamp::UNIX_EPOCH,
        finished: Timestamp::UNIX_EPOCH,
        tool: Tool {
            version: String::new(),
            commit: String::new(),
        },
        server: Server {
            version: "15.1".into(),
            version_number: 150_001,
            database: "postfacto".into(),
            database_bytes: 0,
        },
        snapshot: Snapshot {
            taken: Timestamp::UNIX_EPOCH,
            lsn: String::new(),
            transactions: String::new(),
        },
        schema_migrations: Vec::new(),
        findings: Vec::new(),
        not_examined: Vec::new(),
        recipients: Vec::new(),
        files: tables.iter().map(file).collect(),
        tables: tables.iter().map(saved).collect(),
        milliseconds: Timings {
            catalog: 0,
            data: 0,
            total: 0,
        },
    }
}

pub(super) fn entry(id: i32, kind: Kind, section: Section, dependencies: &[i32]) -> Entry {
    Entry {
        id,
        section,
        definition: format!("MAKE {id};\n"),
        namespace: Some("public".into()),
        dependencies: dependencies.to_vec(),
        ..Entry::new(kind, format!("it{id}"))
    }
}

pub(super) fn rows(id: i32, table: &Entry) -> Entry {
    Entry {
        tag: table.tag.clone(),
        definition: String::new(),
        ..entry(id, Kind::TableData, Section::Data, &[table.id])
    }
}
