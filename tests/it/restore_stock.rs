//! Stock `pg_restore --create`, on both versions: the archive has the properties of the database itself.

use crate::harness::{Database, Operator, Site, folder, run};

/// The statements that create a database and its own properties.
fn properties(name: &str) -> [String; 7] {
    [
        format!(
            "CREATE DATABASE \"{name}\" OWNER app TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' \
             LC_CTYPE 'C' CONNECTION LIMIT 7"
        ),
        format!("COMMENT ON DATABASE \"{name}\" IS 'it''s ours'"),
        format!("REVOKE CONNECT ON DATABASE \"{name}\" FROM PUBLIC"),
        format!("GRANT TEMPORARY ON DATABASE \"{name}\" TO \"restore Reader\" WITH GRANT OPTION"),
        format!("ALTER DATABASE \"{name}\" SET search_path = public, \"$user\""),
        format!("ALTER DATABASE \"{name}\" SET work_mem = '7MB'"),
        format!("ALTER ROLE app IN DATABASE \"{name}\" SET statement_timeout = '5s'"),
    ]
}

#[test]
fn pg_restore_creates_the_database_with_its_own_properties() {
    run(async {
        for site in [Site::usual(), Site::newest()] {
            let (name, before) = (Site::fresh_name(), Site::fresh_name());
            let superuser = site.superuser().await;
            for statement in properties(&name) {
                let done = superuser.batch_execute(&statement).await;
                done.expect(&statement);
            }
            let source = Database {
                url: site.url(&name),
            };
            let client = source.connect().await;
            let fill = "CREATE TABLE word AS SELECT 'caf\u{e9}' AS word";
            client.batch_execute(fill).await.expect("it is filled");
            drop(client);
            let store = folder();
            let id = Operator::with_folder(&source, store.path()).makes();
            let rename = format!("ALTER DATABASE \"{name}\" RENAME TO \"{before}\"");
            superuser.batch_execute(&rename).await.expect("it is free");

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
        }
    });
}
