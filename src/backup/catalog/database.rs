//! The database itself, and the settings of a session that restores.
//!
//! `pg_restore` creates the database, and sets its settings, comment and grants, only with `--create`.

use super::CatalogError;
use super::item::{Item, Object};
use super::server::Server;
use super::sql::{literal, quoted};
use pgarchive::{Entry, Kind};

/// The settings of a session that restores. Rows are copied in UTF-8, whatever the encoding of the database
/// is. `SQL_ASCII` is the exception: it is not an encoding, and no server can convert its bytes. The text of
/// `money` depends on a locale: [`MONEY`] is with the search path, which `pg_restore` too sets in each session.
pub(super) async fn session_settings(server: &Server<'_>) -> Result<Vec<Entry>, CatalogError> {
    let rows = server
        .rows("SELECT getdatabaseencoding()::text AS encoding")
        .await?;
    let encoding = rows.first().map(|row| row.get("encoding"));
    let encoding = match encoding {
        Some("SQL_ASCII") => "SQL_ASCII",
        _ => "UTF8",
    };
    let entry = |kind: Kind, definition: String| Entry {
        definition,
        ..Entry::new(kind, kind.words())
    };
    let search_path = "SELECT pg_catalog.set_config('search_path', '', false);\n";
    Ok(vec![
        entry(
            Kind::Encoding,
            format!("SET client_encoding = '{encoding}';\n"),
        ),
        entry(
            Kind::StdStrings,
            "SET standard_conforming_strings = 'on';\n".to_owned(),
        ),
        entry(Kind::SearchPath, format!("{search_path}{MONEY};\n")),
    ])
}

/// The locale in which an export writes `money`, and a restore reads it.
pub(in crate::backup) const MONEY: &str = "SET lc_monetary = 'C'";

pub(super) async fn read(server: &Server<'_>) -> Result<Vec<Item>, CatalogError> {
    let Some(row) = server.rows(DATABASE).await?.into_iter().next() else {
        return Ok(Vec::new());
    };
    let (name, owner): (&str, &str) = (row.get("name"), row.get("owner"));
    let quoted_name = quoted(name);
    let mut definition = format!(
        "CREATE DATABASE {quoted_name} WITH TEMPLATE = template0 ENCODING = {} LC_COLLATE = {} \
         LC_CTYPE = {}",
        literal(row.get("encoding")),
        literal(row.get("collate")),
        literal(row.get("ctype")),
    );
    if let Some(provider) = row.get::<_, Option<&str>>("provider") {
        let locale = literal(row.get::<_, Option<&str>>("locale").unwrap_or_default());
        definition.extend([format!(
            " LOCALE_PROVIDER = {provider} {provider}_LOCALE = {locale}"
        )]);
    }
    if let Some(rules) = row.get::<_, Option<&str>>("icu_rules") {
        definition.extend([" ICU_RULES = ", &literal(rules)]);
    }
    definition += ";\n";
    let object = Object::of(&row);
    let database = Item::new(Kind::Database, Some(object), name, definition)
        .within(None, owner)
        .dropped_by(format!("DROP DATABASE {quoted_name};\n"));
    let mut properties = String::new();
    if row.get("is_template") {
        properties.extend([format!(
            "ALTER DATABASE {quoted_name} IS_TEMPLATE = true;\n"
        )]);
    }
    let limit: i32 = row.get("connection_limit");
    if limit != -1 {
        properties.extend([format!(
            "ALTER DATABASE {quoted_name} CONNECTION LIMIT = {limit};\n"
        )]);
    }
    for row in server.rows(SETTINGS).await? {
        let subject = match row.get::<_, Option<&str>>("role") {
            Some(role) => format!("ROLE {} IN DATABASE {quoted_name}", quoted(role)),
            None => format!("DATABASE {quoted_name}"),
        };
        properties += &setting(&subject, row.get("setting"));
    }
    let mut items = vec![database];
    if !properties.is_empty() {
        let item = Item::new(Kind::DatabaseProperties, None, name, properties);
        items.push(item.within(None, owner).after(object));
    }
    Ok(items)
}

fn setting(subject: &str, setting: &str) -> String {
    let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
    // The server stores lists of names as SQL.
    let is_list = [
        "local_preload_libraries",
        "search_path",
        "session_preload_libraries",
        "temp_tablespaces",
    ];
    // An empty name cannot be in quotes.
    let value = match value {
        "\"\"" if is_list.contains(&name) => literal(""),
        value if is_list.contains(&name) && !value.is_empty() => value.to_owned(),
        value => literal(value),
    };
    // `extension.setting` has a name of two parts.
    let name: Vec<String> = name.split('.').map(quoted).collect();
    format!("ALTER {subject} SET {} TO {value};\n", name.join("."))
}

/// The locales of the C library are the default, and the only ones that every version supports.
const DATABASE: &str = "\
    SELECT d.tableoid AS catalog, d.oid, d.datname::text AS name,
           pg_get_userbyid(d.datdba)::text AS owner,
           pg_encoding_to_char(d.encoding)::text AS encoding, d.datcollate::text AS collate,
           d.datctype::text AS ctype,
           CASE to_jsonb(d) ->> 'datlocprovider' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' END
             AS provider, d.datistemplate AS is_template, d.datconnlimit AS connection_limit,
           coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') AS locale,
           to_jsonb(d) ->> 'daticurules' AS icu_rules
      FROM pg_database d
     WHERE d.datname = current_database()";

const SETTINGS: &str = "\
    SELECT r.rolname::text AS role, setting
      FROM pg_db_role_setting s
      JOIN pg_database d ON d.oid = s.setdatabase
      LEFT JOIN pg_roles r ON r.oid = s.setrole
     CROSS JOIN LATERAL unnest(s.setconfig) WITH ORDINALITY AS its (setting, place)
     WHERE d.datname = current_database()
     ORDER BY 1 NULLS FIRST, place";
