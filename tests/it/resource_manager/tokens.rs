//! Tokens: their audience, their end, and their secrecy.

use std::env;

use magnusapi::azure::resource_manager::Base;

use super::*;
use crate::fakes::{On, Trouble};

/// The resource's id, for a process that acts as the app.
const RESOURCE: &str = "MAGNUSAPI_TEST_RESOURCE";

#[test]
fn a_token_that_ends_between_two_polls_is_replaced() {
    with_azure(async |azure| {
        let id = azure.scale_set("web", 1);
        azure.changes_take(3);
        azure.fail_next(On::Poll, Trouble::None);
        azure.fail_next(On::Poll, Trouble::TokenEnds);
        let applied = resize(&azure, &id, Size::One(4), later()).await;
        assert_eq!(applied, Ok(Applied::Settled));
        // The read, the change, and the polls, of which one failed.
        let statuses: Vec<u16> = azure.calls().iter().map(|it| it.status).collect();
        assert_eq!(statuses, [200, 200, 200, 401, 200, 200]);
    });
}

#[test]
fn a_change_whose_token_ends_on_the_way_is_requested_once() {
    with_azure(async |azure| {
        let id = azure.scale_set("web", 1);
        azure.fail_next(On::Write, Trouble::TokenEnds);
        let applied = resize(&azure, &id, Size::One(4), later()).await;
        assert_eq!(applied, Ok(Applied::Settled));
        let statuses: Vec<u16> = azure.writes().iter().map(|it| it.status).collect();
        assert_eq!(statuses, [401, 200]);
    });
}

#[test]
fn a_token_for_something_else_is_denied() {
    with_azure(async |azure| {
        let id = azure.scale_set("web", 1);
        azure.tokens_are_for("https://storage.azure.com");
        let error = observe(&azure, &id).await.expect_err("another audience");
        assert!(
            matches!(error.kind, CallErrorKind::Denied { .. }),
            "{error}"
        );
        let text = error.to_string();
        assert!(
            text.contains("401 InvalidAuthenticationTokenAudience"),
            "{text}"
        );
        assert!(
            text.contains("Microsoft.Compute/virtualMachineScaleSets/read"),
            "{text}"
        );
        assert_eq!(azure.calls().len(), 1);
    });
}

#[test]
fn a_token_in_a_response_is_not_in_the_error() {
    with_azure(async |azure| {
        let id = azure.scale_set("web", 1);
        for status in [400, 403, 404, 409, 500] {
            azure.fail_next(On::Read, Trouble::Echo(status));
            let error = observe(&azure, &id).await.expect_err("it is asked to");
            let text = format!("{error} {error:?}");
            assert!(text.contains("you sent Bearer …"), "{text}");
            assert!(!text.contains(SECRET), "{text}");
        }
    });
}

/// The other tests have an identity of their own; this one uses the platform's.
#[test]
fn one_token_of_the_apps_identity_serves_every_call() {
    if let Ok(id) = env::var(RESOURCE) {
        return run(async { resize_as_the_app(&id).await });
    }
    run(async {
        let azure = ResourceManagerFake::start().await;
        let id = azure.scale_set("web", 1);
        let test = "resource_manager::tokens::one_token_of_the_apps_identity_serves_every_call";
        as_the_app(&azure, test, id).await;
        let asked = azure.identity.asked();
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert_eq!(azure.size_of("web"), Size::One(4));
    });
}

#[test]
fn a_token_near_its_end_is_replaced_before_each_call() {
    if let Ok(id) = env::var(RESOURCE) {
        return run(async { resize_as_the_app(&id).await });
    }
    run(async {
        let azure = ResourceManagerFake::start().await;
        azure.tokens_last(Duration::from_mins(1));
        let id = azure.scale_set("web", 1);
        let test = "resource_manager::tokens::a_token_near_its_end_is_replaced_before_each_call";
        as_the_app(&azure, test, id).await;
        assert_eq!(azure.identity.asked().len(), azure.calls().len());
        assert_eq!(azure.size_of("web"), Size::One(4));
    });
}

/// Runs the test in a process that has the app's identity.
async fn as_the_app(azure: &ResourceManagerFake, test: &str, id: String) {
    let mut itself = alone(test);
    itself.envs(azure.variables()).env(RESOURCE, id);
    let running = tokio::task::spawn_blocking(move || assert_passes(&mut itself));
    running.await.expect("it passes");
}

async fn resize_as_the_app(id: &str) {
    let base = env::var("SCALE_RESOURCE_MANAGER").expect("it is set");
    let manager = ResourceManager::new(base.parse().expect("an address"));
    let manager = manager.expect("roots of trust");
    let observed = resource(id).observe(&manager, later()).await;
    let observed = observed.expect("it can be read");
    let change = resource(id)
        .change(&observed, Size::One(4))
        .expect("it fits");
    let applied = resource(id).apply(&manager, &change, later()).await;
    assert_eq!(applied, Ok(Applied::Settled));
}

#[test]
fn without_a_token_the_error_names_the_identity() {
    if let Ok(id) = env::var(RESOURCE) {
        return run(async {
            let manager = ResourceManager::new(Base::default());
            let manager = manager.expect("roots of trust");
            let read = resource(&id).observe(&manager, later()).await;
            let error = read.expect_err("there is no token");
            let expected = matches!(&error, ObserveError::Call(it) if matches!(it.kind, CallErrorKind::NoToken(_)));
            assert!(expected, "{error}");
            let text = error.to_string();
            assert!(
                text.contains("has not been assigned") && text.contains(&id),
                "{text}"
            );
        });
    }
    run(async {
        let azure = ResourceManagerFake::start().await;
        azure.identity.refuse();
        let id = azure.scale_set("web", 1);
        let test = "resource_manager::tokens::without_a_token_the_error_names_the_identity";
        as_the_app(&azure, test, id).await;
        assert!(azure.calls().is_empty());
    });
}
