use super::*;
use serde_json::json;

fn at(text: &str) -> Timestamp {
    format!("2026-11-{text}Z").parse().expect("an instant")
}

fn finding(key: &'static str, component: &str, status: Status) -> Finding {
    let output = (status != Status::Ok).then(|| "the reason".to_owned());
    Finding {
        component_id: Some(component.to_owned()),
        status,
        output,
        ..Finding::new(key, 1)
    }
}

fn timer(outcome: &str, slot: &str, status: Status) -> Finding {
    Finding {
        observed_value: json!({"slot": at(slot), "outcome": outcome}),
        ..finding(TIMER, "scale", status)
    }
}

/// The events of one evaluation after another, as `state title`.
struct Watched {
    known: States,
    generation: i64,
}

impl Watched {
    fn new() -> Watched {
        Watched {
            known: States::new(),
            generation: 0,
        }
    }

    fn evaluate(&mut self, present: Present) -> Vec<String> {
        self.generation += 1;
        let present = Present {
            generation: self.generation,
            is_whole: true,
            ..present
        };
        let news = news(&self.known, &present);
        for subject in &news.removed {
            self.known.remove(subject);
        }
        self.known.extend(news.states);
        let messages = news.messages.iter();
        messages
            .map(|it| format!("{:?} {}", it.state, it.title))
            .collect()
    }

    /// Asserts that the finding makes no message.
    #[track_caller]
    fn silent(&mut self, now: &str, finding: Finding) {
        let messages = self.finding(now, finding);
        assert!(messages.is_empty(), "{messages:?}");
    }

    fn finding(&mut self, now: &str, finding: Finding) -> Vec<String> {
        self.evaluate(Present {
            now: at(now),
            findings: vec![finding],
            ..Present::default()
        })
    }
}

#[test]
fn a_problem_makes_a_message_at_its_beginning_daily_and_at_its_end() {
    let mut watched = Watched::new();
    let late = |status| finding("backup:age", "postfacto", status);
    watched.silent("24T00:00:00", late(Status::Ok));
    let began = watched.finding("24T01:00:00", late(Status::Warn));
    assert_eq!(began, ["Began the backup of postfacto is late"]);
    watched.silent("25T00:59:59", late(Status::Warn));
    let still = ["Continues still: the backup of postfacto is late"];
    assert_eq!(watched.finding("25T01:00:00", late(Status::Warn)), still);
    watched.silent("25T01:00:01", late(Status::Warn));
    assert_eq!(
        watched.finding("25T02:00:00", late(Status::Fail)),
        still,
        "it is worse"
    );
    watched.silent("25T02:00:01", late(Status::Warn));
    let ended = watched.finding("25T03:00:00", late(Status::Ok));
    assert_eq!(ended, ["Ended the backup of postfacto is in time again"]);
    watched.silent("25T03:00:01", late(Status::Ok));
}

#[test]
fn an_absent_finding_is_not_the_end_of_a_problem() {
    let mut watched = Watched::new();
    let late = || finding("backup:age", "postfacto", Status::Warn);
    let nothing = |now| Present {
        now: at(now),
        ..Present::default()
    };
    assert_eq!(watched.finding("24T00:00:00", late()).len(), 1);
    assert!(watched.evaluate(nothing("24T00:30:00")).is_empty());
    watched.silent("24T00:59:00", late());
    assert!(watched.evaluate(nothing("24T01:59:00")).is_empty());
    assert!(watched.known.is_empty(), "it was absent for an hour");
}

#[test]
fn a_run_that_failed_between_two_evaluations_makes_messages() {
    let run = |slot: &str, state| RecentRun::new(at(slot), at(slot), state);
    let present = |now: &str, outcome: &str, slot: &str, status, runs| Present {
        now: at(now),
        findings: vec![timer(outcome, slot, status)],
        runs: RecentRuns::from([("scale".to_owned(), runs)]),
        ..Present::default()
    };
    let mut watched = Watched::new();
    let first = run("24T00:00:00", RunState::Failed("old".into()));
    let good = run("24T00:05:00", RunState::Succeeded);
    let seen = vec![good.clone(), first.clone()];
    let seen = present("24T00:05:10", "succeeded", "24T00:05:00", Status::Ok, seen);
    assert!(
        watched.evaluate(seen).is_empty(),
        "it was there before the watch"
    );
    let runs = || {
        vec![
            run("24T00:20:00", RunState::Succeeded),
            run("24T00:15:00", RunState::Failed("403".into())),
            run("24T00:10:00", RunState::Stopped),
            good.clone(),
            first.clone(),
        ]
    };
    let later = || {
        present(
            "24T00:20:10",
            "succeeded",
            "24T00:20:00",
            Status::Ok,
            runs(),
        )
    };
    let [failed, recovered] = ["Began scale failed", "Ended scale recovered"];
    assert_eq!(
        watched.evaluate(later()),
        [failed, recovered, failed, recovered]
    );
    assert!(watched.evaluate(later()).is_empty());
}

#[test]
fn a_failed_run_is_one_problem_until_a_run_succeeds() {
    let mut watched = Watched::new();
    let failed = || timer("failed", "24T00:00:00", Status::Warn);
    let news = watched.finding("24T00:00:10", failed());
    assert_eq!(news, ["Began scale failed"]);
    assert_eq!(
        watched.known["timer:last-due/scale"].since,
        at("24T00:00:00")
    );
    watched.silent("24T00:05:10", failed());
    let worse = watched.finding("24T00:10:10", timer("failed", "24T00:10:00", Status::Fail));
    assert_eq!(worse, ["Continues still: scale failed"]);
    assert_eq!(
        watched.known["timer:last-due/scale"].since,
        at("24T00:00:00")
    );
    let good = watched.finding("24T00:15:10", timer("succeeded", "24T00:15:00", Status::Ok));
    assert_eq!(good, ["Ended scale recovered"]);
}

#[test]
fn a_degraded_backup_and_other_checks_have_titles_of_their_own() {
    let degraded = || timer("degraded", "24T00:00:00", Status::Warn);
    let configuration = |status| Finding {
        component_id: None,
        ..finding("scale:configuration", "", status)
    };
    for (finding, title) in [
        (degraded(), "Began scale is degraded"),
        (
            timer("missed", "24T00:00:00", Status::Fail),
            "Began scale was not called",
        ),
        (
            finding("backup:verified-age", "postfacto", Status::Warn),
            "Began the backup of postfacto is unverified for too long",
        ),
        (
            configuration(Status::Fail),
            "Began the schedule is rejected",
        ),
        (
            finding("scale:drift", "web", Status::Warn),
            "Began another party changed web",
        ),
        (
            finding("backup:copy-age", "postfacto", Status::Warn),
            "Began the check backup:copy-age/postfacto reports a problem",
        ),
    ] {
        assert_eq!(Watched::new().finding("24T00:00:10", finding), [title]);
    }
    for silent in [
        configuration(Status::Warn),
        finding("scale:hold", "web", Status::Warn),
        finding("database:pool", "", Status::Warn),
        finding("notify:delivery", "default", Status::Warn),
    ] {
        Watched::new().silent("24T00:00:10", silent);
    }
}

#[test]
fn holds_make_messages_at_their_beginning_and_their_end() {
    let record = |id, since: &str, until: &str, ended: &str| HoldRecord {
        id,
        hold: schedule::Hold {
            target: "web".parse().expect("a name"),
            size: schedule::Size::One(6),
            since: at(since),
            until: at(until),
            reason: "release".into(),
            by: "ann".into(),
        },
        ended: at(ended),
    };
    let events = |record| {
        let present = Present {
            now: at("24T12:00:00"),
            events_since: at("24T11:00:00"),
            holds: vec![record],
            ..Present::default()
        };
        Watched::new().evaluate(present)
    };
    let (began, ended) = (
        "Began the hold of web at 6 began",
        "Ended the hold of web at 6 ended",
    );
    let released = "Ended the hold of web at 6 was released";
    let new = record(1, "24T11:30:00", "24T13:00:00", "24T13:00:00");
    assert_eq!(events(new), [began]);
    let old_in_force = record(2, "23T11:30:00", "24T13:00:00", "24T13:00:00");
    assert_eq!(events(old_in_force), [began]);
    let over = record(3, "23T11:30:00", "24T11:45:00", "24T11:45:00");
    assert_eq!(events(over), [ended]);
    let short = record(4, "24T11:30:00", "24T13:00:00", "24T11:45:00");
    assert_eq!(events(short), [began, released]);
}
