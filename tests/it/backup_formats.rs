//! Settings that decide how a server writes and reads values: none changes a value that is restored.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use localpg::ThrowawayOptions;
use tempfile::TempDir;

use crate::harness::{Database, Operator, Site, connect, everywhere};

/// Values whose text depends on settings. A materialized view contains the text itself.
const VALUES: &str = r"
    SET search_path = public;
    CREATE TABLE formatted (id integer PRIMARY KEY, f float8, b bytea, t timestamptz, d date, i interval,
                            m money, n numeric);
    INSERT INTO formatted VALUES
        (1, 0.1 + 0.2, '\x00ff5c', '2026-03-29 01:30:00Z', '2026-11-24', '-1 year 2 days -3:04:05.678',
         1234567.89::numeric::money, 1234.5),
        (2, 'NaN', '', 'infinity', '0001-01-01 BC', '1 year -2 days', (-0.01)::numeric::money, NULL);
    CREATE MATERIALIZED VIEW written AS
        SELECT id, f::text AS f, b::text AS b, t::text AS t, d::text AS d, i::text AS i FROM formatted;
    CREATE TABLE odd (id integer DEFAULT 7);
    INSERT INTO odd VALUES (1)";

/// Settings of the database and of a role in it.
const SETTINGS: [(&str, &str); 8] = [
    ("bytea_output", "escape"),
    ("datestyle", "German, DMY"),
    ("extra_float_digits", "'-15'"),
    ("intervalstyle", "sql_standard"),
    ("lc_monetary", "'C.utf8'"),
    ("lc_numeric", "'C.utf8'"),
    ("search_path", "odd, public, pg_catalog"),
    ("timezone", "'Asia/Kathmandu'"),
];

/// The values of a database, in one format.
async fn values(url: &str) -> Vec<String> {
    let client = connect(url).await;
    let format = "SET datestyle = ISO; SET timezone = UTC; SET intervalstyle = postgres;
        SET extra_float_digits = 3; SET bytea_output = hex; SET search_path = public;
        SET lc_monetary = 'C'";
    client.batch_execute(format).await.expect("it is set");
    let mut values = Vec::new();
    for table in ["formatted", "written", "odd"] {
        let rows = format!("SELECT whole::text FROM {table} AS whole ORDER BY id");
        let rows = client.query(&rows, &[]).await.expect("rows");
        values.extend(rows.iter().map(|row| row.get::<_, String>(0)));
    }
    values
}

/// A database with these settings, and values that a session with them wrote.
async fn source(site: Site) -> Database {
    let name = site.database().await;
    let client = site.connect(&name).await;
    client
        .batch_execute("CREATE SCHEMA odd")
        .await
        .expect("a schema");
    let superuser = site.superuser().await;
    for (setting, value) in SETTINGS {
        let whose = format!("DATABASE \"{name}\"");
        for whose in [&whose, &format!("ROLE {} IN {whose}", site.role)] {
            let set = format!("ALTER {whose} SET {setting} = {value}");
            superuser.batch_execute(&set).await.expect(&set);
        }
    }
    let client = site.connect(&name).await;
    client.batch_execute(VALUES).await.expect("values");
    Database {
        url: site.url(&name),
    }
}

#[test]
fn settings_of_a_database_and_its_roles_change_no_restored_value() {
    everywhere(async |site| {
        let (source, folder) = (source(site).await, tempfile::tempdir().expect("a folder"));
        let operator = Operator::with_folder(&source, folder.path())
            .set("DRILL_DATABASE_URL", &site.url("postgres"));
        operator.makes();
        let expected = values(&source.url).await;
        assert!(expected[2].contains("24.11.2026"), "{expected:?}");
        for target in [Site::fresh_name(), site.database().await] {
            operator.does(&["restore", "latest", "--to", &site.url(&target)]);
            assert_eq!(values(&site.url(&target)).await, expected);
        }
        operator.does(&["verify", "latest", "--restore", "--allow-superuser"]);
    });
}

/// Locales whose money has another sign, another separator, or no decimals.
const LOCALES: [&str; 2] = ["de_DE", "ja_JP"];

/// Compiled locales.
fn locales() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    // The server runs as another account.
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("it is ours");
    for locale in LOCALES {
        let mut localedef = Command::new("localedef");
        localedef.args(["--no-archive", "--charmap=UTF-8", "--inputfile", locale]);
        localedef.arg(folder.path().join(format!("{locale}.UTF-8")));
        let is_compiled = localedef.status().is_ok_and(|status| status.success());
        assert!(
            is_compiled,
            "localedef cannot compile {locale}: run `cargo xtask test`, which provides the sources of locales, or \
             install Debian's package locales"
        );
    }
    folder
}

/// A server of this version whose money is of this locale.
fn server_of(site: Site, locale: &str, locales: &Path) -> Site {
    site.with_options(ThrowawayOptions {
        settings: vec![("lc_monetary".into(), format!("{locale}.UTF-8"))],
        locales: Some(locales.to_owned()),
        ..ThrowawayOptions::default()
    })
}

const MONEY: &str = "
    CREATE TABLE paid (id integer, amount money DEFAULT 1.5::numeric::money);
    INSERT INTO paid VALUES (1, 1234567.89::numeric::money), (2, (-1)::numeric::money);
    ALTER TABLE paid ADD CHECK (amount <> 7::numeric::money)";

/// The whole table, with money as the number that the server stores.
async fn paid(url: &str) -> Vec<(i32, i64)> {
    let client = connect(url).await;
    let raw = "SET lc_monetary = 'C'";
    client.batch_execute(raw).await.expect("it is set");
    let rows = "SELECT id, (amount::numeric * 100)::bigint FROM paid ORDER BY id";
    let rows = client.query(rows, &[]).await.expect("rows");
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[test]
fn money_is_the_same_after_a_restore_to_a_server_of_another_locale() {
    let locales = locales();
    let of_version = |site| LOCALES.map(|locale| server_of(site, locale, locales.path()));
    let [usual, newest] = &[Site::usual(), Site::newest()].map(of_version);
    everywhere(async |site| {
        let servers = if site.version == 15 { usual } else { newest };
        let [german, japanese] = servers.map(|it| it.with_role(site.role));
        for (from, to) in site.share([(german, japanese), (japanese, site), (site, german)]) {
            let source = from.filled(MONEY).await;
            let folder = tempfile::tempdir().expect("a folder");
            let operator = Operator::with_folder(&source, folder.path())
                .set("DRILL_DATABASE_URL", &to.url("postgres"));
            let id = operator.makes();
            let expected = paid(&source.url).await;
            let target = to.url(&Site::fresh_name());
            operator.does(&["restore", "latest", "--to", &target]);
            assert_eq!(paid(&target).await, expected);
            operator.does(&["verify", "latest", "--restore", "--allow-superuser"]);

            let stock = to.url(&to.database().await);
            let backup = folder.path().join("postfacto").join(id);
            let backup = backup.to_str().expect("UTF-8");
            to.succeeds(
                "pg_restore",
                &["--exit-on-error", "--dbname", &stock, backup],
            );
            assert_eq!(paid(&stock).await, expected);
        }
    });
    for server in [usual, newest].into_iter().flatten() {
        server.stop();
    }
}
