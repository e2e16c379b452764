//! A progress bar on a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::backup::Progress;

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

    /// Shows the progress of `work` until it is done.
    pub(super) async fn follow<T>(&self, work: impl Future<Output = T>, progress: &Progress) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            if let Ok(done) = tokio::time::timeout(REFRESH, &mut work).await {
                return done;
            }
            match progress.estimated_bytes() {
                0 => {}
                bytes => self.0.set_length(bytes),
            }
            self.0.set_prefix(format!(", {} rows", progress.rows()));
            self.0.set_position(progress.bytes());
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
