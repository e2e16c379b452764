//! What a database holds, as entries of an archive: the catalogue in, SQL out, and a census that
//! names whatever the archive would not carry.
//!
//! Nothing here knows a schema: databases of different ages differ, and all definitions come from
//! the server. Each room reads one kind of object with one query for the whole database and
//! answers `Item`s. An item knows the objects that it carries; from these and from `pg_depend`
//! follow the order, the numbers, and the census, so that writer and census cannot disagree.
//!
//! | module | purpose |
//! |---|---|
//! | `census`, `remarks` | objects that no entry carries |
//! | `comments`, `grants` | comments and grants of objects |
//! | `database` | the database itself, its grants and settings |
//! | `assembly` | items into numbered entries |
//! | `schemas`, `types`, `functions`, `aggregates`, `operators`, `languages`, `text_search`, `foreign`, `tables`, `sequences`, `views`, `constraints`, `indexes`, `triggers`, `policies`, `publications` | one kind of object each |
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

use crate::database::server_message;
use pgarchive::{Entry, Kind};

pub use sql::{copied, quoted};

use assembly::Assembly;
use columns::Columns;
use graph::Graph;
use item::Item;
use locks::LockedTable;
use server::Server;

/// What a database holds, but for its rows.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// All entries but the tables' data, numbered from 1, in the order of a restore: before the
    /// data, sequences' state, after the data.
    pub entries: Vec<Entry>,
    /// The tables with rows to copy, in foreign-key order: the referenced one first.
    pub tables: Vec<Table>,
    /// What the archive does not carry, or carries changed, in words. Any makes a backup degraded.
    pub findings: Vec<String>,
    /// System catalogues that the role may not read.
    pub not_examined: Vec<String>,
    /// The versions in Rails' `public.schema_migrations`, in order; empty without that table.
    pub schema_migrations: Vec<String>,
    /// The names of each relation's columns. The server writes those of a view as they are now into a
    /// definition that is otherwise the snapshot's.
    column_names: HashMap<u32, Vec<String>>,
}

/// A table with rows to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The id of the entry that makes it.
    pub entry: i32,
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// The role that owns it.
    pub owner: String,
    /// The columns to copy, in order: all but generated ones. May be none.
    pub columns: Vec<String>,
    /// Its size in the server's pages, without indexes and long values.
    pub pages: i64,
}

/// Why the catalogue could not be read.
#[derive(Debug, Error)]
pub enum CatalogError {
    /// There is nothing to back up.
    #[error("there is no table in database {0:?}: is it the right one?")]
    Empty(String),
    /// Another session, a migration perhaps, holds a lock on a table or view or waits for one.
    #[error(
        "a table or view could not be locked for reading within {0:?}, because another session \
         changes it; try again when that session is done"
    )]
    Busy(Duration),
    /// An object was dropped or changed while it was read.
    #[error("the database was being changed ({0}); try again")]
    Changed(String),
    /// A statement failed, or the connection ended.
    #[error("the server failed to {doing}: {}", server_message(.source))]
    Refused {
        /// What it was asked to do.
        doing: &'static str,
        /// Its answer.
        source: tokio_postgres::Error,
    },
}

/// Reads everything but rows. `client` is inside a transaction, which keeps ACCESS SHARE locks on
/// all tables, and an empty `search_path`, until it ends.
///
/// # Errors
/// [`CatalogError::Busy`] if a lock could not be had within `lock_timeout`; then, as after any
/// error, the transaction is of no more use.
pub async fn read(client: &Client, lock_timeout: Duration) -> Result<Catalog, CatalogError> {
    let server = Server::begin(client, lock_timeout).await?;
    let tables = locks::take(&server).await?;
    let graph = Graph::read(&server).await?;
    let columns = columns::read(&server).await?;
    let items = items(&server, &graph, &tables, &columns).await?;
    let mut assembly = Assembly::new(items, &graph);
    assembly.attach(database::comment(&server).await?);
    assembly.attach(comments::read(&server, &graph).await?);
    assembly.attach(grants::read(&server).await?);
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
    /// Fails if one of these definitions is another one now: it was changed between the snapshot and the
    /// lock, or while the catalogue was read, and its parts are of different moments then. `client` is
    /// inside a transaction of its own.
    ///
    /// # Errors
    /// [`CatalogError::Changed`], and those of [`read`].
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
        let is_it = |entry: &&Entry| (entry.catalog, entry.oid) == (item::catalog::RELATION, *oid);
        let name = self.entries.iter().find(is_it).map(|entry| &entry.tag);
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
    items.extend(types::read(server).await?);
    items.extend(text_search::read(server).await?);
    items.extend(functions::read(server).await?);
    items.extend(aggregates::read(server).await?);
    items.extend(operators::read(server).await?);
    items.extend(languages::read(server).await?);
    items.extend(foreign::read(server).await?);
    items.extend(tables::items(tables, columns, &constraints, graph));
    items.extend(sequences::read(server).await?);
    items.extend(columns::defaults(columns, graph));
    items.extend(views::read(server, columns).await?);
    items.extend(constraints::items(&constraints, graph));
    items.extend(indexes::read(server).await?);
    items.extend(triggers::read(server).await?);
    items.extend(policies::read(server).await?);
    items.extend(publications::read(server).await?);
    items.extend(grants::defaults(server).await?);
    schemas::bind(server, &mut items).await?;
    Ok(items)
}

/// Rails' versions, or none where the table is somebody else's.
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
    let versions = "SELECT version::text FROM public.schema_migrations ORDER BY 1";
    let rows = server.rows(versions).await?;
    Ok(rows.iter().filter_map(|row| row.get(0)).collect())
}
