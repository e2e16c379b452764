//! A killed `backup create` leaves no folder that looks like a backup, and the next one works.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::fakes::{Call, Fault, StorageFaults};
use crate::harness::{Container, Database, Operator, eventually, everywhere, folder};

const SIGKILL: i32 = 9;

/// Requests of a run whose answer never comes, by kind and number. There are eight tables, a part
/// and a commit each, then the table of contents, `schema.sql`, the README, the manifest.
const POINTS: [(Call, usize); 8] = [
    (Call::Part, 1),
    (Call::Part, 5),
    (Call::Commit, 1),
    (Call::Commit, 8),
    (Call::Put, 1),
    (Call::Put, 2),
    (Call::Put, 3),
    (Call::Put, 4),
];

/// Kills a run at this request, which gets this fault.
async fn kill_at(source: &Database, container: &Container, point: (Call, usize), fault: Fault) {
    let faults = StorageFaults::at(container.address(), point, fault).await;
    let through = container.through(&faults.address);
    let running = Operator::with_container(source, &through).begins(&["create"]);
    faults.stalls().await;
    let ended = running.kill();
    assert_eq!(ended.signal(), Some(SIGKILL), "{ended} at {point:?}");
}

#[test]
fn a_run_killed_at_any_request_makes_no_backup_and_the_next_one_does() {
    everywhere(async |site| {
        let source = site.source(&site.postfacto(0.0).await);
        let container = Container::new().await;
        let direct = Operator::with_container(&source, &container);
        let mut whole = Vec::new();
        for point in site.share(POINTS) {
            kill_at(&source, &container, point, Fault::Stall).await;
            assert_eq!(direct.listed(), whole, "killed at {point:?}");
            whole.push(direct.makes());
            whole.sort();
            assert_eq!(direct.listed(), whole);
        }
    });
}

#[test]
fn a_run_killed_after_it_sent_the_manifest_makes_a_backup() {
    everywhere(async |site| {
        let source = site.source(&site.postfacto(0.0).await);
        let container = Container::new().await;
        kill_at(&source, &container, (Call::Put, 4), Fault::StallAnswer).await;
        let direct = Operator::with_container(&source, &container);
        assert_eq!(direct.listed().len(), 1);
        direct.does(&["verify", "latest"]);
    });
}

/// How many files a store's runs have, unfinished ones included.
fn files(store: &Path) -> usize {
    let runs = std::fs::read_dir(store.join("postfacto"))
        .into_iter()
        .flatten();
    let files = runs
        .flatten()
        .map(|run| std::fs::read_dir(run.path()).into_iter().flatten());
    files.map(Iterator::count).sum()
}

/// A folder is fast: a run that is killed late may have ended before. Then it is a whole backup.
#[test]
fn a_run_killed_in_a_folder_makes_a_whole_backup_or_none() {
    let killed = &AtomicUsize::new(0);
    everywhere(async |site| {
        let source = site.source(&site.postfacto(0.01).await);
        for number in site.share([0, 1, 2, 3, 4, 6, 8, 10]) {
            let store = folder();
            let operator = Operator::with_folder(&source, store.path());
            let running = operator.begins(&["create"]);
            let enough = || async { (files(store.path()) >= number).then_some(()) };
            eventually("enough files", enough).await;
            let ended = running.kill();
            let was_killed = ended.signal() == Some(SIGKILL);
            let whole = operator.listed();
            // The manifest can be stored before the program ends.
            assert!(whole.len() <= 1, "{whole:?}");
            assert!(
                was_killed || whole.len() == 1,
                "{ended} with {number} files"
            );
            let amid = usize::from(number > 0 && whole.is_empty());
            killed.fetch_add(amid, Ordering::Relaxed);
            for id in &whole {
                operator.does(&["verify", id]);
            }
            operator.makes();
            assert_eq!(operator.listed().len(), whole.len() + 1);
        }
    });
    assert!(killed.load(Ordering::Relaxed) > 0, "every run was faster");
}
