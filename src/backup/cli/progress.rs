//! A progress bar on a terminal.

use std::pin::pin;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use tokio::time::timeout;

use crate::backup::Progress;

/// The bar moves smoothly at this rate.
const REFRESH: Duration = Duration::from_millis(100);

/// Does `work`, and shows its progress and the remaining time on stderr, if that is a terminal. `bytes` is an
/// estimate of the total.
pub(super) async fn follow<T>(
    label: &'static str,
    bytes: u64,
    progress: &Progress,
    work: impl Future<Output = T>,
) -> T {
    let template = "{msg} {wide_bar} {decimal_bytes}/{decimal_total_bytes}{prefix}, {eta} to go";
    let style = ProgressStyle::with_template(template).expect("the template is valid");
    let bar = ProgressBar::new(bytes)
        .with_message(label)
        .with_style(style)
        .with_finish(ProgressFinish::AndClear);
    let mut work = pin!(work);
    loop {
        if let Ok(done) = timeout(REFRESH, &mut work).await {
            return done;
        }
        if let bytes @ 1.. = progress.estimated_bytes() {
            bar.set_length(bytes);
        }
        if let rows @ 1.. = progress.rows() {
            bar.set_prefix(format!(", {rows} rows"));
        }
        bar.set_position(progress.bytes());
    }
}
