//! The sizes in `/metrics`.

use serde_json::json;

use super::stage::Stage;
use crate::harness::{Program, run};
use crate::metrics::{Series, monitored};

async fn tick(program: &Program) {
    let ticked = program.post("/scale", &json!({})).await;
    assert_eq!(ticked.status, 200, "{ticked:?}");
}

#[test]
fn desired_and_actual_sizes_holds_and_changes_are_series() {
    run(async {
        let stage = Stage::with_web(2).await;
        let program = stage.program().await;
        let read = async || Series::of(&program.get("/metrics").await);
        let before = read().await;
        let size = |series: &Series, name: &str| {
            let labels = [("target", "web"), ("bound", "min")];
            series.value(&format!("magnusapi_scale_{name}_instances"), &labels)
        };
        assert!(size(&before, "desired").is_some());
        assert_eq!(size(&before, "actual"), None);
        // A tick names a target that it changed, and counts one in place.
        for _ in 0..2 {
            tick(&program).await;
            let after = read().await;
            assert_eq!(size(&after, "actual"), size(&after, "desired"));
            let changes = [("target", "web"), ("outcome", "succeeded")];
            let changes = after.value("magnusapi_scale_day_changes", &changes);
            assert_eq!(changes, Some(1.0));
        }
        let until = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
        let request = json!({"target": "web", "size": 3, "until": until.to_string(),
                          "reason": "release", "by": "ann"});
        let created = program.post("/scale/hold", &request).await;
        assert_eq!(created.status, 201, "{created:?}");
        let after = read().await;
        assert_eq!(
            after.value("magnusapi_scale_holds", &[("target", "web")]),
            Some(1.0)
        );
        assert_eq!(size(&after, "desired"), Some(3.0));
        let names = after.names();
        let mut sizes = monitored().into_iter();
        let unknown = sizes.find(|it| it.starts_with("magnusapi_scale_") && !names.contains(it));
        assert_eq!(unknown, None, "alert rules or the dashboard name it");
    });
}
