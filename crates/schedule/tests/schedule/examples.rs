//! Schedules and their expected sizes.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use schedule::{
    Configuration, Hold, Rule, Schedule, Size, Standing, Target, Wall, changes, decide, explain,
    parse_calendar, spans, usage,
};

const HEAD: &str =
    "[target.web]\nzone = \"Europe/Berlin\"\nsize = 1\nbounds = { min = 1, max = 8 }\n";

fn target(windows: &str) -> Target {
    let text = format!("{HEAD}{windows}");
    let configuration = Configuration::parse(&text).unwrap_or_else(|error| panic!("{error}"));
    Schedule::new(configuration, &BTreeMap::new()).targets()[0].clone()
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn size(target: &Target, instant: &str) -> u32 {
    decide(target, &[], at(instant)).size.least()
}

fn hold(target: &Target, size: u32, since: &str, until: &str) -> Hold {
    Hold {
        target: target.name.clone(),
        size: Size::One(size),
        since: at(since),
        until: at(until),
        reason: "release".into(),
        by: "ann".into(),
    }
}

/// Each change as `when from > to mark`.
fn changed(target: &Target, from: &str, to: &str) -> Vec<String> {
    let spans = spans(target, &[], at(from), at(to));
    let changes = changes(target, &spans);
    let changes = changes.iter().map(|it| {
        let mark = match it.edge.kind {
            Wall::Once => "",
            Wall::Gap => " gap",
            Wall::Fold => " fold",
        };
        format!("{} {} > {}{mark}", it.at, it.from, it.to)
    });
    changes.collect()
}

#[test]
fn the_shipped_schedule_is_the_original_one() {
    let text = include_str!("../../../../scale.toml");
    let configuration = Configuration::parse(text).expect("it can be read");
    let schedule = Schedule::new(configuration, &BTreeMap::new());
    let web = &schedule.targets()[0];
    assert_eq!((web.name.as_str(), web.zone.name()), ("web", "UTC"));
    for (instant, expected) in [
        ("2026-11-23T07:59:59Z", 1),
        ("2026-11-23T08:00:00Z", 4),
        ("2026-11-27T15:59:59Z", 4),
        ("2026-11-27T16:00:00Z", 1),
        ("2026-11-28T12:00:00Z", 1),
        ("2026-11-29T12:00:00Z", 1),
    ] {
        assert_eq!(size(web, instant), expected, "{instant}");
    }
}

#[test]
fn the_order_is_hold_dated_holiday_weekly_default() {
    let text = format!(
        "{HEAD}holidays = {{ calendars = [\"c\"], size = 3 }}\n\
         [[target.web.weekly]]\ndays = \"Fri\"\nsize = 2\n\
         [[target.web.dated]]\nfrom = \"2026-12-25 12:00\"\nto = \"2026-12-25 18:00\"\nsize = 4\n\
         [calendar.c]\nfiles = [\"c.ics\"]\n"
    );
    let christmas = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Christmas\n\
                     DTSTART;VALUE=DATE:20261225\nEND:VEVENT\nEND:VCALENDAR\n";
    let files = [("c.ics".to_owned(), parse_calendar(christmas).expect("good"))];
    let configuration = Configuration::parse(&text).expect("it can be read");
    let schedule = Schedule::new(configuration, &BTreeMap::from(files));
    let target = &schedule.targets()[0];
    let holds = [hold(
        target,
        5,
        "2026-12-25T12:00:00Z",
        "2026-12-25T13:00:00Z",
    )];
    let decision = |instant: &str| {
        let decision = decide(target, &holds, at(instant));
        format!("{} {}", decision.size, decision.rule)
    };
    assert_eq!(decision("2026-12-24T12:00:00Z"), "1 default size");
    assert_eq!(
        decision("2026-12-18T12:00:00Z"),
        "2 weekly window \"Fri 00:00 to 24:00\""
    );
    assert_eq!(decision("2026-12-25T09:00:00Z"), "3 holiday \"Christmas\"");
    assert_eq!(
        decision("2026-12-25T11:30:00Z"),
        "4 dated window \"2026-12-25 12:00 to 2026-12-25 18:00\""
    );
    assert_eq!(decision("2026-12-25T12:30:00Z"), "5 hold by ann: release");
    assert_eq!(decision("2026-12-25T23:00:00Z"), "1 default size");
}

#[test]
fn a_yearly_window_crosses_the_end_of_the_year() {
    let target = target("[[target.web.dated]]\nfrom = \"12-24 18:00\"\nto = \"01-02\"\nsize = 2\n");
    for (instant, expected) in [
        ("2026-12-24T16:59:00Z", 1),
        ("2026-12-24T17:00:00Z", 2),
        ("2027-01-01T00:00:00Z", 2),
        ("2027-01-02T22:59:00Z", 2),
        ("2027-01-02T23:00:00Z", 1),
        ("2039-12-31T12:00:00Z", 2),
    ] {
        assert_eq!(size(&target, instant), expected, "{instant}");
    }
}

#[test]
fn edges_in_gaps_and_folds_are_marked_and_lengths_are_real() {
    let night = target(
        "[[target.web.weekly]]\nname = \"night\"\ndays = \"Sat\"\nfrom = \"02:30\"\nto = \"02:30\"\nsize = 2\n[[target.web.weekly]]\ndays = \"Sun\"\nfrom = \"02:30\"\nto = \"12:00\"\nsize = 3\n",
    );
    assert_eq!(
        changed(&night, "2026-03-28T12:00:00Z", "2026-03-30T00:00:00Z"),
        [
            "2026-03-29T01:30:00Z 1 > 3 gap",
            "2026-03-29T10:00:00Z 3 > 1"
        ]
    );
    assert_eq!(
        changed(&night, "2026-10-24T12:00:00Z", "2026-10-26T00:00:00Z"),
        [
            "2026-10-25T00:30:00Z 1 > 3 fold",
            "2026-10-25T11:00:00Z 3 > 1"
        ]
    );
    let day = target("[[target.web.weekly]]\ndays = \"Sun\"\nsize = 2\n");
    let hours = |instant: &str| match explain(&day, &[], at(instant))[0].standing {
        Standing::Decides(Some(occurrence)) => occurrence.length(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        hours("2026-03-29T12:00:00Z"),
        SignedDuration::from_hours(23)
    );
    assert_eq!(
        hours("2026-10-25T12:00:00Z"),
        SignedDuration::from_hours(25)
    );
    assert_eq!(
        hours("2026-11-22T12:00:00Z"),
        SignedDuration::from_hours(24)
    );
}

#[test]
fn an_explanation_has_every_rule_and_its_state() {
    let target = target(
        "[[target.web.weekly]]\ndays = \"Mon\"\nfrom = \"08:00\"\nto = \"16:00\"\nsize = 5\n\
         [[target.web.weekly]]\ndays = \"Tue\"\nfrom = \"08:00\"\nto = \"16:00\"\nsize = 6\n",
    );
    let holds = [hold(
        &target,
        7,
        "2026-11-23T09:00:00Z",
        "2026-11-23T10:00:00Z",
    )];
    let steps = explain(&target, &holds, at("2026-11-23T09:30:00Z"));
    let rules: Vec<String> = steps.iter().map(|step| step.rule.to_string()).collect();
    assert_eq!(
        rules,
        [
            "hold by ann: release",
            "weekly window \"Mon 08:00 to 16:00\"",
            "weekly window \"Tue 08:00 to 16:00\"",
            "default size"
        ]
    );
    assert!(matches!(steps[0].standing, Standing::Decides(Some(_))));
    assert!(matches!(steps[1].standing, Standing::Overruled(Some(_))));
    let Standing::Idle(Some(next)) = steps[2].standing else {
        panic!("{:?}", steps[2]);
    };
    assert_eq!(next.begins.at, at("2026-11-24T07:00:00Z"));
    assert!(matches!(steps[3].standing, Standing::Overruled(None)));
    assert_eq!(steps[3].rule, Rule::Default);
}

#[test]
fn the_newest_hold_decides_within_the_bounds() {
    let target = target("");
    let holds = [
        hold(&target, 3, "2026-11-23T09:00:00Z", "2026-11-23T12:00:00Z"),
        hold(&target, 99, "2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z"),
    ];
    let size = |instant: &str| decide(&target, &holds, at(instant)).size;
    assert_eq!(size("2026-11-23T09:30:00Z"), Size::One(3));
    assert_eq!(size("2026-11-23T10:30:00Z"), Size::One(8));
    assert_eq!(size("2026-11-23T11:30:00Z"), Size::One(3));
    assert_eq!(size("2026-11-23T12:00:00Z"), Size::One(1));
}

#[test]
fn instance_hours_are_counted_by_month() {
    let target = target(
        "[[target.web.weekly]]\ndays = \"Mon-Fri\"\nfrom = \"08:00\"\nto = \"16:00\"\nsize = 4\n",
    );
    let spans = spans(
        &target,
        &[],
        at("2026-11-01T00:00:00Z"),
        at("2026-12-01T00:00:00Z"),
    );
    let usage = usage(&target, &spans);
    let november = usage[&"2026-11-01".parse().expect("a date")];
    // 21 working days of eight hours at four, and the rest of 720 hours at one.
    assert!(
        (november.least - (168.0 * 4.0 + 552.0)).abs() < 1e-6,
        "{november:?}"
    );
    assert!(
        (november.at_maximum - 720.0 * 8.0).abs() < 1e-6,
        "{november:?}"
    );
    assert_eq!(usage.len(), 1);
}
