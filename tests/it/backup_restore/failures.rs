//! Whatever fails: the target is as it was, and nothing is left behind.

use magnusapi::backup::restore::{Options, RestoreError};

use super::sample::{Fault, Sample};
use super::{connect, dump, fresh_name, left_by, name, options, restored};
use crate::harness::{Database, postgres, run};

/// Everything that can be wrong with a backup or happen to it, and a word of what is said.
fn faults(database: &str) -> Vec<(Sample, &'static str)> {
    let mut broken = Sample::new();
    let trigger = broken.entries.iter_mut().find(|it| it.kind == "TRIGGER");
    trigger.expect("there is one").definition = "CREATE TRIGGER nonsense;".into();
    let mut full = Sample::new();
    let trigger = full.entries.iter_mut().find(|it| it.kind == "TRIGGER");
    trigger.expect("there is one").definition = "DO $$BEGIN
        RAISE disk_full USING MESSAGE = 'could not extend file: No space left on device';
        END$$;"
        .into();
    let mut counted = Sample::new();
    let check = counted.entries.iter_mut().find(|it| it.tag == "row_counts");
    let check = &mut check.expect("there is one").definition;
    *check = check.replace("500", "501");
    let database = database.to_owned();
    let kill = move || {
        let ending = terminate(&database);
        // The restore is in the middle of a table, on this very thread.
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(ending));
    };
    vec![
        (
            Sample::with_fault(Fault::Found),
            "11.dat.gz has another SHA-256",
        ),
        (
            Sample::with_fault(Fault::Changed),
            "11.dat.gz has another SHA-256",
        ),
        (
            Sample::with_fault(Fault::Short),
            "the backup has 500 rows, the server took",
        ),
        (
            Sample::with_fault(Fault::Letter),
            "table public.member has 500 rows, not all",
        ),
        (
            Sample::with_fault(Fault::Meanwhile(Box::new(kill))),
            "rows of table public.member",
        ),
        (broken, "TRIGGER public.member touch: "),
        (full, "give the server's disk more room"),
        (counted, "incomplete restore"),
    ]
}

/// Ends the session that loads the table, as an administrator or a failover would. A database that
/// has no name yet is found by the restore's id.
async fn terminate(database: &str) {
    let admin = connect("postgres").await;
    let ended = admin
        .query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname::text IN ($1, 'magnusapi_restore_' || $1)
                AND query LIKE 'COPY \"public\".\"member\"%'",
            &[&database],
        )
        .await
        .expect("it can be ended");
    assert_eq!(ended.len(), 1, "one session loads it");
}

#[test]
fn a_replacement_that_fails_leaves_everything_as_it_was() {
    run(async {
        let database = name(&Database::empty());
        let client = connect(&database).await;
        client
            .batch_execute("CREATE TABLE public.team AS SELECT 1 AS old; CREATE SCHEMA more")
            .await
            .expect("it can be made");
        drop(client);
        let before = dump(&database, &[]);
        for (sample, says) in faults(&database) {
            let replace = Options {
                replace: true,
                ..options()
            };
            let error = restored(sample, &database, replace).await;
            let error = error.expect_err(says).to_string();
            assert!(error.contains(says), "{says}: {error}");
            assert_eq!(dump(&database, &[]), before, "{says}");
        }
    });
}

#[test]
fn an_empty_database_is_as_empty_after_a_failure() {
    run(async {
        let database = name(&Database::empty());
        let before = dump(&database, &[]);
        for (sample, says) in faults(&database) {
            let error = restored(sample, &database, options()).await;
            let error = error.expect_err(says).to_string();
            assert!(error.contains(says), "{says}: {error}");
            assert_eq!(dump(&database, &[]), before, "{says}");
        }
    });
}

#[test]
fn a_database_that_was_made_is_gone_after_a_failure() {
    run(async {
        for jobs in [1, 3] {
            for fault in 0..7 {
                let mut options = options();
                options.jobs = jobs;
                let id = options.id.clone();
                let (sample, says) = faults(&id).swap_remove(fault);
                let error = restored(sample, &fresh_name(), options).await;
                let error = error.expect_err(says).to_string();
                assert!(error.contains(says), "{says}: {error}");
                assert_eq!(left_by(&id).await, Vec::<String>::new(), "{says}");
            }
        }
    });
}

#[test]
fn a_name_that_is_taken_meanwhile_is_not_overwritten_and_nothing_is_lost() {
    run(async {
        let (database, options) = (fresh_name(), options());
        let id = options.id.clone();
        let wanted = database.clone();
        let taken = move || {
            postgres()
                .create_database(&wanted, None)
                .expect("it is free");
        };
        let sample = Sample::with_fault(Fault::Meanwhile(Box::new(taken)));
        let error = restored(sample, &database, options).await;
        let error = error.expect_err("the name is taken");
        assert!(matches!(error, RestoreError::Name { .. }), "{error}");
        let left = left_by(&id).await;
        assert!(error.to_string().contains(&left[0]), "{error}");
        super::holds_the_sample(&left[0]).await;
    });
}
