//! Findings of lint.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schedule::Severity::{Error, Warning};
use schedule::{Configuration, LocatedFinding, Schedule, Severity, lint};

const HEAD: &str = "[target.web]\nzone = \"UTC\"\nsize = 1\nbounds = { min = 1, max = 4 }\n";

fn findings(rest: &str) -> Vec<LocatedFinding> {
    findings_in("UTC", rest)
}

fn findings_in(zone: &str, rest: &str) -> Vec<LocatedFinding> {
    let text = format!("{HEAD}{rest}").replace("UTC", zone);
    let configuration =
        Configuration::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let now: Timestamp = "2026-11-24T12:00:00Z".parse().expect("an instant");
    located(configuration, now)
}

fn located(configuration: Configuration, now: Timestamp) -> Vec<LocatedFinding> {
    let lines = configuration.lines().clone();
    let schedule = Schedule::new(configuration, &BTreeMap::new());
    lines.locate(lint(&schedule, now))
}

#[test]
fn a_good_schedule_has_no_findings() {
    let good = "holidays = { calendars = [\"c\"], size = 1 }\n\
                [[target.web.weekly]]\ndays = \"Mon-Fri\"\nfrom = \"08:00\"\nto = \"16:00\"\nsize = 4\n\
                [[target.web.weekly]]\ndays = \"Mon-Fri\"\nfrom = \"16:00\"\nto = \"20:00\"\nsize = 2\n\
                [[target.web.dated]]\nfrom = \"12-24\"\nto = \"12-26\"\nsize = 2\n\
                [calendar.c]\ndates = [\"2027-12-25\"]\n";
    assert_eq!(findings(good), []);
}

#[test]
fn each_finding_has_its_line_and_a_remedy() {
    let weekly = |text: &str| format!("[[target.web.weekly]]\n{text}\nsize = 2\n");
    let dated = |text: &str| format!("[[target.web.dated]]\n{text}\nsize = 2\n");
    let workday = weekly("days = \"Mon-Fri\"\nfrom = \"08:00\"\nto = \"16:00\"");
    for (rest, severity, line, hint) in [
        (
            weekly("days = \"Mon\"\nfrom = \"08:00\"\nto = \"08:00\""),
            Error,
            5,
            "empty",
        ),
        (
            weekly("days = \"Mon\"\nfrom = \"08:00\"\nto = \"08:04\""),
            Error,
            5,
            "less than the 5",
        ),
        (weekly("days = \"Mon-Sun\""), Error, 5, "always in force"),
        (
            weekly("days = \"Mon-Fri\"\nfrom = \"20:00\"\nto = \"06:00\"")
                .replace("size = 2", "size = 5"),
            Error,
            5,
            "outside the bounds 1 to 4",
        ),
        (
            weekly("days = \"Mon\"").replace("size = 2", "size = { min = 1, max = 2 }"),
            Error,
            5,
            "two forms",
        ),
        (
            workday.clone() + &weekly("days = \"Tue\"\nfrom = \"09:00\"\nto = \"10:00\""),
            Error,
            10,
            "never decides",
        ),
        (
            workday.clone()
                + &weekly("days = \"Tue\"\nfrom = \"09:00\"\nto = \"17:00\"")
                    .replace("size = 2", "size = 3"),
            Warning,
            10,
            "first in the file and decides where both are in force; see line 5",
        ),
        (
            dated("from = \"2026-12-26\"\nto = \"2026-12-24\""),
            Error,
            5,
            "swap",
        ),
        (
            dated("from = \"2026-12-26 08:00\"\nto = \"2026-12-26 08:03\""),
            Error,
            5,
            "less than",
        ),
        (
            dated("from = \"2026-10-01\"\nto = \"2026-10-02\""),
            Warning,
            5,
            "ended at 2026-10-03",
        ),
        (
            dated("from = \"12-24\"\nto = \"12-26\"")
                + &dated("from = \"2029-12-25\"\nto = \"2029-12-27\"")
                    .replace("size = 2", "size = 3"),
            Warning,
            9,
            "first in the file and decides where both are in force; see line 5",
        ),
    ] {
        assert_found(&rest, severity, line, hint);
    }
}

/// A window of size 3 on Sunday, and a later one that is within it on every clock.
fn covered(cover: (&str, &str), window: (&str, &str)) -> String {
    let sunday = |(from, to): (&str, &str), size: u32| {
        format!(
            "[[target.web.weekly]]\ndays = \"Sun\"\nfrom = \"{from}\"\nto = \"{to}\"\nsize = {size}\n"
        )
    };
    sunday(cover, 3) + &sunday(window, 2)
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
    let found = located(configuration, Timestamp::UNIX_EPOCH);
    assert_eq!((found.len(), found[0].line), (1, 1));
    assert!(found[0].text.contains("swap"), "{}", found[0].text);
}
