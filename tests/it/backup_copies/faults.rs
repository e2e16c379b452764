//! Copies that are killed, damaged, refused, or in a location that does not respond.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use magnusapi::blob::Blobs;
use serde_json::Value;

use super::Stage;
use crate::fakes::{Call, Fault, StorageFaults};
use crate::harness::{
    Bucket, Container, Database, Operator, Program, Site, Start, call, eventually, everywhere, run,
};

const SIGKILL: i32 = 9;

/// Changes one byte of a file.
fn flip(path: &Path) {
    let mut bytes = std::fs::read(path).expect("it is there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).expect("it is written");
}

/// The requests of a copy: a lease, then eleven files of a part and a commit each, then the manifest.
const POINTS: [(Call, usize); 6] = [
    (Call::Put, 1),
    (Call::Part, 1),
    (Call::Part, 6),
    (Call::Commit, 1),
    (Call::Commit, 11),
    (Call::Put, 2),
];

#[test]
fn a_copy_killed_at_any_request_is_not_listed_and_the_next_one_completes_it() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        let id = stage.operator().makes();
        for point in site.share(POINTS) {
            let container = Container::new().await;
            let faults = StorageFaults::at(container.address(), point, Fault::Stall).await;
            let of = |container: &Container| {
                let operator = stage.operator();
                operator.with_settings(container.copy_settings("of us"))
            };
            let running = of(&container.through(&faults.address)).begins(&["copy"]);
            faults.stalls().await;
            assert_eq!(running.kill().signal(), Some(SIGKILL), "{point:?}");
            let direct = of(&container);
            assert_eq!(direct.copies(), [""; 0], "{point:?}");
            direct.does(&["copy"]);
            is_copied(&direct, &id);
        }
    });
}

/// Asserts that this backup is the only copy, and undamaged.
#[track_caller]
fn is_copied(operator: &Operator, id: &str) {
    assert_eq!(operator.copies(), [id]);
    operator.does(&["verify", id, "--from", "copy"]);
}

async fn stored(blobs: &Blobs) -> usize {
    blobs.list("").await.expect("a list").len()
}

#[test]
fn a_copy_to_a_bucket_that_is_killed_amid_files_is_completed_later() {
    everywhere(async |site| {
        let (stage, bucket) = (Stage::new(site).await, Bucket::new().await);
        let id = stage.operator().makes();
        let operator = stage.operator().with_settings(bucket.settings());
        let running = operator.begins(&["copy"]);
        let blobs = bucket.blobs();
        let amid = || async { (stored(&blobs).await > 2).then_some(()) };
        eventually("some files", amid).await;
        running.kill();
        let has_manifest = stored(&blobs).await > 12;
        assert_eq!(operator.copies().is_empty(), !has_manifest);
        operator.does(&["copy"]);
        is_copied(&operator, &id);
    });
}

#[test]
fn a_flipped_byte_in_a_copy_is_found_and_not_restored() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        let operator = stage.copying();
        let id = operator.makes();
        flip(&stage.copy(&id, "toc.dat"));
        let output = operator.fails(&["verify", &id, "--from", "copy"]);
        assert!(output.contains("toc.dat"), "{output}");
        let target = Site::fresh_name();
        let to = site.url(&target);
        let output = operator.fails(&["restore", &id, "--from", "copy", "--to", &to]);
        assert!(output.contains("nothing was restored"), "{output}");
        assert_eq!(site.databases_like(&target).await, [""; 0]);
        operator.does(&["verify", &id]);

        // As if the copy had never been completed.
        std::fs::remove_file(stage.copy(&id, "manifest.json")).expect("removed");
        operator.does(&["copy"]);
        operator.does(&["verify", &id, "--from", "copy"]);
    });
}

#[test]
fn a_copy_that_a_prune_is_deleting_is_not_made_again_before_that_ends() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        let id = stage.operator().makes();
        let announcement = stage.copy(&id, "deleting-29991231T000000Z-00000000.json");
        std::fs::create_dir_all(announcement.parent().expect("a folder")).expect("it is made");
        std::fs::write(&announcement, "{}").expect("it is written");
        let operator = stage.copying();
        let output = operator.fails(&["copy"]);
        assert!(output.contains("a prune is deleting"), "{output}");
        std::fs::remove_file(announcement).expect("it is removed");
        operator.does(&["copy"]);
        assert_eq!(operator.copies(), [id]);
    });
}

#[test]
fn a_damaged_backup_is_not_copied_and_does_not_stop_the_others() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        let [good, damaged] = [(); 2].map(|()| stage.operator().makes());
        flip(&stage.original(&damaged, "schema.sql"));
        let operator = stage.copying();
        let output = operator.fails(&["copy"]);
        assert!(output.contains(&damaged), "{output}");
        assert!(output.contains("schema.sql"), "{output}");
        assert_eq!(operator.copies(), [good]);
    });
}

#[test]
fn a_location_that_refuses_or_is_full_leaves_the_backup_and_is_reported() {
    everywhere(async |site| {
        for (call, status, code) in site.share([
            (Call::Put, "403 No", "AuthorizationPermissionMismatch"),
            (Call::Part, "507 Full", "InsufficientStorage"),
        ]) {
            let (stage, container) = (Stage::new(site).await, Container::new().await);
            let faults = StorageFaults::before(container.address()).await;
            faults.always(call, Fault::status(status, code, ""));
            let through = container.through(&faults.address);
            let operator = stage.operator();
            let operator = operator.with_settings(through.copy_settings("of us"));
            let output = operator.fails(&["create"]);
            assert!(
                output.contains("the copies of postfacto are incomplete"),
                "{output}"
            );
            assert!(output.contains(&status[..3]), "{output}");
            assert_eq!(operator.listed().len(), 1);
            operator.does(&["verify", "latest"]);
            assert_eq!(operator.copies(), [""; 0]);
        }
    });
}

#[test]
fn a_bucket_that_is_missing_is_named() {
    run(async {
        let stage = Stage::new(Site::usual()).await;
        let operator = stage.operator();
        let operator = operator.with_settings(Bucket::missing("nowhere").settings());
        let output = operator.fails(&["create"]);
        assert!(
            output.contains("the bucket nowhere does not exist"),
            "{output}"
        );
    });
}

async fn copy_age(program: &Program) -> Value {
    let health = program.get("/health").await.json();
    health["checks"]["backup:copy-age"][0].clone()
}

#[test]
fn a_dead_location_neither_fails_nor_degrades_the_backup_and_a_later_run_completes_the_copies() {
    run(async {
        let (own, bucket) = (Database::migrated(), Bucket::new().await);
        let stage = Stage::new(Site::usual()).await;
        let store = format!("file://{}", stage.store.path().display());
        let start = || {
            let start = Start::backing_up(&own, &store, &[("postfacto", &stage.source.url)]);
            let settings = bucket.settings().into_iter();
            settings.fold(start, |start, (name, value)| start.set(name, &value))
        };
        let outcomes = async || {
            let client = own.connect().await;
            let outcomes =
                "SELECT function || ' ' || outcome FROM function_run ORDER BY started_at";
            let rows = client.query(outcomes, &[]).await;
            let rows = rows.expect("they can be read");
            rows.iter().map(|row| row.get(0)).collect::<Vec<String>>()
        };

        let dead = start().set("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
        let dead = dead.set("BACKUP_COPY_STORAGE_WAIT", "1");
        let program = dead.serving().await;
        let answer = call(&program, "postfacto_backup", 24).await;
        answer.assert(200, "");
        answer.assert_line("postfacto_backup_copy failed");
        assert_eq!(
            outcomes().await,
            ["postfacto_backup succeeded", "postfacto_backup_copy failed"]
        );
        let age = copy_age(&program).await;
        assert_eq!(age["status"], "warn", "{age}");
        let output = age["output"].as_str();
        assert!(output.is_some_and(|it| it.contains("s3://")), "{age}");

        let program = start().serving().await;
        let answer = call(&program, "postfacto_backup", 25).await;
        answer.assert(200, "");
        answer.assert_line("2 backups copied");
        let age = copy_age(&program).await;
        assert_eq!(age["status"], "ok", "{age}");
        assert_eq!(
            outcomes().await[2..],
            [
                "postfacto_backup succeeded",
                "postfacto_backup_copy succeeded"
            ]
        );
    });
}
