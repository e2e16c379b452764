//! The files of the app whose change restarts it.
//!
//! Source: Azure/azure-functions-host, `FileMonitoringService.cs`.

use std::{
    collections::BTreeMap,
    fs, io,
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

/// The watched paths and their states.
type Snapshot = BTreeMap<PathBuf, State>;

/// Any change of a file changes it.
#[derive(Default, PartialEq, Eq, Debug)]
struct State {
    inode: u64,
    changed: (i64, i64),
}

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
    // An unreadable folder counts as empty; its files appear when it becomes readable.
    let _ = collect(folder, Place::Top, &mut snapshot);
    snapshot
}

/// Where a folder is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Below,
    Modules,
}

/// Links are not followed: the real host does not watch a folder behind one.
fn collect(folder: &Path, place: Place, snapshot: &mut Snapshot) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let (entry, path) = entry.map(|entry| (entry.metadata(), entry.path()))?;
        let Ok(metadata) = entry else { continue };
        let name = path.file_name().unwrap_or_default();
        if metadata.is_dir() {
            let inside = if name == MODULES || place == Place::Modules {
                Place::Modules
            } else {
                Place::Below
            };
            // A folder that was removed meanwhile is missing in the next scan too.
            let _ = collect(&path, inside, snapshot);
            if place == Place::Top {
                let state = State {
                    inode: metadata.ino(),
                    ..State::default()
                };
                snapshot.insert(path, state);
            }
        } else if place == Place::Modules
            || NAMES.iter().any(|known| name == *known)
            || (place == Place::Top && name == OFFLINE)
        {
            let state = State {
                inode: metadata.ino(),
                changed: (metadata.ctime(), metadata.ctime_nsec()),
            };
            snapshot.insert(path, state);
        }
    }
    Ok(())
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
