//! Backups that are in use while `backup prune` runs in another process.

use std::fs;
use std::sync::atomic::{AtomicI32, Ordering};

use tokio_postgres::Client;

use crate::fakes::{Call, Fault, StorageFaults};
use crate::harness::{Container, Database, Operator, Site, eventually, everywhere, folder};

/// A gate that restores of its source wait at: an index whose function waits for the end of an advisory lock. Of all
/// that a database can see of another one, only the server's locks have no snapshot.
struct Gate {
    number: i32,
    source: Database,
    keeper: Client,
}

impl Gate {
    /// A gate that is closed.
    async fn new(site: Site) -> Gate {
        static NUMBER: AtomicI32 = AtomicI32::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let sql = format!(
            "CREATE FUNCTION gate(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$BEGIN
                 WHILE EXISTS (SELECT FROM pg_catalog.pg_locks
                                WHERE locktype = 'advisory' AND classid = {CLASS} AND objid = {number}) LOOP
                     PERFORM pg_catalog.pg_sleep(0.02);
                 END LOOP;
                 RETURN $1; END$$;
             CREATE TABLE gated (number integer);
             INSERT INTO gated VALUES (1);
             CREATE INDEX at_gate_{number} ON gated (gate(number))"
        );
        let gate = Gate {
            number,
            source: site.filled(&sql).await,
            keeper: site.superuser().await,
        };
        gate.close().await;
        gate
    }

    async fn close(&self) {
        self.keep("pg_advisory_lock").await;
    }

    async fn open(&self) {
        self.keep("pg_advisory_unlock").await;
    }

    async fn keep(&self, function: &str) {
        let keep = format!("SELECT {function}({CLASS}, {})", self.number);
        self.keeper.batch_execute(&keep).await.expect("it is ours");
    }

    /// Waits until a restore waits at the gate.
    async fn waits(&self) {
        let index = format!("CREATE INDEX at_gate_{} ", self.number);
        eventually("a restore at the gate", async || {
            let waiting = "SELECT FROM pg_stat_activity
                            WHERE strpos(query, $1) > 0 AND state = 'active'
                              AND pid <> pg_backend_pid()";
            let waiting = self.keeper.query(waiting, &[&index]).await;
            (!waiting.expect("a list").is_empty()).then_some(())
        })
        .await;
    }
}

/// The first half of the keys of all gates.
const CLASS: i32 = 77;

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
    everywhere(async |site| {
        let gate = Gate::new(site).await;
        let (store, container) = (folder(), Container::new().await);
        for operator in site.share([
            Operator::with_folder(&gate.source, store.path()),
            Operator::with_container(&gate.source, &container),
        ]) {
            let (operator, older) = two_backups(operator);
            let to = site.url(&Site::fresh_name());
            let restoring = operator.begins(&["restore", &older, "--to", &to]);
            gate.waits().await;
            is_in_use(&operator, &older);
            gate.open().await;
            assert_eq!(restoring.ended().code(), Some(0));
            gate.close().await;
            is_pruned(&operator, &older);
        }
    });
}

#[test]
fn a_restore_that_begins_between_the_listing_and_the_deletion_keeps_its_backup() {
    everywhere(async |site| {
        let (gate, container) = (Gate::new(site).await, Container::new().await);
        let direct = Operator::with_container(&gate.source, &container);
        let (direct, older) = two_backups(direct);
        let faults = StorageFaults::before(container.address()).await;
        // Pruning has listed the backups, and its announcement is on its way.
        faults.hold(Call::Put);
        let slow = Operator::with_container(&gate.source, &container.through(&faults.address))
            .set("BACKUP_KEEP", "last=1");
        let pruning = slow.begins(&["prune"]);
        faults.sees(Call::Put).await;
        let to = site.url(&Site::fresh_name());
        let restoring = direct.begins(&["restore", &older, "--to", &to]);
        gate.waits().await;
        faults.release();
        assert_eq!(pruning.ended().code(), Some(0));
        assert!(direct.listed().contains(&older));
        gate.open().await;
        assert_eq!(restoring.ended().code(), Some(0));
        is_pruned(&direct, &older);
    });
}

/// A database whose backup has more files than [`STEPS`] deletes.
const ROWS: &str = "\
    CREATE TABLE one AS SELECT generate_series(1, 9) AS id; CREATE TABLE two AS SELECT * FROM one;
    CREATE TABLE three AS SELECT * FROM one; CREATE TABLE four AS SELECT * FROM one";

/// The state that a killed prune leaves a backup in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    Whole,
    /// Whole, with an announcement of its deletion.
    Announced,
    Nothing,
}

/// The requests of a prune that change the store: it announces, deletes the manifest, then the files. With whether
/// the store has done it when the prune is killed, and the state of the backup then.
const STEPS: [((Call, usize), bool, Left); 8] = [
    ((Call::Put, 1), false, Left::Whole),
    ((Call::Put, 1), true, Left::Announced),
    ((Call::Delete, 1), false, Left::Announced),
    ((Call::Delete, 1), true, Left::Nothing),
    ((Call::Delete, 2), false, Left::Nothing),
    ((Call::Delete, 2), true, Left::Nothing),
    ((Call::Delete, 6), false, Left::Nothing),
    ((Call::Delete, 6), true, Left::Nothing),
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
    everywhere(async |site| {
        let (source, container) = (site.filled(ROWS).await, Container::new().await);
        let operator = Operator::with_container(&source, &container).set("BACKUP_KEEP", "last=1");
        let mut newest = operator.makes();
        for (point, is_done, state) in site.share(STEPS) {
            let older = newest;
            newest = operator.makes();
            let fault = if is_done {
                Fault::StallAnswer
            } else {
                Fault::Stall
            };
            kill_a_prune(&source, &container, point, fault).await;
            let place = format!("{point:?}, done: {is_done}");
            let is_listed = operator.listed().contains(&older);
            assert_eq!(is_listed, state != Left::Nothing, "{place}");
            let list = operator.does(&["list"]);
            let says_so = list.contains("a prune is deleting it");
            assert_eq!(says_so, state == Left::Announced, "{place}: {list}");
            if state == Left::Announced {
                let target = Site::fresh_name();
                let to = site.url(&target);
                let error = operator.exits(5, &["restore", &older, "--to", &to]);
                assert!(error.contains("a prune is deleting"), "{place}: {error}");
                let made = site.databases_like(&target).await;
                assert_eq!(made, [""; 0], "{place}");
                end_announcements(&container, &older).await;
            }
            if state == Left::Nothing {
                let error = operator.fails(&["verify", &older]);
                assert!(error.contains("has no backup named"), "{place}: {error}");
            } else {
                operator.does(&["verify", &older]);
            }
            is_pruned(&operator, &older);
        }
    });
}

#[test]
fn a_hold_placed_during_a_prune_fails_or_keeps_the_backup() {
    everywhere(async |site| {
        let (source, container) = (site.filled(ROWS).await, Container::new().await);
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
    everywhere(async |site| {
        let (source, container) = (site.filled(ROWS).await, Container::new().await);
        let target = folder();
        let target = target.path().display().to_string();
        for verb in site.share(["verify", "download"]) {
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
    everywhere(async |site| {
        let source = site.filled(ROWS).await;
        let (store, target) = (folder(), folder());
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
