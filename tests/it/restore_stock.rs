//! Stock `pg_restore --create`: the archive has the properties of the database itself.

use crate::harness::{Operator, Site, everywhere, folder};

/// The statements that create a database, with an owner of its own, and its own properties.
fn properties(name: &str, owner: &str) -> [String; 9] {
    [
        format!("CREATE ROLE \"{owner}\""),
        format!("GRANT \"{owner}\" TO CURRENT_USER"),
        format!(
            "CREATE DATABASE \"{name}\" OWNER \"{owner}\" TEMPLATE template0 ENCODING 'LATIN1' \
             LC_COLLATE 'C' LC_CTYPE 'C' CONNECTION LIMIT 7"
        ),
        format!("COMMENT ON DATABASE \"{name}\" IS 'it''s ours'"),
        format!("REVOKE CONNECT ON DATABASE \"{name}\" FROM PUBLIC"),
        format!("GRANT TEMPORARY ON DATABASE \"{name}\" TO \"restore Reader\" WITH GRANT OPTION"),
        format!("ALTER DATABASE \"{name}\" SET search_path = public, \"$user\""),
        format!("ALTER DATABASE \"{name}\" SET work_mem = '7MB'"),
        format!("ALTER ROLE \"{owner}\" IN DATABASE \"{name}\" SET statement_timeout = '5s'"),
    ]
}

#[test]
fn pg_restore_creates_the_database_with_its_own_properties() {
    everywhere(async |site| {
        let (name, before) = (Site::fresh_name(), Site::fresh_name());
        let beside = site.connect("postgres").await;
        for statement in properties(&name, &format!("stock owner of {}", site.role)) {
            let done = beside.batch_execute(&statement).await;
            done.expect(&statement);
        }
        let source = site.source(&name);
        let client = source.connect().await;
        let fill = "CREATE TABLE word AS SELECT 'caf\u{e9}' AS word";
        client.batch_execute(fill).await.expect("it is filled");
        drop(client);
        let store = folder();
        let id = Operator::with_folder(&source, store.path()).makes();
        let rename = format!("ALTER DATABASE \"{name}\" RENAME TO \"{before}\"");
        beside.batch_execute(&rename).await.expect("it is free");

        let backup = store.path().join("postfacto").join(id);
        let (to, backup) = (site.url("postgres"), backup.to_str().expect("UTF-8"));
        let create = ["--create", "--exit-on-error", "--dbname", &to, backup];
        site.succeeds("pg_restore", &create);
        let [before, after] = [&before, &name].map(|it| {
            let dump = site.dump(it, &["--create"]);
            dump.replace(it, "the database")
        });
        assert!(before.contains("REVOKE CONNECT"), "{before}");
        assert_eq!(after, before);
    });
}
