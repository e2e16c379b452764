//! Many targets with many windows.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use schedule::{Configuration, Schedule, Target};

/// Windows of each target. None overlaps another, and an instant is in one of them half of the time.
pub(super) const WINDOWS: usize = 20;

/// Where the targets lie, one after another.
const ZONES: [&str; 4] = [
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Sydney",
];

/// The zone of a target.
pub(super) fn zone(target: usize) -> &'static str {
    ZONES[target % ZONES.len()]
}

/// A window's day from Monday, and the hours of its edges, both at half past.
pub(super) fn window(place: usize) -> (usize, usize, usize) {
    let hour = 5 + place / 7 * 6;
    (place % 7, hour, hour + 5)
}

/// A schedule, and its text.
pub(super) struct Fleet {
    text: String,
    schedule: Schedule,
}

impl Fleet {
    pub(super) fn new(targets: usize) -> Fleet {
        let text: String = (0..targets).map(table).collect();
        let schedule = read(&text);
        Fleet { text, schedule }
    }

    /// Reads the text again.
    pub(super) fn read(&self) -> Schedule {
        read(&self.text)
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    pub(super) fn targets(&self) -> &[Target] {
        self.schedule.targets()
    }
}

fn read(text: &str) -> Schedule {
    let configuration = Configuration::parse(text).expect("it is written to be read");
    Schedule::new(configuration, &BTreeMap::new())
}

/// In the file's order targets are sorted by name, so the names have leading zeros.
fn table(target: usize) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let zone = zone(target);
    let mut text = format!(
        "[target.t{target:05}]\nzone = \"{zone}\"\nsize = 1\nbounds = {{ min = 1, max = 9 }}\n"
    );
    for place in 0..WINDOWS {
        let (day, from, to) = window(place);
        let day = DAYS[day];
        write!(
            text,
            "[[target.t{target:05}.weekly]]\ndays = \"{day}\"\nfrom = \"{from:02}:30\"\nto = \
             \"{to:02}:30\"\nsize = 4\n"
        )
        .expect("memory takes all");
    }
    text
}
