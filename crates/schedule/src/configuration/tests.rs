//! The content that `scale.toml` may have, and the errors of the rest.

use super::*;

const TARGET: &str = "[target.web]\nzone = \"UTC\"\nsize = 1\nbounds = { min = 1, max = 4 }\n";

fn parse(rest: &str) -> Result<Configuration, Error> {
    Configuration::parse(&format!("{TARGET}{rest}"))
}

fn error_of(rest: &str) -> String {
    parse(rest).expect_err(rest).to_string()
}

#[test]
fn a_file_with_every_key_is_read() {
    let text = r#"
        mode = "shadow"
        changes_per_hour = 3

        [calendar.germany]
        dates = ["2026-12-25", "2026-12-26"]
        files = ["germany.ics"]

        [target.web]
        resource = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/web"
        mode = "enforce"
        zone = "Europe/Berlin"
        size = { min = 1, max = 2 }
        bounds = { min = 1, max = 9 }
        holidays = { calendars = ["germany"], size = { min = 1, max = 1 } }

        [[target.web.weekly]]
        name = "work day"
        days = "Mon-Fri"
        from = "08:00"
        to = "16:00"
        size = { min = 4, max = 8 }

        [[target.web.weekly]]
        from = "Fri 22:00"
        to = "Mon 06:00"
        size = { min = 1, max = 1 }

        [[target.web.dated]]
        from = "12-24 18:00"
        to = "01-02"
        size = { min = 2, max = 9 }
    "#;
    let configuration = Configuration::parse(text).expect("it can be read");
    let [target] = &configuration.targets[..] else {
        panic!("one target");
    };
    assert_eq!(target.name.as_str(), "web");
    assert_eq!((target.mode, target.changes_per_hour), (Mode::Enforce, 3));
    assert_eq!(target.size, Size::Between { min: 1, max: 2 });
    let names: Vec<&str> = target.weekly.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["work day", "Fri 22:00 to Mon 06:00"]);
    assert_eq!(target.dated[0].name, "12-24 18:00 to 01-02");
    assert_eq!(configuration.calendars[0].files, ["germany.ics"]);
    assert_eq!(configuration.calendars[0].days.line, 5);
    let holidays = target.holidays.as_ref().map(|it| it.line);
    assert_eq!((target.line, holidays), (9, Some(15)));
    let weekly: Vec<usize> = target.weekly.iter().map(|it| it.line).collect();
    assert_eq!((&weekly[..], target.dated[0].line), (&[17, 24][..], 29));
}

#[test]
fn a_file_may_have_no_targets() {
    let empty = Configuration::parse("# nothing yet\n").expect("it can be read");
    assert!(empty.targets.is_empty());
}

#[test]
fn unknown_keys_are_rejected_with_their_line_and_a_suggestion() {
    assert_eq!(
        error_of("[[target.web.weekly]]\ndays = \"Mon\"\nform = \"08:00\"\nsize = 2\n"),
        "line 7: form = \"08:00\": unknown key form; the keys here are name, days, from, to, size; did \
         you mean from?"
    );
    assert!(error_of("sizes = 2\n").contains("did you mean size?"));
    assert!(!error_of("replicas = 2\n").contains("did you mean"));
}

#[test]
fn unreadable_values_are_rejected_with_their_line() {
    let weekly = |rest: &str| format!("[[target.web.weekly]]\n{rest}\nsize = 2\n");
    let dated = |rest: &str| format!("[[target.web.dated]]\n{rest}\nsize = 2\n");
    let sized = |size: &str| format!("[[target.web.weekly]]\ndays = 'Mon'\n{size}\n");
    let target = |rest: &str| format!("[target.db]\n{rest}\n");
    for (rest, line, hint) in [
        ("mode = 'observe'\n".to_owned(), 5, "shadow"),
        (weekly("days = 'Mon-Fry'"), 6, "did you mean Fri?"),
        (weekly("days = 'Mon'\nfrom = '8:00'"), 7, "08:00"),
        (weekly("days = 'Mon'\nfrom = '24:00'"), 5, "00:00"),
        (weekly("from = '08:00'\nto = '16:00'"), 5, "days = "),
        (weekly("from = 'Fri 08:00'\nto = '16:00'"), 5, "both"),
        (
            weekly("days = 'Mon'\nfrom = 'Fri 08:00'\nto = 'Sat 16:00'"),
            5,
            "exclude",
        ),
        (sized("size = '2'"), 7, "such as 4"),
        (sized(""), 5, "size"),
        (
            dated("from = '2026-02-30'\nto = '2026-03-01'"),
            6,
            "2026-12-24",
        ),
        (dated("from = '2026-12-24'\nto = '12-26'"), 5, "year"),
        (dated("from = 2026-12-24\nto = 2026-12-26"), 6, "string"),
        (
            "[calendar.x]\ndates = ['2026-12-25',\n'25.12.2026']\n".to_owned(),
            7,
            "2026-12-24",
        ),
        (TARGET.replace("web", "Web"), 5, "lower-case"),
        (target("zone = 'Europe/Berln'"), 6, "Europe/Berlin?"),
        (target("size = 1"), 5, "zone"),
        ("nonsense\n".to_owned(), 5, "="),
    ] {
        let error = error_of(&rest);
        assert!(
            error.starts_with(&format!("line {line}: ")),
            "{rest}: {error}"
        );
        assert!(error.contains(hint), "{rest}: {error}");
    }
}

#[test]
fn windows_cross_midnight_weekends_and_weeks_by_construction() {
    let minutes = |rest: &str| {
        let rest = format!("[[target.web.weekly]]\n{rest}\nsize = 2\n");
        let configuration = parse(&rest).expect("it can be read");
        configuration.targets[0].weekly[0].length
    };
    for (rest, hours) in [
        ("days = \"Mon\"\nfrom = \"08:00\"\nto = \"16:00\"", 8),
        ("days = \"Mon-Fri\"\nfrom = \"22:00\"\nto = \"06:00\"", 8),
        ("days = \"Mon\"\nfrom = \"08:00\"\nto = \"00:00\"", 16),
        ("days = \"Mon\"\nfrom = \"08:00\"\nto = \"24:00\"", 16),
        ("days = \"Sat,Sun\"", 24),
        ("days = \"Sat\"\nfrom = \"12:00\"", 12),
        ("from = \"Fri 22:00\"\nto = \"Mon 06:00\"", 56),
        ("from = \"Sun 22:00\"\nto = \"Mon 24:00\"", 26),
        ("from = \"Mon 08:00\"\nto = \"Mon 07:00\"", 167),
        ("from = \"Mon 08:00\"\nto = \"Mon 08:00\"", 0),
        ("days = \"Mon\"\nfrom = \"03:00\"\nto = \"03:00\"", 0),
    ] {
        assert_eq!(minutes(rest), hours * 60, "{rest}");
    }
}
