//! Reports the objects without an entry.
//!
//! The census reads the database's own objects from every system catalogue with numbered objects. It reports
//! each one without an entry that is not part of another object, also of kinds that this program does not
//! know. `remarks` reports properties that are not objects.

use std::collections::{BTreeMap, HashSet};

use super::CatalogError;
use super::assembly::Assembly;
use super::graph::{Bond, DROPPED_WITH, FOLLOWED, Graph};
use super::item::{FIRST_USER_OID, Object};
use super::server::Server;
use super::sql::quoted;

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
    let missing: HashSet<Object> = objects(server, &readable)
        .await?
        .into_iter()
        .filter(|object| !is_accounted_for(*object, graph, assembly))
        .collect();
    let mut by_catalog: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for object in missing
        .iter()
        .filter(|it| !is_part_of(**it, &missing, graph))
    {
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
    // Before PostgreSQL 12, the number was a system column.
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
    Ok(rows.iter().map(Object::of).collect())
}

/// Whether an entry creates it, the server creates it for a partition, an extension creates it, or it is
/// temporary.
fn is_accounted_for(object: Object, graph: &Graph, assembly: &Assembly) -> bool {
    let carried = |it: Object| assembly.carries(it).then_some(());
    let elsewhere = |it: Object| {
        let elsewhere = graph.extension(it).is_some() || graph.is_temporary(it);
        elsewhere.then_some(())
    };
    graph.search(object, FOLLOWED, carried).is_some()
        || graph.search(object, DROPPED_WITH, elsewhere).is_some()
}

/// Whether it is part of another object that is reported.
fn is_part_of(object: Object, missing: &HashSet<Object>, graph: &Graph) -> bool {
    graph.bonds(object).iter().any(|(whole, bond)| {
        matches!(bond, Bond::Implements | Bond::Belongs) && missing.contains(whole)
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
        "SELECT i.type || ' ' || coalesce(i.identity, o.oid::text) AS name
           FROM unnest('{{{}}}'::oid[]) AS o (oid)
          CROSS JOIN LATERAL pg_identify_object({}, o.oid, 0) i
          ORDER BY 1",
        list.join(","),
        catalog.oid
    );
    // The server cannot name the objects of some of its catalogues.
    let names: Vec<String> = match server.try_rows(&identify).await? {
        Some(rows) => rows.iter().filter_map(|row| row.get("name")).collect(),
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

/// Objects of one catalogue that are named. More are counted, to keep the manifest short.
const NAMED: usize = 100;

/// There can be as many large objects as rows, so `remarks` only counts them.
const CATALOGS: &str = "\
    SELECT c.oid, c.relname::text AS name, has_table_privilege(c.oid, 'SELECT') AS readable
      FROM pg_class c
     WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r'
       AND NOT c.relisshared AND c.relname <> 'pg_largeobject_metadata'";
