//! The owner of an entry's object, and the roles that its grants name. Pure.

use super::entries;
use super::statements::{is, name, statements, tokens};
use crate::backup::catalog::{literal, qualified, quoted};
use pgarchive::{Entry, Kind};

/// The kinds of objects that have an owner of their own. An index, a constraint or a comment has none.
const OWNED: [Kind; 24] = [
    Kind::Aggregate,
    Kind::Collation,
    Kind::Conversion,
    Kind::Domain,
    Kind::EventTrigger,
    Kind::ForeignDataWrapper,
    Kind::ForeignTable,
    Kind::Function,
    Kind::Language,
    Kind::MaterializedView,
    Kind::Operator,
    Kind::OperatorClass,
    Kind::OperatorFamily,
    Kind::Procedure,
    Kind::Publication,
    Kind::Schema,
    Kind::Sequence,
    Kind::Server,
    Kind::Statistics,
    Kind::Table,
    Kind::TextSearchConfiguration,
    Kind::TextSearchDictionary,
    Kind::Type,
    Kind::View,
];

/// The role that an entry's object is given to.
pub(super) fn owner(entry: &Entry) -> Option<&str> {
    let is_owned = OWNED.contains(&entry.kind) && !entry.owner.is_empty();
    is_owned.then_some(entry.owner.as_str())
}

/// The statement that gives an entry's object to its owner, as `pg_restore` would. The statement that drops an
/// object spells out the arguments that are part of some names.
pub(super) fn give(entry: &Entry) -> Option<String> {
    let owner = quoted(owner(entry)?);
    let tag = &entry.tag;
    let object = match (entry.drop.trim().strip_prefix("DROP "), &entry.namespace) {
        (Some(object), _) => object.trim_end_matches(';').to_owned(),
        (None, Some(schema)) => format!("{} {}", entry.kind, qualified(schema, tag)),
        (None, None) => format!("{} {}", entry.kind, quoted(tag)),
    };
    let give = format!("ALTER {object} OWNER TO {owner};");
    Some(match entry.kind {
        Kind::Publication => with_create_right(&owner, &give),
        _ => give,
    })
}

/// Lets the owner create in the database meanwhile: unless a superuser runs it, the server gives a publication to
/// no other role.
fn with_create_right(owner: &str, statement: &str) -> String {
    let change = |verb: &str, preposition: &str| {
        let change = literal(&format!(
            "{verb} CREATE ON DATABASE %I {preposition} {owner}"
        ));
        format!(
            "IF NOT may THEN EXECUTE pg_catalog.format({change}, pg_catalog.current_database()); END IF;"
        )
    };
    let (grant, revoke) = (change("GRANT", "TO"), change("REVOKE", "FROM"));
    let role = literal(owner);
    let body = format!(
        "DECLARE may boolean := pg_catalog.has_database_privilege({role}::regrole,
                                    pg_catalog.current_database(), 'CREATE');
         BEGIN {grant} {statement} {revoke} END"
    );
    format!("DO {};", literal(&body))
}

fn is_grant(entry: &Entry) -> bool {
    matches!(entry.kind, Kind::Acl | Kind::DefaultAcl)
}

/// The roles that an entry's grants name.
pub(super) fn granted(entry: &Entry) -> Vec<String> {
    if is_grant(entry) {
        named_in(&entry.definition)
    } else {
        Vec::new()
    }
}

/// The roles for which an entry grants, other than the owner of its object: those of `SET ROLE` and `FOR ROLE`.
pub(super) fn granting(entry: &Entry) -> Vec<String> {
    if is_grant(entry) {
        named_after(&["ROLE"], &entry.definition)
    } else {
        Vec::new()
    }
}

/// The statements about the database itself, each with the roles that it names: those of a grant, or the
/// one whose settings it changes.
pub(super) fn about_database(entries: &[Entry]) -> impl Iterator<Item = (&str, Vec<String>)> {
    entries::about_database(entries).flat_map(|entry| {
        statements(&entry.definition).map(move |statement| {
            let mut tokens = tokens(statement).map(|it| it.1);
            let roles = match (tokens.next(), tokens.next(), tokens.next()) {
                _ if is_grant(entry) => named_in(statement),
                (Some(_), Some(role), Some(token)) if is(role, "ROLE") => vec![name(token)],
                _ => Vec::new(),
            };
            (statement, roles)
        })
    })
}

/// The roles that grants and revokes name.
fn named_in(grants: &str) -> Vec<String> {
    named_after(&["TO", "FROM", "ROLE"], grants)
}

/// The roles after these words and after each comma that follows, such as `TO`, `FROM`, `FOR ROLE` and `SET ROLE`.
/// None of these words can be a bare name in such a statement.
fn named_after(words: &[&str], grants: &str) -> Vec<String> {
    let mut roles = Vec::new();
    let (mut role_comes_next, mut role_came_last) = (false, false);
    for (_, token) in tokens(grants) {
        let precedes = words.iter().any(|it| is(token, it));
        // The end of RESET ROLE.
        let is_role = role_comes_next && !precedes && token != ";";
        role_comes_next = precedes || role_came_last && token == ",";
        role_came_last = is_role;
        // PUBLIC is every role.
        if is_role && !is(token, "PUBLIC") {
            roles.push(name(token));
        }
    }
    roles
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: Kind, tag: &str, definition: &str, drop: &str) -> Entry {
        Entry {
            definition: definition.into(),
            drop: drop.into(),
            namespace: (kind != Kind::Schema).then(|| "public".into()),
            owner: "app".into(),
            ..Entry::new(kind, tag)
        }
    }

    #[test]
    fn an_object_is_given_by_its_name_and_a_function_with_its_arguments() {
        let give = |entry| give(&entry).unwrap_or_default();
        assert_eq!(
            give(entry(Kind::Table, "my \"items\"", "", "")),
            r#"ALTER TABLE "public"."my ""items""" OWNER TO "app";"#
        );
        assert_eq!(
            give(entry(Kind::Schema, "more", "", "")),
            r#"ALTER SCHEMA "more" OWNER TO "app";"#
        );
        assert_eq!(
            give(entry(
                Kind::Function,
                "f(integer)",
                "",
                "DROP FUNCTION public.f(integer);\n"
            )),
            r#"ALTER FUNCTION public.f(integer) OWNER TO "app";"#
        );
        assert_eq!(
            give(entry(Kind::Index, "i", "", "DROP INDEX public.i;\n")),
            ""
        );
        let nobodys = Entry {
            owner: String::new(),
            ..entry(Kind::Table, "items", "", "")
        };
        assert_eq!(give(nobodys), "");
    }

    #[test]
    fn the_roles_of_grants_are_found() {
        for (grants, expected) in [
            (
                "GRANT SELECT,INSERT ON TABLE public.items TO reader;",
                &["reader"][..],
            ),
            (
                "REVOKE ALL ON SCHEMA public FROM PUBLIC;\nGRANT USAGE ON SCHEMA public TO one, \"Two 2\", PUBLIC, three WITH GRANT OPTION;",
                &["one", "Two 2", "three"],
            ),
            (
                r#"GRANT SELECT("to",name) ON TABLE public.items TO "a""b";"#,
                &["a\"b"],
            ),
            (
                "SET ROLE \"bob\";\nGRANT SELECT ON TABLE t TO eve;\nRESET ROLE;\n",
                &["bob", "eve"],
            ),
            (
                "ALTER DEFAULT PRIVILEGES FOR ROLE app IN SCHEMA public GRANT SELECT ON TABLES TO Reader;",
                &["app", "reader"],
            ),
        ] {
            assert_eq!(
                granted(&entry(Kind::Acl, "x", grants, "")),
                expected,
                "{grants}"
            );
        }
        let grants = "GRANT SELECT ON t TO \"bob\" WITH GRANT OPTION;\nSET ROLE \"bob\";\nGRANT SELECT ON t TO \
                      eve;\nRESET ROLE;\n";
        assert_eq!(granting(&entry(Kind::Acl, "x", grants, "")), ["bob"]);
    }

    #[test]
    fn a_comment_needs_no_role() {
        let comment = entry(Kind::Comment, "x", "COMMENT ON TABLE x IS 'to whom';", "");
        assert!(granted(&comment).is_empty());
        assert_eq!(owner(&comment), None);
    }
}
