//! The panel *Runs*: the last runs of the timers.

use askama::Template;
use askama::filters::HtmlSafe;
use futures_util::FutureExt;
use jiff::Timestamp;

use super::moment::{took, utc};
use super::panel::{self, Panel};
use crate::due::DueRuns;
use crate::ledger::{Ledger, RecentRun, RunState};

#[derive(Template)]
#[template(path = "ops/runs.html")]
pub(super) struct Runs {
    /// Each with its function.
    last: Panel<Vec<(String, RecentRun)>>,
    now: Timestamp,
    /// The timer functions.
    functions: Vec<&'static str>,
}

impl HtmlSafe for Runs {}

/// The number of runs on the page.
const SHOWN: i64 = 50;

impl Runs {
    pub(super) async fn read(ledger: &Ledger, due: &DueRuns, now: Timestamp) -> Runs {
        Runs {
            functions: due.functions().to_vec(),
            last: panel::read("the database", ledger.last(SHOWN).boxed()).await,
            now,
        }
    }

    /// How long a run took. A run that is running has taken the time until now.
    fn took(&self, run: &RecentRun) -> String {
        match (run.finished, &run.state) {
            (Some(finished), _) => took(finished.duration_since(run.started)),
            (None, RunState::Running) => took(self.now.duration_since(run.started)),
            (None, _) => "unknown".to_owned(),
        }
    }
}

/// The state of a run: the name of its style, its text, and its message if it has one.
struct Shown<'a> {
    style: &'static str,
    text: &'static str,
    message: Option<&'a str>,
}

fn shown(state: &RunState) -> Shown<'_> {
    let (style, text, message) = match state {
        RunState::Running => ("run", "running", None),
        RunState::Succeeded => ("ok", "succeeded", None),
        RunState::Stopped => (
            "fail",
            "stopped",
            Some("Its process ended before it finished. The next call takes the slot over."),
        ),
        RunState::Degraded(reason) => ("warn", "degraded", Some(reason.as_str())),
        RunState::Failed(reason) => ("fail", "failed", Some(reason.as_str())),
        RunState::Interrupted(reason) => ("fail", "interrupted", Some(reason.as_str())),
    };
    Shown {
        style,
        text,
        message,
    }
}
