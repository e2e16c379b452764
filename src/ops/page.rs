//! The page: all panels.

use askama::Template;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::backups::Backups;
use super::document::{SCRIPT, STYLE};
use super::now::Now;
use super::runs::Runs;
use super::sizes::Sizes;
use super::sources::Sources;
use crate::version::{COMMIT, VERSION};

#[derive(Template)]
#[template(path = "ops/page.html")]
pub(super) struct Page {
    at: Timestamp,
    now: Now,
    sizes: Sizes,
    backups: Backups,
    runs: Runs,
}

impl Page {
    /// Reads all panels at the same time.
    pub(super) async fn read(sources: &Sources) -> Page {
        let at = (sources.clock)();
        let (now, sizes, backups, runs) = tokio::join!(
            Now::read(&sources.health),
            Sizes::read(&sources.scaling, at),
            Backups::read(&sources.backups, &sources.ledger, at),
            Runs::read(&sources.ledger, &sources.due, at)
        );
        Page {
            at,
            now,
            sizes,
            backups,
            runs,
        }
    }

    pub(super) fn render(&self) -> String {
        Template::render(self).expect("writing to a string cannot fail")
    }

    /// The begin of the commit, as git abbreviates it.
    fn commit() -> &'static str {
        COMMIT.get(..10).unwrap_or(COMMIT)
    }

    /// `Mon 30 Nov 2026, 05:54:12`.
    fn clock(&self) -> String {
        let at = TimeZone::UTC.to_datetime(self.at);
        at.strftime("%a %d %b %Y, %H:%M:%S").to_string()
    }
}
