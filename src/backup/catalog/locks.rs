//! Locks on the tables while they are read.
//!
//! The server's functions write definitions from the newest catalogue and not from the snapshot, so no session
//! may change a table between the snapshot and the last read. ACCESS SHARE is the lock of a SELECT: it stops
//! only changes to the table itself.
//!
//! This module detects a change before the locks were granted. To an older snapshot, a table that was
//! truncated or rewritten is empty (PostgreSQL's documentation, "Caveats" of concurrency control), and no
//! later step could detect that.

use tokio_postgres::Row;

use super::CatalogError;
use super::item::Named;
use super::server::Server;
use super::sql::storage_options;

/// A table that no session can change now. Foreign tables are included: they cannot be locked, and have no
/// rows here.
#[derive(Clone, Debug)]
pub(super) struct LockedTable {
    pub(super) relation: Named,
    pub(super) form: Form,
    /// The tables that it inherits from or is a partition of, in order, each with its schema and quoted.
    pub(super) parents: Vec<String>,
    /// The composite type of a typed table, quoted.
    pub(super) of_type: Option<String>,
    pub(super) is_partition: bool,
    pub(super) pages: i64,
    pub(super) unlogged: bool,
    /// The content of `WITH (…)`.
    pub(super) options: Option<String>,
    /// `d`, `f`, `n` or `i`, as in `pg_class.relreplident`.
    pub(super) replica_identity: String,
    pub(super) forced_row_security: bool,
    /// The tables that its foreign keys reference.
    pub(super) references: Vec<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    /// The partition key: `RANGE (id)`. The partitions have the rows.
    Partitioned(String),
    /// `SERVER name OPTIONS (…)`. The other server has the rows.
    Foreign(String),
}

impl LockedTable {
    pub(super) fn has_rows(&self) -> bool {
        self.form == Form::Plain
    }

    fn of(row: &Row) -> LockedTable {
        let (key, foreign): (Option<String>, Option<String>) = (row.get("key"), row.get("foreign"));
        let form = match (key, foreign) {
            (Some(key), _) => Form::Partitioned(key),
            (None, Some(foreign)) => Form::Foreign(foreign),
            (None, None) => Form::Plain,
        };
        LockedTable {
            relation: Named::of(row),
            form,
            parents: row.get("parents"),
            of_type: row.get("of_type"),
            is_partition: row.get("is_partition"),
            pages: row.get("pages"),
            unlogged: row.get("unlogged"),
            options: row.get("options"),
            replica_identity: row.get("replica_identity"),
            forced_row_security: row.get("forced_row_security"),
            references: row.get("references"),
        }
    }
}

/// Locks every table that no extension created.
pub(super) async fn take(server: &Server<'_>) -> Result<Vec<LockedTable>, CatalogError> {
    let names = server.rows(NAMES).await?;
    if names.is_empty() {
        let name = server
            .rows("SELECT current_database()::text AS name")
            .await?;
        let name = name.first().map(|row| row.get("name")).unwrap_or_default();
        return Err(CatalogError::Empty(name));
    }
    let list: Vec<String> = names
        .iter()
        .map(|row| format!("ONLY {}", Named::of(row).qualified()))
        .collect();
    let lock = format!("LOCK TABLE {} IN ACCESS SHARE MODE", list.join(", "));
    server.execute("lock the tables", &lock).await?;
    let rows = server.rows(TABLES).await?;
    if let Some(row) = rows.iter().find(|row| row.get("rewritten")) {
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

/// The rows are the snapshot's, and the functions read the newest catalogue.
const TABLES: &str = concat!(
    "SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name,
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
            c.relispartition AS is_partition,
            ARRAY(SELECT format('%I.%I', m.nspname, p.relname)
                    FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
                    JOIN pg_namespace m ON m.oid = p.relnamespace
                   WHERE i.inhrelid = c.oid ORDER BY i.inhseqno) AS parents,
            CASE WHEN c.relam IN (0, 2) THEN coalesce(pg_relation_size(c.oid), 0) ELSE 0 END
              / current_setting('block_size')::int8 AS pages,
            c.relpersistence = 'u' AS unlogged,
            nullif(c.relfilenode, 0) IS DISTINCT FROM pg_relation_filenode(c.oid) AS rewritten,
            ",
    storage_options!("c.reloptions", "t.reloptions"),
    "        AS options, c.relreplident::text AS replica_identity,
            c.relforcerowsecurity AS forced_row_security,
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
      ORDER BY 2, 3"
);
