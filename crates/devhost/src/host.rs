//! A running host: how it starts and how it stops.

use std::{net::SocketAddr, sync::Arc};

use funcapp::{App, Fault, Function, Schedule};
use tokio::{net::TcpListener, sync::Mutex, task::JoinSet};

use crate::{
    call::TimerCall,
    files::Files,
    handler::{HostFailure, Order},
    http,
    job::{JobHost, Jobs, StartError, follow_files},
    log::{HostLog, Journal},
    options::HostOptions,
    shared::Shared,
    site::Site,
    timer::{self, Failure, TimerResult},
};

/// A host that runs. Dropping it stops everything it started; [`Host::shutdown`] also waits for
/// the end.
pub struct Host {
    site: Arc<Site>,
    address: SocketAddr,
    /// `None` once the host stops.
    jobs: Arc<Mutex<Option<Jobs>>>,
    /// The server, and the watch on the app's files; they end once the host stops.
    tasks: JoinSet<()>,
}

impl Host {
    /// Listens, reads the app, and starts the handler. Does not wait for it: invocations wait until
    /// it responds, as [`Host::ready`] does.
    ///
    /// Call this inside a tokio runtime; the host lives there.
    pub async fn start(mut options: HostOptions) -> Result<Self, StartError> {
        let folder = options.app_folder.canonicalize();
        options.app_folder = folder.map_err(|error| {
            StartError(format!(
                "cannot open the folder {}: {error}; package the app first",
                options.app_folder.display()
            ))
        })?;
        let (listener, address) = listen(options.address).await?;
        let journal = Journal::new(options.on_log.clone());
        // Before the app is read, so that a change during the reading counts.
        let files = options.watch_files.then(|| Files::of(&options.app_folder));
        let first = JobHost::start(&options, &journal)?;
        let shared = first.shared();
        let files = files.filter(|_| shared.app.host.watches_files);
        let site = Arc::new(Site::new(journal, options.cors.clone(), shared));
        let jobs = Jobs::new(options, first, &site);
        let jobs = Arc::new(Mutex::new(Some(jobs)));
        let mut tasks = JoinSet::new();
        tasks.spawn(http::serve(listener, site.clone()));
        if let Some(files) = files {
            tasks.spawn(follow_files(files, jobs.clone(), site.clone()));
        }
        Ok(Self {
            site,
            address,
            jobs,
            tasks,
        })
    }

    /// Waits until the handler responds.
    pub async fn ready(&self) -> Result<(), HostFailure> {
        self.shared().handler.ready().await
    }

    /// The host's URL: `http://127.0.0.1:7071`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address on which the host listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port of 127.0.0.1 that the handler binds: the same after a crash, a new one after a change
    /// of the app's files.
    pub fn handler_port(&self) -> u16 {
        self.shared().handler.port
    }

    /// The handler's process; `None` while there is none.
    pub fn handler_pid(&self) -> Option<u32> {
        self.shared().handler.pid()
    }

    /// The app, as it was last read.
    pub fn app(&self) -> App {
        self.shared().app.clone()
    }

    pub fn functions(&self) -> Vec<Function> {
        self.shared().active.clone()
    }

    /// The functions that do not run because of a fault.
    pub fn faults(&self) -> Vec<Fault> {
        self.shared().faults.clone()
    }

    /// The log so far, oldest first; at most the last 10 000 records.
    pub fn logs(&self) -> Vec<HostLog> {
        self.site.journal.records()
    }

    /// The first record, past or to come, that `wanted` accepts. Put a deadline around it.
    pub async fn log(&self, wanted: impl Fn(&HostLog) -> bool) -> HostLog {
        self.site.journal.find(wanted).await
    }

    /// The schedule of the timer `function`, with settings put in.
    pub fn schedule(&self, function: &str) -> Option<Schedule> {
        self.shared().schedule(function).cloned()
    }

    /// Runs the timer `function` once, without its retry policy, and waits for the end. Beside
    /// runs by the schedule, as the real host's manual runs are.
    pub async fn invoke_timer(&self, function: &str, call: TimerCall) -> TimerResult {
        let shared = self.shared();
        match shared.function(function) {
            Some(function) => timer::run(&shared, function, call).await,
            None => TimerResult::Failed {
                reason: Failure::NotATimer(function.to_owned()),
            },
        }
    }

    /// Kills the handler with SIGKILL, as a crash that counts, and returns when it is dead. It is
    /// started again at once; the third time within thirty minutes the host fails instead.
    pub async fn kill_handler(&self) {
        self.shared().handler.order(Order::Crash).await;
    }

    /// Waits until the host has failed and cannot go on, and returns the reason. It does not listen
    /// any more then.
    pub async fn failed(&self) -> HostFailure {
        self.site.failed().await
    }

    /// Stops as the real host does on SIGTERM: it listens no more, lets requests end for up to
    /// thirty seconds and scheduled runs for as long as they take, and kills the handler.
    pub async fn drain(mut self) {
        self.site.stopping.cancel();
        if let Some(jobs) = self.jobs.lock().await.take() {
            jobs.drain().await;
        }
        while self.tasks.join_next().await.is_some() {}
    }

    /// Kills the handler at once, closes all connections, and returns when all tasks have ended.
    pub async fn shutdown(mut self) {
        self.site.stopping.cancel();
        if let Some(jobs) = self.jobs.lock().await.take() {
            jobs.shutdown().await;
        }
        self.tasks.shutdown().await;
    }

    fn shared(&self) -> Arc<Shared> {
        self.site.current()
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let refused = |error| {
        StartError(format!(
            "cannot listen on {address}: {error}; is another host running? Choose another port"
        ))
    };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    Ok((listener, address))
}
