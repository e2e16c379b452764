//! The command line.
//!
//! | module | purpose |
//! |---|---|
//! | `verbs` | the verbs that end by themselves |
//! | `serve` | serving a Functions host, or a person |

mod serve;
mod verbs;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::app::timer_functions;
use crate::config::Config;
use crate::exit::{self, Exit, Failure};
use crate::terminal;
use crate::{backup, doctor, environment, notify, scale, telemetry};

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
            failure.exit.into()
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
    let under_a_host = config.handler_port.is_some();
    let done = runtime.block_on(async {
        match (arguments.verb, config.handler_port) {
            (Some(Verb::Backup(verb)), _) => Box::pin(verbs::backup(verb, config)).await?,
            (Some(Verb::Scale(verb)), _) => verbs::scale(verb, config).await?,
            (Some(Verb::Notify(verb)), _) => verbs::notify(verb, config).await?,
            (Some(Verb::Migrate), _) => verbs::migrate(config).await?,
            (Some(Verb::Run { function, limit }), _) => {
                Box::pin(verbs::timer(function, limit, config)).await?;
            }
            (Some(Verb::Serve { port }), _) | (None, Some(port)) => {
                serve::serve(port, config).await?;
                if under_a_host {
                    return Ok(Exit::StoppedUnderAHost);
                }
            }
            _ => serve::serve_locally(arguments.local.port, config).await?,
        }
        Ok::<_, Failure>(Exit::Done)
    });
    if matches!(&done, Err(failure) if failure.exit == Exit::InterruptedAtOnce) {
        runtime.shutdown_background();
    }
    done
}
