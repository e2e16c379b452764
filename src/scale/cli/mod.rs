//! `magnusapi scale …`: one file for each verb, with its arguments.

mod explain;
mod history;
mod hold;
mod lint;
mod plan;
mod run;
mod session;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use crate::exit::Failure;
use schedule::parse_instant;
pub(crate) use session::Session;

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Check the schedule and its calendars
    ///
    /// Prints the findings by line. Exits with 1 if there is an error: then the schedule is not applied.
    #[command(verbatim_doc_comment)]
    Lint(lint::Lint),
    /// Show future changes, with their times and reasons
    ///
    /// Includes holds if a database is named, unless --without-holds is given.
    #[command(verbatim_doc_comment)]
    Plan(plan::Plan),
    /// Explain a target's size: every rule, and its state
    Explain(explain::Explain),
    /// Run one tick, as the timer does
    ///
    /// Reads every resource and changes the sizes that differ. Waits for a tick of the timer.
    #[command(verbatim_doc_comment)]
    Run(run::Run),
    /// Show past changes
    History(history::History),
    /// Hold a target at a size for a while, regardless of the schedule
    ///
    /// The hold ends by itself, and is in force from the next tick on. A second hold on a target replaces
    /// the first.
    #[command(verbatim_doc_comment)]
    Hold(hold::Hold),
    /// End the holds of a target
    Release(hold::Release),
    /// Show the holds that are in force
    Holds(hold::Holds),
}

#[derive(Args)]
struct WithHolds {
    /// Ignore holds, and use no database
    #[arg(long)]
    without_holds: bool,
}

fn instant(text: &str) -> Result<Timestamp, String> {
    let wrong = || format!("{text:?} is not an instant; write one such as 2026-11-24T08:00:00Z");
    parse_instant(text).ok_or_else(wrong)
}

pub(crate) async fn run(verb: Verb, session: Session) -> Result<(), Failure> {
    match verb {
        Verb::Lint(lint) => lint.run(&session).await,
        Verb::Plan(plan) => plan.run(&session).await,
        Verb::Explain(explain) => explain.run(&session).await,
        Verb::Run(run) => Box::pin(run.run(&session)).await,
        Verb::History(history) => history.run(&session).await,
        Verb::Hold(hold) => hold.run(&session).await,
        Verb::Release(release) => release.run(&session).await,
        Verb::Holds(holds) => holds.run(&session).await,
    }
}
