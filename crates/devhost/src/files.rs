//! The files of the app whose change restarts it.
//!
//! Source: Azure/azure-functions-host, `FileMonitoringService.cs`.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

/// The pause between two scans. A change is reported after two equal scans, because the real host waits half a second for
/// further changes. Scans need no inotify watches, whose number is limited, and find changes on any file system.
const PAUSE: Duration = Duration::from_millis(250);

/// The watched files, in any folder.
const NAMES: [&str; 3] = ["host.json", "function.json", "proxies.json"];
/// A folder whose files are all watched.
const MODULES: &str = "node_modules";
/// A file that stops the app.
const OFFLINE: &str = "app_offline.htm";

/// The effect of a changed file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The app is read again.
    Restart,
    /// The host stops.
    Offline,
}

/// The watched paths, with inode and time of change: any change of a file changes one of them.
type Snapshot = BTreeMap<PathBuf, (u64, i64, i64)>;

/// The app's folder at the last change.
pub(crate) struct Files {
    folder: PathBuf,
    snapshot: Snapshot,
}

impl Files {
    pub(crate) fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            snapshot: scan(folder),
        }
    }

    /// Returns after the next change.
    pub(crate) async fn changed(&mut self) -> Change {
        let mut before = None;
        loop {
            tokio::time::sleep(PAUSE).await;
            let now = scan(&self.folder);
            if now != self.snapshot && before.as_ref() == Some(&now) {
                self.snapshot = now;
                let is_offline = self.snapshot.contains_key(&self.folder.join(OFFLINE));
                return if is_offline {
                    Change::Offline
                } else {
                    Change::Restart
                };
            }
            before = Some(now);
        }
    }
}

fn scan(folder: &Path) -> Snapshot {
    let mut snapshot = Snapshot::new();
    collect(folder, true, false, &mut snapshot);
    snapshot
}

/// Links are not followed: the real host does not watch a folder behind one. An unreadable folder counts as empty; its
/// files appear when it becomes readable.
fn collect(folder: &Path, is_top: bool, in_modules: bool, snapshot: &mut Snapshot) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        if metadata.is_dir() {
            collect(&path, false, in_modules || name == MODULES, snapshot);
            if is_top {
                snapshot.insert(path, (metadata.ino(), 0, 0));
            }
        } else if in_modules
            || NAMES.iter().any(|known| name == *known)
            || (is_top && name == OFFLINE)
        {
            let changed = (metadata.ctime(), metadata.ctime_nsec());
            snapshot.insert(path, (metadata.ino(), changed.0, changed.1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_watched_files_restart_the_app() {
        let app = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| app.path().join(name);
        let write = |name: &str| fs::write(path(name), "").expect("a new file");
        fs::create_dir_all(path("item/deep")).expect("new folders");
        fs::create_dir_all(path("other/node_modules")).expect("new folders");
        let mut before = scan(app.path());
        for (name, counts) in [
            ("host.json", true),
            ("item/function.json", true),
            ("item/deep/function.json", true),
            ("other/node_modules/x", true),
            ("magnusapi", false),
            ("item/notes.txt", false),
            ("item/app_offline.htm", false),
        ] {
            write(name);
            let now = scan(app.path());
            assert_eq!(now != before, counts, "{name}");
            before = now;
        }
        fs::create_dir(path("item/new")).expect("a new folder");
        assert_eq!(scan(app.path()), before, "a folder further down");
        fs::create_dir(path("new")).expect("a new folder");
        assert_ne!(scan(app.path()), before, "a folder at the top");
    }
}
