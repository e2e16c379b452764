//! Over what is there: in one transaction, under the feet of those who use it.

use std::time::{Duration, Instant};

use magnusapi::backup::restore::Options;

use super::sample::Sample;
use super::{connect, dump, holds_the_sample, name, options, restored};
use crate::harness::{Database, eventually, run};

fn replace() -> Options {
    Options {
        replace: true,
        ..options()
    }
}

/// A database with something in it, some of it under the names of the backup.
async fn occupied() -> String {
    let database = name(&Database::empty());
    let client = connect(&database).await;
    client
        .batch_execute(
            "CREATE TABLE public.team (old text);
             INSERT INTO public.team VALUES ('old');
             CREATE VIEW public.seen AS SELECT * FROM public.team;
             CREATE SCHEMA more;
             CREATE TABLE more.things (id serial PRIMARY KEY)",
        )
        .await
        .expect("it can be made");
    database
}

async fn schemas(database: &str) -> Vec<String> {
    let client = connect(database).await;
    let names = "SELECT nspname::text FROM pg_namespace
                  WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1";
    let rows = client.query(names, &[]).await.expect("they can be listed");
    rows.iter().map(|row| row.get(0)).collect()
}

#[test]
fn what_is_there_is_replaced_and_gone() {
    run(async {
        let database = occupied().await;
        let report = restored(Sample::new(), &database, replace()).await;
        assert_eq!(report.expect("it restores").kept, Vec::<String>::new());
        holds_the_sample(&database).await;
        assert_eq!(schemas(&database).await, ["more", "public"]);
        // And once more over itself.
        restored(Sample::new(), &database, replace())
            .await
            .expect("it restores");
        holds_the_sample(&database).await;
    });
}

#[test]
fn what_is_there_can_be_kept() {
    run(async {
        let database = occupied().await;
        let options = Options {
            keep_old: true,
            ..replace()
        };
        let id = options.id.clone();
        let report = restored(Sample::new(), &database, options).await;
        let kept = [format!("more_before_{id}"), format!("public_before_{id}")];
        assert_eq!(report.expect("it restores").kept, kept);
        let client = connect(&database).await;
        let old = format!("SELECT old FROM \"public_before_{id}\".seen");
        let row = client
            .query_one(&old, &[])
            .await
            .expect("the view is there");
        assert_eq!(row.get::<_, &str>(0), "old");
    });
}

#[test]
fn public_keeps_its_owner_its_grants_and_its_comment() {
    run(async {
        let database = occupied().await;
        let client = connect(&database).await;
        client.batch_execute(super::ROLES).await.expect("roles");
        client
            .batch_execute(
                "COMMENT ON SCHEMA public IS 'it''s ours';
                 ALTER SCHEMA public OWNER TO restore_owner;
                 REVOKE ALL ON SCHEMA public FROM PUBLIC;
                 REVOKE CREATE ON SCHEMA public FROM restore_owner;
                 GRANT USAGE ON SCHEMA public TO \"restore Reader\" WITH GRANT OPTION",
            )
            .await
            .expect("it can be set");
        let state = "SELECT concat_ws(' ', nspowner::regrole, nspacl, obj_description(oid))
                       FROM pg_namespace WHERE nspname = 'public'";
        let before: String = client.query_one(state, &[]).await.expect("a row").get(0);
        assert!(before.contains("U*"), "{before}");
        restored(Sample::new(), &database, replace())
            .await
            .expect("it restores");
        let after: String = client.query_one(state, &[]).await.expect("a row").get(0);
        assert_eq!(after, before);
    });
}

#[test]
fn an_extension_in_an_old_schema_moves_into_the_new_one() {
    run(async {
        let database = occupied().await;
        let client = connect(&database).await;
        let available = "SELECT name::text FROM pg_available_extensions
                          WHERE name IN ('citext', 'vector') ORDER BY 1";
        let available = client
            .query(available, &[])
            .await
            .expect("they can be listed");
        let extension: String = available.first().expect("one of them").get(0);
        client
            .batch_execute(&format!("CREATE EXTENSION {extension} SCHEMA public"))
            .await
            .expect("it can be made");
        restored(Sample::new(), &database, replace())
            .await
            .expect("it restores");
        let schema = "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = $1";
        let row = client
            .query_one(schema, &[&extension])
            .await
            .expect("it is there");
        assert_eq!(row.get::<_, &str>(0), "public");
        assert_eq!(schemas(&database).await, ["more", "public"]);
    });
}

#[test]
fn what_is_there_stays_when_something_else_would_go_with_it() {
    run(async {
        let database = occupied().await;
        let client = connect(&database).await;
        client
            .batch_execute(
                "CREATE TYPE public.mood AS ENUM ('sad');
                 CREATE FUNCTION pg_catalog.mood() RETURNS public.mood
                     LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
            )
            .await
            .expect("it can be made");
        let options = replace();
        let kept = [
            format!("more_before_{}", options.id),
            format!("public_before_{}", options.id),
        ];
        let report = restored(Sample::new(), &database, options).await;
        let report = report.expect("it restores");
        assert_eq!(report.kept, kept);
        assert!(
            report.notices[0].contains("could not be dropped safely"),
            "{report:?}"
        );
        client
            .query_one("SELECT mood()", &[])
            .await
            .expect("it is there");
        drop(client);
        let admin = connect(&database).await;
        admin
            .batch_execute(&format!(
                "DROP SCHEMA \"{}\", \"{}\" CASCADE",
                kept[0], kept[1]
            ))
            .await
            .expect("a person may drop them");
        holds_the_sample(&database).await;
    });
}

#[test]
fn sessions_go_on_with_the_old_tables_until_the_end_and_then_with_the_new() {
    run(async {
        let database = occupied().await;
        let session = connect(&database).await;
        let count = session.prepare("SELECT count(*) FROM public.team").await;
        let count = count.expect("it can be prepared");
        let mut writer = connect(&database).await;
        let transaction = writer.transaction().await.expect("it begins");
        let write = "INSERT INTO public.team VALUES ('new'), ('newer');
                     DELETE FROM public.team WHERE old = 'old'";
        let written = transaction.batch_execute(write).await;
        written.expect("the old table is there");
        let restoring = tokio::spawn({
            let database = database.clone();
            async move { restored(Sample::new(), &database, replace()).await }
        });
        // It is all loaded, and waits for the writer alone.
        let waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database()
                          AND wait_event_type = 'Lock' AND query LIKE 'LOCK TABLE%'";
        eventually("the restore behind the writer", || async {
            let rows = session.query(waiting, &[]).await.expect("it can be asked");
            (!rows.is_empty()).then_some(())
        })
        .await;
        // Whoever comes behind it waits for one attempt at most, and sees the old table still.
        let begun = Instant::now();
        let row = session.query_one(&count, &[]).await.expect("it is read");
        assert_eq!(row.get::<_, i64>(0), 1);
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "{:?}",
            begun.elapsed()
        );
        transaction.commit().await.expect("it commits");
        let report = restoring.await.expect("no panic").expect("it restores");
        let row = session.query_one(&count, &[]).await.expect("it is read");
        assert_eq!(row.get::<_, i64>(0), 3, "the new table");
        // What was written meanwhile is told, and not lost.
        let [notice] = report.notices.as_slice() else {
            panic!("{report:?}");
        };
        let told = "public.team: 2 written, 1 removed";
        assert!(
            notice.contains(told) && !notice.contains("things"),
            "{notice}"
        );
        let [_, public] = report.kept.as_slice() else {
            panic!("{report:?}");
        };
        let kept = format!("SELECT string_agg(old, ' ' ORDER BY old) FROM \"{public}\".team");
        let row = session.query_one(&kept, &[]).await.expect("it is there");
        assert_eq!(row.get::<_, &str>(0), "new newer");
    });
}

#[test]
fn a_replacement_that_finds_no_moment_gives_up_and_changes_nothing() {
    run(async {
        let database = occupied().await;
        let before = dump(&database, &[]);
        let mut reader = connect(&database).await;
        let transaction = reader.transaction().await.expect("it begins");
        let read = transaction.query("SELECT * FROM public.team", &[]).await;
        read.expect("it is read");
        let impatient = Options {
            patience: Duration::ZERO,
            ..replace()
        };
        let error = restored(Sample::new(), &database, impatient).await;
        let error = error.expect_err("the table is in use").to_string();
        assert!(error.contains("held on to the old tables"), "{error}");
        assert_eq!(dump(&database, &[]), before);
    });
}
