//! `scale run`.

use std::time::Duration;

use clap::Args;

use super::session::Session;
use crate::exit::{Exit, Failure};
use crate::host::Invocation;
use crate::ledger::Ledger;
use crate::scale::timer;
use crate::terminal::say;

/// No host limits the verb, so this is only a guard.
const LIMIT: Duration = Duration::from_hours(24);

#[derive(Args)]
pub(crate) struct Run {
    /// Report the changes without making them
    #[arg(long)]
    dry_run: bool,
}

impl Run {
    pub(super) async fn run(self, session: &Session) -> Result<(), Failure> {
        let scaling = session.scaling().await?;
        let (lines, failure) = if self.dry_run {
            let id = uuid::Uuid::new_v4().to_string();
            let summary = Box::pin(timer::tick(&scaling, session.now(), &id, true)).await;
            let summary = summary.map_err(failed)?;
            (summary.lines(), summary.failure())
        } else {
            let ledger = Ledger::new(session.database().await?.clone());
            // Its slot is the instant.
            let invocation = Invocation {
                called: Some(session.now()),
                ..Invocation::by_hand(timer::FUNCTION.to_owned())
            };
            let outcome = Box::pin(timer::run(&scaling, &ledger, &invocation, LIMIT)).await;
            (outcome.lines, outcome.failure)
        };
        lines.into_iter().for_each(say);
        failure.map_or(Ok(()), |failure| Err(failed(failure)))
    }
}

fn failed(reason: String) -> Failure {
    Failure::new(Exit::Failed, reason)
}
