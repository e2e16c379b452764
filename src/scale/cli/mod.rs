//! `magnusapi scale …`: what an operator types. One file a verb.

mod explain;
mod history;
mod hold;
mod lint;
mod plan;
mod run;
mod session;
mod words;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::hold_request::{End, size_of};
use schedule::{Size, TargetName, parse_instant};
pub(crate) use session::{Failure, Session};

/// What to do with sizes by schedule.
#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Check the schedule and its calendars
    ///
    /// Prints what is wrong, by line. Warnings are not acted on; with an error the schedule is not
    /// acted on at all, and this exits with 1.
    #[command(verbatim_doc_comment)]
    Lint {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what comes: each change, when, and why
    ///
    /// Holds are part of it where a database is named; without one, or with --without-holds, the plan
    /// is the schedule's alone.
    #[command(verbatim_doc_comment)]
    Plan {
        /// Only this target
        target: Option<TargetName>,
        /// From this instant, such as 2026-11-24T00:00:00Z; without it, from now
        #[arg(long, value_name = "INSTANT", value_parser = instant)]
        from: Option<Timestamp>,
        /// For so many days
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=400))]
        days: u16,
        /// Print JSON
        #[arg(long, conflicts_with = "svg")]
        json: bool,
        /// Print a picture, as SVG
        #[arg(long)]
        svg: bool,
        #[command(flatten)]
        holds: WithHolds,
    },
    /// Say why a target has its size: every rule, and where it stands
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
    /// Do what the timer does, once
    ///
    /// Looks at every target and asks Azure for what differs. Takes turns with the timer.
    #[command(verbatim_doc_comment)]
    Run {
        /// Look, say what would be done, and do nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Show the changes that Azure was asked for
    History {
        /// Only this target
        target: Option<TargetName>,
        /// Of so many days
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=400))]
        days: u16,
        /// At most so many, the newest first
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=10_000))]
        limit: u16,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Hold a target at a size for a while, whatever the schedule says
    ///
    /// It ends by itself, and is in force from the next tick on. A second hold on a target takes the
    /// place of the first.
    #[command(verbatim_doc_comment)]
    Hold {
        /// The target
        target: TargetName,
        /// The size: 6, or 2-6 for a least and a most
        #[arg(long, value_parser = size_of)]
        size: Size,
        /// Until when, within 7 days: 18:00 or "2026-11-25 18:00" on the target's clocks,
        /// 2026-11-25T17:00:00Z, or a length such as 2h
        #[arg(long, value_name = "TIME", verbatim_doc_comment)]
        until: End,
        /// Why, for whoever sees the size and wonders
        #[arg(long)]
        reason: String,
        /// Who wants it
        #[arg(long, value_name = "NAME", env = "USER")]
        by: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End the holds of a target
    Release {
        /// The target
        target: TargetName,
    },
    /// Show the holds that are in force
    Holds {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Whether holds are part of what is shown.
#[derive(Args)]
pub(crate) struct WithHolds {
    /// Leave holds out, and ask no database
    #[arg(long)]
    without_holds: bool,
}

fn instant(text: &str) -> Result<Timestamp, String> {
    let wrong = || format!("{text:?} is no instant; write one such as 2026-11-24T08:00:00Z");
    parse_instant(text).ok_or_else(wrong)
}

/// Does what the verb says.
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
            plan::run(&session, target.as_ref(), (from, days), form, &holds).await
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
        } => history::run(&session, target.as_ref(), (days, limit), json).await,
        Verb::Hold {
            target,
            size,
            until,
            reason,
            by,
            json,
        } => {
            let asked = hold::Asked {
                size,
                until,
                reason,
                by,
            };
            hold::hold(&session, &target, asked, json).await
        }
        Verb::Release { target } => hold::release(&session, &target).await,
        Verb::Holds { json } => hold::list(&session, json).await,
    }
}
