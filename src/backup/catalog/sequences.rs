//! Sequences: their definitions, the columns that own them, and their state.

use std::collections::HashMap;

use tokio_postgres::Row;

use super::CatalogError;
use super::item::{Item, Named, Object, catalog};
use super::server::Server;
use super::sql::{literal, qualified, quoted};
use pgarchive::Kind;

pub(super) async fn read(server: &Server<'_>) -> Result<Vec<Item>, CatalogError> {
    let sequences: Vec<Sequence> = server
        .rows(SEQUENCES)
        .await?
        .iter()
        .map(Sequence::of)
        .collect();
    let states = states(server, &sequences).await?;
    let items = sequences.iter().flat_map(|sequence| {
        let state = states.get(&sequence.name.oid);
        [
            Some(sequence.item()),
            sequence.owned_by(),
            state.map(|state| sequence.set(state)),
        ]
    });
    Ok(items.flatten().collect())
}

struct Sequence {
    name: Named,
    data_type: String,
    unlogged: bool,
    /// `START WITH` and the other numbers.
    numbers: String,
    column: Option<OwningColumn>,
}

struct OwningColumn {
    schema: String,
    table: String,
    name: String,
    /// `a` or `d` for an identity column, or empty.
    identity: String,
    relation: u32,
    unlogged: bool,
}

/// Sequences with the same `last_value` continue differently if `is_called` differs.
struct State {
    last_value: i64,
    is_called: bool,
}

impl Sequence {
    fn of(row: &Row) -> Sequence {
        let relation: Option<u32> = row.get("owning_relation");
        Sequence {
            name: Named::of(row),
            data_type: row.get("type"),
            unlogged: row.get("unlogged"),
            numbers: row.get("numbers"),
            column: relation.map(|relation| OwningColumn {
                schema: row.get("owning_schema"),
                table: row.get("owning_table"),
                name: row.get("owning_column"),
                identity: row.get("identity"),
                relation,
                unlogged: row.get("owning_unlogged"),
            }),
        }
    }

    fn item(&self) -> Item {
        let name = self.name.qualified();
        let identity = self.column.as_ref().filter(|it| !it.identity.is_empty());
        let Some(column) = identity else {
            let unlogged = if self.unlogged { "UNLOGGED " } else { "" };
            let definition = format!(
                "CREATE {unlogged}SEQUENCE {name}\n    AS {}\n{};\n",
                self.data_type, self.numbers
            );
            return self.relation(definition);
        };
        let how = match column.identity.as_str() {
            "a" => "ALWAYS",
            _ => "BY DEFAULT",
        };
        let alter = format!("ALTER TABLE {} ALTER COLUMN {}", column.of(), column.name());
        // By default it is logged if its table is.
        let logged = match (self.unlogged, column.unlogged) {
            (true, false) => "\n    UNLOGGED",
            (false, true) => "\n    LOGGED",
            _ => "",
        };
        let definition = format!(
            "{alter} ADD GENERATED {how} AS IDENTITY (\n    SEQUENCE NAME {name}\n{}{logged}\n);\n",
            self.numbers
        );
        let item = self.relation(definition);
        item.dropped_by(format!("{alter} DROP IDENTITY;\n"))
    }

    fn relation(&self, definition: String) -> Item {
        self.name
            .item(Kind::Sequence, catalog::RELATION, definition)
    }

    fn owned_by(&self) -> Option<Item> {
        let column = self.column.as_ref().filter(|it| it.identity.is_empty())?;
        let (sequence, column_name) = (self.name.qualified(), column.name());
        let definition = format!(
            "ALTER SEQUENCE {sequence} OWNED BY {}.{column_name};\n",
            column.of()
        );
        let item = self.beside(Kind::SequenceOwnedBy, definition);
        Some(item.after(Object::relation(column.relation)))
    }

    fn set(&self, state: &State) -> Item {
        let State {
            last_value,
            is_called,
        } = state;
        let name = literal(&self.name.qualified());
        let definition = format!("SELECT pg_catalog.setval({name}, {last_value}, {is_called});\n");
        self.beside(Kind::SequenceSet, definition)
    }

    fn beside(&self, kind: Kind, definition: String) -> Item {
        self.name
            .part(kind, None, &self.name.name, definition)
            .after(Object::relation(self.name.oid))
    }
}

impl OwningColumn {
    fn of(&self) -> String {
        qualified(&self.schema, &self.table)
    }

    fn name(&self) -> String {
        quoted(&self.name)
    }
}

/// The state is in one relation for each sequence. It is not part of the snapshot, and never older.
async fn states(
    server: &Server<'_>,
    sequences: &[Sequence],
) -> Result<HashMap<u32, State>, CatalogError> {
    let mut states = HashMap::new();
    for some in sequences.chunks(100) {
        let selects: Vec<String> = some
            .iter()
            .map(|it| {
                let (oid, name) = (it.name.oid, it.name.qualified());
                format!("SELECT {oid}::oid AS oid, last_value, is_called FROM {name}")
            })
            .collect();
        for row in server.rows(&selects.join(" UNION ALL ")).await? {
            let state = State {
                last_value: row.get("last_value"),
                is_called: row.get("is_called"),
            };
            states.insert(row.get("oid"), state);
        }
    }
    Ok(states)
}

/// A serial column that became an identity column owns both sequences.
const SEQUENCES: &str = "\
    SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name,
           pg_get_userbyid(c.relowner)::text AS owner,
           format_type(s.seqtypid, NULL) AS type, c.relpersistence = 'u' AS unlogged,
           format(E'    START WITH %s\\n    INCREMENT BY %s\\n    MINVALUE %s\\n    MAXVALUE %s\\n    '
                  'CACHE %s%s', s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
                  CASE WHEN s.seqcycle THEN E'\\n    CYCLE' END) AS numbers,
           t.oid AS owning_relation,
           t.relpersistence = 'u' AND current_setting('server_version_num')::int4 >= 150000
             AS owning_unlogged, m.nspname::text AS owning_schema,
           t.relname::text AS owning_table, a.attname::text AS owning_column,
           CASE d.deptype WHEN 'i' THEN a.attidentity::text ELSE '' END AS identity
      FROM pg_sequence s
      JOIN pg_class c ON c.oid = s.seqrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
                           AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
                           AND d.deptype IN ('a', 'i')
      LEFT JOIN pg_class t ON t.oid = d.refobjid
      LEFT JOIN pg_namespace m ON m.oid = t.relnamespace
      LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
     WHERE c.oid >= 16384 AND c.relpersistence <> 't'
       AND NOT EXISTS (SELECT FROM pg_depend e
                        WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid
                          AND e.deptype = 'e')
     ORDER BY n.nspname, c.relname";
