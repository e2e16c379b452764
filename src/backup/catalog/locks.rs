//! The tables, held in place while they are read.
//!
//! The functions that write definitions look at the newest catalogue and not at the transaction's
//! snapshot, so nobody may change a table between the snapshot and the last read. ACCESS SHARE is
//! what a SELECT takes: it stops only changes to the table itself.
//!
//! What was changed before the locks were had is looked for: to an older snapshot, a table that was
//! truncated, or written anew for a change of its columns, is empty (PostgreSQL's documentation, "Caveats"
//! of concurrency control), and nothing that comes later could tell.

use super::CatalogError;
use super::item::Named;
use super::server::Server;

/// A table that nobody can change now.
#[derive(Clone, Debug)]
pub(super) struct LockedTable {
    pub(super) relation: Named,
    pub(super) pages: i64,
    pub(super) unlogged: bool,
    pub(super) options: Vec<String>,
    /// `d`, `f`, `n` or `i`, as in `pg_class.relreplident`.
    pub(super) replica_identity: String,
    pub(super) row_security: bool,
    pub(super) forced_row_security: bool,
    /// The tables that its foreign keys name.
    pub(super) references: Vec<u32>,
}

/// Locks every table that is the database's own.
pub(super) async fn take(server: &Server<'_>) -> Result<Vec<LockedTable>, CatalogError> {
    let names = server.rows(NAMES).await?;
    if names.is_empty() {
        let name = server.rows("SELECT current_database()::text").await?;
        let name = name.first().map(|row| row.get(0)).unwrap_or_default();
        return Err(CatalogError::Empty(name));
    }
    let list: Vec<String> = names
        .iter()
        .map(|row| format!("ONLY {}", Named::of(row).qualified()))
        .collect();
    let lock = format!("LOCK TABLE {} IN ACCESS SHARE MODE", list.join(", "));
    server.execute("lock the tables", &lock).await?;
    let rows = server.rows(TABLES).await?;
    if let Some(row) = rows.iter().find(|row| row.get("written_anew")) {
        let name = Named::of(row).qualified();
        let text = format!("table {name} was truncated or written anew since the snapshot");
        return Err(CatalogError::Changed(text));
    }
    Ok(rows
        .iter()
        .map(|row| LockedTable {
            relation: Named::of(row),
            pages: row.get("pages"),
            unlogged: row.get("unlogged"),
            options: row.get("options"),
            replica_identity: row.get("replica_identity"),
            row_security: row.get("row_security"),
            forced_row_security: row.get("forced_row_security"),
            references: row.get("references"),
        })
        .collect())
}

/// Partitions are tables here, and so is what inherits. Their parents' definitions are not
/// carried, but locked all the same: a change to a parent changes its children.
const NAMES: &str = "\
    SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name, '' AS owner
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
       AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND NOT EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                          AND d.deptype = 'e')
     ORDER BY 2, 3";

/// The row is the snapshot's, and the function looks at what is there now.
const TABLES: &str = "\
    SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name,
           pg_get_userbyid(c.relowner)::text AS owner,
           pg_relation_size(c.oid) / current_setting('block_size')::int8 AS pages,
           c.relpersistence = 'u' AS unlogged,
           c.relfilenode <> pg_relation_filenode(c.oid) AS written_anew,
           coalesce(c.reloptions, '{}')
             || coalesce((SELECT array_agg('toast.' || o) FROM unnest(t.reloptions) o), '{}')
             AS options,
           c.relreplident::text AS replica_identity,
           c.relrowsecurity AS row_security, c.relforcerowsecurity AS forced_row_security,
           ARRAY(SELECT k.confrelid FROM pg_constraint k
                  WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid <> c.oid)
             AS references
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
     WHERE c.relkind = 'r' AND c.relpersistence <> 't'
       AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND NOT EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                          AND d.deptype = 'e')
     ORDER BY 2, 3";
