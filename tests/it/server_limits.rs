//! Servers that lack disk, memory or connections: the message says what to do.

use crate::harness::{Database, Operator, Site, connect, everywhere, folder, run};

/// The server is out of something when this index is made by a restore.
fn index(code: &str) -> String {
    format!(
        "CREATE FUNCTION fails(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$BEGIN
             IF pg_catalog.starts_with(pg_catalog.current_database(), 'magnusapi_') THEN
                 RAISE SQLSTATE '{code}' USING MESSAGE = 'it is full';
             END IF;
             RETURN $1; END$$;
         CREATE TABLE t AS SELECT 1 AS number;
         CREATE INDEX failing ON t (fails(number))"
    )
}

#[test]
fn a_restore_on_a_server_that_is_out_of_something_names_the_remedy() {
    run(async {
        let site = Site::usual().administrators();
        for (code, remedy) in [
            ("53000", "raise the server's limit that the message names"),
            ("53100", "give the server more disk space: a restore takes"),
            (
                "53200",
                "give the server more memory, or use fewer connections",
            ),
            ("53400", "raise the server's limit that the message names"),
        ] {
            let (database, store) = (site.database().await, folder());
            let url = site.url(&database);
            let client = connect(&url).await;
            client.batch_execute(&index(code)).await.expect("it runs");
            let operator = Operator::with_folder(&Database { url }, store.path());
            operator.makes();
            let to = site.url(&Site::fresh_name());
            let said = operator.fails(&["restore", "latest", "--to", &to]);
            let names = format!("INDEX public.failing: it is full ({code}); {remedy}");
            assert!(said.contains(&names), "{said}");
        }
    });
}

#[test]
fn a_limit_of_connections_is_named_and_stores_nothing() {
    everywhere(async |site| {
        if site.role == "postgres" {
            return;
        }
        let (database, store) = (site.database().await, folder());
        let client = site.connect(&database).await;
        let fill = "CREATE TABLE t AS SELECT 1 AS number";
        client.batch_execute(fill).await.expect("it is filled");
        let limit =
            |number: i32| format!("ALTER DATABASE \"{database}\" CONNECTION LIMIT {number}");
        client
            .batch_execute(&limit(2))
            .await
            .expect("it is the owner's");
        let url = site.url(&database);
        let operator = Operator::with_folder(&Database { url }, store.path());
        let said = operator.fails(&["create"]);
        assert!(
            said.contains("(53300); end sessions, or raise max_connections"),
            "{said}"
        );
        assert_eq!(operator.listed(), [""; 0]);
        client
            .batch_execute(&limit(-1))
            .await
            .expect("it is the owner's");
        operator.makes();
    });
}
