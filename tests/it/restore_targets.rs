//! Restores to unusual targets: a newer server, odd names, databases that accept few connections or none.

use std::process::Command;

use crate::harness::{Operator, Site, connect, everywhere, folder, run};

/// Objects whose text or form differs between versions.
const OBJECTS: &str = "
    CREATE TABLE parent (id integer NOT NULL CHECK (id > 0), note text DEFAULT 'none') PARTITION BY RANGE (id);
    CREATE TABLE part PARTITION OF parent FOR VALUES FROM (1) TO (100);
    INSERT INTO parent SELECT generate_series(1, 99);
    CREATE TABLE child (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz, f float8, d daterange,
                        twice float8 GENERATED ALWAYS AS (f * 2) STORED, EXCLUDE USING gist (d WITH &&));
    INSERT INTO child (at, f, d) VALUES ('2026-11-24Z', 0.1 + 0.2, '[2026-01-01,2026-02-01)');
    CREATE VIEW seen AS SELECT p.*, c.f FROM parent p LEFT JOIN child c USING (id) WHERE c.f > ANY (ARRAY[0.1::float8]);
    CREATE FUNCTION sum_of(a integer, b integer DEFAULT 2) RETURNS integer BEGIN ATOMIC SELECT a + b; END;
    CREATE STATISTICS more (ndistinct, mcv) ON at, f FROM child;
    CREATE PUBLICATION few FOR TABLE child (id, f) WHERE (id > 0);";

const TABLE: &str = "CREATE TABLE t AS SELECT 1 AS number";

#[test]
fn a_backup_of_an_older_server_restores_and_proves_on_a_newer_one() {
    run(async {
        let (old, new) = (Site::usual(), Site::newest());
        let (source, store) = (old.postfacto(0.0).await, folder());
        let database = old.fill(&source, OBJECTS).await;
        let operator = Operator::with_folder(&database, store.path());
        operator.makes();
        for site in [new, new.administrators()] {
            let to = site.url(&Site::fresh_name());
            operator.does(&["restore", "latest", "--to", &to, "--roles", "available"]);
            let on = site.url("postgres");
            let drill = [
                "verify",
                "latest",
                "--restore",
                "--allow-superuser",
                "--on",
                &on,
            ];
            operator.does(&drill);
        }
    });
}

/// A name that SQL, libpq and the shell each have to quote.
fn odd_name(site: Site) -> String {
    format!("o'dd \"na\\me\" $(x) `y` ; é {}", site.role)
}

#[test]
fn a_name_that_must_be_quoted_is_replaced_and_the_printed_command_goes_back() {
    everywhere(async |site| {
        let (name, store) = (odd_name(site), folder());
        let create = format!(
            "CREATE DATABASE \"{}\" TEMPLATE template0",
            name.replace('"', "\"\"")
        );
        let beside = site.connect("postgres").await;
        beside.batch_execute(&create).await.expect("it is made");
        let database = site.fill(&name, TABLE).await;
        let operator = Operator::with_folder(&database, store.path());
        operator.makes();
        let client = site.connect(&name).await;
        let change = "INSERT INTO t VALUES (2)";
        client.batch_execute(change).await.expect("it is written");
        drop(client);
        let printed = operator.json(&["restore", "latest", "--replace", "--to", &database.url]);
        let rows = async |database: &str| {
            let client = connect(&site.superusers(database)).await;
            let row = client.query_one("SELECT count(*) FROM t", &[]).await;
            row.expect("a count").get::<_, i64>(0)
        };
        let old = printed["oldDatabase"].as_str().expect("a name");
        assert_eq!((rows(&name).await, rows(old).await), (1, 2));
        let psql = site.programs.path("psql");
        let path = format!(
            "{}:{}",
            psql.parent().expect("a folder").display(),
            std::env::var("PATH").expect("it is set")
        );
        let go_back = printed["goBack"].as_str().expect("a command");
        let output = Command::new("/bin/sh")
            .args(["-eu", "-c", go_back])
            .env("PATH", path)
            .output()
            .expect("a shell starts");
        assert!(output.status.success(), "{go_back}: {output:?}");
        assert_eq!(rows(&name).await, 2);
    });
}

#[test]
fn a_database_that_accepts_no_connection_is_named_with_the_remedy() {
    everywhere(async |site| {
        let (name, store) = (site.database().await, folder());
        let database = site.fill(&name, TABLE).await;
        let operator = Operator::with_folder(&database, store.path());
        operator.makes();
        let restore = ["restore", "latest", "--replace", "--to", &database.url];
        let beside = site.connect("postgres").await;
        let alter = async |change: &str| {
            let alter = format!("ALTER DATABASE \"{name}\" {change}");
            let done = beside.batch_execute(&alter).await;
            done.expect("it is the owner's");
        };
        alter("CONNECTION LIMIT 0").await;
        if site.role == "postgres" {
            // The limit is not for superusers.
            operator.does(&restore);
            alter("CONNECTION LIMIT 0").await;
        } else {
            let said = operator.fails(&restore);
            assert!(
                said.contains("CONNECTION LIMIT of the role or database"),
                "{said}"
            );
        }
        alter("CONNECTION LIMIT -1 ALLOW_CONNECTIONS false").await;
        let said = operator.fails(&restore);
        assert!(said.contains("ALLOW_CONNECTIONS true"), "{said}");
        alter("ALLOW_CONNECTIONS true").await;
        operator.does(&restore);
    });
}
