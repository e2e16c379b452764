//! A database that is replaced: it keeps everything that was committed, under another name.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use magnusapi::backup::restore::{Bounds, Options, Place, RestoreError};
use pgarchive::BackupId;
use tokio_postgres::{Client, NoTls};
use tokio_util::sync::CancellationToken;

use super::sample::{Fault, Sample};
use super::{holds_the_sample, made_by, options, owner, replace, restored};
use crate::harness::{Site, connect, everywhere};

/// A database with something in it, some of it under the names of the backup.
pub(super) async fn occupied(site: Site) -> String {
    let database = site.database().await;
    occupy(site, &database).await;
    database
}

/// Fills a database.
pub(super) async fn occupy(site: Site, database: &str) {
    let client = site.connect(database).await;
    client
        .batch_execute(
            "CREATE TABLE public.team (old text);
             INSERT INTO public.team VALUES ('old');
             CREATE VIEW public.seen AS SELECT * FROM public.team;
             CREATE VIEW public.sessions AS SELECT * FROM pg_stat_activity;
             CREATE SCHEMA more;
             CREATE TABLE more.things (id serial PRIMARY KEY);
             CREATE TABLE counter (client integer PRIMARY KEY, number bigint);
             INSERT INTO counter SELECT client, 0 FROM generate_series(0, 5) AS client;
             CREATE PUBLICATION changes FOR TABLE public.team",
        )
        .await
        .expect("it can be made");
}

/// The name that the old database has after the restore.
pub(super) fn old(place: Place) -> String {
    match place {
        Place::Replaced(old) => old,
        other => panic!("{other:?}"),
    }
}

#[test]
fn replace_keeps_the_old_database() {
    everywhere(async |site| {
        let database = occupied(site).await;
        let before = (site.dump(&database, &[]), owner(site, &database).await);
        let session = site.connect(&database).await;
        let options = replace();
        let run = options.run.clone();
        let report = restored(site, Sample::new(), &database, options).await;
        let kept = old(report.expect("it restores").place);
        assert!(
            session.simple_query("SELECT").await.is_err(),
            "it was ended"
        );
        assert_eq!(made_by(site, &run).await, [kept.as_str()]);
        assert_eq!((site.dump(&kept, &[]), owner(site, &kept).await), before);
        holds_the_sample(site, &database).await;
        // And once more over the restored one.
        let again = restored(site, Sample::new(), &database, replace()).await;
        assert_ne!(old(again.expect("it restores").place), kept);
        holds_the_sample(site, &database).await;
        assert_eq!(site.dump(&kept, &[]), before.0);
    });
}

/// Adds one again and again until `stop`, also after its session was ended; counts its commits.
async fn count(url: String, client: i32, stop: Arc<AtomicBool>, committed: Arc<AtomicI64>) {
    while !stop.load(Ordering::Relaxed) {
        let Ok((session, connection)) = tokio_postgres::connect(&url, NoTls).await else {
            continue;
        };
        tokio::spawn(connection);
        let add = format!("UPDATE counter SET number = number + 1 WHERE client = {client}");
        while !stop.load(Ordering::Relaxed) && session.batch_execute(&add).await.is_ok() {
            committed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[test]
fn rows_committed_during_a_restore_are_in_the_old_database() {
    everywhere(async |site| {
        let database = occupied(site).await;
        let (stop, committed) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicI64::new(0)),
        );
        let clients: Vec<_> = (0..6)
            .map(|client| {
                let (stop, committed) = (stop.clone(), committed.clone());
                tokio::spawn(count(site.url(&database), client, stop, committed))
            })
            .collect();
        let url = site.url(&database);
        let write = move || {
            let writing = async {
                let client = connect(&url).await;
                let writes = "BEGIN; SAVEPOINT one; INSERT INTO team VALUES ('in a savepoint');
                              RELEASE one; COMMIT; CREATE TABLE made (during_the_restore integer)";
                client.batch_execute(writes).await.expect("it is written");
            };
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(writing));
        };
        let sample = Sample::with_fault(Fault::Meanwhile(Box::new(write)));
        let report = restored(site, sample, &database, replace()).await;
        stop.store(true, Ordering::Relaxed);
        for client in clients {
            client.await.expect("no panic");
        }
        let kept = site.connect(&old(report.expect("it restores").place)).await;
        let written = "SELECT (SELECT sum(number)::bigint FROM counter),
                              (SELECT string_agg(old, ', ' ORDER BY old) FROM team),
                              to_regclass('made') IS NOT NULL";
        let row = kept.query_one(written, &[]).await.expect("it is there");
        let (counted, committed) = (row.get::<_, i64>(0), committed.load(Ordering::Relaxed));
        // A session that is ended right after its commit does not report that.
        assert!(
            (committed..=committed + 6).contains(&counted),
            "{counted} of {committed}"
        );
        assert!(committed > 0);
        assert_eq!(row.get::<_, &str>(1), "in a savepoint, old");
        assert!(row.get::<_, bool>(2));
        holds_the_sample(site, &database).await;
    });
}

#[test]
fn a_second_restore_to_one_target_is_reported() {
    everywhere(async |site| {
        let occupied = occupied(site).await;
        for database in [Site::fresh_name(), site.database().await, occupied] {
            let second = {
                let database = database.clone();
                move || {
                    let restoring = restored(site, Sample::new(), &database, replace());
                    let handle = tokio::runtime::Handle::current();
                    let error = tokio::task::block_in_place(|| handle.block_on(restoring));
                    let error = error.expect_err("the first one is under way").to_string();
                    assert!(error.contains("another restore to database"), "{error}");
                }
            };
            let first = Sample::with_fault(Fault::Meanwhile(Box::new(second)));
            let report = restored(site, first, &database, replace()).await;
            report.expect("the first one restores");
            holds_the_sample(site, &database).await;
        }
    });
}

#[test]
fn a_name_that_is_taken_meanwhile_is_reported_and_running_again_completes() {
    everywhere(async |site| {
        let (database, first) = (Site::fresh_name(), options());
        let run = first.run.clone();
        let wanted = database.clone();
        let taken = move || {
            let created = site.server.create_database(&wanted, None);
            created.expect("it is free");
        };
        let sample = Sample::with_fault(Fault::Meanwhile(Box::new(taken)));
        let error = restored(site, sample, &database, first).await;
        let error = error.expect_err("the name is taken");
        assert!(matches!(error, RestoreError::Name { .. }), "{error}");
        let left = made_by(site, &run).await;
        assert!(error.to_string().contains(&left[0]), "{error}");
        holds_the_sample(site, &left[0]).await;
        let drop = format!("DROP DATABASE \"{database}\"");
        site.superuser()
            .await
            .batch_execute(&drop)
            .await
            .expect("it is dropped");
        let report = restored(site, Sample::new(), &database, options()).await;
        let notices = report.expect("it restores").notices;
        assert!(notices[0].contains(&left[0]), "{notices:?}");
        assert_eq!(made_by(site, &run).await, [""; 0]);
        holds_the_sample(site, &database).await;
    });
}

#[test]
fn a_superusers_session_is_named_and_the_printed_statements_complete_the_restore() {
    everywhere(async |site| {
        let database = occupied(site).await;
        let before = site.dump(&database, &[]);
        let session = connect(&site.superusers(&database)).await;
        let impatient = Options {
            rename_limit: Duration::ZERO,
            ..replace()
        };
        let restored = restored(site, Sample::new(), &database, impatient).await;
        if site.role == "postgres" {
            restored.expect("a superuser ends it");
            return;
        }
        let error = restored.expect_err("the administrator may not end it");
        let RestoreError::Name {
            reason,
            database: beside,
            statements,
            ..
        } = &error
        else {
            panic!("{error}");
        };
        assert!(reason.contains("1 other session"), "{reason}");
        assert_eq!(site.dump(&database, &[]), before);
        drop(session);
        let beside = site.connect(beside).await;
        beside
            .batch_execute(statements)
            .await
            .expect("they complete it");
        holds_the_sample(site, &database).await;
    });
}

/// A superuser's session in the temporary database of a run, which no other role may end.
#[derive(Clone, Default)]
struct Guest(Arc<Mutex<Option<Client>>>);

impl Guest {
    /// Comes in the middle of a table, on the thread of the restore.
    fn come(&self, site: Site, run: &BackupId) {
        let coming = async {
            let temporary = made_by(site, run).await.remove(0);
            connect(&site.superusers(&temporary)).await
        };
        let handle = tokio::runtime::Handle::current();
        let client = tokio::task::block_in_place(|| handle.block_on(coming));
        *self.0.lock().expect("no test panics") = Some(client);
    }

    fn leave(&self) {
        self.0.lock().expect("no test panics").take();
    }
}

#[test]
fn both_databases_are_renamed_or_none() {
    everywhere(async |site| {
        let database = occupied(site).await;
        let before = site.dump(&database, &[]);
        let impatient = Options {
            rename_limit: Duration::ZERO,
            ..replace()
        };
        let (run, guest) = (impatient.run.clone(), Guest::default());
        let comes = {
            let (run, guest) = (run.clone(), guest.clone());
            move || guest.come(site, &run)
        };
        let sample = Sample::with_fault(Fault::Meanwhile(Box::new(comes)));
        let restored = restored(site, sample, &database, impatient).await;
        if site.role == "postgres" {
            restored.expect("a superuser ends the session");
            return;
        }
        let error = restored.expect_err("the administrator may not end the session");
        let RestoreError::Name {
            temporary,
            database: beside,
            statements,
            ..
        } = &error
        else {
            panic!("{error}");
        };
        assert_eq!(site.dump(&database, &[]), before);
        assert_eq!(made_by(site, &run).await, [temporary.as_str()]);
        guest.leave();
        let beside = site.connect(beside).await;
        let completed = beside.batch_execute(statements).await;
        completed.expect("they complete it");
        holds_the_sample(site, &database).await;
    });
}

#[test]
fn a_temporary_database_that_cannot_be_dropped_is_named() {
    everywhere(async |site| {
        let (database, stop, guest) = (
            Site::fresh_name(),
            CancellationToken::new(),
            Guest::default(),
        );
        let options = Options {
            bounds: Bounds::until(stop.clone()),
            ..options()
        };
        let run = options.run.clone();
        let comes = {
            let (run, guest) = (run.clone(), guest.clone());
            move || {
                guest.come(site, &run);
                stop.cancel();
            }
        };
        let sample = Sample::with_fault(Fault::Meanwhile(Box::new(comes)));
        let error = restored(site, sample, &database, options).await;
        let error = error.expect_err("it was interrupted").to_string();
        assert!(error.contains("interrupted"), "{error}");
        let left = made_by(site, &run).await;
        if site.role == "postgres" {
            assert_eq!(left, [""; 0]);
            return;
        }
        let names = format!("temporary database {} could not be dropped", left[0]);
        assert!(error.contains(&names), "{error}");
        guest.leave();
        let report = restored(site, Sample::new(), &database, super::options()).await;
        let notices = report.expect("it restores").notices;
        assert!(notices[0].contains(&left[0]), "{notices:?}");
        assert_eq!(made_by(site, &run).await, [""; 0]);
    });
}
