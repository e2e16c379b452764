//! Backups that are in use while `backup prune` runs in another process.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use crate::fakes::{Call, Fault, StorageFaults};
use crate::harness::{Container, Database, Operator, Site, eventually, folder, run};

/// A gate that a restore waits at: an index whose function waits until a file exists.
struct Gate {
    folder: TempDir,
    source: Database,
}

impl Gate {
    async fn new() -> Gate {
        let folder = folder();
        // The server runs as another account.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("it is ours");
        let gate = Gate {
            folder,
            source: Database::empty(),
        };
        gate.open();
        let client = gate.source.connect().await;
        let file = gate.folder.path().join("open");
        let sql = format!(
            "CREATE FUNCTION gate(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$BEGIN
                 WHILE (pg_catalog.pg_stat_file('{}', true)).size IS NULL LOOP
                     PERFORM pg_catalog.pg_sleep(0.02);
                 END LOOP;
                 RETURN $1; END$$;
             CREATE TABLE gated (number integer);
             INSERT INTO gated VALUES (1);
             CREATE INDEX at_the_gate ON gated (gate(number))",
            file.display()
        );
        client.batch_execute(&sql).await.expect("it is made");
        fs::remove_file(file).expect("it is there");
        gate
    }

    fn open(&self) {
        fs::write(self.folder.path().join("open"), "").expect("it is ours");
    }

    /// Waits until a restore of this source waits at the gate.
    async fn waits(&self) {
        let folder = self.folder.path().display().to_string();
        let superuser = Site::usual().superuser().await;
        eventually("a restore at the gate", async || {
            let names = "SELECT datname::text FROM pg_stat_activity
                          WHERE query LIKE 'CREATE INDEX at_the_gate%' AND state = 'active'";
            for row in superuser.query(names, &[]).await.expect("a list") {
                let client = Site::usual().server.url(row.get(0));
                let client = crate::harness::connect(&client).await;
                let ours = "SELECT FROM pg_proc WHERE proname = 'gate' AND strpos(prosrc, $1) > 0";
                let found = client.query(ours, &[&folder]).await;
                if found.is_ok_and(|rows| !rows.is_empty()) {
                    return Some(());
                }
            }
            None
        })
        .await;
    }
}

/// An operator whose rules keep one backup, and the older of two backups.
fn two_backups(operator: Operator) -> (Operator, String) {
    let operator = operator.set("BACKUP_KEEP", "last=1");
    let older = operator.makes();
    operator.makes();
    (operator, older)
}

#[track_caller]
fn is_in_use(operator: &Operator, id: &str) {
    let output = operator.does(&["prune"]);
    let line = output
        .lines()
        .find(|line| line.contains(id))
        .expect("a line");
    assert!(line.contains("keep") && line.contains("in use"), "{output}");
    assert!(operator.listed().contains(&id.to_owned()), "{output}");
}

#[track_caller]
fn is_pruned(operator: &Operator, id: &str) {
    operator.does(&["prune"]);
    assert!(!operator.listed().contains(&id.to_owned()));
}

#[test]
fn a_backup_that_is_being_restored_is_not_pruned() {
    run(async {
        let gate = Gate::new().await;
        let (store, container) = (folder(), Container::new().await);
        for operator in [
            Operator::with_folder(&gate.source, store.path()),
            Operator::with_container(&gate.source, &container),
        ] {
            let (operator, older) = two_backups(operator);
            let to = Site::usual().url(&Site::fresh_name());
            let restoring = operator.begins(&["restore", &older, "--to", &to]);
            gate.waits().await;
            is_in_use(&operator, &older);
            gate.open();
            assert_eq!(restoring.ended().code(), Some(0));
            fs::remove_file(gate.folder.path().join("open")).expect("it is there");
            is_pruned(&operator, &older);
        }
    });
}

#[test]
fn a_restore_that_begins_between_the_listing_and_the_deletion_keeps_its_backup() {
    run(async {
        let (gate, container) = (Gate::new().await, Container::new().await);
        let direct = Operator::with_container(&gate.source, &container);
        let (direct, older) = two_backups(direct);
        let faults = StorageFaults::before(container.address()).await;
        // Pruning has listed the backups, and its announcement is on its way.
        faults.hold(Call::Put);
        let slow = Operator::with_container(&gate.source, &container.through(&faults.address))
            .set("BACKUP_KEEP", "last=1");
        let pruning = slow.begins(&["prune"]);
        faults.sees(Call::Put).await;
        let to = Site::usual().url(&Site::fresh_name());
        let restoring = direct.begins(&["restore", &older, "--to", &to]);
        gate.waits().await;
        faults.release();
        assert_eq!(pruning.ended().code(), Some(0));
        assert!(direct.listed().contains(&older));
        gate.open();
        assert_eq!(restoring.ended().code(), Some(0));
        is_pruned(&direct, &older);
    });
}

/// The requests of a prune that change the store: it announces, deletes the manifest, then the files.
const STEPS: [(Call, usize); 4] = [
    (Call::Put, 1),
    (Call::Delete, 1),
    (Call::Delete, 2),
    (Call::Delete, 6),
];

/// Kills a prune at one of its requests: the store has not seen it, or has done it.
async fn kill_a_prune(
    source: &Database,
    container: &Container,
    point: (Call, usize),
    fault: Fault,
) {
    let faults = StorageFaults::at(container.address(), point, fault).await;
    let slow = Operator::with_container(source, &container.through(&faults.address))
        .set("BACKUP_KEEP", "last=1");
    let pruning = slow.begins(&["prune"]);
    faults.stalls().await;
    pruning.kill();
}

/// Deletes the announcements beside a backup, which end by themselves after a while.
async fn end_announcements(container: &Container, id: &str) {
    let blobs = container.blobs();
    let all = blobs.list("").await.expect("a list");
    let announcements = all.iter().filter(|it| it.name.contains("/deleting-"));
    for blob in announcements.filter(|it| it.name.contains(id)) {
        blobs.delete(&blob.name).await.expect("it is deleted");
    }
}

#[test]
fn a_prune_killed_at_any_step_leaves_a_whole_backup_or_none() {
    run(async {
        let (source, container) = (Database::migrated(), Container::new().await);
        let operator = Operator::with_container(&source, &container).set("BACKUP_KEEP", "last=1");
        let mut newest = operator.makes();
        for (step, point) in STEPS.into_iter().enumerate() {
            for fault in [Fault::Stall, Fault::StallAnswer] {
                let (older, is_done) = (newest, matches!(fault, Fault::StallAnswer));
                newest = operator.makes();
                kill_a_prune(&source, &container, point, fault).await;
                let place = format!("{point:?}, done: {is_done}");
                let (is_announced, is_whole) = match (step, is_done) {
                    (0, false) => (false, true),
                    (0, true) | (1, false) => (true, true),
                    _ => (false, false),
                };
                let is_listed = operator.listed().contains(&older);
                assert_eq!(is_listed, is_whole, "{place}");
                let list = operator.does(&["list"]);
                let says_so = list.contains("a prune is deleting it");
                assert_eq!(says_so, is_announced, "{place}: {list}");
                if is_announced {
                    let target = Site::fresh_name();
                    let to = Site::usual().url(&target);
                    let error = operator.exits(5, &["restore", &older, "--to", &to]);
                    assert!(error.contains("a prune is deleting"), "{place}: {error}");
                    let made = Site::usual().databases_like(&target).await;
                    assert_eq!(made, [""; 0], "{place}");
                    end_announcements(&container, &older).await;
                }
                if is_whole {
                    operator.does(&["verify", &older]);
                } else {
                    let error = operator.fails(&["verify", &older]);
                    assert!(error.contains("has no backup named"), "{place}: {error}");
                }
                is_pruned(&operator, &older);
            }
        }
    });
}

#[test]
fn a_hold_placed_during_a_prune_fails_or_keeps_the_backup() {
    run(async {
        let (source, container) = (Database::migrated(), Container::new().await);
        let (operator, older) = two_backups(Operator::with_container(&source, &container));
        let hold = ["hold", &older, "--reason", "an incident"];
        kill_a_prune(&source, &container, (Call::Delete, 1), Fault::Stall).await;
        let error = operator.exits(5, &hold);
        assert!(error.contains("a prune is deleting"), "{error}");
        end_announcements(&container, &older).await;
        operator.does(&hold);
        operator.does(&["prune"]);
        assert!(operator.listed().contains(&older));
    });
}

#[test]
fn a_backup_that_is_verified_or_downloaded_is_not_pruned_until_a_signal_ends_that() {
    run(async {
        let (source, container) = (Database::migrated(), Container::new().await);
        let target = folder();
        let target = target.path().display().to_string();
        for verb in ["verify", "download"] {
            let direct = Operator::with_container(&source, &container);
            let (direct, older) = two_backups(direct);
            let faults = StorageFaults::before(container.address()).await;
            // The manifest comes, and the first file does not.
            faults.once(Call::Get, Fault::Pass);
            faults.always(Call::Get, Fault::Stall);
            let slow = Operator::with_container(&source, &container.through(&faults.address));
            let arguments = [verb, &older, &target];
            let arguments = &arguments[..if verb == "download" { 3 } else { 2 }];
            let reading = slow.begins(arguments);
            faults.stalls().await;
            is_in_use(&direct, &older);
            assert_eq!(reading.ended_by("TERM").code(), Some(6));
            is_pruned(&direct, &older);
        }
    });
}

#[test]
fn a_download_of_a_backup_that_is_being_deleted_makes_no_folder() {
    run(async {
        let (source, store, target) = (Database::migrated(), folder(), folder());
        let operator = Operator::with_folder(&source, store.path());
        let id = operator.makes();
        let backup = store.path().join("postfacto").join(&id);
        let announcement = backup.join("deleting-29990101T000000Z-00000001.json");
        fs::write(&announcement, "{}").expect("it is ours");
        let place = target.path().display().to_string();
        let said = operator.exits(5, &["download", &id, &place]);
        assert!(said.contains("a prune is deleting"), "{said}");
        let made = fs::read_dir(target.path()).expect("a folder").count();
        assert_eq!(made, 0, "a folder would make the next download fail");
        fs::remove_file(announcement).expect("it is there");
        operator.does(&["download", &id, &place]);
    });
}
