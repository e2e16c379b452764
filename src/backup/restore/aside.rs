//! Sets people's schemas aside under other names, and makes room for new ones.
//!
//! Renaming a schema locks none of its tables: whoever works with them goes on until the commit.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use super::error::{RestoreError, at};
use super::plan::Step;
use super::target::Target;
use crate::backup::catalog::quoted;

/// The schemas that make room, each with the name that it has now.
#[derive(Debug)]
pub(super) struct Aside {
    pub(super) renamed: BTreeMap<String, String>,
    extensions: Vec<Extension>,
}

/// An extension that lies in one of them.
#[derive(Debug)]
struct Extension {
    name: String,
    schema: String,
    relocatable: bool,
}

impl Aside {
    /// Renames all of the target's schemas, and makes `public` anew with its owner and grants.
    pub(super) async fn set(
        client: &Client,
        target: &Target,
        id: &str,
    ) -> Result<Aside, RestoreError> {
        let mut renamed = BTreeMap::new();
        let extensions = extensions(client, target).await?;
        for schema in target.schemas.keys() {
            let name = aside_name(schema, id);
            let rename = format!(
                "ALTER SCHEMA {} RENAME TO {}",
                quoted(schema),
                quoted(&name)
            );
            let renaming = client.batch_execute(&rename).await;
            renaming.map_err(at(format!("setting schema {schema} aside")))?;
            renamed.insert(schema.clone(), name);
        }
        if let Some(old) = renamed.get(PUBLIC) {
            make_public(client, old).await?;
        }
        Ok(Aside {
            renamed,
            extensions,
        })
    }

    /// The definitions, with the extensions moved to the new schema of the old one's name as soon as
    /// it is there. An extension whose schema does not come back stays behind.
    pub(super) fn with_extensions_moved(
        &self,
        definitions: Vec<Step>,
    ) -> Result<Vec<Step>, RestoreError> {
        let mut moved = self.moves(PUBLIC);
        for step in definitions {
            let schema = (step.kind == "SCHEMA").then(|| step.name.clone());
            moved.push(step);
            moved.extend(schema.into_iter().flat_map(|schema| self.moves(&schema)));
        }
        let stuck = self.extensions.iter().filter(|it| !it.relocatable);
        let stuck = stuck.filter(|it| moved.iter().any(|step| is_move_of(step, &it.name)));
        let stuck: Vec<String> = stuck.map(|it| it.name.clone()).collect();
        if stuck.is_empty() {
            Ok(moved)
        } else {
            Err(RestoreError::Extensions(stuck))
        }
    }

    fn moves(&self, schema: &str) -> Vec<Step> {
        let there = self.extensions.iter().filter(|it| it.schema == schema);
        let moves = there.map(|it| Step {
            kind: MOVE.into(),
            name: it.name.clone(),
            schema: None,
            sql: format!(
                "ALTER EXTENSION {} SET SCHEMA {}",
                quoted(&it.name),
                quoted(schema)
            ),
        });
        moves.collect()
    }
}

const PUBLIC: &str = "public";
const MOVE: &str = "moving EXTENSION";

fn is_move_of(step: &Step, extension: &str) -> bool {
    step.kind == MOVE && step.name == extension
}

/// PostgreSQL cuts a name off after 63 bytes without an error.
pub(super) fn aside_name(schema: &str, id: &str) -> String {
    const LONGEST: usize = 63;
    let ending = format!("_before_{id}");
    let room = LONGEST.saturating_sub(ending.len());
    let end = schema.floor_char_boundary(room.min(schema.len()));
    format!("{}{ending}", &schema[..end])
}

async fn extensions(client: &Client, target: &Target) -> Result<Vec<Extension>, RestoreError> {
    let schemas: Vec<&str> = target.schemas.keys().map(String::as_str).collect();
    let rows = client.query(EXTENSIONS, &[&schemas]).await;
    let rows = rows.map_err(at("looking for extensions"))?;
    let extension = |row: &tokio_postgres::Row| Extension {
        name: row.get(0),
        schema: row.get(1),
        relocatable: row.get(2),
    };
    Ok(rows.iter().map(extension).collect())
}

/// The new `public` is what the old one is to everybody who uses it.
async fn make_public(client: &Client, old: &str) -> Result<(), RestoreError> {
    let failed = || at("making schema public");
    let row = client
        .query_one(PUBLIC_WAS, &[&old])
        .await
        .map_err(failed())?;
    let (owner, comment): (String, Option<String>) = (row.get(0), row.get(1));
    let grants = client
        .query(PUBLIC_GRANTS, &[&old])
        .await
        .map_err(failed())?;
    let owner = quoted(&owner);
    let mut statements = vec![format!("CREATE SCHEMA public AUTHORIZATION {owner}")];
    statements.extend(comment.map(|comment| {
        let comment = comment.replace('\'', "''");
        format!("COMMENT ON SCHEMA public IS '{comment}'")
    }));
    if !grants.is_empty() {
        statements.push(format!("REVOKE ALL ON SCHEMA public FROM {owner}"));
    }
    statements.extend(grants.iter().map(grant));
    let made = client.batch_execute(&statements.join(";")).await;
    made.map_err(failed())
}

fn grant(row: &tokio_postgres::Row) -> String {
    let (grantee, privilege): (Option<String>, String) = (row.get(0), row.get(1));
    let grantee = grantee.map_or_else(|| "PUBLIC".to_owned(), |role| quoted(&role));
    let option = if row.get(2) { " WITH GRANT OPTION" } else { "" };
    format!("GRANT {privilege} ON SCHEMA public TO {grantee}{option}")
}

const EXTENSIONS: &str = "\
    SELECT e.extname::text, n.nspname::text, e.extrelocatable
      FROM pg_catalog.pg_extension AS e
      JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
     WHERE n.nspname = ANY($1)
     ORDER BY e.oid";

const PUBLIC_WAS: &str = "\
    SELECT pg_get_userbyid(nspowner)::text, obj_description(oid, 'pg_namespace')
      FROM pg_catalog.pg_namespace
     WHERE nspname = $1";

/// In the order that they were made in: dumps show it.
const PUBLIC_GRANTS: &str = "\
    SELECT CASE WHEN a.grantee <> 0 THEN pg_get_userbyid(a.grantee)::text END,
           a.privilege_type, a.is_grantable
      FROM pg_catalog.pg_namespace AS n,
           aclexplode(n.nspacl) WITH ORDINALITY AS a
     WHERE n.nspname = $1
     ORDER BY a.ordinality";

#[cfg(test)]
mod tests {
    use super::*;

    fn aside(extensions: &[(&str, &str, bool)]) -> Aside {
        let extension = |(name, schema, relocatable): &(&str, &str, bool)| Extension {
            name: (*name).into(),
            schema: (*schema).into(),
            relocatable: *relocatable,
        };
        Aside {
            renamed: BTreeMap::new(),
            extensions: extensions.iter().map(extension).collect(),
        }
    }

    fn schema(name: &str) -> Step {
        Step {
            kind: "SCHEMA".into(),
            name: name.into(),
            schema: None,
            sql: String::new(),
        }
    }

    #[test]
    fn a_name_that_is_too_long_loses_its_middle_and_no_half_letter() {
        let id = "20261124T020000Z-1a2b3c4d";
        assert_eq!(aside_name("public", id), format!("public_before_{id}"));
        let long = aside_name(&"ä".repeat(31), id);
        assert_eq!(long, format!("{}_before_{id}", "ä".repeat(15)));
        assert!(long.len() <= 63);
    }

    #[test]
    fn extensions_move_as_soon_as_their_schema_is_there() {
        let aside = aside(&[
            ("one", "more", true),
            ("two", "public", true),
            ("three", "gone", false),
        ]);
        let moved = aside.with_extensions_moved(vec![schema("other"), schema("more")]);
        let names: Vec<String> = moved
            .expect("all can move")
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            names,
            [
                "moving EXTENSION two",
                "SCHEMA other",
                "SCHEMA more",
                "moving EXTENSION one"
            ]
        );
    }

    #[test]
    fn an_extension_that_cannot_move_is_named() {
        let error = aside(&[("postgis", "public", false)]).with_extensions_moved(Vec::new());
        let error = error.expect_err("it cannot move").to_string();
        assert!(error.contains("old schemas: postgis;"), "{error}");
    }
}
