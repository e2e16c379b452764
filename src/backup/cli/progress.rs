//! A bar on a terminal, and nothing elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Often enough to look smooth.
const REFRESH: Duration = Duration::from_millis(100);

/// Shows how far something is, with the time that is left.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// For this many bytes, about. On stderr, and only where that is a terminal.
    pub(super) fn of(what: &'static str, bytes: u64) -> Bar {
        let bar = ProgressBar::new(bytes).with_message(what);
        let template = "{msg} {wide_bar} {decimal_bytes}/{decimal_total_bytes}{prefix}, {eta} left";
        let style = ProgressStyle::with_template(template);
        bar.set_style(style.expect("the template is a good one"));
        Bar(bar)
    }

    /// So many bytes more.
    pub(super) fn add(&self, bytes: u64) {
        self.0.inc(bytes);
    }

    /// So many bytes and rows in all.
    pub(super) fn at(&self, bytes: u64, rows: u64) {
        self.0.set_prefix(format!(", {rows} rows"));
        self.0.set_position(bytes);
    }

    /// Looks again and again how far `work` is, until it is done.
    pub(super) async fn follow<T>(
        &self,
        work: impl Future<Output = T>,
        look: impl Fn() -> (u64, u64),
    ) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            if let Ok(done) = tokio::time::timeout(REFRESH, &mut work).await {
                return done;
            }
            let (bytes, rows) = look();
            self.at(bytes, rows);
        }
    }

    /// That there are so many bytes in all, about.
    pub(super) fn expect(&self, bytes: u64) {
        self.0.set_length(bytes);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
