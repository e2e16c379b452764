//! What the tasks of one host share.

use std::{collections::BTreeMap, path::PathBuf};

use funcapp::{App, Function, Schedule, Settings};
use hyper::HeaderMap;

use crate::{
    call::Framing,
    client::{self, HandlerClient},
    handler::{Handler, Order},
    log::{Journal, Level},
    options::{HostOptions, Keys},
};

/// What all tasks of a host need.
pub(crate) struct Shared {
    pub(crate) app: App,
    pub(crate) settings: Settings,
    /// What host.json puts on every response.
    pub(crate) custom_headers: HeaderMap,
    pub(crate) journal: Journal,
    pub(crate) handler: Handler,
    /// Tries again while the handler refuses connections.
    pub(crate) proxy_client: HandlerClient,
    /// Takes the first refusal for an answer.
    pub(crate) plain_client: HandlerClient,
    pub(crate) enable_auth: bool,
    pub(crate) keys: Keys,
    pub(crate) framing: Framing,
    pub(crate) state: Option<PathBuf>,
    /// The functions that run.
    pub(crate) active: Vec<Function>,
    /// When each active timer fires.
    pub(crate) schedules: BTreeMap<String, Schedule>,
}

impl Shared {
    pub(crate) fn new(
        app: App,
        settings: Settings,
        schedules: BTreeMap<String, Schedule>,
        custom_headers: HeaderMap,
        journal: Journal,
        handler: Handler,
        options: &HostOptions,
    ) -> Self {
        Self {
            active: app
                .active(&settings)
                .filter(|function| {
                    function.timer().is_none() || schedules.contains_key(function.name.as_str())
                })
                .cloned()
                .collect(),
            custom_headers,
            journal,
            handler,
            proxy_client: client::connecting_patiently(),
            plain_client: client::connecting_once(),
            enable_auth: options.enable_auth,
            keys: options.keys.clone(),
            framing: options.framing,
            state: options.state.clone(),
            schedules,
            app,
            settings,
        }
    }

    /// The active function called `name`, in any case.
    pub(crate) fn function(&self, name: &str) -> Option<&Function> {
        self.active
            .iter()
            .find(|function| function.name.as_str().eq_ignore_ascii_case(name))
    }

    /// The schedule of the active timer called `name`.
    pub(crate) fn schedule(&self, name: &str) -> Option<&Schedule> {
        self.schedules.get(name)
    }

    /// What `invocation` gives, if it ends in time. Otherwise the handler is killed, with
    /// everything else it was doing, and started again (`HttpFunctionInvocationDispatcher.cs`).
    pub(crate) async fn within_function_timeout<T>(
        &self,
        invocation: impl Future<Output = T>,
    ) -> Result<T, String> {
        let Some(timeout) = self.app.host.function_timeout else {
            return Ok(invocation.await);
        };
        if let Ok(done) = tokio::time::timeout(timeout, invocation).await {
            return Ok(done);
        }
        let text = format!("functionTimeout of {timeout:?} is over; killing the handler");
        self.journal.host(Level::Error, text.clone());
        self.handler.order(Order::Restart).await;
        Err(text)
    }
}
