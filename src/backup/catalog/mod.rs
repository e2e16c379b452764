//! The objects of a database as entries of an archive, and a census of the objects without an entry.
//!
//! The schema is not known in advance: databases of different ages differ, and all definitions come from
//! the server. Each module reads one kind of object, with one query for the whole database, and returns
//! `Item`s. An item lists the objects that it creates. The order, the numbers and the census follow from
//! these and from `pg_depend`, so that the archive and the census agree.
//!
//! | module | purpose |
//! |---|---|
//! | `census`, `remarks` | objects that no entry carries |
//! | `comments`, `grants` | comments and grants of objects |
//! | `database` | the database itself, its grants and settings |
//! | `assembly` | items into numbered entries |
//! | `schemas`, `types`, `functions`, `aggregates`, `operators`, `languages`, `text_search`, `foreign`, `tables`, `sequences`, `views`, `constraints`, `indexes`, `triggers`, `policies`, `publications` | one kind of object each |
//! | `declared` | kinds whose entries a query writes |
//! | `privileges` | the text of privileges |
//! | `columns` | the columns of tables, views and types |
//! | `locks` | locks on the tables while they are read |
//! | `graph`, `needs`, `order` | dependencies between items, and the order that follows |
//! | `server` | the session that runs the queries |
//! | `item` | an object to restore, before it has a number |
//! | `sql` | quoting |

mod aggregates;
mod assembly;
mod census;
mod columns;
mod comments;
mod constraints;
mod database;
mod declared;
mod foreign;
mod functions;
mod grants;
mod graph;
mod indexes;
mod item;
mod languages;
mod locks;
mod needs;
mod operators;
mod order;
mod policies;
mod privileges;
mod publications;
mod remarks;
mod schemas;
mod sequences;
mod server;
mod sql;
mod tables;
mod text_search;
mod triggers;
mod types;
mod views;

use std::collections::HashMap;
use std::time::Duration;

use thiserror::Error;
use tokio_postgres::Client;

use crate::backup::session::failure;
use pgarchive::{Entry, Kind};

pub(super) use database::MONEY;
pub use sql::{copied, quoted};
pub(super) use sql::{literal, qualified, quoted_list};

use assembly::Assembly;
use columns::Columns;
use graph::Graph;
use item::Item;
use locks::LockedTable;
use server::Server;

/// A database without its rows.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// All entries but those of rows, numbered from 1, in the order of a restore: before the data, the state
    /// of sequences, after the data.
    pub entries: Vec<Entry>,
    /// The tables with rows to copy, referenced tables first.
    pub tables: Vec<Table>,
    /// Descriptions of objects that the archive lacks or changes. Any makes a backup degraded.
    pub findings: Vec<String>,
    /// System catalogues that the role may not read.
    pub not_examined: Vec<String>,
    /// The versions in `public.schema_migrations` of Rails, in order; empty without that table.
    pub schema_migrations: Vec<String>,
    /// The names of each relation's columns. The server writes the newest names of a view's columns into a
    /// definition of the snapshot.
    column_names: HashMap<u32, Vec<String>>,
}

/// A table with rows to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The id of the entry that creates it.
    pub entry: i32,
    /// The id of the entry with its rows, which follows those of the catalogue.
    pub data: i32,
    pub schema: String,
    pub name: String,
    pub owner: String,
    /// The columns to copy, in order: all but generated ones. Can be empty.
    pub columns: Vec<String>,
    /// The pages of its heap, without indexes and long values; 0 with another access method.
    pub pages: i64,
}

/// Why the catalogue was not read.
#[derive(Debug, Error)]
pub enum CatalogError {
    #[error("there is no table in database {0:?}: is it the right one?")]
    Empty(String),
    /// Another session, such as a migration, has locked a table or view or waits for the lock.
    #[error(
        "a table or view could not be locked for reading within {0:?}, because another session \
         changes it; try again when that session is done"
    )]
    Busy(Duration),
    #[error("the database was being changed ({0}); try again")]
    Changed(String),
    #[error("the server failed to {doing}: {}", failure(.source))]
    Refused {
        doing: &'static str,
        source: tokio_postgres::Error,
    },
}

/// Reads everything but rows. `client` is inside a transaction, which keeps ACCESS SHARE locks on all
/// tables, and an empty `search_path`, until it ends.
///
/// # Errors
/// [`CatalogError::Busy`] if it waits for a lock longer than `lock_timeout`. After any error, the
/// transaction must be rolled back.
pub async fn read(client: &Client, lock_timeout: Duration) -> Result<Catalog, CatalogError> {
    let server = Server::begin(client, lock_timeout).await?;
    let tables = locks::take(&server).await?;
    let graph = Graph::read(&server).await?;
    let columns = columns::read(&server).await?;
    let items = items(&server, &graph, &tables, &columns).await?;
    let mut assembly = Assembly::new(items, &graph);
    assembly.attach(comments::read(&server, &graph).await?, &graph);
    assembly.attach(grants::read(&server).await?, &graph);
    let census = census::take(&server, &graph, &assembly).await?;
    let mut findings = census.findings;
    findings.extend(remarks::read(&server).await?);
    findings.extend(assembly.findings());
    let settings = database::session_settings(&server).await?;
    let (entries, tables) = assembly.finish(settings, &tables, &columns);
    let schema_migrations = schema_migrations(&server, &tables).await?;
    server.end().await?;
    Ok(Catalog {
        entries,
        tables,
        findings,
        not_examined: census.not_examined,
        schema_migrations,
        column_names: columns::names(&columns),
    })
}

impl Catalog {
    /// Fails with [`CatalogError::Changed`] if one of these definitions differs now: a session changed it
    /// between the snapshot and the lock, or while the catalogue was read, so its parts are of different
    /// moments. `client` is inside a transaction of its own.
    pub async fn unchanged(
        &self,
        client: &Client,
        lock_timeout: Duration,
    ) -> Result<(), CatalogError> {
        let server = Server::begin(client, lock_timeout).await?;
        let tables = locks::take(&server).await?;
        let graph = Graph::read(&server).await?;
        let columns = columns::read(&server).await?;
        self.has_columns(&columns::names(&columns))?;
        let now = items(&server, &graph, &tables, &columns).await?;
        let mut by_key: HashMap<_, Vec<&Entry>> = HashMap::new();
        for item in &now {
            let steps = item.in_two.iter().flat_map(|steps| steps.iter());
            for item in steps.chain([item]) {
                by_key
                    .entry(key(&item.entry))
                    .or_default()
                    .push(&item.entry);
            }
        }
        for entry in self.entries.iter().filter(|entry| entry.oid != 0) {
            let Some(now) = by_key.get(&key(entry)) else {
                continue;
            };
            if !now.iter().any(|now| is_same(entry, now)) {
                let text = format!("{} {} was changed", entry.kind, entry.tag);
                return Err(CatalogError::Changed(text));
            }
        }
        server.end().await
    }

    fn has_columns(&self, now: &HashMap<u32, Vec<String>>) -> Result<(), CatalogError> {
        let differ =
            |(oid, names): &(&u32, &Vec<String>)| now.get(oid).is_some_and(|it| it != *names);
        let Some((oid, _)) = self.column_names.iter().find(differ) else {
            return Ok(());
        };
        let relation =
            |entry: &&Entry| (entry.catalog, entry.oid) == (item::catalog::RELATION, *oid);
        let name = self.entries.iter().find(relation).map(|entry| &entry.tag);
        let name = name.map_or("a relation", String::as_str);
        Err(CatalogError::Changed(format!(
            "the columns of {name} were changed"
        )))
    }
}

fn is_same(one: &Entry, other: &Entry) -> bool {
    (&one.tag, &one.namespace, &one.definition) == (&other.tag, &other.namespace, &other.definition)
}

fn key(entry: &Entry) -> (u32, u32, Kind) {
    (entry.catalog, entry.oid, entry.kind)
}

async fn items(
    server: &Server<'_>,
    graph: &Graph,
    tables: &[LockedTable],
    columns: &Columns,
) -> Result<Vec<Item>, CatalogError> {
    let constraints = constraints::read(server).await?;
    let mut items = database::read(server).await?;
    items.extend(schemas::read(server).await?);
    for kinds in [
        types::KINDS,
        functions::KINDS,
        text_search::KINDS,
        aggregates::KINDS,
        operators::KINDS,
        languages::KINDS,
        triggers::KINDS,
        policies::KINDS,
        tables::PARTS,
        indexes::KINDS,
    ] {
        items.extend(declared::read(server, kinds).await?);
    }
    items.extend(foreign::read(server).await?);
    items.extend(tables::items(tables, columns, &constraints, graph));
    items.extend(sequences::read(server).await?);
    items.extend(columns::defaults(columns, graph));
    items.extend(views::read(server, columns).await?);
    items.extend(constraints::items(&constraints, graph));
    items.extend(publications::read(server).await?);
    items.extend(grants::defaults(server).await?);
    schemas::bind(server, &mut items).await?;
    Ok(items)
}

/// The versions of Rails. A table of this name without the column is another program's.
async fn schema_migrations(
    server: &Server<'_>,
    tables: &[Table],
) -> Result<Vec<String>, CatalogError> {
    let is_rails = |table: &Table| {
        (table.schema.as_str(), table.name.as_str()) == ("public", "schema_migrations")
            && table.columns.iter().any(|column| column == "version")
    };
    if !tables.iter().any(is_rails) {
        return Ok(Vec::new());
    }
    let versions = "SELECT version::text AS version FROM public.schema_migrations ORDER BY 1";
    let rows = server.rows(versions).await?;
    Ok(rows.iter().filter_map(|row| row.get("version")).collect())
}
