//! A progress bar on a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// The bar moves smoothly at this rate.
const REFRESH: Duration = Duration::from_millis(100);

/// Shows the progress and the remaining time.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// `bytes` is an estimate of the total. The bar is on stderr, if that is a terminal.
    pub(super) fn of(label: &'static str, bytes: u64) -> Bar {
        let bar = ProgressBar::new(bytes).with_message(label);
        let template =
            "{msg} {wide_bar} {decimal_bytes}/{decimal_total_bytes}{prefix}, {eta} to go";
        let style = ProgressStyle::with_template(template);
        bar.set_style(style.expect("the template is valid"));
        Bar(bar)
    }

    pub(super) fn add(&self, bytes: u64) {
        self.0.inc(bytes);
    }

    /// The totals so far.
    pub(super) fn at(&self, bytes: u64, rows: u64) {
        self.0.set_prefix(format!(", {rows} rows"));
        self.0.set_position(bytes);
    }

    /// Updates the bar from `progress` until `work` is done.
    pub(super) async fn follow<T>(
        &self,
        work: impl Future<Output = T>,
        progress: impl Fn() -> (u64, u64),
    ) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            if let Ok(done) = tokio::time::timeout(REFRESH, &mut work).await {
                return done;
            }
            let (bytes, rows) = progress();
            self.at(bytes, rows);
        }
    }

    /// Sets the estimate of the total.
    pub(super) fn expect(&self, bytes: u64) {
        self.0.set_length(bytes);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
