//! `scale lint`.

use serde_json::json;

use super::session::{Failure, Session};
use crate::terminal::{print, say};
use schedule::Severity;

pub(super) async fn run(session: &Session, json: bool) -> Result<(), Failure> {
    let book = session.book().await?;
    if json {
        print(json!({ "schedule": book.place, "findings": book.findings }));
    } else {
        for finding in &book.findings {
            say(format_args!("{}: {finding}", book.place));
        }
        let targets = book.schedule.targets();
        let windows: usize = targets
            .iter()
            .map(|it| it.weekly.len() + it.dated.len())
            .sum();
        say(format_args!(
            "{}: targets: {}, windows: {windows}, calendars: {}, findings: {}",
            book.place,
            targets.len(),
            book.schedule.calendars().len(),
            book.findings.len()
        ));
    }
    let errors = book.findings.iter();
    match errors.filter(|it| it.severity == Severity::Error).count() {
        0 => Ok(()),
        count => Err(Failure::Findings(count)),
    }
}
