//! Findings of lint.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schedule::Severity::{Error, Warning};
use schedule::{Configuration, Finding, Schedule, Severity, lint};

const HEAD: &str = "[target.web]\nzone = \"UTC\"\nsize = 1\nbounds = { min = 1, max = 4 }\n";

fn findings(rest: &str) -> Vec<Finding> {
    findings_in("UTC", rest)
}

fn findings_in(zone: &str, rest: &str) -> Vec<Finding> {
    let text = format!("{HEAD}{rest}").replace("UTC", zone);
    let configuration =
        Configuration::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let now: Timestamp = "2026-11-24T12:00:00Z".parse().expect("an instant");
    lint(&Schedule::new(configuration, &BTreeMap::new()), now)
}

#[test]
fn a_good_schedule_has_no_findings() {
    let good = [
        "holidays = { calendars = ['c'], size = 1 }\n",
        &weekly("Mon-Fri", "08:00", "16:00", 4),
        &weekly("Mon-Fri", "16:00", "20:00", 2),
        &dated("12-24", "12-26", 2),
        "[calendar.c]\ndates = ['2027-12-25']\n",
    ];
    assert_eq!(findings(&good.concat()), []);
}

#[test]
fn each_finding_has_its_line_and_a_remedy() {
    let workday = weekly("Mon-Fri", "08:00", "16:00", 2);
    let christmas = dated("12-24", "12-26", 2);
    let first = "first in the file and decides where both are in force; see line 5";
    for (rest, severity, line, hint) in [
        (weekly("Mon", "08:00", "08:00", 2), Error, 5, "empty"),
        (weekly("Mon", "08:00", "08:04", 2), Error, 5, "than the 5"),
        (
            weekly("Mon-Sun", "00:00", "24:00", 2),
            Error,
            5,
            "always in force",
        ),
        (
            weekly("Mon-Fri", "20:00", "06:00", 5),
            Error,
            5,
            "outside the bounds 1 to 4",
        ),
        (
            workday.replace("= 2", "= { min = 1, max = 2 }"),
            Error,
            5,
            "two forms",
        ),
        (
            workday.clone() + &weekly("Tue", "09:00", "10:00", 2),
            Error,
            10,
            "never decides",
        ),
        (
            workday + &weekly("Tue", "09:00", "17:00", 3),
            Warning,
            10,
            first,
        ),
        (dated("2026-12-26", "2026-12-24", 2), Error, 5, "swap"),
        (
            dated("2026-12-26 08:00", "2026-12-26 08:03", 2),
            Error,
            5,
            "less than",
        ),
        (
            dated("2026-10-01", "2026-10-02", 2),
            Warning,
            5,
            "ended at 2026-10-03",
        ),
        (
            christmas + &dated("2029-12-25", "2029-12-27", 3),
            Warning,
            9,
            first,
        ),
    ] {
        assert_found(&rest, severity, line, hint);
    }
}

fn weekly(days: &str, from: &str, to: &str, size: u32) -> String {
    format!("[[target.web.weekly]]\ndays = '{days}'\nfrom = '{from}'\nto = '{to}'\nsize = {size}\n")
}

fn dated(from: &str, to: &str, size: u32) -> String {
    format!("[[target.web.dated]]\nfrom = '{from}'\nto = '{to}'\nsize = {size}\n")
}

/// A window of size 3 on Sunday, and a later one that is within it on every clock.
fn covered(cover: (&str, &str), window: (&str, &str)) -> String {
    weekly("Sun", cover.0, cover.1, 3) + &weekly("Sun", window.0, window.1, 2)
}

#[test]
fn a_window_that_outlasts_its_cover_in_a_gap_decides_there() {
    // Clocks are set forward from 02:00 to 03:00 on a Sunday in March.
    for (cover, window) in [
        // The cover ends at 03:00, as clocks show it; the window at 02:45, which is 03:45.
        (("01:00", "03:00"), ("01:30", "02:45")),
        // The cover begins at 02:30, which is 03:30; the window at 03:00.
        (("02:30", "06:00"), ("03:00", "05:00")),
    ] {
        let rest = covered(cover, window);
        let never = findings_in("UTC", &rest);
        assert_eq!((never.len(), never[0].severity), (1, Error), "{never:?}");
        let decides = findings_in("Europe/Berlin", &rest);
        let severity = decides[0].severity;
        assert_eq!((decides.len(), severity), (1, Warning), "{decides:?}");
        assert!(decides[0].text.contains("overlaps"), "{decides:?}");
    }
}

#[test]
fn a_window_that_its_cover_outlasts_in_every_gap_never_decides() {
    for (cover, window) in [
        (("01:00", "04:00"), ("01:30", "02:45")),
        (("01:00", "02:50"), ("01:30", "02:45")),
        (("09:00", "18:00"), ("10:00", "12:00")),
    ] {
        let found = findings_in("Europe/Berlin", &covered(cover, window));
        assert_eq!((found.len(), found[0].severity), (1, Error), "{found:?}");
        assert!(found[0].text.contains("never decides"), "{found:?}");
    }
}

#[test]
fn missing_unused_and_ending_calendars_are_found() {
    let calendar = |date: &str| {
        format!("holidays = {{ calendars = [\"c\"], size = 1 }}\n[calendar.c]\ndates = [{date}]\n")
    };
    for (rest, severity, line, hint) in [
        (calendar("\"2026-12-25\""), Warning, 6, "within 60 days"),
        (
            calendar("\"2025-12-25\""),
            Warning,
            6,
            "ended on 2025-12-25",
        ),
        (calendar(""), Warning, 6, "no days"),
        (
            calendar("\"2027-12-25\"").replace("[\"c\"]", "[\"c\", \"d\"]"),
            Error,
            5,
            "unknown calendar d",
        ),
        (
            "[calendar.c]\ndates = [\"2027-12-25\"]\n".to_owned(),
            Warning,
            5,
            "is not used",
        ),
    ] {
        assert_found(&rest, severity, line, hint);
    }
}

/// Asserts that a schedule has this one finding.
#[track_caller]
fn assert_found(rest: &str, severity: Severity, line: usize, hint: &str) {
    let found = findings(rest);
    let [one] = &found[..] else {
        panic!("{rest}: {found:?}");
    };
    assert_eq!((one.severity, one.line), (severity, line), "{rest}: {one}");
    assert!(one.text.contains(hint), "{rest}: {one}");
}

#[test]
fn swapped_bounds_are_an_error_of_the_target() {
    let text = HEAD.replace("min = 1, max = 4", "min = 4, max = 1");
    let configuration = Configuration::parse(&text).expect("it can be read");
    let schedule = Schedule::new(configuration, &BTreeMap::new());
    let found = lint(&schedule, Timestamp::UNIX_EPOCH);
    assert_eq!((found.len(), found[0].line), (1, 1));
    assert!(found[0].text.contains("swap"), "{}", found[0].text);
}
