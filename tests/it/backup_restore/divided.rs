//! Tables that are large enough for several sessions to load each at once.

use magnusapi::backup::restore::{Bounds, Options, RestoreError};
use tokio_util::sync::CancellationToken;

use super::sample::{Fault, Sample};
use super::{made_by, options, restored};
use crate::harness::{Site, everywhere};

/// The sample, with `public.member` as the large table.
fn divided(fault: Fault) -> Sample {
    let mut sample = Sample::with_fault(fault);
    let mut files = sample.manifest.files.iter_mut();
    let file = files.find(|file| file.name == "11.dat.gz");
    file.expect("there is one").content_bytes = 1 << 30;
    sample
}

fn three_jobs() -> Options {
    Options {
        jobs: 3,
        ..options()
    }
}

/// Ends the sessions that load the table, as an administrator or a failover would.
async fn terminate(site: Site, run: &str) {
    let superuser = site.superuser().await;
    let terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                      WHERE strpos(datname, $1) > 0 AND query LIKE 'COPY \"public\".\"member\"%'";
    let ended = superuser.query(terminate, &[&run]).await;
    assert!(!ended.expect("they can be ended").is_empty());
}

/// Does this in the middle of a table, on the thread of the restore.
fn blocking(work: impl Future<Output = ()>) {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(work));
}

#[test]
fn sessions_that_share_a_table_load_each_row_once() {
    everywhere(async |site| {
        let database = Site::fresh_name();
        let report = restored(site, divided(Fault::None), &database, three_jobs()).await;
        let report = report.expect("it restores");
        assert_eq!(report.verification.expect("verified").equal, 3);
        let rows = "SELECT count(*), count(DISTINCT id), string_agg(note, ',' ORDER BY id)
                      FROM public.member";
        let client = site.connect(&database).await;
        let row = client.query_one(rows, &[]).await.expect("it is there");
        let notes = (1..=500).map(|id| format!("a note of {id}\t\\ 'é'"));
        let notes = notes.collect::<Vec<String>>().join(",");
        assert_eq!((row.get(0), row.get(1)), (500_i64, 500_i64));
        assert_eq!(row.get::<_, &str>(2), notes);
    });
}

#[test]
fn a_fault_in_a_shared_table_is_reported_with_its_name_and_leaves_nothing() {
    everywhere(async |site| {
        for fault in 0..4 {
            let (database, options) = (Site::fresh_name(), three_jobs());
            let run = options.run.clone();
            let time = run.as_str().split_once('-').expect("a time").0.to_owned();
            let kill = Box::new(move || blocking(terminate(site, &time)));
            let (fault, says) = [
                (Fault::Changed, "table public.member: file 11.dat.gz has"),
                (Fault::Short, "table public.member: the backup has 500"),
                (Fault::Letter, "table public.member: it has 500 rows"),
                (Fault::Meanwhile(kill), "the rows of table public.member: "),
            ]
            .into_iter()
            .nth(fault)
            .expect("there are four");
            let error = restored(site, divided(fault), &database, options).await;
            let error = error.expect_err(says).to_string();
            assert!(error.contains(says), "{says}: {error}");
            assert_eq!(made_by(site, &run).await, [""; 0], "{says}");
        }
    });
}

#[test]
fn an_interruption_ends_all_sessions_that_share_a_table() {
    everywhere(async |site| {
        let stop = CancellationToken::new();
        let options = Options {
            bounds: Bounds::until(stop.clone()),
            ..three_jobs()
        };
        let run = options.run.clone();
        let fault = Fault::Meanwhile(Box::new(move || stop.cancel()));
        let error = restored(site, divided(fault), &Site::fresh_name(), options).await;
        let error = error.expect_err("it was interrupted");
        assert!(matches!(error, RestoreError::Interrupted), "{error}");
        assert_eq!(made_by(site, &run).await, [""; 0]);
    });
}
