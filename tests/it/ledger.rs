//! The ledger on a real database: simultaneous claims, holders that die, finished slots.

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use magnusapi::database::Settings;
use magnusapi::ledger::{Claim, Ledger, Run, RunResult, RunState};
use serde_json::json;

use crate::harness::{Database, eventually, run};

const FUNCTION: &str = "postfacto_backup";

/// The ledger of one instance of the program.
fn ledger(database: &Database) -> Ledger {
    let url = |name: &str| (name == "DATABASE_URL").then(|| database.url.clone());
    let settings = Settings::read(url).expect("valid settings");
    let database = magnusapi::database::Database::open(settings.expect("a database is named"));
    database.prepare_in_background();
    Ledger::new(database)
}

fn now() -> Timestamp {
    "2026-11-24T02:00:01Z".parse().expect("an instant")
}

fn slot() -> Timestamp {
    "2026-11-24T02:00:00Z".parse().expect("an instant")
}

async fn claim(ledger: &Ledger, invocation: &str) -> Claim {
    let claim = ledger.claim(FUNCTION, slot(), invocation, now());
    claim.await.expect("the database responds")
}

/// Asserts that the claim was won.
#[track_caller]
fn won(claim: Claim) -> Run {
    match claim {
        Claim::Won(run) => run,
        Claim::Finished(it) => panic!("{it:?}"),
        Claim::Running(it) => panic!("{it:?}"),
    }
}

/// Claims until the lock is free.
async fn taken_over(ledger: &Ledger, invocation: &str) -> Run {
    eventually("the lock to be free", || async {
        match claim(ledger, invocation).await {
            Claim::Won(run) => Some(run),
            Claim::Finished(_) | Claim::Running(_) => None,
        }
    })
    .await
}

#[test]
fn one_of_many_simultaneous_claims_wins_and_the_others_get_the_holder() {
    run(async {
        let database = Database::migrated();
        let ledgers: Vec<Ledger> = (0..8).map(|_| ledger(&database)).collect();
        let claims = ledgers.iter().map(|ledger| claim(ledger, "one"));
        let (won, others): (Vec<Claim>, Vec<Claim>) = join_all(claims)
            .await
            .into_iter()
            .partition(|claim| matches!(claim, Claim::Won(_)));
        assert_eq!(won.len(), 1);
        assert!(
            others
                .iter()
                .all(|claim| matches!(claim, Claim::Running(_)))
        );
        let Claim::Running(Some(holder)) = claim(&ledgers[0], "two").await else {
            panic!("the holder is known by now")
        };
        assert_eq!(
            (holder.invocation_id.as_str(), holder.slot),
            ("one", slot())
        );
    });
}

#[test]
fn a_failed_slot_is_executed_again_and_a_successful_one_is_not() {
    run(async {
        let database = Database::migrated();
        let ledger = ledger(&database);
        let first = won(claim(&ledger, "one").await);
        assert_eq!(first.attempt(), 1);
        let summary = json!({ "why": "ü\u{1F980}" });
        let is_stored = first.finish(&failed(), &summary, now()).await;
        assert!(is_stored.expect("it is written"));
        assert_eq!(
            last(&ledger).await,
            Some(RunState::Failed("no disk".into()))
        );

        let second = won(claim(&ledger, "two").await);
        assert_eq!(second.attempt(), 2);
        let later = now() + SignedDuration::from_secs(7);
        let is_stored = second
            .finish(&RunResult::Succeeded, &json!({}), later)
            .await;
        assert!(is_stored.expect("it is written"));

        let Claim::Finished(finished) = claim(&ledger, "three").await else {
            panic!("it is finished")
        };
        assert_eq!(finished.invocation_id, "two");
        assert_eq!((finished.attempt, finished.finished), (2, later));
    });
}

#[test]
fn a_running_function_blocks_its_other_slots_and_no_other_function() {
    run(async {
        let database = Database::migrated();
        let ledger = ledger(&database);
        let run = won(claim(&ledger, "one").await);
        let next = slot() + SignedDuration::from_hours(24);
        let claimed = ledger.claim(FUNCTION, next, "two", now()).await;
        assert!(matches!(claimed, Ok(Claim::Running(Some(holder))) if holder.slot == slot()));
        let other = ledger.claim("scale", slot(), "three", now()).await;
        won(other.expect("the database responds"));
        let is_stored = run.finish(&RunResult::Succeeded, &json!({}), now()).await;
        assert!(is_stored.expect("it is written"));
        let claimed = ledger.claim(FUNCTION, next, "two", now()).await;
        assert_eq!(won(claimed.expect("the database responds")).attempt(), 1);
    });
}

#[test]
fn a_slot_whose_holder_died_is_taken_over() {
    run(async {
        let database = Database::migrated();
        let (one, two) = (ledger(&database), ledger(&database));
        drop(won(claim(&one, "one").await));
        assert_eq!(taken_over(&two, "two").await.attempt(), 2);
    });
}

#[test]
fn a_holder_that_lost_its_connection_notices_it_and_cannot_store_its_result() {
    run(async {
        let database = Database::migrated();
        let (one, two) = (ledger(&database), ledger(&database));
        let first = won(claim(&one, "one").await);
        let client = database.connect().await;
        let killed = client
            .query(
                "SELECT pg_terminate_backend(pid) FROM pg_locks
                  WHERE locktype = 'advisory' AND granted
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                &[],
            )
            .await
            .expect("it may be ended");
        assert_eq!(killed.len(), 1);
        tokio::time::timeout(crate::harness::TIMEOUT, first.lost())
            .await
            .expect("it notices the loss");
        let second = taken_over(&two, "two").await;
        let late = first.finish(&RunResult::Succeeded, &json!({}), now()).await;
        assert!(!late.expect("the database responds"));
        assert_eq!(last(&two).await, Some(RunState::Running));
        let is_stored = second.finish(&failed(), &json!({}), now()).await;
        assert!(is_stored.expect("it is written"));
    });
}

fn failed() -> RunResult {
    RunResult::Failed("no disk".into())
}

/// The state of the last run.
async fn last(ledger: &Ledger) -> Option<RunState> {
    let mut recent = ledger.recent(&[FUNCTION]).await.expect("the runs");
    let runs = recent.remove(FUNCTION)?;
    Some(runs.into_iter().next()?.state)
}

#[test]
fn a_run_without_its_lock_is_stopped_and_with_it_is_running() {
    run(async {
        let database = Database::migrated();
        let (one, two) = (ledger(&database), ledger(&database));
        assert_eq!(last(&two).await, None);
        let run = won(claim(&one, "one").await);
        assert_eq!(last(&two).await, Some(RunState::Running));
        drop(run);
        eventually("a stopped run", || async {
            (last(&two).await == Some(RunState::Stopped)).then_some(())
        })
        .await;
        let run = taken_over(&two, "two").await;
        assert_eq!(last(&one).await, Some(RunState::Running));
        let degraded = RunResult::Degraded("a rule".into());
        let is_stored = run.finish(&degraded, &json!({}), now()).await;
        assert!(is_stored.expect("it is written"));
        assert_eq!(last(&one).await, Some(RunState::Degraded("a rule".into())));
    });
}

#[test]
fn a_schedule_counts_from_its_first_occurrence() {
    run(async {
        let database = Database::migrated();
        let ledger = ledger(&database);
        let since = async |schedule, now| {
            let since = ledger.scheduled_since(&[(FUNCTION, schedule)], now).await;
            since.expect("the schedules")[FUNCTION]
        };
        let later = now() + SignedDuration::from_hours(1);
        assert_eq!(since("0 0 2 * * *", now()).await, now());
        assert_eq!(since("0 0 2 * * *", later).await, now());
        assert_eq!(since("0 0 3 * * *", later).await, later);
    });
}

#[test]
fn a_claim_deletes_rows_that_are_older_than_90_days() {
    run(async {
        let database = Database::migrated();
        let client = database.connect().await;
        let rows = "INSERT INTO function_run (function, slot, invocation_id, started_at)
                    SELECT 'old', slot, 'x', slot
                      FROM generate_series(timestamptz '2026-08-25 00:00Z',
                                           timestamptz '2026-08-27 00:00Z', '1 day') slot";
        client.batch_execute(rows).await.expect("they are inserted");
        won(claim(&ledger(&database), "one").await);
        let remaining = client
            .query_one(
                "SELECT count(*) FROM function_run WHERE function = 'old'",
                &[],
            )
            .await
            .expect("it can be counted");
        assert_eq!(remaining.get::<_, i64>(0), 1);
    });
}
