//! One change at a time in a concurrency group: the node pools of one cluster.

use schedule::Size;

use super::stage::{DAY, Stage, report, tick, ticked, web};
use super::trouble::dies_while_it_changes;
use crate::fakes::{On, Trouble};
use crate::harness::run;

const NEXT: &str = "2026-11-24T08:05:00Z";

fn target(id: &str, name: &str) -> String {
    web(id, "").replace("target.web", &format!("target.{name}"))
}

/// A cluster with the pools `one` and `two`, which both should grow to 4.
async fn with_two_pools() -> Stage {
    let stage = Stage::new().await;
    let [one, two] = ["one", "two"].map(|name| target(&stage.azure.node_pool(name, 1), name));
    stage.write(&(one + &two));
    stage
}

/// The names of the pools that were read or written, from the call with this number on.
fn calls_from(stage: &Stage, first: usize) -> Vec<String> {
    let calls = stage.azure.calls().into_iter().skip(first);
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    calls
        .map(|call| format!("{} {}", call.method, name(&call.path)))
        .collect()
}

#[test]
fn a_lost_response_blocks_all_other_writes_of_the_group() {
    run(async {
        let stage = with_two_pools().await;
        stage.azure.fail_next(On::Write, Trouble::ResponseLost);
        let program = stage.program().await;
        let lost = ticked(&program, DAY, 500).await;
        assert_eq!(stage.azure.writes().len(), 1, "{lost}");
        assert!(
            lost.contains("two: should be 4") && lost.contains("change of one"),
            "{lost}"
        );
        let before = stage.azure.calls().len();
        ticked(&program, NEXT, 200).await;
        assert_eq!(
            calls_from(&stage, before)[0],
            "GET one",
            "it first reads the outcome of the write"
        );
        assert_eq!(stage.azure.size_of("two"), Size::One(4));
        assert_eq!(
            stage.changes().await,
            [
                "one 1 > 4 succeeded schedule",
                "two 1 > 4 succeeded schedule"
            ]
        );
    });
}

#[test]
fn a_group_is_blocked_until_the_outcome_of_its_write_is_read() {
    run(async {
        let stage = with_two_pools().await;
        stage.azure.fail_next(On::Write, Trouble::ResponseLost);
        let program = stage.program().await;
        tick(&program, DAY).await;
        let unavailable = Trouble::Status(503, "ServiceUnavailable");
        stage.azure.fail_next(On::Read, unavailable);
        let unread = tick(&program, NEXT).await;
        assert_eq!(stage.azure.writes().len(), 1, "{}", report(&unread));
        ticked(&program, "2026-11-24T08:10:00Z", 200).await;
        assert_eq!(stage.azure.size_of("two"), Size::One(4));
    });
}

#[test]
fn a_write_of_a_removed_target_still_blocks_its_group() {
    run(async {
        let stage = with_two_pools().await;
        stage.azure.hold_changes();
        stage.azure.fail_next(On::Write, Trouble::ResponseLost);
        let program = stage.program().await;
        tick(&program, DAY).await;
        let id = stage.azure.body_of("two")["id"].clone();
        stage.write(&target(id.as_str().unwrap_or_default(), "two"));
        let waiting = ticked(&program, NEXT, 200).await;
        assert_eq!(stage.azure.writes().len(), 1, "{waiting}");
        stage.azure.finish_changes();
        stage.azure.changes_take(1);
        ticked(&program, "2026-11-24T08:10:00Z", 200).await;
        assert_eq!(
            stage.changes().await,
            [
                "one 1 > 4 succeeded schedule",
                "two 1 > 4 succeeded schedule"
            ]
        );
    });
}

#[test]
fn a_write_that_may_still_arrive_stays_open() {
    run(async {
        let stage = with_two_pools().await;
        stage.azure.fail_next(On::Write, Trouble::Cut);
        let program = stage.program().await;
        tick(&program, DAY).await;
        let soon = ticked(&program, "2026-11-24T08:00:30Z", 200).await;
        assert_eq!(stage.azure.writes().len(), 1, "{soon}");
        assert_eq!(stage.changes().await, ["one 1 > 4 open schedule"]);
        ticked(&program, NEXT, 200).await;
        assert_eq!(
            stage.changes().await,
            [
                "one 1 > 4 failed schedule",
                "one 1 > 4 succeeded schedule",
                "two 1 > 4 succeeded schedule"
            ]
        );
    });
}

#[test]
fn pools_of_one_cluster_are_changed_one_after_another() {
    run(async {
        let stage = with_two_pools().await;
        stage.azure.hold_changes();
        dies_while_it_changes(&stage, "one").await;

        let second = stage.program().await;
        let waiting = ticked(&second, DAY, 200).await;
        assert!(waiting.contains("change of one"), "{waiting}");
        assert_eq!(stage.azure.writes().len(), 1);
    });
}
