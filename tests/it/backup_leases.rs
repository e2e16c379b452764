//! Backups that are in use while `backup prune` runs in another process.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use crate::fakes::{Call, Fault, StorageFaults};
use crate::harness::{Container, Database, Operator, Site, eventually, run};

/// A gate that a restore waits at: an index whose function waits until a file exists.
struct Gate {
    folder: TempDir,
    source: Database,
}

impl Gate {
    async fn new() -> Gate {
        let folder = tempfile::tempdir().expect("a folder");
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
        let (folder, container) = (
            tempfile::tempdir().expect("a folder"),
            Container::new().await,
        );
        for operator in [
            Operator::with_folder(&gate.source, folder.path()),
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
        faults.hold(Call::Delete);
        let slow = Operator::with_container(&gate.source, &container.through(&faults.address))
            .set("BACKUP_KEEP", "last=1");
        let pruning = slow.begins(&["prune"]);
        let deleting = async || (faults.seen(Call::Delete) > 0).then_some(());
        eventually("a deletion on its way", deleting).await;
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

#[test]
fn a_backup_that_is_verified_or_downloaded_is_not_pruned_until_a_signal_ends_that() {
    run(async {
        let (source, container) = (Database::migrated(), Container::new().await);
        let target = tempfile::tempdir().expect("a folder");
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
            let stalled = async || (faults.stalled() > 0).then_some(());
            eventually("a file that does not come", stalled).await;
            is_in_use(&direct, &older);
            assert_eq!(reading.ended_by("TERM").code(), Some(1));
            is_pruned(&direct, &older);
        }
    });
}
