//! Errors: each one is distinguished, and names the resource and the remedy.

use serde_json::json;

use super::*;
use crate::fakes::{CORRELATION, On, Trouble};

type Is = fn(&CallError) -> bool;

/// The error of a change that meets this, and its text.
async fn meets(azure: &ResourceManagerFake, id: &str, trouble: Trouble) -> (CallError, String) {
    let change = decide(azure, id, Size::One(4)).await;
    azure.fail_next(On::Write, trouble);
    let applied = resource(id).apply(&azure.manager(), &change, soon()).await;
    checked(id, applied.expect_err("it fails"))
}

/// Checks the form of an error.
fn checked(id: &str, error: CallError) -> (CallError, String) {
    let text = error.to_string();
    assert!(text.contains(id), "{text}");
    assert!(!format!("{error} {error:?}").contains(SECRET), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    (error, text)
}

#[test]
fn errors_of_azure_are_distinguished() {
    with_azure(async |azure| {
        let id = azure.node_pool("web", 1);
        let cases: [(Trouble, Is, &str); 10] = [
            (
                Trouble::Busy,
                |it| matches!(it.kind, CallErrorKind::Busy(_)),
                "OperationNotAllowed: Operation is not allowed: Another operation",
            ),
            (
                Trouble::EtagMismatch,
                |it| matches!(it.kind, CallErrorKind::Changed),
                "read it and decide again",
            ),
            (
                Trouble::PreconditionFailed,
                |it| matches!(it.kind, CallErrorKind::Changed),
                "read it and decide again",
            ),
            (
                Trouble::Denied,
                |it| matches!(it.kind, CallErrorKind::Denied { .. }),
                "action Microsoft.ContainerService/managedClusters/agentPools/write",
            ),
            (
                Trouble::Status(404, "ResourceGroupNotFound"),
                |it| matches!(it.kind, CallErrorKind::Missing(_)),
                "ResourceGroupNotFound",
            ),
            (
                Trouble::Status(400, "QuotaExceeded"),
                |it| matches!(it.kind, CallErrorKind::Rejected { status: 400, .. }),
                "400 QuotaExceeded: The test requested this error.",
            ),
            (
                Trouble::QuotaExceeded,
                |it| matches!(it.kind, CallErrorKind::Rejected { status: 409, .. }),
                "Current Limit: 10",
            ),
            (
                Trouble::Status(409, "ScopeLocked"),
                |it| matches!(it.kind, CallErrorKind::Rejected { status: 409, .. }),
                "409 ScopeLocked",
            ),
            (
                Trouble::Status(500, "InternalServerError"),
                |it| matches!(it.kind, CallErrorKind::Unavailable(_)),
                "500 InternalServerError",
            ),
            (
                Trouble::Status(408, "Timeout"),
                |it| matches!(it.kind, CallErrorKind::Unavailable(_)),
                "408 Timeout",
            ),
        ];
        for (trouble, is, hint) in cases {
            let (error, text) = meets(&azure, &id, trouble).await;
            assert!(is(&error), "{error:?}");
            assert!(text.contains(hint), "{text}");
            assert!(text.contains(CORRELATION), "{text}");
        }
        assert_eq!(azure.writes().len(), 10, "there were no retries");
        assert_eq!(azure.size_of("web"), Size::One(1));
    });
}

#[test]
fn a_deleted_resource_is_missing() {
    with_azure(async |azure| {
        let id = azure.scale_set("web", 1);
        let change = decide(&azure, &id, Size::One(4)).await;
        azure.remove("web");
        let error = observe(&azure, &id).await.expect_err("it is gone");
        assert!(matches!(error.kind, CallErrorKind::Missing(_)), "{error}");
        let applied = resource(&id)
            .apply(&azure.manager(), &change, later())
            .await;
        let (error, text) = checked(&id, applied.expect_err("it is gone"));
        assert!(matches!(error.kind, CallErrorKind::Missing(_)), "{error}");
        assert!(text.contains("ResourceNotFound"), "{text}");
    });
}

#[test]
fn a_change_by_another_party_is_not_overwritten() {
    with_azure(async |azure| {
        for id in [azure.node_pool("pool", 1), azure.scale_set("set", 1)] {
            let name = resource(&id).name().to_owned();
            let change = decide(&azure, &id, Size::One(4)).await;
            azure.set_size(&name, Size::One(2));
            let applied = resource(&id)
                .apply(&azure.manager(), &change, later())
                .await;
            let (error, _) = checked(&id, applied.expect_err("it was changed"));
            assert!(matches!(error.kind, CallErrorKind::Changed), "{error}");
            assert_eq!(azure.size_of(&name), Size::One(2));
        }
    });
}

#[test]
fn two_pools_of_one_cluster_cannot_be_changed_at_once() {
    with_azure(async |azure| {
        let (web, batch) = (azure.node_pool("web", 1), azure.node_pool("batch", 1));
        azure.hold_changes();
        let applied = resize(&azure, &web, Size::One(4), soon()).await;
        assert_under_way(&applied);
        let applied = resize(&azure, &batch, Size::One(4), soon()).await;
        let (error, _) = checked(&batch, applied.expect_err("the cluster is busy"));
        assert!(matches!(error.kind, CallErrorKind::Busy(_)), "{error}");
    });
}

#[test]
fn rejections_have_azures_message() {
    with_azure(async |azure| {
        let id = azure.node_pool("web", 1);
        let applied = resize(&azure, &id, Size::One(5000), later()).await;
        let (error, text) = checked(&id, applied.expect_err("too many"));
        assert!(
            matches!(error.kind, CallErrorKind::Rejected { .. }),
            "{error}"
        );
        assert!(
            text.contains("InvalidParameter: The value of parameter"),
            "{text}"
        );
    });
}

#[test]
fn waits_that_fit_before_the_deadline_are_kept() {
    with_azure(async |azure| {
        let id = azure.scale_set("web", 1);
        for on in [On::Read, On::Write, On::Poll] {
            azure.fail_next(on, Trouble::Throttled(1));
        }
        let begun = Instant::now();
        let applied = resize(&azure, &id, Size::One(4), later()).await;
        assert_eq!(applied, Ok(Applied::Settled));
        assert!(
            begun.elapsed() >= Duration::from_secs(3),
            "{:?}",
            begun.elapsed()
        );
    });
}

#[test]
fn waits_beyond_the_deadline_are_errors() {
    with_azure(async |azure| {
        let id = azure.scale_set("web", 1);
        for (wait, deadline) in [(1, soon()), (600, later())] {
            azure.fail_next(On::Read, Trouble::Throttled(wait));
            let read = resource(&id).observe(&azure.manager(), deadline).await;
            let Err(ObserveError::Call(error)) = read else {
                panic!("{read:?}");
            };
            let (error, text) = checked(&id, error);
            let expected = Duration::from_secs(wait);
            assert!(matches!(error.kind, CallErrorKind::Throttled(wait) if wait == expected));
            assert!(text.contains(&format!("{wait} s")), "{text}");
        }
        assert_eq!(azure.calls().len(), 2);
    });
}

#[test]
fn waits_are_cut_to_an_hour() {
    with_azure(async |azure| {
        let id = azure.scale_set("web", 1);
        for wait in [3601, u64::MAX] {
            azure.fail_next(On::Read, Trouble::Throttled(wait));
            let error = observe(&azure, &id).await.expect_err("it waits too long");
            let hour = Duration::from_hours(1);
            assert!(matches!(error.kind, CallErrorKind::Throttled(wait) if wait == hour));
        }
        azure.hold_changes();
        azure.retry_after(Some(u64::MAX));
        let applied = resize(&azure, &id, Size::One(4), later()).await;
        assert_under_way(&applied);
    });
}

#[test]
fn a_page_is_not_a_response_of_azure() {
    with_azure(async |azure| {
        let id = azure.scale_set("web", 1);
        for status in [200, 202] {
            let (error, text) = meets(&azure, &id, Trouble::Page(status)).await;
            assert!(
                matches!(error.kind, CallErrorKind::Unavailable(_)),
                "{error}"
            );
            assert!(text.contains("not a JSON object"), "{text}");
        }
        azure.fail_next(On::Read, Trouble::Page(200));
        let error = observe(&azure, &id).await.expect_err("it is a page");
        assert!(
            matches!(error.kind, CallErrorKind::Unavailable(_)),
            "{error}"
        );
        // A poll that meets one is repeated.
        azure.retry_after(Some(0));
        azure.fail_next(On::Poll, Trouble::Page(200));
        let applied = resize(&azure, &id, Size::One(4), later()).await;
        assert_eq!(applied, Ok(Applied::Settled));
        assert!(!azure.is_changing("web"));
    });
}

#[test]
fn requests_name_the_program_and_have_an_id_each() {
    with_azure(async |azure| {
        let id = azure.scale_set("web", 1);
        let applied = resize(&azure, &id, Size::One(4), later()).await;
        assert_eq!(applied, Ok(Applied::Settled));
        let calls = azure.calls();
        let agent = concat!("magnusapi/", env!("CARGO_PKG_VERSION"));
        assert!(
            calls.iter().all(|call| call.user_agent == agent),
            "{calls:?}"
        );
        let mut ids: Vec<_> = calls.iter().map(|it| &it.client_request_id).collect();
        assert!(
            ids.iter().all(|id| id.parse::<uuid::Uuid>().is_ok()),
            "{ids:?}"
        );
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), calls.len());
    });
}

#[test]
fn a_missing_response_ends_with_the_deadline() {
    with_azure(async |azure| {
        let id = azure.scale_set("web", 1);
        let begun = Instant::now();
        let (error, text) = meets(&azure, &id, Trouble::Silence).await;
        assert!(
            matches!(error.kind, CallErrorKind::Unavailable(_)),
            "{error}"
        );
        assert!(text.contains("no response within"), "{text}");
        let sent = azure.writes().pop().expect("it was sent");
        assert!(text.contains(&sent.client_request_id), "{text}");
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "{:?}",
            begun.elapsed()
        );
    });
}

#[test]
fn a_broken_connection_is_a_missing_response() {
    with_azure(async |azure| {
        let id = azure.scale_set("web", 1);
        let (error, _) = meets(&azure, &id, Trouble::Cut).await;
        assert!(
            matches!(error.kind, CallErrorKind::Unavailable(_)),
            "{error}"
        );
    });
}

#[test]
fn no_request_is_sent_after_the_deadline() {
    with_azure(async |azure| {
        let id = azure.scale_set("web", 1);
        let read = resource(&id)
            .observe(&azure.manager(), Instant::now())
            .await;
        let Err(ObserveError::Call(error)) = read else {
            panic!("{read:?}");
        };
        let (_, text) = checked(&id, error);
        assert!(text.contains("ended before the request"), "{text}");
        assert!(azure.calls().is_empty());
    });
}

#[test]
fn a_response_without_a_size_is_an_error() {
    with_azure(async |azure| {
        let id = azure.scale_set("web", 1);
        azure.edit("web", |body| *body = json!({}));
        let read = resource(&id).observe(&azure.manager(), later()).await;
        let error = read.expect_err("there is no size").to_string();
        assert!(error.contains("no sku.capacity"), "{error}");
    });
}

#[test]
fn a_server_that_is_not_trusted_gets_no_token() {
    with_azure(async |azure| {
        let id = azure.scale_set("web", 1);
        let other = ResourceManagerFake::untrusted().await;
        other.scale_set("web", 1);
        let read = resource(&id).observe(&other.manager(), later()).await;
        let Err(ObserveError::Call(error)) = read else {
            panic!("{read:?}");
        };
        let (error, text) = checked(&id, error);
        assert!(
            matches!(error.kind, CallErrorKind::Unavailable(_)),
            "{error}"
        );
        assert!(text.contains("certificate"), "{text}");
        assert!(other.calls().is_empty());
    });
}
