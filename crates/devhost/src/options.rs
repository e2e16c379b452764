//! The options that a host starts with.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use crate::log::OnLog;

/// The options of [`Host::start`](crate::Host::start). [`HostOptions::new`] is for tests: a free port, no keys, no
/// schedules, no state.
#[derive(Clone)]
pub struct HostOptions {
    /// The folder with `host.json`, the functions' folders, and perhaps `local.settings.json`.
    pub app_folder: PathBuf,
    /// Settings that win over the environment, which wins over `local.settings.json`.
    pub settings: BTreeMap<String, String>,
    /// The host's environment; the handler inherits it. This process's own in
    /// [`HostOptions::new`].
    pub environment: BTreeMap<String, String>,
    /// Where to listen; port 0 takes a free one. 127.0.0.1:0 in [`HostOptions::new`].
    pub address: SocketAddr,
    /// The keys that HTTP functions and `/admin` ask for (`func start --enableAuth`); `None` asks
    /// for none.
    pub keys: Option<Keys>,
    /// Whether timers fire by their schedules. Without it, only [`Host::invoke_timer`] and
    /// `POST /admin/functions/<name>` run them.
    ///
    /// [`Host::invoke_timer`]: crate::Host::invoke_timer
    pub timers: bool,
    /// The folder that remembers timers' runs, one `<function>.json` each, created if missing.
    /// `None` forgets them with the host.
    pub state: Option<PathBuf>,
    /// Whether the handler gets a process group of its own, so that a terminal's Ctrl-C reaches
    /// only the host, which then kills it. Off in [`HostOptions::new`]: an interrupted test run
    /// takes the handler with it.
    pub own_process_group: bool,
    /// Whether a change of host.json or of a function.json restarts the app. Off in
    /// [`HostOptions::new`].
    pub watch_files: bool,
    /// The pages of other origins that may read responses; none in [`HostOptions::new`].
    pub cors: Cors,
    /// The host's own waits, shorter in tests.
    pub limits: Limits,
    /// Gets each log record, besides [`Host::logs`](crate::Host::logs).
    pub on_log: Option<OnLog>,
}

/// The keys a request may carry in `x-functions-key` or `?code=`.
#[derive(Debug, Clone)]
pub struct Keys {
    /// Opens everything, `/admin` included.
    pub master: String,
    /// Opens all functions of level `function`.
    pub host: String,
    /// Open one function of level `function` each.
    pub functions: BTreeMap<String, String>,
}

/// `CORS` and `CORSCredentials` of local.settings.json.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cors {
    /// Origins such as `http://localhost:3000`; `*` means all of them.
    pub origins: Vec<String>,
    /// Whether their pages may send cookies.
    pub credentials: bool,
}

/// Waits of the real host that are too long for most tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a request's body may be slower than 240 bytes a second.
    pub body_grace: Duration,
    /// How long the handler may send nothing.
    pub idle: Duration,
    /// The handler is killed this long after functionTimeout, if it has not responded by then.
    pub timeout_grace: Duration,
    /// How long requests may take to end once the host stops; then their connections are reset.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_grace: Duration::from_secs(5),
            idle: Duration::from_mins(4),
            timeout_grace: Duration::from_secs(2),
            drain: Duration::from_secs(30),
        }
    }
}

impl HostOptions {
    /// Options for the app in `app_folder`: a free port of 127.0.0.1, this process's environment,
    /// nothing asked of callers, timers off, no state.
    pub fn new(app_folder: impl Into<PathBuf>) -> Self {
        Self {
            app_folder: app_folder.into(),
            settings: BTreeMap::new(),
            environment: unicode_environment(),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            keys: None,
            timers: false,
            state: None,
            own_process_group: false,
            watch_files: false,
            cors: Cors::default(),
            limits: Limits::default(),
            on_log: None,
        }
    }

    /// These options with the setting `name` set to `value`.
    #[must_use]
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.insert(name.into(), value.into());
        self
    }
}

impl Keys {
    /// Fresh keys, none of a function's own.
    pub fn random() -> Self {
        let key = || uuid::Uuid::new_v4().simple().to_string();
        Self {
            master: key(),
            host: key(),
            functions: BTreeMap::new(),
        }
    }
}

/// Variables that are not Unicode are left out: a setting is a string.
fn unicode_environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}
