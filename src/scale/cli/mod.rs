//! `magnusapi scale …`: one file for each verb.

mod explain;
mod history;
mod hold;
mod lint;
mod plan;
mod run;
mod session;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::hold_request::{End, size_of};
use crate::words;
use schedule::{Size, TargetName, parse_instant};
pub(crate) use session::{Failure, Session};

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Check the schedule and its calendars
    ///
    /// Prints the findings by line. Exits with 1 if there is an error: then the schedule is not applied.
    #[command(verbatim_doc_comment)]
    Lint {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show future changes, with their times and reasons
    ///
    /// Includes holds if a database is named, unless --without-holds is given.
    #[command(verbatim_doc_comment)]
    Plan {
        /// Only this target
        target: Option<TargetName>,
        /// From this instant, such as 2026-11-24T00:00:00Z; without it, from now
        #[arg(long, value_name = "INSTANT", value_parser = instant)]
        from: Option<Timestamp>,
        /// Number of days
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=400))]
        days: u16,
        /// Print JSON
        #[arg(long, conflicts_with = "svg")]
        json: bool,
        /// Print a timeline as SVG
        #[arg(long)]
        svg: bool,
        #[command(flatten)]
        holds: WithHolds,
    },
    /// Explain a target's size: every rule, and its state
    Explain {
        /// Only this target
        target: Option<TargetName>,
        /// At this instant, such as 2026-12-24T17:00:00Z; without it, now
        #[arg(long, value_name = "INSTANT", value_parser = instant)]
        at: Option<Timestamp>,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        holds: WithHolds,
    },
    /// Run one tick, as the timer does
    ///
    /// Reads every resource and changes the sizes that differ. Waits for a tick of the timer.
    #[command(verbatim_doc_comment)]
    Run {
        /// Report the changes without making them
        #[arg(long)]
        dry_run: bool,
    },
    /// Show past changes
    History {
        /// Only this target
        target: Option<TargetName>,
        /// Number of days
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=400))]
        days: u16,
        /// The most changes, the newest first
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=10_000))]
        limit: u16,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Hold a target at a size for a while, regardless of the schedule
    ///
    /// The hold ends by itself, and is in force from the next tick on. A second hold on a target replaces
    /// the first.
    #[command(verbatim_doc_comment)]
    Hold {
        /// A target of the schedule
        target: TargetName,
        /// The size: 6, or 2-6 for a least and a most
        #[arg(long, value_parser = size_of)]
        size: Size,
        /// The end, within 7 days: 18:00 or "2026-11-25 18:00" on the target's clocks,
        /// 2026-11-25T17:00:00Z, or a length such as 2h
        #[arg(long, value_name = "TIME", verbatim_doc_comment)]
        until: End,
        /// The reason, for other operators
        #[arg(long)]
        reason: String,
        /// The author
        #[arg(long, value_name = "NAME", env = "USER")]
        by: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End the holds of a target
    Release {
        /// A target of the schedule
        target: TargetName,
    },
    /// Show the holds that are in force
    Holds {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
pub(crate) struct WithHolds {
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
        Verb::Lint { json } => lint::run(&session, json).await,
        Verb::Plan {
            target,
            from,
            days,
            json,
            svg,
            holds,
        } => {
            let from = from.unwrap_or_else(|| words::minute(session.now()));
            let form = match (json, svg) {
                (true, _) => plan::Form::Json,
                (_, true) => plan::Form::Svg,
                _ => plan::Form::Table,
            };
            plan::run(&session, target.as_ref(), from, days, form, &holds).await
        }
        Verb::Explain {
            target,
            at,
            json,
            holds,
        } => {
            let at = at.unwrap_or_else(|| session.now());
            explain::run(&session, target.as_ref(), at, json, &holds).await
        }
        Verb::Run { dry_run } => Box::pin(run::run(&session, dry_run)).await,
        Verb::History {
            target,
            days,
            limit,
            json,
        } => history::run(&session, target.as_ref(), days, limit, json).await,
        Verb::Hold {
            target,
            size,
            until,
            reason,
            by,
            json,
        } => {
            let options = hold::Options {
                size,
                until,
                reason,
                by,
            };
            hold::hold(&session, &target, options, json).await
        }
        Verb::Release { target } => hold::release(&session, &target).await,
        Verb::Holds { json } => hold::list(&session, json).await,
    }
}
