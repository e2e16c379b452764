//! The cost of more items, bytes, tables, targets and history: one series for each, as a table and a plot.
//!
//! | module | purpose |
//! |---|---|
//! | `items`, `backups`, `targets`, `history` | the series |
//! | `pages` | the time of one request |
//! | `series`, `plot` | the table and the plot of a series |

mod backups;
mod history;
mod items;
mod pages;
mod plot;
mod series;
mod targets;

use crate::bench::Bench;

use series::Series;

/// The quantity that grows.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Items,
    Bytes,
    Tables,
    Targets,
    History,
}

impl Kind {
    pub(super) const ALL: [Kind; 5] = [
        Kind::Items,
        Kind::Bytes,
        Kind::Tables,
        Kind::Targets,
        Kind::History,
    ];
}

pub(super) async fn measure(bench: &Bench, kind: Kind) -> anyhow::Result<Series> {
    match kind {
        Kind::Items => items::measure(bench).await,
        Kind::Bytes => backups::bytes(bench).await,
        Kind::Tables => backups::tables(bench).await,
        Kind::Targets => targets::measure(bench).await,
        Kind::History => history::measure(bench).await,
    }
}
