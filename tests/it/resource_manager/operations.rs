//! Long changes, with each monitor.

use super::*;
use crate::fakes::{CORRELATION, On, Trouble, Watch};

const WAYS: [Watch; 3] = [Watch::Operation, Watch::Location, Watch::State];

/// The paths that were read after the change was requested.
fn polls(azure: &ResourceManagerFake) -> Vec<String> {
    let calls = azure.calls().into_iter();
    let after = calls.skip_while(|call| call.method == "GET").skip(1);
    after.map(|call| call.path).collect()
}

#[test]
fn a_change_is_followed_to_its_end_with_each_monitor() {
    with_azure(async |azure| {
        azure.changes_take(3);
        for (way, name, part) in [
            (Watch::Operation, "a", "/operations/status0"),
            (Watch::Location, "b", "/operations/result1"),
            (Watch::State, "c", "/virtualMachineScaleSets/c"),
        ] {
            let id = azure.scale_set(name, 1);
            azure.watch_by(way);
            let applied = resize(&azure, &id, Size::One(4), later()).await;
            assert_eq!(applied, Ok(Applied::Settled), "{way:?}");
            assert!(!azure.is_changing(name));
            let polls = polls(&azure);
            let polls = &polls[polls.len() - 3..];
            assert!(polls.iter().all(|path| path.ends_with(part)), "{polls:?}");
        }
    });
}

#[test]
fn a_location_of_the_resource_itself_is_polled_until_it_is_done() {
    with_azure(async |azure| {
        let id = azure.scale_set("web", 1);
        azure.changes_take(3);
        azure.watch_by(Watch::State);
        let link = format!("{}{id}?api-version=2026-04-01", azure.url);
        azure.fail_next(On::Write, Trouble::Link("location", link));
        let applied = resize(&azure, &id, Size::One(4), later()).await;
        assert_eq!(applied, Ok(Applied::Settled));
        assert!(!azure.is_changing("web"));
    });
}

#[test]
fn a_change_that_is_done_at_once_is_not_polled() {
    with_azure(async |azure| {
        azure.changes_take(0);
        for id in [azure.scale_set("set", 1), azure.flex_app("app", 1, 40)] {
            let applied = resize(&azure, &id, Size::One(4), later()).await;
            assert_eq!(applied, Ok(Applied::Settled));
        }
        assert_eq!(azure.calls().len(), 4);
    });
}

#[test]
fn a_failed_change_has_its_reason_with_each_monitor() {
    with_azure(async |azure| {
        azure.fail_changes("QuotaExceeded");
        for (way, name) in WAYS.into_iter().zip(["a", "b", "c"]) {
            let id = azure.pool_of(name, name, Size::One(1));
            azure.watch_by(way);
            let applied = resize(&azure, &id, Size::One(4), later()).await;
            let error = applied.expect_err("it fails");
            let expected =
                matches!(&error.kind, CallErrorKind::Failed(it) if it.code == "QuotaExceeded");
            let expected = expected && *error.resource == *id;
            assert!(expected, "{way:?}: {error:?}");
            let text = error.to_string();
            assert!(
                text.contains("did not finish it")
                    && text.contains("The test requested this failure."),
                "{text}"
            );
            assert!(text.contains(CORRELATION), "{text}");
            let observed = observe(&azure, &id).await.expect("it can be read");
            assert_eq!(observed.size, Size::One(1));
            assert_eq!(
                observed.state,
                State::Failed("Failed: QuotaExceeded".to_owned())
            );
        }
    });
}

#[test]
fn a_failed_resource_can_be_changed_again() {
    with_azure(async |azure| {
        let id = azure.node_pool("web", 1);
        azure.edit("web", |body| {
            body["properties"]["provisioningState"] = "Failed".into();
        });
        let applied = resize(&azure, &id, Size::One(4), later()).await;
        assert_eq!(applied, Ok(Applied::Settled));
        assert_eq!(azure.size_of("web"), Size::One(4));
    });
}

#[test]
fn a_change_that_outlasts_the_deadline_is_under_way() {
    with_azure(async |azure| {
        azure.hold_changes();
        for (way, name) in WAYS.into_iter().zip(["a", "b", "c"]) {
            let id = azure.scale_set(name, 1);
            azure.watch_by(way);
            let begun = Instant::now();
            let applied = resize(&azure, &id, Size::One(4), soon()).await;
            assert_under_way(&applied);
            assert!(
                begun.elapsed() < Duration::from_secs(5),
                "{:?}",
                begun.elapsed()
            );
            assert!(azure.is_changing(name));
        }
    });
}

#[test]
fn no_pause_is_begun_that_would_end_after_the_deadline() {
    with_azure(async |azure| {
        azure.hold_changes();
        azure.retry_after(Some(600));
        let id = azure.scale_set("web", 1);
        let begun = Instant::now();
        let applied = resize(&azure, &id, Size::One(4), later()).await;
        assert_under_way(&applied);
        assert!(begun.elapsed() < TIMEOUT / 2, "{:?}", begun.elapsed());
        assert!(polls(&azure).is_empty());
    });
}

#[test]
fn a_failed_poll_does_not_fail_the_change() {
    with_azure(async |azure| {
        for (name, trouble) in [
            ("cut", Trouble::Cut),
            ("broken", Trouble::Status(503, "ServiceUnavailable")),
        ] {
            let id = azure.scale_set(name, 1);
            azure.fail_next(On::Poll, trouble);
            let applied = resize(&azure, &id, Size::One(4), later()).await;
            assert_eq!(applied, Ok(Applied::Settled), "{name}");
        }
        let id = azure.scale_set("silent", 1);
        azure.fail_next(On::Poll, Trouble::Silence);
        let applied = resize(&azure, &id, Size::One(4), soon()).await;
        assert_under_way(&applied);
    });
}

#[test]
fn without_a_readable_link_the_resource_is_polled() {
    with_azure(async |azure| {
        for (name, trouble) in [
            ("denied", Trouble::Denied),
            ("missing", Trouble::Status(404, "NotFound")),
        ] {
            let id = azure.scale_set(name, 1);
            azure.changes_take(2);
            azure.fail_always(On::Poll, trouble);
            azure.retry_after(Some(0));
            let applied = resize(&azure, &id, Size::One(4), later()).await;
            assert_eq!(applied, Ok(Applied::Settled), "{name}");
            let last = polls(&azure).pop().expect("it was polled");
            assert!(last.ends_with(name), "{last}");
        }
    });
}

#[test]
fn an_accepted_change_that_cannot_be_polled_is_under_way() {
    with_azure(async |azure| {
        let id = azure.scale_set("web", 1);
        let change = decide(&azure, &id, Size::One(4)).await;
        azure.hold_changes();
        azure.watch_by(Watch::State);
        azure.fail_next(On::Read, Trouble::Denied);
        let applied = resource(&id)
            .apply(&azure.manager(), &change, later())
            .await;
        assert_under_way(&applied);
    });
}

#[test]
fn an_app_without_a_readable_link_is_under_way() {
    with_azure(async |azure| {
        let id = azure.flex_app("web", 1, 40);
        azure.hold_changes();
        azure.fail_always(On::Poll, Trouble::Denied);
        let applied = resize(&azure, &id, Size::One(4), later()).await;
        assert_under_way(&applied);
    });
}

#[test]
fn a_resource_that_is_deleted_during_its_change_is_missing() {
    with_azure(async |azure| {
        let id = azure.elastic_plan("web", 1, 10);
        let change = decide(&azure, &id, Size::One(4)).await;
        azure.hold_changes();
        let manager = azure.manager();
        let resource = resource(&id);
        let applying = resource.apply(&manager, &change, later());
        let deleting = async {
            while azure.writes().is_empty() {
                tokio::task::yield_now().await;
            }
            azure.remove("web");
        };
        let (applied, ()) = tokio::join!(applying, deleting);
        let error = applied.expect_err("it is gone");
        assert!(matches!(error.kind, CallErrorKind::Missing(_)), "{error}");
    });
}

#[test]
fn links_to_other_hosts_are_not_followed() {
    with_azure(async |azure| {
        let elsewhere = ResourceManagerFake::start().await;
        for (name, link) in [
            ("port", format!("{}/operations/status0", elsewhere.url)),
            (
                "host",
                "https://elsewhere.invalid/operations/status0".to_owned(),
            ),
            (
                "clear",
                azure.url.replace("https", "http") + "/operations/status0",
            ),
        ] {
            let id = azure.scale_set(name, 1);
            // Then the resource is polled: without this link there is no `Location` either.
            azure.watch_by(Watch::State);
            azure.fail_next(On::Write, Trouble::Link("azure-asyncoperation", link));
            let applied = resize(&azure, &id, Size::One(4), later()).await;
            assert_eq!(applied, Ok(Applied::Settled), "{name}");
        }
        assert!(elsewhere.calls().is_empty());
    });
}

#[test]
fn no_redirect_is_followed() {
    with_azure(async |azure| {
        let elsewhere = ResourceManagerFake::start().await;
        let id = azure.scale_set("web", 1);
        azure.fail_next(On::Read, Trouble::Redirect(elsewhere.url.clone() + &id));
        let error = observe(&azure, &id).await.expect_err("it leads elsewhere");
        assert!(
            matches!(error.kind, CallErrorKind::Unavailable(_)),
            "{error}"
        );
        assert!(error.to_string().contains("307"), "{error}");
        assert!(elsewhere.calls().is_empty());
    });
}
