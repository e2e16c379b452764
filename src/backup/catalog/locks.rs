//! The tables, held in place while they are read.
//!
//! The functions that write definitions look at the newest catalogue and not at the transaction's
//! snapshot, so no session may change a table between the snapshot and the last read. ACCESS SHARE is
//! what a SELECT takes: it stops only changes to the table itself.
//!
//! A change before the locks were granted is detected here: to an older snapshot, a table that was
//! truncated, or rewritten for a change of its columns, is empty (PostgreSQL's documentation, "Caveats"
//! of concurrency control), and no later step could notice.

use tokio_postgres::Row;

use super::CatalogError;
use super::item::Named;
use super::server::Server;

/// A table that no session can change now. Foreign tables are among them, though they cannot be
/// locked: they hold no rows.
#[derive(Clone, Debug)]
pub(super) struct LockedTable {
    pub(super) relation: Named,
    pub(super) form: Form,
    /// The tables that it inherits from or is a partition of, in order.
    pub(super) parents: Vec<Parent>,
    /// The composite type that it is a table of, as SQL takes it.
    pub(super) of_type: Option<String>,
    /// `FOR VALUES …` of a partition.
    pub(super) bound: Option<String>,
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

/// What kind of table it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// It holds rows.
    Plain,
    /// Its partitions hold its rows: `RANGE (id)`.
    Partitioned(String),
    /// Its rows are elsewhere: `SERVER name OPTIONS (…)`.
    Foreign(String),
}

/// A table that another one inherits from or is a partition of.
#[derive(Clone, Debug)]
pub(super) struct Parent {
    pub(super) oid: u32,
    /// With its schema, as SQL takes it.
    pub(super) qualified: String,
}

impl LockedTable {
    /// Whether its rows are copied.
    pub(super) fn has_rows(&self) -> bool {
        self.form == Form::Plain
    }

    pub(super) fn is_partition(&self) -> bool {
        self.bound.is_some()
    }

    fn of(row: &Row) -> LockedTable {
        let (key, foreign): (Option<String>, Option<String>) = (row.get("key"), row.get("foreign"));
        let form = match (key, foreign) {
            (Some(key), _) => Form::Partitioned(key),
            (None, Some(foreign)) => Form::Foreign(foreign),
            (None, None) => Form::Plain,
        };
        let parents: Vec<u32> = row.get("parents");
        let names: Vec<String> = row.get("parent_names");
        let parents = parents.into_iter().zip(names);
        LockedTable {
            relation: Named::of(row),
            form,
            parents: parents
                .map(|(oid, qualified)| Parent { oid, qualified })
                .collect(),
            of_type: row.get("of_type"),
            bound: row.get("bound"),
            pages: row.get("pages"),
            unlogged: row.get("unlogged"),
            options: row.get("options"),
            replica_identity: row.get("replica_identity"),
            row_security: row.get("row_security"),
            forced_row_security: row.get("forced_row_security"),
            references: row.get("references"),
        }
    }
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
        let text = format!("table {name} was dropped, truncated or rewritten since the snapshot");
        return Err(CatalogError::Changed(text));
    }
    Ok(rows.iter().map(LockedTable::of).collect())
}

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

/// The row is the snapshot's, and the functions look at what is there now.
const TABLES: &str = "\
    SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name,
           pg_get_userbyid(c.relowner)::text AS owner,
           CASE c.relkind WHEN 'p' THEN coalesce(pg_get_partkeydef(c.oid), '') END AS key,
           (SELECT format('SERVER %I', s.srvname)
                   || coalesce((SELECT format(' OPTIONS (%s)',
                                   string_agg(format('%I %L', o.option_name, o.option_value), ', '))
                                  FROM pg_options_to_table(f.ftoptions) o
                                HAVING count(*) > 0), '')
              FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver
             WHERE f.ftrelid = c.oid) AS foreign,
           nullif(c.reloftype, 0)::regtype::text AS of_type,
           CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END AS bound,
           ARRAY(SELECT i.inhparent FROM pg_inherits i
                  WHERE i.inhrelid = c.oid ORDER BY i.inhseqno) AS parents,
           ARRAY(SELECT format('%I.%I', m.nspname, p.relname)
                   FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
                   JOIN pg_namespace m ON m.oid = p.relnamespace
                  WHERE i.inhrelid = c.oid ORDER BY i.inhseqno) AS parent_names,
           coalesce(pg_relation_size(c.oid), 0) / current_setting('block_size')::int8 AS pages,
           c.relpersistence = 'u' AS unlogged,
           nullif(c.relfilenode, 0) IS DISTINCT FROM pg_relation_filenode(c.oid) AS written_anew,
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
     WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
       AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND NOT EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                          AND d.deptype = 'e')
     ORDER BY 2, 3";
