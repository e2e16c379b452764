//! `magnusapi notify …`.

use clap::Subcommand;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::message::{Draft, Kind, MessageState, Severity};
use super::outbox::{Deliveries, Outbox, Undelivered};
use super::sender;
use super::settings::Settings;
use super::transport::Transport;
use crate::clock;
use crate::database::Database;
use crate::exit::{Exit, Failure};
use crate::terminal::{print, say, say_table};

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Send a test message to each receiver
    ///
    /// Sends it immediately, without the database. Exits with 1 if a receiver does not accept it.
    #[command(verbatim_doc_comment)]
    Test {
        /// Only this receiver; the one of `NOTIFY_URL` is named default
        receiver: Option<String>,
    },
    /// Show receivers, heartbeats, and undelivered messages
    ///
    /// Prints the hosts of the addresses only, because the rest is secret.
    #[command(verbatim_doc_comment)]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// `database` has the messages; `list` shows only the settings without one.
pub(crate) async fn run(
    verb: Verb,
    settings: Settings,
    database: Option<Database>,
) -> Result<(), Failure> {
    match verb {
        Verb::Test { receiver } => test(&settings, receiver.as_deref()).await,
        Verb::List { json } => list(&settings, database, json).await,
    }
}

async fn test(settings: &Settings, only: Option<&str>) -> Result<(), Failure> {
    if settings.receivers.is_empty() {
        return Err(Failure::usage(
            "no receiver is configured; set NOTIFY_URL to the address of one",
        ));
    }
    let now = clock::system()();
    let draft = Draft {
        event: String::new(),
        kind: Kind::Test,
        state: MessageState::Happened,
        severity: Severity::Info,
        subject: None,
        title: "test message".to_owned(),
        since: now,
        reason: "an operator ran `magnusapi notify test`".to_owned(),
    };
    let message = draft.into_message(&settings.app, settings.link.as_deref(), now);
    let transport = Transport::new(settings.networks.clone());
    let results = sender::test(settings, &transport, only, &message).await;
    if let (Some(only), []) = (only, results.as_slice()) {
        return Err(Failure::usage(format!(
            "no receiver has the name {only}; `magnusapi notify list` shows all"
        )));
    }
    for (receiver, result) in &results {
        let title = format!(
            "{} ({}, {})",
            receiver.name, receiver.format, receiver.address
        );
        match result {
            Ok(took) => say(format_args!(
                "{title}: accepted within {} ms",
                took.as_millis()
            )),
            Err(failure) => say(format_args!("{title}: failed: {}", failure.reason)),
        }
    }
    match results.iter().filter(|(_, result)| result.is_err()).count() {
        0 => Ok(()),
        failed => Err(Failure::new(
            Exit::Failed,
            format!(
                "{failed} of {} receivers did not accept the message; correct the settings of each",
                results.len()
            ),
        )),
    }
}

/// A receiver, and its deliveries if there is a database.
#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    format: String,
    address: String,
    signed: bool,
    deliveries: Option<Deliveries>,
}

async fn list(settings: &Settings, database: Option<Database>, json: bool) -> Result<(), Failure> {
    let (mut deliveries, undelivered) = match database {
        None => (None, None),
        Some(database) => {
            database.require_schema().await?;
            let outbox = Outbox::new(database);
            let deliveries = outbox.deliveries().await?;
            (Some(deliveries), Some(outbox.undelivered().await?))
        }
    };
    let receivers = settings.receivers.iter().map(|it| Listed {
        name: &it.name,
        format: it.format.to_string(),
        address: it.address.to_string(),
        signed: it.secret.is_some(),
        deliveries: deliveries
            .as_mut()
            .map(|all| all.remove(&it.name).unwrap_or_default()),
    });
    let receivers: Vec<Listed> = receivers.collect();
    let heartbeats = settings.heartbeats.iter();
    let heartbeats =
        heartbeats.map(|(function, address)| [(*function).to_owned(), address.to_string()]);
    if json {
        let heartbeats =
            heartbeats.map(|[function, address]| json!({"function": function, "address": address}));
        let heartbeats: Vec<_> = heartbeats.collect();
        print(
            json!({"receivers": receivers, "heartbeats": heartbeats, "undelivered": undelivered}),
        );
        return Ok(());
    }
    print_receivers(&receivers);
    if !settings.heartbeats.is_empty() {
        say("");
        say_table("HEARTBEAT, ADDRESS", heartbeats);
    }
    match undelivered {
        None => say("no database is named, so messages are not shown: set DATABASE_URL"),
        Some(undelivered) => print_undelivered(&undelivered),
    }
    Ok(())
}

fn print_receivers(receivers: &[Listed]) {
    if receivers.is_empty() {
        return say("no receiver: NOTIFY_URL is not set");
    }
    let rows = receivers.iter().map(|it| {
        let count = |number: fn(&Deliveries) -> i64| {
            let number = it.deliveries.as_ref().map(number);
            number.map_or_else(|| "-".to_owned(), |number| number.to_string())
        };
        [
            it.name.to_owned(),
            it.format.clone(),
            it.address.clone(),
            count(|it| it.delivered),
            count(|it| it.waiting),
            count(|it| it.given_up),
        ]
    });
    let heading = "RECEIVER, FORM, ADDRESS, >DELIVERED, >WAITING, >GIVEN UP";
    say_table(heading, rows);
}

fn print_undelivered(undelivered: &[Undelivered]) {
    if undelivered.is_empty() {
        return;
    }
    let rows = undelivered.iter().map(|it| {
        let minute = |it: Timestamp| it.strftime("%Y-%m-%d %H:%M").to_string();
        let state = if it.is_given_up {
            "given up"
        } else {
            "waiting"
        };
        [
            minute(it.created),
            it.receiver.clone(),
            it.title.clone(),
            it.attempts.to_string(),
            state.to_owned(),
            it.failure.clone().unwrap_or_default(),
        ]
    });
    say("");
    let heading = "UTC, RECEIVER, MESSAGE, >ATTEMPTS, STATE, LAST FAILURE";
    say_table(heading, rows);
}
