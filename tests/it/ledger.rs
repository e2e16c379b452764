//! The ledger on a real database: claims at once, holders that die, slots that are done.

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use magnusapi::database::Settings;
use magnusapi::ledger::{Claim, Ledger, Run, State, Verdict};
use serde_json::json;

use crate::harness::{Database, eventually, run};

const FUNCTION: &str = "postfacto_backup";

/// The ledger as one instance of the program has it.
fn ledger(database: &Database) -> Ledger {
    let url = |name: &str| (name == "DATABASE_URL").then(|| database.url.clone());
    let settings = Settings::read(url).expect("good settings");
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
    claim.await.expect("the database answers")
}

/// Holds the claim to have been won.
#[track_caller]
fn won(claim: Claim) -> Run {
    match claim {
        Claim::Won(run) => run,
        Claim::Finished(it) => panic!("{it:?}"),
        Claim::Running(it) => panic!("{it:?}"),
    }
}

/// Claims until the last holder's lock is free.
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
fn of_many_claims_at_once_one_wins_and_the_others_are_told_who() {
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
fn a_slot_that_succeeded_is_done_and_one_that_failed_is_tried_again() {
    run(async {
        let database = Database::migrated();
        let ledger = ledger(&database);
        let first = won(claim(&ledger, "one").await);
        assert_eq!(first.attempt(), 1);
        let summary = json!({ "why": "ü\u{1F980}" });
        let ours = first.finish(&failed(), &summary, now()).await;
        assert!(ours.expect("it is written"));
        assert_eq!(last(&ledger).await, Some(State::Failed("no disk".into())));

        let second = won(claim(&ledger, "two").await);
        assert_eq!(second.attempt(), 2);
        let later = now() + SignedDuration::from_secs(7);
        let ours = second.finish(&Verdict::Succeeded, &json!({}), later).await;
        assert!(ours.expect("it is written"));

        let Claim::Finished(finished) = claim(&ledger, "three").await else {
            panic!("it is done")
        };
        assert_eq!(finished.invocation_id, "two");
        assert_eq!((finished.attempt, finished.finished), (2, later));
    });
}

#[test]
fn another_slot_waits_for_the_function_and_another_function_does_not() {
    run(async {
        let database = Database::migrated();
        let ledger = ledger(&database);
        let run = won(claim(&ledger, "one").await);
        let next = slot() + SignedDuration::from_hours(24);
        let claimed = ledger.claim(FUNCTION, next, "two", now()).await;
        assert!(matches!(claimed, Ok(Claim::Running(Some(holder))) if holder.slot == slot()));
        let other = ledger.claim("scale", slot(), "three", now()).await;
        won(other.expect("the database answers"));
        let ours = run.finish(&Verdict::Succeeded, &json!({}), now()).await;
        assert!(ours.expect("it is written"));
        let claimed = ledger.claim(FUNCTION, next, "two", now()).await;
        assert_eq!(won(claimed.expect("the database answers")).attempt(), 1);
    });
}

#[test]
fn a_slot_whose_holder_is_gone_is_taken_over() {
    run(async {
        let database = Database::migrated();
        let (one, two) = (ledger(&database), ledger(&database));
        drop(won(claim(&one, "one").await));
        assert_eq!(taken_over(&two, "two").await.attempt(), 2);
    });
}

#[test]
fn a_holder_whose_connection_ends_is_told_and_its_outcome_counts_no_more() {
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
        tokio::time::timeout(crate::harness::PATIENCE, first.lost())
            .await
            .expect("it is told");
        let second = taken_over(&two, "two").await;
        let late = first.finish(&Verdict::Succeeded, &json!({}), now()).await;
        assert!(!late.expect("the database answers"));
        assert_eq!(last(&two).await, Some(State::Running));
        let ours = second.finish(&failed(), &json!({}), now()).await;
        assert!(ours.expect("it is written"));
    });
}

fn failed() -> Verdict {
    Verdict::Failed("no disk".into())
}

/// How the last run stands.
async fn last(ledger: &Ledger) -> Option<State> {
    let mut recent = ledger.recent(&[FUNCTION]).await.expect("an answer");
    let runs = recent.remove(FUNCTION)?;
    Some(runs.into_iter().next()?.state)
}

#[test]
fn a_run_is_stopped_when_its_lock_is_free_and_running_while_it_is_held() {
    run(async {
        let database = Database::migrated();
        let (one, two) = (ledger(&database), ledger(&database));
        assert_eq!(last(&two).await, None);
        let run = won(claim(&one, "one").await);
        assert_eq!(last(&two).await, Some(State::Running));
        drop(run);
        eventually("a stopped run", || async {
            (last(&two).await == Some(State::Stopped)).then_some(())
        })
        .await;
        let run = taken_over(&two, "two").await;
        assert_eq!(last(&one).await, Some(State::Running));
        let degraded = Verdict::Degraded("a rule".into());
        let ours = run.finish(&degraded, &json!({}), now()).await;
        assert!(ours.expect("it is written"));
        assert_eq!(last(&one).await, Some(State::Degraded("a rule".into())));
    });
}

#[test]
fn a_schedule_counts_from_when_it_was_first_seen() {
    run(async {
        let database = Database::migrated();
        let ledger = ledger(&database);
        let since = async |schedule, now| {
            let since = ledger.scheduled_since(&[(FUNCTION, schedule)], now).await;
            since.expect("an answer")[FUNCTION]
        };
        let later = now() + SignedDuration::from_hours(1);
        assert_eq!(since("0 0 2 * * *", now()).await, now());
        assert_eq!(since("0 0 2 * * *", later).await, now());
        assert_eq!(since("0 0 3 * * *", later).await, later);
    });
}

#[test]
fn rows_of_more_than_90_days_are_deleted_by_the_way() {
    run(async {
        let database = Database::migrated();
        let client = database.connect().await;
        let rows = "INSERT INTO function_run (function, slot, invocation_id, started_at)
                    SELECT 'old', slot, 'x', slot
                      FROM generate_series(timestamptz '2026-08-25 00:00Z',
                                           timestamptz '2026-08-27 00:00Z', '1 day') slot";
        client.batch_execute(rows).await.expect("they go in");
        won(claim(&ledger(&database), "one").await);
        let left = client
            .query_one(
                "SELECT count(*) FROM function_run WHERE function = 'old'",
                &[],
            )
            .await
            .expect("it can be counted");
        assert_eq!(left.get::<_, i64>(0), 1);
    });
}
