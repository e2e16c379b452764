//! The program without a database setting: it starts a private database.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use crate::harness::{Start, eventually, run};

/// A folder that PostgreSQL's account can enter if the tests run as root.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let open = Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).expect("it is ours");
    folder
}

#[test]
fn it_prints_its_address_and_keeps_its_data_between_runs() {
    run(async {
        let folder = folder();
        let mut first = Start::person(folder.path()).serving().await;
        let id = first.make("kept").await;
        first.line(|line| line.contains("page: ")).await;
        let lines = first.stdout();
        let data = folder.path().join("postgres").display().to_string();
        assert!(
            lines[0].contains(&format!("serves on {}", first.url)),
            "{lines:?}"
        );
        assert!(lines[1].contains(&data), "{lines:?}");
        assert!(
            lines[2].contains(&format!("curl {}/item", first.url)),
            "{lines:?}"
        );
        assert!(
            lines[3].contains(&format!("{}/ops", first.url)),
            "{lines:?}"
        );
        assert_eq!(first.get("/ops").await.status, 200);
        first.signal("TERM");
        assert_eq!(first.ended().await.code(), Some(0));

        // Empty settings count as absent.
        let second = Start::person(folder.path()).set("DATABASE_POOL_SIZE", "");
        let second = second.set("DATABASE_WAIT", "").serving().await;
        let kept = second.get(&format!("/item/{id}")).await.json();
        assert_eq!(kept["data"]["name"], "kept");
    });
}

#[test]
fn two_programs_share_one_database_and_killed_ones_leave_no_server() {
    run(async {
        let folder = folder();
        let first = Start::person(folder.path()).serving().await;
        let second = Start::person(folder.path()).serving().await;
        second
            .line(|line| line.contains("shared with another process"))
            .await;
        let id = first.make("shared").await;
        assert_eq!(second.get(&format!("/item/{id}")).await.status, 200);

        let pidfile = folder.path().join("postgres/data/postmaster.pid");
        let pid = std::fs::read_to_string(&pidfile).expect("the server runs");
        let pid = pid
            .lines()
            .next()
            .expect("its first line is the pid")
            .to_owned();
        first.signal("KILL");
        second.make("without the first").await;
        second.signal("KILL");
        eventually("the server's end", || async {
            (!std::path::Path::new("/proc").join(&pid).exists()).then_some(())
        })
        .await;
    });
}

#[test]
fn under_a_functions_host_it_starts_no_database() {
    let folder = folder();
    let output = Start::person(folder.path())
        .set("FUNCTIONS_CUSTOMHANDLER_PORT", "0")
        .output();
    assert_eq!(output.status.code(), Some(2));
    let lines = String::from_utf8_lossy(&output.stderr);
    assert!(lines.contains("DATABASE_URL"), "{lines}");
    assert!(!folder.path().join("postgres").exists());
}
