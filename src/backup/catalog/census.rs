//! What no entry carries.
//!
//! Every system catalogue with numbered objects is asked for the database's own. What is not
//! carried, and not part of something that is, is named: also objects of a kind that this program
//! has never heard of. What an object says of itself without being an object is left to `remarks`.

use std::collections::{BTreeMap, HashSet};

use super::CatalogError;
use super::assembly::Assembly;
use super::graph::{Bond, Graph};
use super::item::{FIRST_USER_OID, Object};
use super::server::Server;
use super::sql::quoted;

/// What was found.
pub(super) struct Census {
    pub(super) findings: Vec<String>,
    /// Catalogues that the role may not read.
    pub(super) not_examined: Vec<String>,
}

pub(super) async fn take(
    server: &Server<'_>,
    graph: &Graph,
    assembly: &Assembly,
) -> Result<Census, CatalogError> {
    let catalogs = catalogs(server).await?;
    let (readable, unreadable): (Vec<_>, Vec<_>) = catalogs.into_iter().partition(|it| it.readable);
    let left: HashSet<Object> = objects(server, &readable)
        .await?
        .into_iter()
        .filter(|object| !is_accounted_for(*object, graph, assembly))
        .collect();
    let mut by_catalog: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for object in left.iter().filter(|it| !is_part_of(**it, &left, graph)) {
        let oids = by_catalog.entry(object.catalog).or_default();
        oids.push(object.oid);
    }
    let mut findings = Vec::new();
    for catalog in &readable {
        if let Some(oids) = by_catalog.remove(&catalog.oid) {
            findings.extend(names(server, catalog, oids).await?);
        }
    }
    Ok(Census {
        findings,
        not_examined: unreadable.into_iter().map(|it| it.name).collect(),
    })
}

struct SystemCatalog {
    oid: u32,
    name: String,
    readable: bool,
}

async fn catalogs(server: &Server<'_>) -> Result<Vec<SystemCatalog>, CatalogError> {
    // Until PostgreSQL 12 the number was no column of its own.
    let has_oid = if server.version < 120_000 {
        "c.relhasoids"
    } else {
        "EXISTS (SELECT FROM pg_attribute a
                  WHERE a.attrelid = c.oid AND a.attname = 'oid' AND a.attnum > 0)"
    };
    let sql = format!("{CATALOGS} AND {has_oid} ORDER BY 2");
    let rows = server.rows(&sql).await?;
    Ok(rows
        .iter()
        .map(|row| SystemCatalog {
            oid: row.get("oid"),
            name: row.get("name"),
            readable: row.get("readable"),
        })
        .collect())
}

async fn objects(
    server: &Server<'_>,
    catalogs: &[SystemCatalog],
) -> Result<Vec<Object>, CatalogError> {
    let selects: Vec<String> = catalogs
        .iter()
        .map(|SystemCatalog { oid, name, .. }| {
            format!(
                "SELECT {oid}::oid AS catalog, x.oid FROM pg_catalog.{} x
                  WHERE x.oid >= {FIRST_USER_OID}",
                quoted(name)
            )
        })
        .collect();
    let rows = server.rows(&selects.join(" UNION ALL ")).await?;
    Ok(rows
        .iter()
        .map(|row| Object {
            catalog: row.get("catalog"),
            oid: row.get("oid"),
        })
        .collect())
}

/// Carried, made by the server for a partition because of what its parent has, brought by an
/// extension, or gone with its session.
fn is_accounted_for(object: Object, graph: &Graph, assembly: &Assembly) -> bool {
    let carried = |it: Object| assembly.carries(it).then_some(());
    let elsewhere = |it: Object| {
        let elsewhere = graph.extension(it).is_some() || graph.is_temporary(it);
        elsewhere.then_some(())
    };
    graph.find_followed(object, carried).is_some() || graph.find_beyond(object, elsewhere).is_some()
}

/// Whether it comes and goes with another one that is left and will be named.
fn is_part_of(object: Object, left: &HashSet<Object>, graph: &Graph) -> bool {
    graph.bonds(object).iter().any(|(whole, bond)| {
        matches!(bond, Bond::Implements | Bond::Belongs) && left.contains(whole)
    })
}

async fn names(
    server: &Server<'_>,
    catalog: &SystemCatalog,
    mut oids: Vec<u32>,
) -> Result<Vec<String>, CatalogError> {
    oids.sort_unstable();
    let more = oids.len().saturating_sub(NAMED);
    oids.truncate(NAMED);
    let list: Vec<String> = oids.iter().map(u32::to_string).collect();
    let identify = format!(
        "SELECT i.type || ' ' || coalesce(i.identity, o.oid::text)
           FROM unnest('{{{}}}'::oid[]) AS o (oid)
          CROSS JOIN LATERAL pg_identify_object({}, o.oid, 0) i
          ORDER BY 1",
        list.join(","),
        catalog.oid
    );
    // The server does not know a name for the objects of each of its catalogues.
    let names: Vec<String> = match server.try_rows(&identify).await? {
        Some(rows) => rows.iter().filter_map(|row| row.get(0)).collect(),
        None => list
            .iter()
            .map(|oid| format!("object {oid} of {}", catalog.name))
            .collect(),
    };
    let mut findings: Vec<String> = names
        .into_iter()
        .map(|name| format!("{name} is not in the archive"))
        .collect();
    if more > 0 {
        let catalog = &catalog.name;
        findings.push(format!(
            "{more} more objects of {catalog} are not in the archive"
        ));
    }
    Ok(findings)
}

/// How many objects of one kind are worth a line each?
const NAMED: usize = 100;

/// Large objects can be as many as rows; `remarks` counts them.
const CATALOGS: &str = "\
    SELECT c.oid, c.relname::text AS name, has_table_privilege(c.oid, 'SELECT') AS readable
      FROM pg_class c
     WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r'
       AND NOT c.relisshared AND c.relname <> 'pg_largeobject_metadata'";
