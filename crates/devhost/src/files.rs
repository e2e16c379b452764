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

/// The pause between two looks. A change counts once two looks in a row see the same, as the real
/// host waits half a second for further changes. Looking needs no inotify watches, of which a user
/// has few, and finds changes on any file system.
const PAUSE: Duration = Duration::from_millis(250);

/// Files that count, wherever they are.
const NAMES: [&str; 3] = ["host.json", "function.json", "proxies.json"];
/// A folder of which each file counts.
const MODULES: &str = "node_modules";
/// A file that takes the app away.
const OFFLINE: &str = "app_offline.htm";

/// The consequence of a changed file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The app is read again.
    Restart,
    /// The host stops.
    Offline,
}

/// The paths that count, and the state of each.
type Seen = BTreeMap<PathBuf, (u64, i64, i64)>;

/// The app's folder as it was at the last change.
pub(crate) struct Files {
    folder: PathBuf,
    seen: Seen,
}

impl Files {
    pub(crate) fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            seen: look(folder),
        }
    }

    /// Returns after the next change.
    pub(crate) async fn changed(&mut self) -> Change {
        let mut before = None;
        loop {
            tokio::time::sleep(PAUSE).await;
            let now = look(&self.folder);
            if now != self.seen && before.as_ref() == Some(&now) {
                self.seen = now;
                let is_offline = self.seen.contains_key(&self.folder.join(OFFLINE));
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

fn look(folder: &Path) -> Seen {
    let mut seen = Seen::new();
    // A folder that cannot be read has no files: its change is seen when it can be.
    let _ = collect(folder, Place::Top, &mut seen);
    seen
}

/// Where a folder is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Below,
    Modules,
}

/// Links are not followed: the real host does not watch a folder behind one.
fn collect(folder: &Path, place: Place, seen: &mut Seen) -> io::Result<()> {
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
            // A folder that vanishes meanwhile is missing at the next look, too.
            let _ = collect(&path, inside, seen);
            if place == Place::Top {
                seen.insert(path, (metadata.ino(), 0, 0));
            }
        } else if place == Place::Modules
            || NAMES.iter().any(|known| name == *known)
            || (place == Place::Top && name == OFFLINE)
        {
            let state = (metadata.ino(), metadata.ctime(), metadata.ctime_nsec());
            seen.insert(path, state);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_restart_the_app_are_told_from_the_others() {
        let app = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| app.path().join(name);
        let write = |name: &str| fs::write(path(name), "").expect("a new file");
        fs::create_dir_all(path("item/deep")).expect("new folders");
        fs::create_dir_all(path("other/node_modules")).expect("new folders");
        let mut before = look(app.path());
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
            let now = look(app.path());
            assert_eq!(now != before, counts, "{name}");
            before = now;
        }
        fs::create_dir(path("item/new")).expect("a new folder");
        assert_eq!(look(app.path()), before, "a folder further down");
        fs::create_dir(path("new")).expect("a new folder");
        assert_ne!(look(app.path()), before, "a folder at the top");
    }
}
