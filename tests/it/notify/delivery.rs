//! Delivery to receivers that are slow, away, or wrong, and from processes that are killed.

use std::time::{Duration, Instant};

use super::ids;
use super::stage::{Stage, event, tick};
use crate::fakes::{Reaction, Receiver};
use crate::harness::{Program, eventually, run};

/// Makes a message about a failure or a recovery.
async fn one_more(stage: &Stage, program: &Program, number: usize) {
    if number.is_multiple_of(2) {
        stage.breaks().await;
    } else {
        stage.mends().await;
    }
    tick(program).await;
}

/// Waits until the attempts at the oldest message are this many.
async fn attempts(stage: &Stage, number: i64) {
    let attempts = "SELECT attempts::bigint FROM notify_delivery ORDER BY message LIMIT 1";
    eventually("the attempts", || async {
        (stage.value(attempts).await >= number).then_some(())
    })
    .await;
}

#[test]
fn a_receiver_that_was_away_gets_all_messages_in_their_order() {
    run(async {
        let stage = Stage::new().await;
        let program = stage.serving().await;
        tick(&program).await;
        stage.receiver.stop().await;
        for number in 0..4 {
            one_more(&stage, &program, number).await;
        }
        attempts(&stage, 1).await;
        assert!(stage.receiver.deliveries().is_empty());
        stage.receiver.restart().await;
        stage.are_due().await;
        tick(&program).await;
        stage.delivered(4).await;
        let deliveries = stage.receiver.deliveries();
        let events: Vec<String> = deliveries.iter().map(event).collect();
        assert_eq!(events, ["run began", "run ended", "run began", "run ended"]);
    });
}

#[test]
fn a_failing_receiver_gets_the_same_message_again() {
    run(async {
        let stage = Stage::new().await;
        let program = stage.serving().await;
        for reaction in [
            Reaction::Respond("500 Internal Server Error".to_owned()),
            Reaction::RespondForever("500 Internal Server Error".to_owned()),
            Reaction::Close,
        ] {
            stage.receiver.reacts(reaction);
            stage.breaks().await;
            let before = stage.receiver.deliveries().len();
            tick(&program).await;
            stage.receiver.received(before + 1).await;
            stage
                .receiver
                .reacts(Reaction::RespondForever("200 OK".to_owned()));
            let waiting = "SELECT count(*) FROM notify_delivery
                            WHERE delivered_at IS NULL AND failure IS NULL";
            eventually("the failure", || async {
                (stage.value(waiting).await == 0).then_some(())
            })
            .await;
            stage.are_due().await;
            tick(&program).await;
            let waiting = "SELECT count(*) FROM notify_delivery WHERE delivered_at IS NULL";
            eventually("the delivery", || async {
                (stage.value(waiting).await == 0).then_some(())
            })
            .await;
            let ids = ids(&stage.receiver.deliveries()[before..]);
            assert!(
                ids.len() >= 2 && ids.iter().all(|id| *id == ids[0]),
                "{ids:?}"
            );
            stage.mends().await;
            tick(&program).await;
        }
    });
}

#[test]
fn a_slow_receiver_delays_no_request_no_other_receiver_and_a_timer_call_by_seconds() {
    run(async {
        let stage = Stage::new().await;
        let other = Receiver::start().await;
        stage.receiver.reacts(Reaction::Stall);
        let start = stage.handler().set("NOTIFY_RECEIVERS", "other");
        let program = start.set("NOTIFY_URL_OTHER", &other.url).serving().await;
        tick(&program).await;
        stage.breaks().await;
        let begun = Instant::now();
        let call = async {
            tick(&program).await;
            begun.elapsed()
        };
        let requests = async {
            stage.receiver.received(1).await;
            let begun = Instant::now();
            assert_eq!(program.get("/item?limit=1").await.status, 200);
            other.received(1).await;
            begun.elapsed()
        };
        let (call, requests) = tokio::join!(call, requests);
        // The request to the receiver itself has ten seconds.
        assert!(call < Duration::from_secs(9), "{call:?}");
        assert!(requests < Duration::from_secs(4), "{requests:?}");
        let claims = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";
        assert_eq!(
            stage.value(claims).await,
            0,
            "no run waits for the receiver"
        );
    });
}

#[test]
fn a_wait_that_a_receiver_asks_for_is_kept() {
    run(async {
        let (stage, program) = Stage::failing("429 Too Many Requests\r\nRetry-After: 120").await;
        stage.receiver.received(1).await;
        let pause = "SELECT extract(epoch FROM next_attempt_at - now())::bigint
                       FROM notify_delivery";
        eventually("the pause", || async {
            (100..=120)
                .contains(&stage.value(pause).await)
                .then_some(())
        })
        .await;
        tick(&program).await;
        assert_eq!(stage.receiver.deliveries().len(), 1);
    });
}

#[test]
fn a_message_of_a_killed_process_is_sent_by_the_next_one() {
    run(async {
        let stage = Stage::new().await;
        stage.receiver.reacts(Reaction::Stall);
        let program = stage.serving().await;
        stage.breaks().await;
        let call = program.with_json(
            reqwest::Method::POST,
            "/item_housekeeping",
            &serde_json::json!({}),
        );
        let call = tokio::spawn(call.send());
        // The message is claimed and sent, and the result is not stored.
        stage.receiver.received(1).await;
        program.signal("KILL");
        let _ = call.await;
        stage.receiver.responds("200 OK");
        let next = stage.serving().await;
        tick(&next).await;
        assert_eq!(
            stage.receiver.deliveries().len(),
            1,
            "the lease has not ended"
        );
        stage.are_due().await;
        tick(&next).await;
        stage.delivered(1).await;
        let ids = ids(&stage.receiver.deliveries());
        assert_eq!((ids.len(), &ids[0]), (2, &ids[1]));
    });
}

#[test]
fn a_message_is_given_up_after_a_day_and_the_next_one_follows() {
    run(async {
        let (stage, program) = Stage::failing("500 Internal Server Error").await;
        attempts(&stage, 1).await;
        stage
            .execute("UPDATE notify_message SET created_at = now() - interval '24 hours'")
            .await;
        stage.are_due().await;
        tick(&program).await;
        let line = program
            .error_line(|line| line.contains("gave up the message"))
            .await;
        assert!(
            line.contains("item_housekeeping failed") && line.contains("500"),
            "{line}"
        );
        stage.recovers(&program).await;
        stage.delivered(1).await;
        let last = stage.receiver.deliveries().pop().expect("a delivery");
        assert_eq!(event(&last), "run ended");
    });
}

#[test]
fn a_rejected_message_does_not_delay_the_next_one_for_a_day() {
    run(async {
        let (stage, program) = Stage::failing("400 Bad Request").await;
        for number in 1..5 {
            attempts(&stage, number).await;
            stage.are_due().await;
            tick(&program).await;
        }
        let given_up = "SELECT count(given_up_at) FROM notify_delivery";
        eventually("the end of the attempts", || async {
            (stage.value(given_up).await == 1).then_some(())
        })
        .await;
        assert_eq!(stage.receiver.deliveries().len(), 5);
        stage.recovers(&program).await;
        stage.delivered(1).await;
    });
}
