//! A running host: how it starts and how it stops.

use std::{io, net::SocketAddr, path::Path, sync::Arc};

use funcapp::{App, AppError, Fault, Function, Settings, SettingsError};
use jiff::Timestamp;
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    call::{TimerCall, TimerInfo},
    handler::{HostFailure, Launch, LaunchError, Order, Supervisor, free_port},
    http,
    log::{HostLog, Journal, Level},
    options::HostOptions,
    shared::Shared,
    timer::{self, Failure, TimerResult},
};

/// How many coming runs [`Host::timers`] tells.
const UPCOMING: usize = 3;

/// A host that runs. Dropping it stops everything it started; [`Host::shutdown`] also waits for
/// the end.
pub struct Host {
    shared: Arc<Shared>,
    address: SocketAddr,
    /// The owner of the handler's process.
    supervisor: JoinSet<()>,
    /// The server and the timers; they end once the host stops.
    servers: JoinSet<()>,
}

/// Why a host does not start. Each message is one to show to the person who typed the command.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The folder is not there.
    #[error("cannot open the folder {folder}: {source}; package the app first")]
    Folder {
        /// The folder.
        folder: String,
        /// What the system said.
        source: io::Error,
    },
    /// The folder is not an app.
    #[error(transparent)]
    App(#[from] AppError),
    /// `local.settings.json` is not usable.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// There is nothing to run.
    #[error(
        "{0} has no active function; each needs a folder with a function.json beside host.json"
    )]
    NoFunctions(String),
    /// The address cannot be bound.
    #[error("cannot listen on {address}: {source}; is another host running? Choose another port")]
    Address {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The system has no port for the handler.
    #[error("there is no free port for the handler: {0}")]
    NoPort(io::Error),
    /// The handler's process cannot be started.
    #[error(transparent)]
    Launch(#[from] LaunchError),
}

impl Host {
    /// Reads the app, listens, and starts the handler. Returns as soon as the process runs:
    /// invocations wait until it answers, and [`Host::ready`] does, too.
    ///
    /// Call this inside a tokio runtime; the host lives there.
    pub async fn start(options: HostOptions) -> Result<Self, StartError> {
        let folder = options
            .app_folder
            .canonicalize()
            .map_err(|source| StartError::Folder {
                folder: options.app_folder.display().to_string(),
                source,
            })?;
        let settings = Settings::read(&folder)?
            .overlaid(options.environment.clone())
            .overlaid(options.settings.clone());
        let app = App::read(&folder, &settings)?;
        let journal = Journal::new(options.on_log.clone(), app.host.log_levels.clone());
        if app.active(&settings).next().is_none() {
            return Err(StartError::NoFunctions(folder.display().to_string()));
        }
        let (listener, address) = listen(options.address).await?;
        let supervisor = supervisor(
            &folder,
            &app,
            &settings,
            journal.clone(),
            options.own_process_group,
        )?;
        let (handler, keep_running) = supervisor.start()?;
        let shared = Arc::new(Shared::new(app, settings, journal, handler, &options));
        for fault in &shared.faults {
            let text = format!("The '{}' function is in error: {fault}", fault.function);
            shared.journal.host(Level::Error, text);
        }
        let mut supervisor = JoinSet::new();
        supervisor.spawn(keep_running);
        supervisor.spawn(stop_with_the_handler(shared.clone()));
        let servers = servers(&shared, listener, options.timers);
        Ok(Self {
            shared,
            address,
            supervisor,
            servers,
        })
    }

    /// Waits until the handler answers.
    pub async fn ready(&self) -> Result<(), HostFailure> {
        self.shared.handler.ready().await
    }

    /// Where the host listens: `http://127.0.0.1:7071`, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where the host listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port of 127.0.0.1 that the handler is told to bind, the same in all its lives.
    pub fn handler_port(&self) -> u16 {
        self.shared.handler.port
    }

    /// The handler's process; `None` while there is none.
    pub fn handler_pid(&self) -> Option<u32> {
        self.shared.handler.pid()
    }

    /// The app, as it was read at the start.
    pub fn app(&self) -> &App {
        &self.shared.app
    }

    /// The functions that run.
    pub fn functions(&self) -> &[Function] {
        &self.shared.active
    }

    /// The functions that do not run because something is wrong with them.
    pub fn faults(&self) -> &[Fault] {
        &self.shared.faults
    }

    /// The log so far, oldest first; at most the last 10 000 records.
    pub fn logs(&self) -> Vec<HostLog> {
        self.shared.journal.records()
    }

    /// The first record, past or to come, that `wanted` accepts. Put a deadline around it.
    pub async fn log(&self, wanted: impl Fn(&HostLog) -> bool) -> HostLog {
        self.shared.journal.find(wanted).await
    }

    /// The timers and when they fire next by their schedules, counted from now.
    pub fn timers(&self) -> Vec<TimerInfo> {
        let now = Timestamp::now();
        let timer = |function: &Function| {
            let name = function.name.as_str();
            let schedule = self
                .shared
                .schedule(name)
                .filter(|_| function.timer().is_some())?;
            Some(TimerInfo {
                function: name.to_owned(),
                schedule: schedule.to_string(),
                next: schedule.upcoming(now, UPCOMING),
            })
        };
        self.shared.active.iter().filter_map(timer).collect()
    }

    /// Runs the timer `function` once, without its retry policy, and waits for the end. Beside
    /// runs by the schedule, as the real host's manual runs are.
    pub async fn invoke_timer(&self, function: &str, call: TimerCall) -> TimerResult {
        match self.shared.function(function) {
            Some(function) => timer::run(&self.shared, function, call).await,
            None => TimerResult::Failed {
                reason: Failure::NotATimer(function.to_owned()),
            },
        }
    }

    /// Kills the handler with SIGKILL, as a crash that counts, and returns when it is dead. It is
    /// started again at once; the third time within thirty minutes the host fails instead.
    pub async fn kill_handler(&self) {
        self.shared.handler.order(Order::Crash).await;
    }

    /// Waits until the host has failed and cannot go on, and says why. It does not listen any
    /// more then.
    pub async fn failed(&self) -> HostFailure {
        self.shared.handler.stopped().await
    }

    /// Stops as the real host does on SIGTERM: it listens no more, lets requests end for up to
    /// thirty seconds and scheduled runs for as long as they take, and kills the handler.
    pub async fn drain(mut self) {
        self.shared.stop();
        while self.servers.join_next().await.is_some() {}
        self.shutdown().await;
    }

    /// Kills the handler at once, closes all connections, and returns when nothing is left.
    pub async fn shutdown(mut self) {
        self.shared.handler.order(Order::Stop).await;
        self.servers.shutdown().await;
        self.supervisor.shutdown().await;
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let refused = |source| StartError::Address { address, source };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    Ok((listener, address))
}

fn supervisor(
    folder: &Path,
    app: &App,
    settings: &Settings,
    journal: Journal,
    own_process_group: bool,
) -> Result<Supervisor, StartError> {
    let handler = &app.host.custom_handler;
    let port = match handler.port {
        Some(port) => port,
        None => free_port().map_err(StartError::NoPort)?,
    };
    Ok(Supervisor {
        launch: Launch::new(folder, handler, settings, port, own_process_group),
        port,
        initialization_timeout: handler.initialization_timeout,
        stderr_is_for_errors: handler.stderr_is_for_errors,
        journal,
    })
}

/// What ends when the handler has stopped for good: nothing new begins then.
async fn stop_with_the_handler(shared: Arc<Shared>) {
    shared.handler.stopped().await;
    shared.stop();
}

/// Serves HTTP and keeps time until the host stops.
fn servers(shared: &Arc<Shared>, listener: TcpListener, timers: bool) -> JoinSet<()> {
    let mut servers = JoinSet::new();
    servers.spawn(http::serve(listener, shared.clone()));
    let scheduled = shared
        .active
        .iter()
        .filter(|function| timers && function.timer().is_some());
    for function in scheduled {
        servers.spawn(timer::keep_time(shared.clone(), function.clone()));
    }
    servers
}
