//! An extension that makes tables, with a user's objects on them, on the version that can have extensions in any
//! folder.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use localpg::{Throwaway, ThrowawayOptions};

use crate::harness::{Database, NEWEST_PROGRAMS, Operator, Site, connect, folder, run};

const CONTROL: &str = "default_version = '1.0'\nschema = ledger\n";

const SCRIPT: &str = "
    CREATE TABLE entry (id serial PRIMARY KEY, amount integer DEFAULT 1 CHECK (amount > 0), at date,
                        up integer REFERENCES entry);
    CREATE INDEX entry_at ON entry (at);
    CREATE STATISTICS entry_statistics ON amount, at FROM entry;
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER touched BEFORE INSERT ON entry FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE RULE quiet AS ON DELETE TO entry DO INSTEAD NOTHING;
    ALTER TABLE entry ENABLE ROW LEVEL SECURITY;
    CREATE POLICY positive ON entry USING (amount > 0);
    COMMENT ON TABLE entry IS 'of the extension'";

const USERS: &str = "
    CREATE EXTENSION ledger;
    CREATE INDEX by_amount ON ledger.entry (amount) WHERE amount > 5;
    CREATE TABLE payment (id integer PRIMARY KEY, entry integer REFERENCES ledger.entry);
    CREATE VIEW paid AS SELECT p.id, e.amount FROM payment AS p JOIN ledger.entry AS e ON e.id = p.entry;
    INSERT INTO payment VALUES (1, NULL)";

/// Makes the extension in this folder.
fn extension(folder: &Path) {
    let files = folder.join("extension");
    fs::create_dir(&files).expect("it is new");
    fs::write(files.join("ledger.control"), CONTROL).expect("it is written");
    fs::write(files.join("ledger--1.0.sql"), SCRIPT).expect("it is written");
    // The server runs as another account.
    for folder in [folder, &files] {
        fs::set_permissions(folder, Permissions::from_mode(0o755)).expect("it is ours");
    }
}

/// The indexes of the extension's tables, of which `pg_dump` shows none.
async fn indexes(url: &str) -> String {
    let indexes = "SELECT string_agg(indexdef, '; ' ORDER BY indexname) FROM pg_indexes
                    WHERE schemaname = 'ledger'";
    let row = connect(url).await.query_one(indexes, &[]).await;
    row.expect("a row").get(0)
}

#[test]
fn an_extension_with_tables_and_a_users_index_on_one_restore_exactly() {
    run(async {
        let (extensions, store) = (folder(), folder());
        extension(extensions.path());
        let path = format!("{}:$system", extensions.path().display());
        let options = ThrowawayOptions {
            settings: vec![("extension_control_path".into(), path)],
            ..ThrowawayOptions::default()
        };
        let server = Throwaway::start(&NEWEST_PROGRAMS, options);
        let server = server.expect("a private PostgreSQL starts");
        server.create_database("users", None).expect("a database");
        let source = Database {
            url: server.url("users"),
        };
        let client = connect(&source.url).await;
        client.batch_execute(USERS).await.expect("they are made");
        let operator = Operator::with_folder(&source, store.path())
            .set("DRILL_DATABASE_URL", &server.url("postgres"));
        operator.makes();
        let restored = server.url("restored");
        operator.does(&["restore", "latest", "--to", &restored]);
        let newest = Site::newest();
        let [before, after] = [&source.url, &restored].map(|url| newest.dump_of(url, &[]));
        assert_eq!(after, before);
        let before = indexes(&source.url).await;
        assert!(before.contains("by_amount"), "{before}");
        assert_eq!(indexes(&restored).await, before);
        operator.does(&["verify", "latest", "--restore", "--allow-superuser"]);
    });
}
