//! The page: all panels.

use askama::Template;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::document::{SCRIPT, STYLE};
use super::now::Now;
use super::routes::Sources;
use super::runs::Runs;
use crate::version::{COMMIT, VERSION};

#[derive(Template)]
#[template(path = "ops/page.html")]
pub(super) struct Page {
    at: Timestamp,
    now: Now,
    runs: Runs,
}

impl Page {
    /// Reads all panels at the same time.
    pub(super) async fn read(sources: &Sources) -> Page {
        let at = (sources.clock)();
        let (now, runs) = tokio::join!(Now::read(&sources.health), Runs::read(&sources.ledger, at));
        Page { at, now, runs }
    }

    pub(super) fn render(&self) -> String {
        Template::render(self).expect("writing to a string cannot fail")
    }

    /// `Mon 30 Nov 2026, 05:54:12`.
    fn clock(&self) -> String {
        let at = TimeZone::UTC.to_datetime(self.at);
        at.strftime("%a %d %b %Y, %H:%M:%S").to_string()
    }
}
