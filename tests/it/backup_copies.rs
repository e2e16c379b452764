//! Copies of backups in a second location: a folder, a container, a bucket.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};

use magnusapi::blob::Blobs;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fakes::{Call, Fault, StorageFaults};
use crate::harness::{
    self, Bucket, Container, Database, Operator, Response, Site, Start, eventually, postfacto, run,
};

const SIGKILL: i32 = 9;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn with(operator: Operator, settings: &[(&'static str, String)]) -> Operator {
    let settings = settings.iter();
    settings.fold(operator, |operator, (name, value)| {
        operator.set(name, value)
    })
}

/// An operator with a store and copies in these folders.
fn with_folders(source: &Database, store: &Path, copies: &Path) -> Operator {
    let url = format!("file://{}", copies.display());
    Operator::with_folder(source, store).set("BACKUP_COPY_URL", &url)
}

fn ids(operator: &Operator, from: &str) -> Vec<String> {
    let listed = operator.does(&["list", "--json", "--from", from]);
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    let lines = listed["data"].as_array().expect("a list").iter();
    lines
        .map(|it| it["id"].as_str().expect("an id").to_owned())
        .collect()
}

fn copies(operator: &Operator) -> Vec<String> {
    ids(operator, "copy")
}

/// The path of a file of the only backup in a store.
fn file(store: &Path, id: &str, name: &str) -> PathBuf {
    store.join("postfacto").join(id).join(name)
}

/// Changes one byte of a file.
fn flip(path: &Path) {
    let mut bytes = std::fs::read(path).expect("it is there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).expect("it is written");
}

/// The settings of copies in a folder, a container and a bucket.
async fn locations(folder: &Path) -> Vec<Vec<(&'static str, String)>> {
    let url = format!("file://{}", folder.display());
    vec![
        vec![("BACKUP_COPY_URL", url)],
        Container::new().await.copy_settings("of us").to_vec(),
        Bucket::new().await.settings().to_vec(),
    ]
}

#[test]
fn each_kind_of_location_has_copies_that_verify_and_restore() {
    run(async {
        let site = Site::usual().administrators();
        let source = Database {
            url: site.url(&site.postfacto(0.0).await),
        };
        let elsewhere = folder();
        for settings in locations(elsewhere.path()).await {
            let store = folder();
            let operator = with(Operator::with_folder(&source, store.path()), &settings);
            let made = operator.does(&["create", "--json"]);
            let made: Value = serde_json::from_str(&made).expect("JSON");
            let id = made["data"][0]["manifest"]["id"].as_str().expect("an id");
            assert_eq!(made["data"][0]["copies"]["copied"], json!([id]), "{made}");
            assert_eq!(copies(&operator), [id], "{settings:?}");
            operator.does(&["verify", id, "--from", "copy"]);
            operator.does(&["show", "latest", "--from", "copy"]);
            // After a loss of everything else.
            std::fs::remove_dir_all(store.path()).expect("it is removed");
            let to = site.url(&Site::fresh_name());
            let restored =
                operator.does(&["restore", "latest", "--from", "copy", "--to", &to, "--json"]);
            let restored: Value = serde_json::from_str(&restored).expect("JSON");
            assert_eq!(restored["data"]["verified"], true, "{restored}");
            assert_eq!(restored["data"]["tables"], 8, "{restored}");
            let local = folder();
            let path = local.path().display().to_string();
            operator.does(&["download", "latest", "--from", "copy", &path]);
            assert!(local.path().join(id).join("manifest.json").exists());
        }
    });
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
    run(async {
        let (source, store) = (postfacto(0.0).await, folder());
        let id = Operator::with_folder(&source, store.path()).makes();
        for (call, number) in POINTS {
            let container = Container::new().await;
            let faults = StorageFaults::before(container.address()).await;
            for _ in 1..number {
                faults.once(call, Fault::Pass);
            }
            faults.once(call, Fault::Stall);
            let of = |container: &Container| {
                let operator = Operator::with_folder(&source, store.path());
                with(operator, &container.copy_settings("of us"))
            };
            let running = of(&container.through(&faults.address)).begins(&["copy"]);
            let stalled = || async { (faults.stalled() > 0).then_some(()) };
            eventually("a request that comes to a halt", stalled).await;
            assert_eq!(running.kill().signal(), Some(SIGKILL), "{call:?} {number}");
            let direct = of(&container);
            assert_eq!(copies(&direct), [""; 0], "{call:?} {number}");
            direct.does(&["copy"]);
            assert_eq!(copies(&direct), [id.as_str()]);
            direct.does(&["verify", &id, "--from", "copy"]);
        }
    });
}

async fn stored(blobs: &Blobs) -> usize {
    blobs.list("").await.expect("a list").len()
}

#[test]
fn a_copy_to_a_bucket_that_is_killed_amid_files_is_completed_later() {
    run(async {
        let (source, store, bucket) = (postfacto(0.0).await, folder(), Bucket::new().await);
        let operator = Operator::with_folder(&source, store.path());
        let id = operator.makes();
        let operator = with(operator, &bucket.settings());
        let running = operator.begins(&["copy"]);
        let blobs = bucket.blobs();
        let amid = || async { (stored(&blobs).await > 2).then_some(()) };
        eventually("some files", amid).await;
        running.kill();
        let has_manifest = stored(&blobs).await > 12;
        assert_eq!(copies(&operator).is_empty(), !has_manifest);
        operator.does(&["copy"]);
        assert_eq!(copies(&operator), [id.as_str()]);
        operator.does(&["verify", &id, "--from", "copy"]);
    });
}

#[test]
fn a_flipped_byte_in_a_copy_is_found_and_not_restored() {
    run(async {
        let (source, store, elsewhere) = (postfacto(0.0).await, folder(), folder());
        let operator = with_folders(&source, store.path(), elsewhere.path());
        let id = operator.makes();
        flip(&file(elsewhere.path(), &id, "toc.dat"));
        let output = operator.fails(&["verify", &id, "--from", "copy"]);
        assert!(output.contains("toc.dat"), "{output}");
        let to = format!("{}_restored", source.url);
        let output = operator.fails(&["restore", &id, "--from", "copy", "--to", &to]);
        assert!(output.contains("nothing was restored"), "{output}");
        operator.does(&["verify", &id]);

        // As if the copy had never been completed.
        std::fs::remove_file(file(elsewhere.path(), &id, "manifest.json")).expect("removed");
        operator.does(&["copy"]);
        operator.does(&["verify", &id, "--from", "copy"]);
    });
}

#[test]
fn a_copy_that_a_prune_is_deleting_is_not_made_again_before_that_ends() {
    run(async {
        let (source, store, elsewhere) = (postfacto(0.0).await, folder(), folder());
        let id = Operator::with_folder(&source, store.path()).makes();
        let announcement = file(
            elsewhere.path(),
            &id,
            "deleting-29991231T000000Z-00000000.json",
        );
        std::fs::create_dir_all(announcement.parent().expect("a folder")).expect("it is made");
        std::fs::write(&announcement, "{}").expect("it is written");
        let operator = with_folders(&source, store.path(), elsewhere.path());
        let output = operator.fails(&["copy"]);
        assert!(output.contains("a prune is deleting"), "{output}");
        std::fs::remove_file(announcement).expect("it is removed");
        operator.does(&["copy"]);
        assert_eq!(copies(&operator), [id]);
    });
}

#[test]
fn a_damaged_backup_is_not_copied_and_does_not_stop_the_others() {
    run(async {
        let (source, store, elsewhere) = (postfacto(0.0).await, folder(), folder());
        let operator = Operator::with_folder(&source, store.path());
        let good = operator.makes();
        let damaged = operator.makes();
        flip(&file(store.path(), &damaged, "schema.sql"));
        let operator = with_folders(&source, store.path(), elsewhere.path());
        let output = operator.fails(&["copy"]);
        assert!(output.contains(&damaged), "{output}");
        assert!(output.contains("schema.sql"), "{output}");
        assert_eq!(copies(&operator), [good]);
    });
}

#[test]
fn a_location_that_refuses_or_is_full_leaves_the_backup_and_is_reported() {
    run(async {
        let source = postfacto(0.0).await;
        for (call, fault, says) in [
            (
                Call::Put,
                Fault::status("403 No", "AuthorizationPermissionMismatch", ""),
                "403",
            ),
            (
                Call::Part,
                Fault::status("507 Full", "InsufficientStorage", ""),
                "507",
            ),
        ] {
            let (store, container) = (folder(), Container::new().await);
            let faults = StorageFaults::before(container.address()).await;
            faults.always(call, fault);
            let through = container.through(&faults.address);
            let operator = Operator::with_folder(&source, store.path());
            let operator = with(operator, &through.copy_settings("of us"));
            let output = operator.fails(&["create"]);
            assert!(
                output.contains("the copies of postfacto are incomplete"),
                "{output}"
            );
            assert!(output.contains(says), "{output}");
            assert_eq!(operator.listed().len(), 1);
            operator.does(&["verify", "latest"]);
            assert_eq!(copies(&operator), [""; 0]);
        }
    });
}

#[test]
fn a_bucket_that_is_missing_is_named() {
    run(async {
        let (source, store) = (postfacto(0.0).await, folder());
        let operator = Operator::with_folder(&source, store.path());
        let operator = with(operator, &Bucket::missing("nowhere").settings());
        let output = operator.fails(&["create"]);
        assert!(
            output.contains("the bucket nowhere does not exist"),
            "{output}"
        );
    });
}

#[test]
fn copies_have_their_own_retention_and_stay_while_held_or_in_use() {
    run(async {
        let (source, store, elsewhere) = (postfacto(0.0).await, folder(), folder());
        let operator =
            with_folders(&source, store.path(), elsewhere.path()).set("BACKUP_COPY_KEEP", "last=1");
        let made: Vec<String> = (0..3).map(|_| operator.makes()).collect();
        let [first, second, third] = &made[..] else {
            panic!("three: {made:?}")
        };
        assert_eq!(operator.listed(), made);
        // Those that the rules of the copies do not keep are not copied again.
        operator.does(&["copy"]);
        assert_eq!(copies(&operator), [third.as_str()]);

        // A hold of the original keeps its copy, and brings it back.
        operator.does(&["hold", first, "--reason", "the audit"]);
        operator.does(&["copy"]);
        assert_eq!(copies(&operator), [third.as_str(), first]);
        // So does a hold of the copy.
        operator.does(&["hold", third, "--from", "copy", "--reason", "the audit"]);
        let fourth = operator.makes();
        assert_eq!(copies(&operator), [fourth.as_str(), third, first]);
        operator.does(&["release", third, "--from", "copy"]);
        operator.does(&["release", first]);
        // A restore on another machine reads one of them.
        let lease = file(
            elsewhere.path(),
            third,
            "in-use-29991231T000000Z-00000000.json",
        );
        std::fs::write(&lease, "{}").expect("it is written");
        operator.does(&["prune", "--from", "copy"]);
        assert_eq!(copies(&operator), [fourth.as_str(), third]);
        std::fs::remove_file(lease).expect("it is removed");
        operator.does(&["prune", "--from", "copy"]);
        assert_eq!(copies(&operator), [fourth.as_str()]);
        assert_eq!(operator.listed().len(), 4);
        assert!(operator.listed().contains(second));
    });
}

#[test]
fn an_encrypted_backup_and_its_proof_are_copied_as_bytes() {
    run(async {
        let (source, store, elsewhere) = (postfacto(0.0).await, folder(), folder());
        let recipient = "age1yt3tfqlfrwdwx0z0ynwplcr6qxcxfaqycuprpmy89nr83ltx74tqdpszlw";
        let operator = with_folders(&source, store.path(), elsewhere.path())
            .set("BACKUP_RECIPIENTS", recipient);
        let id = operator.makes();
        let mark = r#"{"verified": "2026-11-24T02:00:00Z", "server_version": "15.18", "tables": 8,
                       "rows": 5, "milliseconds": 7}"#;
        std::fs::write(file(store.path(), &id, "verified.json"), mark).expect("it is written");
        operator.does(&["copy"]);
        let original = store.path().join("postfacto").join(&id);
        let names = std::fs::read_dir(&original).expect("a folder").flatten();
        let mut number = 0;
        for entry in names {
            let name = entry.file_name().display().to_string();
            let copied = std::fs::read(file(elsewhere.path(), &id, &name)).expect("copied");
            assert_eq!(
                copied,
                std::fs::read(entry.path()).expect("it is there"),
                "{name}"
            );
            number += 1;
        }
        assert_eq!(
            number,
            8 + 3 + 2,
            "tables, toc.dat, schema.sql, README, manifest, mark"
        );
    });
}

#[test]
fn without_a_second_location_the_setting_is_named() {
    run(async {
        let (source, store) = (postfacto(0.0).await, folder());
        let operator = Operator::with_folder(&source, store.path());
        for arguments in [&["list", "--from", "copy"][..], &["copy"]] {
            let output = operator.output(arguments);
            assert_eq!(output.status.code(), Some(2), "{output:?}");
            let error = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(error.contains("BACKUP_COPY_URL"), "{error}");
        }
    });
}

#[test]
fn a_dead_location_neither_fails_nor_degrades_the_backup_and_a_later_run_completes_the_copies() {
    run(async {
        let (own, source, store) = (Database::migrated(), postfacto(0.0).await, folder());
        let bucket = Bucket::new().await;
        let start = |endpoint: Option<&str>| {
            let start = Start::handler()
                .set("DATABASE_URL", &own.url)
                .set("BACKUP_URL", &format!("file://{}", store.path().display()))
                .set("BACKUP_DATABASES", "postfacto")
                .set("BACKUP_DATABASE_URL_POSTFACTO", &source.url);
            let settings = bucket.settings().into_iter();
            let start = settings.fold(start, |start, (name, value)| start.set(name, &value));
            let start = start.set("BACKUP_COPY_STORAGE_WAIT", "1");
            match endpoint {
                Some(endpoint) => start.set("AWS_ENDPOINT_URL", endpoint),
                None => start,
            }
        };
        let call = async |program: &harness::Program, day: u8| {
            let body = json!({
                "Data": {"timer": {"ScheduleStatus": {
                    "Next": format!("2026-11-{day:02}T02:00:00+00:00")
                }, "IsPastDue": false}},
                "Metadata": {"sys": {"UtcNow": format!("2026-11-{day:02}T02:00:00.1Z")}}
            });
            let request = program.with_json(Method::POST, "/postfacto_backup", &body);
            Response::to(request.header("X-Azure-Functions-InvocationId", "one")).await
        };
        let outcomes = async || {
            let client = own.connect().await;
            let rows = client
                .query(
                    "SELECT function || ' ' || outcome FROM function_run ORDER BY started_at",
                    &[],
                )
                .await
                .expect("they can be read");
            let rows = rows.iter().map(|row| row.get(0));
            rows.collect::<Vec<String>>()
        };
        let copy_age = async |program: &harness::Program| {
            let health = program.get("/health").await.json();
            health["checks"]["backup:copy-age"][0].clone()
        };

        let program = start(Some("http://127.0.0.1:1")).serving().await;
        let answer = call(&program, 24).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let logs = answer.json()["Logs"].to_string();
        assert!(logs.contains("postfacto_backup_copy failed"), "{logs}");
        assert_eq!(
            outcomes().await,
            ["postfacto_backup succeeded", "postfacto_backup_copy failed"]
        );
        let age = copy_age(&program).await;
        assert_eq!(age["status"], "warn", "{age}");
        assert!(
            age["output"]
                .as_str()
                .is_some_and(|it| it.contains("s3://")),
            "{age}"
        );

        let program = start(None).serving().await;
        let answer = call(&program, 25).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let logs = answer.json()["Logs"].to_string();
        assert!(logs.contains("2 backups copied"), "{logs}");
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
