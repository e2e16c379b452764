//! The figures of one program, by round.

use std::time::Duration;

use crate::database::Database;
use crate::spread::{Spread, shown};
use crate::usage::Usage;

/// The columns that every table of this section has for a program.
pub(super) const HEADING: [&str; 4] = [
    "seconds, median (min–max)",
    "processor s",
    "PostgreSQL's processor s",
    "busy cores",
];

#[derive(Default)]
pub(super) struct Figures {
    /// Seconds.
    pub(super) wall: Vec<f64>,
    /// Seconds of the program's own.
    pub(super) processor: Vec<f64>,
    /// Seconds of the server.
    server: Vec<f64>,
    /// Cores that both kept busy, on average.
    busy: Vec<f64>,
    /// Megabytes.
    pub(super) memory: Vec<f64>,
    /// Megabytes.
    pub(super) stored: Vec<f64>,
}

impl Figures {
    #[expect(clippy::cast_precision_loss, reason = "megabytes with one digit")]
    pub(super) fn add(&mut self, (usage, server): (Usage, Duration), stored: u64) {
        let processor = usage.processor + server;
        self.wall.push(usage.wall.as_secs_f64());
        self.processor.push(usage.processor.as_secs_f64());
        self.server.push(server.as_secs_f64());
        self.busy
            .push(processor.as_secs_f64() / usage.wall.as_secs_f64());
        self.memory.push(usage.memory as f64 / 1e6);
        if stored > 0 {
            self.stored.push(stored as f64 / 1e6);
        }
    }

    /// The cells under [`HEADING`].
    pub(super) fn cells(&self) -> [String; 4] {
        [
            shown(&self.wall, 2),
            shown(&self.processor, 2),
            shown(&self.server, 2),
            shown(&self.busy, 2),
        ]
    }
}

/// Of each program its figures.
pub(super) struct Lineup<T>(pub(super) Vec<(T, Figures)>);

impl<T: PartialEq> Lineup<T> {
    pub(super) fn new(all: impl IntoIterator<Item = T>) -> Lineup<T> {
        let with_figures = all.into_iter().map(|it| (it, Figures::default()));
        Lineup(with_figures.collect())
    }

    pub(super) fn of(&self, which: &T) -> Option<&Figures> {
        let found = self.0.iter().find(|(it, _)| it == which);
        found.map(|(_, figures)| figures)
    }

    /// One's wall time by another's, round by round.
    pub(super) fn ratio(&self, one: &T, other: &T) -> Option<Spread> {
        Spread::ratio(&self.of(one)?.wall, &self.of(other)?.wall)
    }
}

/// The size of a database, such as `907 MB`.
pub(super) async fn size(database: &Database) -> anyhow::Result<String> {
    let size = "SELECT pg_size_pretty(pg_database_size(current_database()))";
    database.execute(size).await
}
