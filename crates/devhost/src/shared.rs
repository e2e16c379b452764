//! The state that the tasks of one job host share.

use std::{
    collections::BTreeMap,
    ops::Deref,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use funcapp::{App, Fault, Function, Schedule, Settings};
use jiff::Timestamp;
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    call::{Framing, Recorded},
    client::Client,
    handler::{Handler, Order},
    log::{Journal, Level},
    options::{HostOptions, Keys, Limits},
    wire::Headers,
};

/// The app as one job host read it, its handler, and its work.
pub(crate) struct Shared {
    pub(crate) app: App,
    pub(crate) settings: Settings,
    pub(crate) journal: Journal,
    pub(crate) handler: Handler,
    pub(crate) client: Arc<Client>,
    pub(crate) keys: Option<Keys>,
    pub(crate) limits: Limits,
    pub(crate) framing: Framing,
    pub(crate) state: Option<PathBuf>,
    pub(crate) active: Vec<Function>,
    /// The functions that do not run because something is wrong with them.
    pub(crate) faults: Vec<Fault>,
    /// When each timer fires, the disabled ones among them: a manual run is possible.
    schedules: BTreeMap<String, Schedule>,
    /// The runs of the timers so far.
    pub(crate) runs: Mutex<BTreeMap<String, Recorded>>,
    /// When the job host was started.
    pub(crate) started: Timestamp,
    /// Lets running work end, and starts no other.
    pub(crate) stopping: CancellationToken,
    requests: watch::Sender<usize>,
}

/// A request that is under way, until this is dropped.
pub(crate) struct InFlight(Arc<Shared>);

/// functionTimeout of one invocation, until this is dropped.
pub(crate) struct Deadline {
    task: Option<JoinHandle<()>>,
    pub(crate) over: CancellationToken,
    /// The handler was killed because of this invocation.
    pub(crate) killed: CancellationToken,
}

impl Shared {
    pub(crate) fn new(
        app: App,
        settings: Settings,
        journal: Journal,
        handler: Handler,
        options: &HostOptions,
    ) -> Self {
        let faults = app.faults(&settings);
        let is_good = |function: &&Function| {
            faults
                .iter()
                .all(|fault| fault.function != function.name.as_str())
        };
        let schedule = |function: &Function| {
            Some((
                function.name.to_string(),
                function.schedule(&settings)?.ok()?,
            ))
        };
        Self {
            active: app.active(&settings).filter(is_good).cloned().collect(),
            schedules: app.functions.iter().filter_map(schedule).collect(),
            client: Client::new(handler.port),
            faults,
            journal,
            handler,
            keys: options.keys.clone(),
            limits: options.limits,
            framing: framing(&settings),
            state: options.state.clone(),
            runs: Mutex::default(),
            started: Timestamp::now(),
            stopping: CancellationToken::new(),
            requests: watch::Sender::new(0),
            app,
            settings,
        }
    }

    /// Begins a request; `None` once this job host stops.
    pub(crate) fn begin(self: Arc<Self>) -> Option<InFlight> {
        self.requests.send_modify(|count| *count += 1);
        let request = InFlight(self);
        (!request.stopping.is_cancelled()).then_some(request)
    }

    /// Returns when no request is under way, or after [`Limits::drain`].
    pub(crate) async fn requests_ended(&self) {
        let mut requests = self.requests.subscribe();
        let ended = requests.wait_for(|count| *count == 0);
        // The drain limit ends the other requests.
        let _ = tokio::time::timeout(self.limits.drain, ended).await;
    }

    /// The active function called `name`, in any case.
    pub(crate) fn function(&self, name: &str) -> Option<&Function> {
        let same = |function: &&Function| function.name.as_str().eq_ignore_ascii_case(name);
        self.active.iter().find(same)
    }

    /// The function called `name` that can be run manually, also a disabled one.
    pub(crate) fn runnable(&self, name: &str) -> Option<&Function> {
        self.app
            .function(name)
            .filter(|function| self.schedules.contains_key(function.name.as_str()))
    }

    /// The name of the function that is called `name` in any case, be it in error.
    pub(crate) fn known(&self, name: &str) -> Option<String> {
        let good = self
            .app
            .functions
            .iter()
            .map(|function| function.name.as_str());
        let faulty = self.faults.iter().map(|fault| fault.function.as_str());
        let mut all = good.chain(faulty);
        all.find(|known| known.eq_ignore_ascii_case(name))
            .map(str::to_owned)
    }

    pub(crate) fn is_in_error(&self, name: &str) -> bool {
        self.faults.iter().any(|fault| fault.function == name)
    }

    /// The schedule of the timer called `name`.
    pub(crate) fn schedule(&self, name: &str) -> Option<&Schedule> {
        self.schedules.get(name)
    }

    /// The runs of `name` so far.
    pub(crate) fn recorded(&self, name: &str) -> Option<Recorded> {
        self.runs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .copied()
    }

    /// Adds host.json's customHeaders, where the handler has not set them.
    pub(crate) fn fill_custom_headers(&self, headers: &mut Headers) {
        for (name, value) in &self.app.host.custom_headers {
            if headers.get(name).is_none() {
                headers.push(name.as_str(), value.as_str());
            }
        }
    }

    /// Starts functionTimeout for an invocation of `function`. When it is over, the invocation has
    /// failed; a moment later the handler is killed with everything else it was doing, and started
    /// again (`HttpFunctionInvocationDispatcher.cs`).
    pub(crate) fn deadline(self: &Arc<Self>, function: &str, invocation: &str) -> Deadline {
        let (over, killed) = (CancellationToken::new(), CancellationToken::new());
        let task = self.app.host.function_timeout.map(|timeout| {
            let shared = self.clone();
            let (over, killed) = (over.clone(), killed.clone());
            let (function, invocation) = (function.to_owned(), invocation.to_owned());
            tokio::spawn(async move {
                tokio::time::sleep(timeout).await;
                let text = format!(
                    "Timeout value of {timeout:?} (functionTimeout) exceeded by 'Functions.{function}'"
                );
                shared.journal.function(&function, &invocation, Level::Error, text);
                over.cancel();
                tokio::time::sleep(shared.limits.timeout_grace).await;
                let text = format!("killing the handler: {function} has not responded");
                shared.journal.host(Level::Error, text);
                shared.handler.order(Order::Restart).await;
                killed.cancel();
            })
        });
        Deadline { task, over, killed }
    }
}

impl Deref for InFlight {
    type Target = Arc<Shared>;

    fn deref(&self) -> &Arc<Shared> {
        &self.0
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.requests.send_modify(|count| *count -= 1);
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// Core Tools set this variable, and their host then sends a length.
fn framing(settings: &Settings) -> Framing {
    match settings.value("FUNCTIONS_CORETOOLS_ENVIRONMENT") {
        Some(_) => Framing::Length,
        None => Framing::Chunked,
    }
}
