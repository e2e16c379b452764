//! Schedules and calendars in files and in Azure Blob Storage.

use bytes::Bytes;
use reqwest::Method;
use schedule::Size;

use super::stage::{DAY, Stage, report, tick, ticked, web};
use crate::harness::{Container, Start, run};

const HOLIDAYS: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\n\
                        DTSTART;VALUE=DATE:20261124\r\nSUMMARY:Day off\r\nEND:VEVENT\r\n\
                        BEGIN:VEVENT\r\nUID:2\r\nDTSTART;VALUE=DATE:20271124\r\nEND:VEVENT\r\n\
                        END:VCALENDAR\r\n";

fn with_holidays(id: &str) -> String {
    web(id, "holidays = { calendars = [\"all\"], size = 2 }")
        + "[calendar.all]\nfiles = [\"all.ics\"]\n"
}

#[test]
fn a_calendar_is_beside_the_schedule() {
    run(async {
        let stage = Stage::new().await;
        stage.write(&with_holidays(&stage.azure.scale_set("web", 1)));
        let program = stage.program().await;
        let missing = ticked(&program, DAY, 500).await;
        assert!(missing.contains("all.ics"), "{missing}");
        stage.file("all.ics", "no calendar\n");
        let broken = tick(&program, DAY).await;
        assert!(
            report(&broken).contains("of the calendar all"),
            "{}",
            report(&broken)
        );
        stage.file("all.ics", HOLIDAYS);
        let response = tick(&program, DAY).await;
        assert!(
            report(&response).contains("should be 2 by holiday \"Day off\""),
            "{}",
            report(&response)
        );
        assert_eq!(stage.azure.size_of("web"), Size::One(2));
    });
}

#[test]
fn schedule_and_calendar_are_in_a_container() {
    run(async {
        let container = Container::new().await;
        let stage = Stage::new().await;
        let blobs = container.blobs();
        let text = with_holidays(&stage.azure.scale_set("web", 1));
        for (name, content) in [("scale.toml", text.as_str()), ("all.ics", HOLIDAYS)] {
            let content = Bytes::copy_from_slice(content.as_bytes());
            blobs.create(name, content).await.expect("stored");
        }
        let mut start = stage
            .azure
            .given_to(Start::handler())
            .set("DATABASE_URL", &stage.database.url);
        for (name, value) in container.settings("of us") {
            let name = name.replace("BACKUP_STORAGE", "SCALE_STORAGE");
            start = match name.as_str() {
                "BACKUP_URL" => start.set("SCALE_CONFIG", &format!("{value}/scale.toml")),
                name => start.set(name, &value),
            };
        }
        let program = start.serving().await;
        ticked(&program, DAY, 200).await;
        assert_eq!(stage.azure.size_of("web"), Size::One(2));
    });
}

#[test]
fn the_schedule_of_the_setting_must_exist() {
    run(async {
        let stage = Stage::new().await;
        let program = stage.program().await;
        let response = ticked(&program, DAY, 500).await;
        assert!(response.contains("check the path"), "{response}");
        assert_eq!(program.get("/health").await.status, 503);
    });
}

#[test]
fn the_default_schedule_may_be_missing() {
    run(async {
        let stage = Stage::new().await;
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().display().to_string();
        let start = Start::handler().set("DATABASE_URL", &stage.database.url);
        let program = start.set("FUNCTIONS_APP_ROOT_PATH", &root).serving().await;
        let response = ticked(&program, DAY, 200).await;
        assert!(response.contains("nothing to do"), "{response}");
        assert_eq!(program.get("/scale/plan").await.status, 404);
        let health = program.get("/health").await.json();
        assert!(health["checks"]["scale:configuration"].is_null());
        let allowed = program.request(Method::OPTIONS, "/scale/hold/web");
        assert_eq!(
            crate::harness::Response::to(allowed).await.header("allow"),
            "DELETE, OPTIONS"
        );
    });
}

#[test]
fn wrong_settings_end_the_program_with_their_name() {
    for (name, value) in [
        ("SCALE_RESOURCES", "web"),
        ("SCALE_RESOURCE_MANAGER", "http://127.0.0.1:1"),
        ("SCALE_CONFIG", "az://schedules/scale.toml"),
    ] {
        let start = Start::handler().set("DATABASE_URL", "host=/nowhere user=app");
        let output = start.set(name, value).argument("migrate").output();
        assert_eq!(output.status.code(), Some(2), "{name}");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(text.contains("SCALE_"), "{text}");
    }
}
