//! `scale lint`.

use clap::Args;
use serde_json::json;

use super::session::Session;
use crate::exit::{Exit, Failure};
use crate::terminal::{print, say};
use schedule::Severity;

#[derive(Args)]
pub(crate) struct Lint {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Lint {
    pub(super) async fn run(self, session: &Session) -> Result<(), Failure> {
        let loaded = session.loaded().await?;
        if self.json {
            print(json!({ "schedule": loaded.place, "findings": loaded.findings }));
        } else {
            for finding in &loaded.findings {
                say(format_args!("{}: {finding}", loaded.place));
            }
            let targets = loaded.schedule.targets();
            let windows: usize = targets
                .iter()
                .map(|it| it.weekly.len() + it.dated.len())
                .sum();
            say(format_args!(
                "{}: targets: {}, windows: {windows}, calendars: {}, findings: {}",
                loaded.place,
                targets.len(),
                loaded.schedule.calendars().len(),
                loaded.findings.len()
            ));
        }
        let errors = loaded.findings.iter();
        match errors.filter(|it| it.severity == Severity::Error).count() {
            0 => Ok(()),
            count => Err(Failure::new(
                Exit::Failed,
                format!("the schedule has {count} errors, so it is not applied"),
            )),
        }
    }
}
