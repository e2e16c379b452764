//! The verbs that end by themselves.

use std::time::Duration;

use super::serve::app;
use crate::backup::{self, Backups};
use crate::clock;
use crate::config::Config;
use crate::database::{self, Database};
use crate::exit::{Exit, Failure};
use crate::host::{Handling, Invocation};
use crate::terminal::say;
use crate::{notify, scale, server};

/// Holds and changes are in the timer's database. There is no private database as a default.
pub(super) async fn scale(verb: scale::cli::Verb, config: Config) -> Result<(), Failure> {
    let database = config.database.map(Database::open);
    let session = scale::cli::Session::new(config.scale, database, clock::system());
    until_interrupted(scale::cli::run(verb, session)).await?
}

pub(super) async fn notify(verb: notify::cli::Verb, config: Config) -> Result<(), Failure> {
    let database = config.database.map(Database::open);
    let work = notify::cli::run(verb, config.notify, database);
    until_interrupted(work).await?
}

pub(super) async fn migrate(config: Config) -> Result<(), Failure> {
    let settings = config.require_database()?;
    let migration = async { Database::open(settings).migrate().await };
    let version = until_interrupted(migration).await??;
    say(format_args!("the schema has version {version}"));
    Ok(())
}

/// Ends work that needs no clean-up at the first signal.
async fn until_interrupted<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let signal = server::stop_signal()?;
    let done = tokio::select! {
        done = Box::pin(work) => Ok(done),
        () = signal => Err(interrupted()),
    };
    database::closed().await;
    done
}

/// Ends at the first signal in order, and at the second one at once.
pub(super) async fn backup(verb: backup::cli::Verb, config: Config) -> Result<(), Failure> {
    if verb.reads_databases() {
        config.backup.require_addresses()?;
    }
    let backups = Backups::new(config.backup, clock::system());
    let (stop, second) = (server::stop_signal()?, server::second_signal()?);
    let work = async {
        let done = backup::cli::run(verb, backups, stop).await;
        database::closed().await;
        done
    };
    tokio::select! {
        done = work => done,
        () = second => Err(Failure::new(
            Exit::InterruptedAtOnce,
            "ended at once, by a second signal; `magnusapi backup prune` and the next restore delete remaining \
             files and databases",
        )),
    }
}

/// Runs a timer function as the host's call would. At a signal, the run ends and is recorded as interrupted.
pub(super) async fn timer(function: String, limit: u8, config: Config) -> Result<(), Failure> {
    config.backup.require_addresses()?;
    let settings = config.require_database()?;
    let signal = server::stop_signal()?;
    let config = Config {
        deadline: Duration::from_hours(limit.into()),
        // The app's process knows the host's state. It reads the run in the ledger.
        notify: config.notify.without_receivers(),
        ..config
    };
    // Without a timetable, which says that the host leaves the function to this verb.
    let app = app(&config, settings, None);
    let stop = app.stop.clone();
    let stopping = stop.clone();
    tokio::spawn(async move {
        signal.await;
        stopping.cancel();
    });
    let outcome = app.timers.invoke(Invocation::by_hand(function.clone()));
    let outcome = outcome.await;
    app.database.close();
    drop(app);
    database::closed().await;
    match outcome.failure {
        Some(reason) if outcome.handling == Handling::Elsewhere => {
            let text = format!("{function} did not run: {reason}");
            Err(Failure::new(Exit::Refused, text))
        }
        None => {
            outcome.lines.iter().for_each(|line| log::info!("{line}"));
            Ok(())
        }
        Some(_) if stop.is_cancelled() => Err(interrupted()),
        Some(reason) => {
            let text = format!("{function} failed: {reason}");
            Err(Failure::new(Exit::Failed, text))
        }
    }
}

fn interrupted() -> Failure {
    Failure::new(Exit::Interrupted, "interrupted")
}
