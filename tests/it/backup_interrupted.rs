//! Backups that a signal ends, by hand and under a host: they leave nothing, or say what they leave.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::fakes::{Call, Fault, StorageFaults};
use crate::harness::{
    Container, Database, Operator, Process, Site, Start, call, eventually, everywhere, folder,
    occurrence, run, timer_request,
};

/// A backup under way, whose rows do not reach the store.
struct Stage {
    source: Database,
    container: Container,
    faults: StorageFaults,
}

impl Stage {
    async fn new(site: Site) -> Stage {
        let source = site.source(&site.postfacto(0.0).await);
        let container = Container::new().await;
        let faults = StorageFaults::before(container.address()).await;
        faults.once(Call::Part, Fault::Pass);
        faults.once(Call::Part, Fault::Pass);
        faults.always(Call::Part, Fault::Stall);
        Stage {
            source,
            container,
            faults,
        }
    }

    fn slow(&self) -> Container {
        self.container.through(&self.faults.address)
    }

    async fn begins(&self) -> Process {
        let operator = Operator::with_container(&self.source, &self.slow());
        let running = operator.begins_with_stderr(&["create"]);
        self.faults.stalls().await;
        running
    }

    async fn files(&self) -> Vec<String> {
        let stored = self.container.blobs().list("").await.expect("a list");
        stored.into_iter().map(|blob| blob.name).collect()
    }
}

/// The exit code and stderr of a process that a signal ends.
fn ended_by(mut running: Process, signal: &str) -> (Option<i32>, String) {
    let stderr = running.stderr();
    let ended = running.ended_by(signal);
    let output: Vec<String> = stderr.collect();
    (ended.code(), output.join("\n"))
}

#[test]
fn a_signal_ends_create_and_leaves_nothing() {
    everywhere(async |site| {
        for signal in site.share(["INT", "TERM"]) {
            let stage = Stage::new(site).await;
            let (code, output) = ended_by(stage.begins().await, signal);
            assert_eq!(code, Some(6), "{output}");
            assert!(output.contains("interrupted"), "{output}");
            assert_eq!(stage.files().await, [""; 0]);
            let direct = Operator::with_container(&stage.source, &stage.container);
            direct.makes();
        }
    });
}

/// A folder is fast: a run may have ended before the signal. Then it is a whole backup.
#[test]
fn a_signal_ends_create_in_a_folder_and_leaves_no_file() {
    everywhere(async |site| {
        let source = site.source(&site.postfacto(0.01).await);
        for number in site.share([1, 2, 4]) {
            let store = folder();
            let operator = Operator::with_folder(&source, store.path());
            let running = operator.begins_with_stderr(&["create"]);
            let enough = async || (files(store.path()).len() >= number).then_some(());
            eventually("enough files", enough).await;
            let (code, output) = ended_by(running, "TERM");
            let left = files(store.path());
            match code {
                Some(0) => operator.does(&["verify", "latest"]),
                code => {
                    assert_eq!((code, left.len()), (Some(6), 0), "{output} {left:?}");
                    output
                }
            };
        }
    });
}

/// The files of all runs in a store, unfinished ones included.
fn files(store: &Path) -> Vec<PathBuf> {
    let runs = std::fs::read_dir(store.join("postfacto"));
    let runs = runs.into_iter().flatten().flatten();
    let files = runs.flat_map(|run| std::fs::read_dir(run.path()).into_iter().flatten());
    files.flatten().map(|file| file.path()).collect()
}

#[test]
fn remaining_files_are_named_with_the_command_to_delete_them() {
    run(async {
        let stage = Stage::new(Site::usual()).await;
        let kept = Fault::status("409 Conflict", "BlobImmutableDueToPolicy", "");
        stage.faults.always(Call::Delete, kept);
        // `always` knows one kind.
        stage.faults.hold(Call::Part);
        let operator = Operator::with_container(&stage.source, &stage.slow());
        let running = operator.begins_with_stderr(&["create"]);
        stage.faults.sees(Call::Part).await;
        let (code, output) = ended_by(running, "TERM");
        assert_eq!(code, Some(6), "{output}");
        assert!(
            output.contains("postfacto/20")
                && output.contains("remain")
                && output.contains("magnusapi backup prune"),
            "{output}"
        );
    });
}

#[test]
fn a_second_signal_ends_create_at_once() {
    run(async {
        let stage = Stage::new(Site::usual()).await;
        let mut running = stage.begins().await;
        let stderr = running.stderr();
        stage.faults.hold(Call::Delete);
        running.signal("TERM");
        stage.faults.sees(Call::Delete).await;
        let begun = Instant::now();
        assert_eq!(running.ended_by("INT").code(), Some(6));
        // The deletion would be waited for.
        assert!(begun.elapsed() < Duration::from_secs(4));
        let output: Vec<String> = stderr.collect();
        assert!(output.join("\n").contains("second signal"), "{output:?}");
    });
}

#[test]
fn a_signal_ends_the_timers_drill_and_drops_its_database() {
    everywhere(async |site| {
        let (own, store) = (Database::migrated(), folder());
        let slow =
            "CREATE FUNCTION slow(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$BEGIN
                        IF pg_catalog.starts_with(pg_catalog.current_database(), 'magnusapi_') THEN
                            PERFORM pg_catalog.pg_sleep(60);
                        END IF;
                        RETURN $1; END$$;
                    CREATE TABLE slow (number integer);
                    INSERT INTO slow VALUES (1);
                    CREATE INDEX slowly_by_timer ON slow (slow(number))";
        let source = site.filled(slow).await;
        let url = format!("file://{}", store.path().display());
        let mut program = Start::backing_up(&own, &url, &[("postfacto", &source.url)])
            .set("DRILL_DATABASE_URL", &site.url("postgres"))
            .serving()
            .await;
        let made = call(&program, "postfacto_backup", 24).await;
        made.assert(200, "");
        if site.role == "postgres" {
            let drill = call(&program, "postfacto_restore_drill", 24).await;
            drill.assert(500, "is a superuser");
            return;
        }
        let drill = timer_request(&program, "postfacto_restore_drill", &occurrence(24));
        let drilling = tokio::spawn(async move { drill.send().await });
        let superuser = site.superuser().await;
        let scratch: String = eventually("a drill at its index", async || {
            let running = "SELECT datname::text FROM pg_stat_activity
                            WHERE query LIKE 'CREATE INDEX slowly_by_timer%' AND state = 'active'";
            let rows = superuser.query(running, &[]).await.expect("a list");
            rows.first().map(|row| row.get(0))
        })
        .await;
        program.signal("TERM");
        let answer = drilling.await.expect("no panic").expect("an answer");
        assert_eq!(answer.status(), 500);
        let text = answer.text().await.expect("a body");
        assert!(text.contains("interrupted"), "{text}");
        program.ended().await;
        assert_eq!(site.databases_like(&scratch).await, [""; 0]);
    });
}

#[test]
fn a_signal_ends_the_timers_backup_and_leaves_nothing() {
    everywhere(async |site| {
        let (stage, own) = (Stage::new(site).await, Database::migrated());
        let settings = stage.slow().settings("of us").into_iter();
        let start = Start::backing_up(&own, "", &[("postfacto", &stage.source.url)]);
        let start = settings.fold(start, |start, (name, value)| start.set(name, &value));
        let copies = folder();
        let mut program = start
            .set(
                "BACKUP_COPY_URL",
                &format!("file://{}", copies.path().display()),
            )
            .set("DRILL_DATABASE_URL", &stage.source.url)
            .set("DRILL_AFTER", "backup")
            .serving()
            .await;
        let request = timer_request(&program, "postfacto_backup", &occurrence(24));
        let calling = tokio::spawn(async move { request.send().await });
        stage.faults.stalls().await;
        program.signal("TERM");
        let answer = calling.await.expect("no panic").expect("an answer");
        assert_eq!(answer.status(), 500);
        let text = answer.text().await.expect("a body");
        assert!(text.contains("interrupted"), "{text}");
        program.ended().await;
        assert_eq!(stage.files().await, [""; 0]);
        // The copies and the drill that follow a backup did not begin.
        let row = own.connect().await;
        let row = row.query_one("SELECT function, outcome FROM function_run", &[]);
        let row = row.await.expect("one run");
        let run: [&str; 2] = [row.get(0), row.get(1)];
        assert_eq!(run, ["postfacto_backup", "failed"]);
    });
}
