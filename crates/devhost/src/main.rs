//! `devhost`: runs a Functions app with a custom handler on this machine.

use std::{
    io::{self, IsTerminal as _, Write as _},
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use clap::Parser;
use devhost::{Cors, Host, HostLog, HostOptions, Keys, Level};
use funcapp::{App, HttpTrigger, LocalHost};
use jiff::Timestamp;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Run a Functions app with a custom handler on this machine.
///
/// Reads host.json, the functions' folders and local.settings.json, starts the handler as the
/// Azure Functions host does, serves its HTTP functions on 127.0.0.1 and runs its timers by their
/// schedules (UTC). A change of host.json or of a function.json restarts the app. Ctrl-C lets
/// requests and scheduled runs end and stops everything it started; a second one does not wait.
#[derive(Debug, Parser)]
#[command(name = "devhost", verbatim_doc_comment)]
struct Arguments {
    /// The folder with host.json
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    app: PathBuf,
    /// The port of 127.0.0.1 to listen on; 0 takes a free one [default: `LocalHttpPort` of
    /// local.settings.json, or 7071]
    #[arg(long)]
    port: Option<u16>,
    /// Run only these functions
    #[arg(long, value_name = "NAME", num_args = 1..)]
    functions: Vec<String>,
    /// Ask for function keys and, on /admin, for the master key; both are printed
    #[arg(long)]
    enable_auth: bool,
    /// Record the runs of timers in this folder, and make up for runs missed while stopped
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,
}

const DEFAULT_PORT: u16 = 7071;

/// The number of runs that the list of timers shows.
const UPCOMING: usize = 3;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("devhost: {}", problem.replace('\n', " | "));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), String> {
    let mut interrupt = on(SignalKind::interrupt())?;
    let mut terminate = on(SignalKind::terminate())?;
    let mut hangup = on(SignalKind::hangup())?;
    let options = options(arguments).map_err(|error| error.to_string())?;
    let keys = options.keys.clone();
    let host = Host::start(options)
        .await
        .map_err(|error| error.to_string())?;
    print!("{}", overview(&host));
    if let Some(keys) = keys {
        println!(
            "Keys (x-functions-key): host {}, master {}\n",
            keys.host, keys.master
        );
    }
    let failure = tokio::select! {
        // A signal has precedence: the handler may have failed because of it.
        biased;
        _ = interrupt.recv() => None,
        _ = terminate.recv() => None,
        _ = hangup.recv() => None,
        failure = host.failed() => Some(failure),
    };
    tokio::select! {
        () = host.drain() => {}
        // The second interrupt ends the wait.
        _ = interrupt.recv() => {}
    }
    failure.map_or(Ok(()), |failure| Err(failure.to_string()))
}

fn on(kind: SignalKind) -> Result<Signal, String> {
    signal(kind).map_err(|error| format!("cannot listen for signals: {error}"))
}

fn options(arguments: Arguments) -> Result<HostOptions, funcapp::Error> {
    let local = LocalHost::read(&arguments.app)?;
    let port = arguments.port.or(local.port).unwrap_or(DEFAULT_PORT);
    let mut options = HostOptions {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        keys: arguments.enable_auth.then(Keys::random),
        timers: true,
        own_process_group: true,
        state: arguments.state,
        watch_files: true,
        cors: Cors {
            origins: local.cors,
            credentials: local.cors_credentials,
        },
        on_log: Some(Arc::new(print_log)),
        ..HostOptions::new(arguments.app)
    };
    // As `func` does.
    for (index, function) in arguments.functions.into_iter().enumerate() {
        let name = format!("AzureFunctionsJobHost__functions__{index}");
        options.settings.insert(name, function);
    }
    Ok(options)
}

fn print_log(log: &HostLog) {
    let mut out = io::stdout().lock();
    let colour = if out.is_terminal() {
        colour(log.level)
    } else {
        ""
    };
    let reset = if colour.is_empty() { "" } else { "\x1b[0m" };
    // A closed pipe is not an error.
    let _ = writeln!(out, "{colour}{log}{reset}");
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::Information => "",
        Level::Warning => "\x1b[33m",
        _ => "\x1b[31m",
    }
}

/// The functions as `func` lists them, those in error among them; then the timers' next runs.
fn overview(host: &Host) -> String {
    let mut lines = vec![String::new(), "Functions:".to_owned()];
    let app = host.app();
    for function in host.functions() {
        let name = &function.name;
        let trigger = match function.http() {
            Some(http) => format!(
                "{}{}",
                methods(http),
                url(&app, host.address().port(), http)
            ),
            None => "timerTrigger".to_owned(),
        };
        lines.push(format!("\n\t{name}: {trigger}"));
    }
    for fault in host.faults() {
        lines.push(format!("\n\t{}: in error, it does not run", fault.function));
    }
    lines.push("\nNext runs (UTC):".to_owned());
    for function in host.functions() {
        let name = function.name.as_str();
        let Some(schedule) = host.schedule(name) else {
            continue;
        };
        let next = schedule.upcoming(Timestamp::now(), UPCOMING).into_iter();
        let next = next.map(|next| next.strftime("%a %d %b %H:%M:%S").to_string());
        let next = next.collect::<Vec<_>>().join(", ");
        let next = if next.is_empty() { "never" } else { &next };
        lines.push(format!("\t{name}: {schedule} is {next}"));
    }
    lines.push(format!("\nHandler: 127.0.0.1:{}\n\n", host.handler_port()));
    lines.join("\n")
}

fn url(app: &App, port: u16, http: &HttpTrigger) -> String {
    let path: Vec<&str> = [app.host.route_prefix.as_str(), http.route.as_str()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    format!("http://localhost:{port}/{}", path.join("/"))
}

fn methods(http: &HttpTrigger) -> String {
    let methods = http.methods.as_ref();
    methods.map_or(String::new(), |all| format!("[{}] ", all.join(",")))
}
