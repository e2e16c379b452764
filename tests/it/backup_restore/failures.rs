//! Failures: the target is unchanged, and nothing remains of the restore.

use magnusapi::backup::restore::Options;
use pgarchive::Kind;

use super::sample::{Fault, Sample};
use super::{made_by, options, replace, restored};
use crate::harness::{Site, everywhere};

/// Everything that can be wrong with a backup or happen to it, and a word of what is said.
fn faults(site: Site, database: &str) -> Vec<(Sample, &'static str)> {
    let mut broken = Sample::new();
    let trigger = broken
        .entries
        .iter_mut()
        .find(|it| it.kind == Kind::Trigger);
    trigger.expect("there is one").definition = "CREATE TRIGGER nonsense;".into();
    let mut full = Sample::new();
    let trigger = full.entries.iter_mut().find(|it| it.kind == Kind::Trigger);
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
        let ending = terminate(site, &database);
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
            "table public.member: it has 500 rows, and not all",
        ),
        (
            Sample::with_fault(Fault::Meanwhile(Box::new(kill))),
            "rows of table public.member",
        ),
        (broken, "TRIGGER public.member touch: "),
        (full, "give the server more disk space"),
        (counted, "incomplete restore"),
    ]
}

/// Ends the session that loads the table, as an administrator or a failover would.
async fn terminate(site: Site, database: &str) {
    let superuser = site.superuser().await;
    let ended = superuser
        .query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE strpos(datname, $1) > 0 AND query LIKE 'COPY \"public\".\"member\"%'",
            &[&database],
        )
        .await
        .expect("it can be ended");
    assert_eq!(ended.len(), 1, "one session loads it");
}

#[test]
fn an_empty_database_is_still_empty_after_a_failure() {
    everywhere(async |site| {
        let database = site.database().await;
        let before = site.dump(&database, &[]);
        for (sample, says) in faults(site, &database) {
            let error = restored(site, sample, &database, options()).await;
            let error = error.expect_err(says).to_string();
            assert!(error.contains(says), "{says}: {error}");
            assert_eq!(site.dump(&database, &[]), before, "{says}");
        }
    });
}

#[test]
fn a_temporary_database_is_dropped_after_a_failure_and_the_target_is_unchanged() {
    everywhere(async |site| {
        let occupied = site.database().await;
        let client = site.connect(&occupied).await;
        let occupy = client.batch_execute("CREATE TABLE public.team AS SELECT 1 AS old");
        occupy.await.expect("it can be made");
        for (jobs, target) in [(1, occupied.clone()), (3, Site::fresh_name())] {
            for fault in 0..8 {
                let options = Options { jobs, ..replace() };
                let run = options.run.clone();
                let time = run.as_str().split_once('-').expect("a time").0;
                let (sample, says) = faults(site, time).swap_remove(fault);
                let error = restored(site, sample, &target, options).await;
                let error = error.expect_err(says).to_string();
                assert!(error.contains(says), "{says}: {error}");
                assert_eq!(made_by(site, &run).await, [""; 0], "{says}");
            }
        }
        // Its session was never ended.
        let row = client.query_one("SELECT old FROM team", &[]).await;
        assert_eq!(row.expect("it is there").get::<_, i32>(0), 1);
    });
}
