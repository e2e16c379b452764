//! The command line: verbs, what they print, exit codes.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand};
use thiserror::Error;

use crate::app::{App, timer_functions};
use crate::backup::{self, Backups};
use crate::clock;
use crate::config::{Config, ConfigError};
use crate::database::{self, Database, MigrationError, Settings};
use crate::doctor::{self, DoctorError};
use crate::host::{self, Timetable};
use crate::local::{self, LocalError};
use crate::server::{self, Front};
use crate::terminal::{self, say};
use crate::{environment, scale, telemetry, version};

#[derive(Parser)]
#[command(
    name = "magnusapi",
    version = concat!(env!("CARGO_PKG_VERSION"), " (", env!("MAGNUSAPI_COMMIT"), ")"),
    about = "A serverless Azure Functions app: items on PostgreSQL over HTTP, and timers",
    long_about = "A serverless Azure Functions app: items on PostgreSQL over HTTP, and timers.\n\n\
        Run by the Functions host (FUNCTIONS_CUSTOMHANDLER_PORT is set), it serves the host on that \
        port.\nRun by a person without a verb, it serves on 127.0.0.1:3000, with a private \
        PostgreSQL of its own\nunless DATABASE_URL or PGHOST names one.",
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
    /// Port on 127.0.0.1 to serve on, when no Functions host says which; 0 takes a free one
    #[arg(long, default_value_t = 3000)]
    port: u16,
}

#[derive(Subcommand)]
enum Verb {
    /// Serve the Functions host, as it would be started by it
    ///
    /// Needs a database: `DATABASE_URL`, or PGHOST and the other PG variables. Migrates it in the
    /// background. Ends with SIGTERM or SIGINT, after the requests under way.
    #[command(verbatim_doc_comment)]
    Serve {
        /// Port on 127.0.0.1
        #[arg(long, env = "FUNCTIONS_CUSTOMHANDLER_PORT")]
        port: u16,
    },
    /// Bring the database's schema to this program's version
    ///
    /// Safe to run at any time and many times at once; `serve` does the same in the background.
    Migrate,
    /// Make, look at, prove, restore and delete backups
    ///
    /// `BACKUP_DATABASES` says of which databases, and `BACKUP_URL` where they lie: without it, in
    /// the folder `backups` beside the private database's.
    #[command(subcommand, verbatim_doc_comment)]
    Backup(backup::cli::Verb),
    /// Size Azure resources by the week: look at the schedule, hold a size, see what was done
    ///
    /// `SCALE_CONFIG` says where the schedule lies: without it, in scale.toml here.
    #[command(subcommand, verbatim_doc_comment)]
    Scale(scale::cli::Verb),
    /// Check a Functions app, as `cargo xtask package` lays it out
    ///
    /// Looks at host.json, the program it names, every function.json against the functions in
    /// this program, schedules, settings and sizes.
    #[command(verbatim_doc_comment)]
    Doctor {
        /// The app's folder, or its zip
        app: PathBuf,
    },
}

const EXIT_CODES: &str = "Exit codes:
  0    done, or a server that was ended by SIGTERM or SIGINT
  1    failed; the last line on stderr says why and what to do
  2    the command line or a setting cannot be used, or a setting is missing
  3    restored with --go-on, except for the objects that the output lists
  200  under a Functions host in place of 0: the host then starts the program again";

/// The exit code of a restore that left something out, as `--go-on` allows.
const PARTLY_RESTORED: u8 = 3;

/// The exit code of an orderly end under a Functions host. Some hosts keep a handler that exited with
/// 0 as if it still served; every host takes 200 for a request to start it again, and does not count
/// it as a crash.
const STOPPED_UNDER_A_HOST: u8 = 200;

#[derive(Debug, Error)]
enum Failure {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(
        "127.0.0.1:{port} cannot be listened on ({error}); stop what uses it, or choose another with --port"
    )]
    Bind { port: u16, error: std::io::Error },
    #[error("the program cannot be started: {0}")]
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
    #[error(
        "ended at once, by a second signal; files or a database that it left are deleted by \
         `magnusapi backup prune` and by the next restore"
    )]
    SecondSignal,
}

impl Failure {
    fn exit_code(&self) -> u8 {
        let is_a_setting = match self {
            Failure::Config(_) | Failure::Local(LocalError::Settings(_)) => true,
            Failure::Backup(failure) if failure.is_partial() => return PARTLY_RESTORED,
            Failure::Backup(failure) => failure.is_a_setting(),
            Failure::Scale(failure) => failure.is_a_setting(),
            _ => false,
        };
        if is_a_setting { 2 } else { 1 }
    }
}

/// Does what the command line says.
pub fn main() -> ExitCode {
    let command = environment::without_empty_variables(with_exit_codes(Arguments::command()));
    let arguments = Arguments::from_arg_matches(&command.get_matches())
        .expect("the matches are of the command that the arguments describe");
    let done = run(arguments);
    telemetry::flush();
    match done {
        Err(failure) => {
            terminal::complain(format_args!("magnusapi: {failure}"));
            ExitCode::from(failure.exit_code())
        }
        Ok(code) => match terminal::failure() {
            None => code,
            Some(error) => {
                let text = "done, but stdout could not be written";
                terminal::complain(format_args!("magnusapi: {text}: {error}"));
                ExitCode::FAILURE
            }
        },
    }
}

/// The exit codes below the help of every verb, nested ones too.
fn with_exit_codes(command: Command) -> Command {
    command
        .after_help(EXIT_CODES)
        .mut_subcommands(with_exit_codes)
}

fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    if let Some(Verb::Doctor { app }) = arguments.verb {
        doctor::run(&app)?;
        return Ok(ExitCode::SUCCESS);
    }
    let config = Config::read(environment::variable)?;
    // The result of a person's command stands alone on stdout, unless LOG asks for log lines too.
    if config.log.filter.is_some()
        || !matches!(arguments.verb, Some(Verb::Backup(_) | Verb::Scale(_)))
    {
        telemetry::start(&config.log)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let done = runtime.block_on(async {
        match (arguments.verb, config.handler_port) {
            (Some(Verb::Backup(verb)), _) => Box::pin(backups(verb, config)).await?,
            (Some(Verb::Scale(verb)), _) => {
                let done = Box::pin(sizes(verb, config)).await;
                database::closed().await;
                done?;
            }
            (Some(Verb::Migrate), _) => {
                let done = migrate(config.require_database()?).await;
                database::closed().await;
                done?;
            }
            (Some(Verb::Serve { port }), None) => {
                serve(port, config, std::future::pending()).await?;
            }
            (Some(Verb::Serve { port }), Some(_)) | (None, Some(port)) => {
                serve(port, config, host::parent_ended()).await?;
                return Ok(ExitCode::from(STOPPED_UNDER_A_HOST));
            }
            _ => serve_locally(arguments.local.port, config).await?,
        }
        Ok(ExitCode::SUCCESS)
    });
    if matches!(done, Err(Failure::SecondSignal)) {
        runtime.shutdown_background();
    }
    done
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
    server::run(listener, app, config.server, Front::FunctionsHost, stop).await;
    Ok(())
}

async fn serve_locally(port: u16, config: Config) -> Result<(), Failure> {
    config.require_addresses()?;
    let stop = server::stop_signal()?;
    let listener = bind(port).await?;
    let (settings, private) = match config.database.clone() {
        Some(settings) => (settings, None),
        None => local::start()
            .await
            .map(|(settings, it)| (settings, Some(it)))?,
    };
    let url = format!("http://{}", listener.local_addr()?);
    say(format_args!(
        "magnusapi {} serves on {url}",
        version::VERSION
    ));
    match &private {
        Some(private) => say(format_args!("  its data: {}", private.description())),
        None => say(format_args!(
            "  its database: {}",
            settings.address.display()
        )),
    }
    say(format_args!("  try: curl {url}/item"));
    say(format_args!(
        "  timers need a Functions host: cargo xtask start"
    ));
    let app = app(&config, settings);
    app.database.prepare_in_background();
    server::run(listener, app, config.server, Front::Nothing, stop).await;
    Ok(())
}

/// The features on this database, with what the host does with the timers of the app's folder.
fn app(config: &Config, database: Settings) -> App {
    let timetable = config.app_folder.as_deref().map(|folder| {
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Timetable::read(folder, timer_functions(), environment)
    });
    App::new(
        Database::open(database),
        config.backup.clone(),
        config.scale.clone(),
        config.deadline,
        timetable,
    )
}

/// Holds and changes are those of the database that the timer uses. There is no private one to fall
/// back to.
async fn sizes(verb: scale::cli::Verb, config: Config) -> Result<(), Failure> {
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
    say(format_args!("the schema is at version {version}"));
    Ok(())
}
