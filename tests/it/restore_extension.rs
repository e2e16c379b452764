//! A user's objects on the tables of an extension: restored by the program, by a drill and by stock `pg_restore`.

use crate::harness::{Database, Extensions, Operator, Site, connect, folder, run};

const USERS: &str = "
    CREATE EXTENSION ledger;
    CREATE INDEX by_amount ON ledger.entry (amount) WHERE amount > 5;
    CREATE STATISTICS ledger.more ON id, at FROM ledger.entry;
    CREATE POLICY mine ON ledger.entry FOR UPDATE TO restore_owner USING (amount < 9);
    COMMENT ON POLICY mine ON ledger.entry IS 'it''s mine';
    ALTER TABLE ledger.account ENABLE ROW LEVEL SECURITY;
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER noting AFTER INSERT ON ledger.entry FOR EACH ROW EXECUTE FUNCTION note();
    CREATE TABLE in_2026 PARTITION OF ledger.yearly FOR VALUES FROM (2026) TO (2027);
    INSERT INTO in_2026 VALUES (2026, 'x');
    CREATE TABLE payment (id integer PRIMARY KEY, entry integer REFERENCES ledger.entry);
    CREATE VIEW paid AS SELECT p.id, e.amount FROM payment AS p JOIN ledger.entry AS e ON e.id = p.entry;
    INSERT INTO payment VALUES (1, NULL)";

/// The database by `pg_dump`, and what that does not show.
async fn content(site: Site, database: &str) -> [String; 2] {
    let client = connect(&site.superusers(database)).await;
    let row = client.query_one(Extensions::OBJECTS, &[]).await;
    [site.dump(database, &[]), row.expect("a row").get(0)]
}

#[test]
fn a_users_objects_on_the_tables_of_an_extension_are_restored() {
    run(async {
        let extensions = Extensions::new();
        let server = extensions.on(Site::newest());
        for site in [server, server.administrators()] {
            let (source, store) = (site.database().await, folder());
            let client = site.connect(&source).await;
            client.batch_execute(USERS).await.expect("they are made");
            let before = content(site, &source).await;
            for object in ["by_amount", "ledger.more", "mine", "noting"] {
                assert!(before[1].contains(object), "{object}: {}", before[1]);
            }
            let url = site.url(&source);
            let operator = Operator::with_folder(&Database { url }, store.path())
                .set("DRILL_DATABASE_URL", &site.url("postgres"));
            let id = operator.makes();
            let restored = Site::fresh_name();
            operator.does(&["restore", "latest", "--to", &site.url(&restored)]);
            assert_eq!(content(site, &restored).await, before, "{site}");
            operator.does(&["verify", "latest", "--restore", "--allow-superuser"]);

            let (stock, backup) = (
                site.database().await,
                store.path().join("postfacto").join(id),
            );
            let (to, backup) = (site.url(&stock), backup.to_str().expect("UTF-8"));
            site.succeeds("pg_restore", &["--exit-on-error", "--dbname", &to, backup]);
            assert_eq!(content(site, &stock).await, before, "{site}");
        }
    });
}
