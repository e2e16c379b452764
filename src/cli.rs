//! The command line: verbs, output, exit codes.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand};
use thiserror::Error;

use crate::app::{App, timer_functions};
use crate::backup::{self, Backups};
use crate::clock;
use crate::config::{Config, ConfigError};
use crate::database::{self, Database, MigrationError, Settings};
use crate::doctor::{self, DoctorError};
use crate::exit::{self, Exit};
use crate::host::{self, Handling, Invocation, Timetable};
use crate::local::{self, LocalError};
use crate::notify;
use crate::server::{self, Front};
use crate::terminal::{self, say};
use crate::{environment, scale, telemetry, version};

#[derive(Parser)]
#[command(
    name = "magnusapi",
    version = concat!(env!("CARGO_PKG_VERSION"), " (", env!("MAGNUSAPI_COMMIT"), ")"),
    about = "A serverless Azure Functions app: items on PostgreSQL over HTTP, and timers",
    long_about = "A serverless Azure Functions app: items on PostgreSQL over HTTP, and timers.\n\n\
        Under the Functions host (FUNCTIONS_CUSTOMHANDLER_PORT is set), it serves the host on that \
        port.\nWithout a host and without a verb, it serves on 127.0.0.1:3000, with a private \
        PostgreSQL\nunless DATABASE_URL or PGHOST names a database.",
    args_conflicts_with_subcommands = true
)]
struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    local: Local,
}

#[derive(Args)]
struct Local {
    /// Port on 127.0.0.1 without a Functions host; 0 takes a free one
    #[arg(long, default_value_t = 3000)]
    port: u16,
}

#[derive(Subcommand)]
enum Verb {
    /// Serve a Functions host, as if the host had started the program
    ///
    /// Needs a database: `DATABASE_URL`, or PGHOST and the other PG variables. Migrates it in the
    /// background. Ends with SIGTERM or SIGINT, after the running requests.
    #[command(verbatim_doc_comment)]
    Serve {
        /// Port on 127.0.0.1
        #[arg(long, env = "FUNCTIONS_CUSTOMHANDLER_PORT")]
        port: u16,
    },
    /// Run a timer function once, for another scheduler than the Functions host
    ///
    /// Does the same as a call by the host, with the same ledger and heartbeats, and without the host's limit of
    /// time. `TIMERS_ELSEWHERE` of the function app names the functions that run so: the host's calls of them do
    /// nothing, and /health expects a run for each time of their schedules.
    #[command(verbatim_doc_comment)]
    Run {
        /// Timer function
        #[arg(value_parser = PossibleValuesParser::new(timer_functions()))]
        function: String,
        /// Hours after which the run fails
        #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u8).range(1..))]
        limit: u8,
    },
    /// Migrate the database's schema to this program's version
    ///
    /// Safe to run at any time and several times at once; `serve` does the same in the background.
    Migrate,
    /// Create, list, verify, restore and delete backups
    ///
    /// `BACKUP_DATABASES` names the databases, and `BACKUP_URL` the store. The default store is the
    /// folder `backups` beside the private database.
    #[command(subcommand, verbatim_doc_comment)]
    Backup(backup::cli::Verb),
    /// Scale Azure resources by schedule: check the schedule, hold a size, list changes
    ///
    /// `SCALE_CONFIG` names the schedule. The default is scale.toml in the working folder.
    #[command(subcommand, verbatim_doc_comment)]
    Scale(scale::cli::Verb),
    /// Test the receivers of messages, and show undelivered messages
    ///
    /// `NOTIFY_URL` names the receiver. `HEARTBEAT_URL` names a service that notices missing runs.
    #[command(subcommand, verbatim_doc_comment)]
    Notify(notify::cli::Verb),
    /// Check a Functions app that `cargo xtask package` made
    ///
    /// Checks host.json, its program, every function.json against the functions of this program,
    /// schedules, settings and sizes.
    #[command(verbatim_doc_comment)]
    Doctor {
        /// Folder or zip of the app
        app: PathBuf,
    },
}

#[derive(Debug, Error)]
enum Failure {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(
        "cannot listen on 127.0.0.1:{port} ({error}); stop the program that uses the port, or choose another \
         port with --port"
    )]
    Bind { port: u16, error: std::io::Error },
    #[error("cannot start the program: {0}")]
    Start(#[from] std::io::Error),
    #[error("{0}")]
    Migrate(#[from] MigrationError),
    #[error(transparent)]
    Local(#[from] LocalError),
    #[error(transparent)]
    Doctor(#[from] DoctorError),
    #[error(transparent)]
    Backup(#[from] Box<backup::cli::Failure>),
    #[error(transparent)]
    Scale(#[from] Box<scale::cli::Failure>),
    #[error(transparent)]
    Notify(#[from] notify::cli::Failure),
    #[error("{function} failed: {reason}")]
    Timer { function: String, reason: String },
    #[error("{function} did not run: {reason}")]
    Elsewhere { function: String, reason: String },
    #[error("interrupted")]
    Interrupted,
    #[error(
        "ended at once, by a second signal; `magnusapi backup prune` and the next restore delete remaining \
         files and databases"
    )]
    SecondSignal,
}

impl Failure {
    fn exit(&self) -> Exit {
        match self {
            Failure::Config(_) | Failure::Local(LocalError::Settings(_)) => Exit::Usage,
            Failure::Backup(failure) => failure.exit(),
            Failure::Scale(failure) => failure.exit(),
            Failure::Notify(failure) => failure.exit(),
            Failure::Elsewhere { .. } => Exit::Refused,
            Failure::Interrupted | Failure::SecondSignal => Exit::Interrupted,
            _ => Exit::Failed,
        }
    }
}

/// The definition of the command line.
pub fn command() -> Command {
    with_exit_codes(Arguments::command())
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let command = environment::without_empty_variables(command());
    let arguments = Arguments::from_arg_matches(&command.get_matches())
        .expect("the matches belong to the command of these arguments");
    let done = run(arguments);
    telemetry::flush();
    match done {
        Err(failure) => {
            terminal::say_error(format_args!("magnusapi: {failure}"));
            failure.exit().into()
        }
        Ok(exit) => match terminal::failure() {
            None => exit.into(),
            Some(error) => {
                let text = "the command succeeded, but stdout could not be written";
                terminal::say_error(format_args!("magnusapi: {text}: {error}"));
                Exit::Failed.into()
            }
        },
    }
}

/// Adds the exit codes to the help of every verb.
fn with_exit_codes(command: Command) -> Command {
    command
        .after_help(exit::HELP)
        .mut_subcommands(with_exit_codes)
}

fn run(arguments: Arguments) -> Result<Exit, Failure> {
    if let Some(Verb::Doctor { app }) = arguments.verb {
        doctor::run(&app)?;
        return Ok(Exit::Done);
    }
    let config = Config::read(environment::variable)?;
    // The output of a person's command is alone on stdout, unless LOG requests log lines too.
    if config.log.filter.is_some()
        || !matches!(
            arguments.verb,
            Some(Verb::Backup(_) | Verb::Scale(_) | Verb::Notify(_))
        )
    {
        telemetry::start(&config.log)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(config.runtime_threads)
        .enable_all()
        .build()?;
    let done = runtime.block_on(async {
        match (arguments.verb, config.handler_port) {
            (Some(Verb::Backup(verb)), _) => Box::pin(backups(verb, config)).await?,
            (Some(Verb::Scale(verb)), _) => {
                let done = until_interrupted(scale(verb, config)).await;
                database::closed().await;
                done?;
            }
            (Some(Verb::Notify(verb)), _) => {
                let database = config.database.map(Database::open);
                let work = notify::cli::run(verb, config.notify, database);
                let done = until_interrupted(async { Ok(work.await?) }).await;
                database::closed().await;
                done?;
            }
            (Some(Verb::Migrate), _) => {
                let done = until_interrupted(migrate(config.require_database()?)).await;
                database::closed().await;
                done?;
            }
            (Some(Verb::Run { function, limit }), _) => {
                let config = Config {
                    deadline: Duration::from_hours(limit.into()),
                    // The app's process knows the host's state. It reads the run in the ledger.
                    notify: config.notify.without_receivers(),
                    ..config
                };
                Box::pin(run_timer(function, config)).await?;
            }
            (Some(Verb::Serve { port }), None) => {
                serve(port, config, std::future::pending()).await?;
            }
            (Some(Verb::Serve { port }), Some(_)) | (None, Some(port)) => {
                serve(port, config, host::parent_ended()).await?;
                return Ok(Exit::StoppedUnderAHost);
            }
            _ => serve_locally(arguments.local.port, config).await?,
        }
        Ok(Exit::Done)
    });
    if matches!(done, Err(Failure::SecondSignal)) {
        runtime.shutdown_background();
    }
    done
}

/// Ends work that needs no clean-up at the first signal.
async fn until_interrupted(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let signal = server::stop_signal()?;
    tokio::select! {
        done = Box::pin(work) => done,
        () = signal => Err(Failure::Interrupted),
    }
}

async fn backups(verb: backup::cli::Verb, config: Config) -> Result<(), Failure> {
    if verb.reads_databases() {
        config.require_addresses()?;
    }
    let backups = Backups::new(config.backup, clock::system());
    let (stop, second) = (server::stop_signal()?, server::second_signal()?);
    let work = async {
        let done = backup::cli::run(verb, backups, stop).await;
        database::closed().await;
        done
    };
    tokio::select! {
        done = work => Ok(done.map_err(Box::new)?),
        () = second => Err(Failure::SecondSignal),
    }
}

/// Runs a timer function as the host's call would. At a signal, the run ends and is recorded as interrupted.
async fn run_timer(function: String, config: Config) -> Result<(), Failure> {
    config.require_addresses()?;
    let settings = config.require_database()?;
    let signal = server::stop_signal()?;
    // Without a timetable, which says that the host leaves the function to this verb.
    let app = assemble(&config, settings, None);
    app.database.prepare_in_background();
    let stop = app.stop.clone();
    let call = app.timers.invoke(Invocation::by_hand(function.clone()));
    let stopping = async {
        signal.await;
        stop.cancel();
        std::future::pending::<()>().await;
    };
    let outcome = tokio::select! {
        outcome = call => outcome,
        () = stopping => unreachable!("it stays pending"),
    };
    database::closed().await;
    match outcome.failure {
        Some(reason) if outcome.handling == Handling::Elsewhere => {
            Err(Failure::Elsewhere { function, reason })
        }
        None => {
            outcome.lines.iter().for_each(|line| log::info!("{line}"));
            Ok(())
        }
        Some(_) if app.stop.is_cancelled() => Err(Failure::Interrupted),
        Some(reason) => Err(Failure::Timer { function, reason }),
    }
}

async fn serve(
    port: u16,
    config: Config,
    parent_ended: impl Future<Output = ()>,
) -> Result<(), Failure> {
    config.require_addresses()?;
    let settings = config.require_database()?;
    let signal = server::stop_signal()?;
    let stop = async {
        tokio::select! {
            () = signal => {}
            () = parent_ended => {}
        }
    };
    let listener = bind(port).await?;
    log::info!(
        version = version::VERSION, commit = version::COMMIT;
        "serving on http://{}, database {}", listener.local_addr()?, settings.address.display()
    );
    let app = app(&config, settings);
    app.database.prepare_in_background();
    app.notifier.run_in_background(app.stop.clone());
    server::run(listener, app, config.server, Front::FunctionsHost, stop).await;
    Ok(())
}

async fn serve_locally(port: u16, config: Config) -> Result<(), Failure> {
    config.require_addresses()?;
    let stop = server::stop_signal()?;
    let listener = bind(port).await?;
    let private = match config.database {
        Some(_) => None,
        None => Some(local::start().await?),
    };
    let own = private.as_ref().map(|private| private.settings.clone());
    let settings = own.map_or_else(|| config.require_database(), Ok)?;
    let url = format!("http://{}", listener.local_addr()?);
    say(format_args!(
        "magnusapi {} serves on {url}",
        version::VERSION
    ));
    match &private {
        Some(private) => say(format_args!("  data: {}", private.description())),
        None => say(format_args!("  database: {}", settings.address.display())),
    }
    say(format_args!("  try: curl {url}/item"));
    say(format_args!("  page: {url}/ops"));
    say("  timers need a Functions host: cargo xtask start");
    let app = app(&config, settings);
    app.database.prepare_in_background();
    app.notifier.run_in_background(app.stop.clone());
    server::run(listener, app, config.server, Front::Nothing, stop).await;
    Ok(())
}

/// All features on this database, with the timetable of the app's folder.
fn app(config: &Config, database: Settings) -> App {
    let timetable = config.app_folder.as_deref().map(|folder| {
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let elsewhere = config.timers_elsewhere.clone();
        Timetable::read(folder, timer_functions(), elsewhere, environment)
    });
    assemble(config, database, timetable)
}

/// All features on this database.
fn assemble(config: &Config, database: Settings, timetable: Option<Timetable>) -> App {
    App::new(
        Database::open(database),
        config.backup.clone(),
        config.scale.clone(),
        config.notify.clone(),
        config.deadline,
        config.instance.clone(),
        timetable,
    )
}

/// Holds and changes are in the timer's database. There is no private database as a default.
async fn scale(verb: scale::cli::Verb, config: Config) -> Result<(), Failure> {
    let database = config.database.map(Database::open);
    let session = scale::cli::Session::new(config.scale, database, clock::system());
    let done = Box::pin(scale::cli::run(verb, session)).await;
    Ok(done.map_err(Box::new)?)
}

async fn bind(port: u16) -> Result<tokio::net::TcpListener, Failure> {
    server::bind(port)
        .await
        .map_err(|error| Failure::Bind { port, error })
}

async fn migrate(settings: Settings) -> Result<(), Failure> {
    let version = Database::open(settings).migrate().await?;
    say(format_args!("the schema has version {version}"));
    Ok(())
}
