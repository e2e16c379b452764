//! The census as a role with few rights.

use super::{execute, roles};
use crate::harness::{Database, postgres, run};

#[test]
fn catalogues_that_the_role_cannot_read_are_reported() {
    run(async {
        roles(postgres()).await;
        let database = Database::empty();
        execute(
            &database,
            "CREATE TABLE plain (id serial);
             GRANT SELECT ON ALL TABLES IN SCHEMA public TO backup_reader;
             GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO backup_reader",
        )
        .await;
        let client = database.connect().await;
        let reader = "SET SESSION AUTHORIZATION backup_reader;
                      BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        client.batch_execute(reader).await.expect("a snapshot");
        let limit = std::time::Duration::from_secs(5);
        let catalog = magnusapi::backup::catalog::read(&client, limit).await;
        let catalog = catalog.expect("it can be read");
        assert_eq!(catalog.findings, Vec::<String>::new());
        assert_eq!(catalog.not_examined, ["pg_user_mapping"]);
    });
}
