//! Job hosts: each reads the app's files once, and has its own handler and timers. A change of the files starts another.

use std::sync::Arc;

use funcapp::{App, Settings};
use tokio::{sync::Mutex, task::JoinSet};

use crate::{
    files::{Change, Files},
    handler::{HostFailure, Launch, Order, Supervisor, free_port},
    log::{Journal, Level},
    options::HostOptions,
    shared::Shared,
    site::Site,
    timer,
};

/// The reason for which a host does not start, and the remedy.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(pub(crate) String);

impl From<funcapp::Error> for StartError {
    fn from(error: funcapp::Error) -> Self {
        Self(error.to_string())
    }
}

/// One reading of the app. Dropping it kills its handler.
pub(crate) struct JobHost {
    shared: Arc<Shared>,
    /// The owner of the handler's process.
    supervisor: JoinSet<()>,
    timers: JoinSet<()>,
}

/// The job hosts of one host: the current one, and those that let their work end.
pub(crate) struct Jobs {
    options: HostOptions,
    /// `None` while the app's files are broken.
    current: Option<JobHost>,
    leaving: JoinSet<()>,
}

impl JobHost {
    /// Reads the app and starts its handler. Its timers wait for [`JobHost::run`].
    pub(crate) fn start(options: &HostOptions, journal: &Journal) -> Result<Self, StartError> {
        let folder = &options.app_folder;
        let settings = Settings::read(folder)?
            .overlaid(options.environment.clone())
            .overlaid(options.settings.clone());
        let app = App::read(folder, &settings)?;
        if app.active(&settings).next().is_none() {
            return Err(StartError(format!(
                "{} has no active function; each needs a folder with a function.json beside host.json",
                folder.display()
            )));
        }
        let journal = journal.with_levels(app.host.log_levels.clone());
        let supervisor = supervisor(options, &app, &settings, journal.clone())?;
        let (handler, keep_running) = supervisor.supervise();
        let shared = Arc::new(Shared::new(app, settings, journal, handler, options));
        for fault in &shared.faults {
            let text = format!("The '{}' function is in error: {fault}", fault.function);
            shared.journal.host(Level::Error, text);
        }
        let mut supervisor = JoinSet::new();
        supervisor.spawn(keep_running);
        Ok(Self {
            shared,
            supervisor,
            timers: JoinSet::new(),
        })
    }

    pub(crate) fn shared(&self) -> Arc<Shared> {
        self.shared.clone()
    }

    /// Starts the timers, and reports the end of the handler to `site`.
    fn run(&mut self, timers: bool, site: &Arc<Site>) {
        let scheduled = self.shared.active.iter();
        for function in scheduled.filter(|function| timers && function.timer().is_some()) {
            self.timers.spawn(timer::run_by_schedule(
                self.shared.clone(),
                function.clone(),
            ));
        }
        self.supervisor
            .spawn(report_failure(self.shared.clone(), site.clone()));
    }

    /// Waits for running work, and kills the handler.
    async fn drain(mut self) {
        self.shared.stopping.cancel();
        let runs = async { while self.timers.join_next().await.is_some() {} };
        tokio::join!(runs, self.shared.requests_ended());
        self.shutdown().await;
    }

    /// Kills the handler at once.
    async fn shutdown(mut self) {
        self.shared.stopping.cancel();
        let gone = HostFailure::gone();
        self.shared.handler.order(Order::Stop(gone)).await;
        self.timers.shutdown().await;
        self.supervisor.shutdown().await;
    }
}

impl Jobs {
    /// The jobs of the host `site`, of which `first` is the first one.
    pub(crate) fn new(options: HostOptions, mut first: JobHost, site: &Arc<Site>) -> Self {
        first.run(options.timers, site);
        Self {
            options,
            current: Some(first),
            leaving: JoinSet::new(),
        }
    }

    /// Reads the app again. The handler of the reading before lives until its requests and scheduled
    /// runs have ended. Where the app cannot run any more, every request gets 503 until the next
    /// change, as the real host does it.
    fn restart(&mut self, site: &Arc<Site>) {
        let text = "Host configuration has changed. Signaling restart";
        site.journal.host(Level::Information, text);
        let next = JobHost::start(&self.options, &site.journal);
        if let Err(error) = &next {
            let text = format!("Function host is not running: {error}");
            site.journal.host(Level::Error, text);
        }
        let next = next.ok().map(|mut next| {
            next.run(self.options.timers, site);
            site.replace(next.shared());
            next
        });
        if let Some(before) = std::mem::replace(&mut self.current, next) {
            self.leaving.spawn(before.drain());
        }
    }

    /// Waits for running work, and kills the handlers.
    pub(crate) async fn drain(mut self) {
        if let Some(current) = self.current {
            current.drain().await;
        }
        while self.leaving.join_next().await.is_some() {}
    }

    /// Kills the handlers at once.
    pub(crate) async fn shutdown(mut self) {
        if let Some(current) = self.current {
            current.shutdown().await;
        }
        self.leaving.shutdown().await;
    }
}

/// Restarts the app when one of `files` changes, until the host stops.
pub(crate) async fn follow_files(
    mut files: Files,
    jobs: Arc<Mutex<Option<Jobs>>>,
    site: Arc<Site>,
) {
    loop {
        let change = tokio::select! {
            biased;
            () = site.stopping.cancelled() => return,
            change = files.changed() => change,
        };
        match (change, &mut *jobs.lock().await) {
            (Change::Restart, Some(jobs)) => jobs.restart(&site),
            (Change::Offline, Some(_)) => {
                let text = "app_offline.htm is in the app's folder";
                site.fail(HostFailure(text.to_owned()));
            }
            (_, None) => return,
        }
    }
}

/// The end of the handler is the end of the host, unless this job host was to stop.
async fn report_failure(shared: Arc<Shared>, site: Arc<Site>) {
    let failure = shared.handler.stopped().await;
    if !shared.stopping.is_cancelled() {
        shared.stopping.cancel();
        site.fail(failure);
    }
}

fn supervisor(
    options: &HostOptions,
    app: &App,
    settings: &Settings,
    journal: Journal,
) -> Result<Supervisor, StartError> {
    let handler = &app.host.custom_handler;
    let (port, socket) = free_port()
        .map_err(|error| StartError(format!("cannot reserve a port for the handler: {error}")))?;
    Ok(Supervisor {
        launch: Launch::new(
            &options.app_folder,
            handler,
            settings,
            port,
            options.own_process_group,
        ),
        port,
        _socket: socket,
        initialization_timeout: handler.initialization_timeout,
        stderr_is_for_errors: handler.stderr_is_for_errors,
        journal,
    })
}
