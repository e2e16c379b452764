//! Drift: a change by another party.

use schedule::Size;

use super::stage::{DAY, EVENING, Stage, health, tick, ticked};
use crate::harness::run;

#[test]
fn the_size_after_a_failed_change_is_not_drift() {
    run(async {
        let stage = Stage::with_web(1).await;
        let program = stage.program().await;
        tick(&program, DAY).await;
        stage.azure.fail_changes("InternalExecutionError");
        ticked(&program, EVENING, 500).await;
        stage.azure.set_size("web", Size::One(2));
        stage.azure.changes_succeed();
        ticked(&program, "2026-11-25T08:00:00Z", 200).await;
        assert_eq!(
            stage.changes().await,
            [
                "web 1 > 4 succeeded schedule",
                "web 4 > 1 failed schedule",
                "web 2 > 4 succeeded schedule"
            ]
        );
        assert!(health(&program, "scale:drift").await.is_null());
    });
}
