//! The report as one HTML page. It has no script and loads nothing.

use askama::Template;
use jiff::Timestamp;

use super::contents::{Line, Report, SourceReport};
use crate::words;

const STYLE: &str = include_str!("style.css");

#[derive(Template)]
#[template(path = "backup/report.html")]
struct Page<'a> {
    report: &'a Report,
}

impl Report {
    pub(super) fn html(&self) -> String {
        let page = Page { report: self };
        page.render().expect("writing to a string cannot fail")
    }

    /// The basis of the numbers.
    pub(super) fn basis(&self) -> String {
        let due = match &self.schedule {
            Some(schedule) => format!("for each time of the schedule \"{schedule}\""),
            None => "for each day".to_owned(),
        };
        format!(
            "The report is based on the manifests and proofs that the store has now. One backup is due {due}, in \
             UTC; times of the last hour are left out. A backup that is not in the store is missing if the \
             present rules would keep it; otherwise it may have been deleted. A backup is proved when a restore \
             loaded it and every row was as it was read."
        )
    }
}

impl SourceReport {
    fn with_findings(&self) -> impl Iterator<Item = &Line> {
        self.backups.iter().filter(|it| !it.missing.is_empty())
    }
}

impl Line {
    fn size(&self) -> String {
        words::size(self.bytes)
    }

    fn copy(&self) -> &'static str {
        match self.copied {
            Some(true) => "yes",
            Some(false) => "no",
            None => "–",
        }
    }
}

fn minute(at: &Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

fn list(times: &[Timestamp]) -> String {
    let times: Vec<String> = times.iter().map(minute).collect();
    times.join(", ")
}
