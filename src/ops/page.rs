//! The page: all panels.

use askama::Template;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::backups::Backups;
use super::document::{SCRIPT, STYLE};
use super::now::Now;
use super::runs::Runs;
use super::sizes::Sizes;
use super::sources::Ops;
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
    pub(super) async fn read(ops: &Ops) -> Page {
        let at = (ops.clock)();
        let (now, sizes, backups, runs) = tokio::join!(
            Now::read(&ops.health),
            Sizes::read(&ops.scaling, at),
            Backups::read(&ops.backups, &ops.ledger, at),
            Runs::read(&ops.ledger, &ops.due, at)
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
