//! The names of the databases that a restore makes. Pure.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use xxhash_rust::xxh3::xxh3_64;

use pgarchive::BackupId;

/// Of a database that gets the target's name when it is complete.
const RESTORE: &str = "magnusapi_restore_";

/// Of a database that shows that a backup restores, and is dropped.
const DRILL: &str = "magnusapi_drill_";

const TIME: &str = "%Y%m%dT%H%M%SZ";

/// PostgreSQL cuts longer names without an error.
const LONGEST: usize = 63;

/// The temporary database of a restore to `target`. Only restores to this target make databases with
/// its key, and the one that holds the target's lock is the only one of them. So all other databases with
/// the key are of runs that died.
pub(super) fn of_restore(run: &BackupId, target: &str) -> String {
    let time = run.started().strftime(TIME);
    format!("{RESTORE}{time}-{:08x}", key(target))
}

/// The temporary database of a drill.
pub(super) fn of_drill(run: &BackupId) -> String {
    format!("{DRILL}{run}")
}

/// The key of a target, in the names of its databases and in its lock.
pub(super) fn key(target: &str) -> u32 {
    let hash = xxh3_64(target.as_bytes()) & u64::from(u32::MAX);
    u32::try_from(hash).expect("the value has 32 bits")
}

/// When the run began that made the temporary database of this name; `None` for any other database.
pub(super) fn begun(name: &str) -> Option<Timestamp> {
    let rest = name.strip_prefix(RESTORE).or(name.strip_prefix(DRILL))?;
    let (time, key) = rest.split_once('-')?;
    let is_key = key.len() == 8 && key.bytes().all(|it| it.is_ascii_hexdigit());
    let time = DateTime::strptime(TIME, time).ok().filter(|_| is_key)?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// Whether a restore to `target` made the database of this name.
pub(super) fn is_of_restore(name: &str, target: &str) -> bool {
    let ours = name.starts_with(RESTORE) && begun(name).is_some();
    ours && name.ends_with(&format!("-{:08x}", key(target)))
}

/// The name that `target` keeps its old content under: one that none of the server's databases has,
/// nor would have after going back.
pub(super) fn of_old(run: &BackupId, target: &str, databases: &[String]) -> String {
    let time = run.started().strftime(TIME);
    let names = (1..).map(|number| match number {
        1 => with_suffix(target, &format!("{BEFORE}{time}")),
        number => with_suffix(target, &format!("{BEFORE}{time}_{number}")),
    });
    let is_free =
        |name: &String| !databases.contains(name) && !databases.contains(&of_undone(name));
    let mut free = names.filter(is_free);
    free.next().expect("there are more numbers than databases")
}

/// The name that restored content keeps whose restore was undone, by that of the old content.
pub(in crate::backup) fn of_undone(old: &str) -> String {
    match old.rsplit_once(BEFORE) {
        Some((target, time)) => format!("{target}_undone_{time}"),
        None => with_suffix(old, "_undone"),
    }
}

const BEFORE: &str = "_before_";

/// `name` with `suffix`, cut where it would become too long.
pub(in crate::backup) fn with_suffix(name: &str, suffix: &str) -> String {
    let mut end = name.len().min(LONGEST - suffix.len());
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{suffix}", &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> BackupId {
        "20261124T020000Z-1a2b3c4d".parse().expect("a run's id")
    }

    #[test]
    fn a_temporary_database_belongs_to_its_target_alone() {
        let name = of_restore(&run(), "postfacto");
        assert!(name.starts_with("magnusapi_restore_20261124T020000Z-"));
        assert!(is_of_restore(&name, "postfacto"));
        assert!(!is_of_restore(&name, "postfacto2"));
        assert!(!is_of_restore(&of_drill(&run()), "postfacto"));
        assert!(!is_of_restore(&format!("{name}_copy"), "postfacto"));
    }

    #[test]
    fn a_temporary_database_shows_when_its_run_began() {
        let name = of_drill(&run());
        assert_eq!(name, "magnusapi_drill_20261124T020000Z-1a2b3c4d");
        let time = begun(&name).expect("it is a drill's");
        assert_eq!(time.to_string(), "2026-11-24T02:00:00Z");
        for other in [
            "postfacto",
            "magnusapi_drill_",
            "magnusapi_drill_results",
            "magnusapi_drill_20261124T020000Z",
            "magnusapi_drill_20261124T020000Z-1a2b3c4d_copy",
            "magnusapi_restore_20261399T020000Z-1a2b3c4d",
        ] {
            assert_eq!(begun(other), None, "{other}");
        }
    }

    #[test]
    fn the_old_database_has_a_name_that_postgresql_does_not_cut() {
        let old = of_old(&run(), "postfacto", &[]);
        assert_eq!(old, "postfacto_before_20261124T020000Z");
        assert_eq!(of_undone(&old), "postfacto_undone_20261124T020000Z");
        let second = of_old(&run(), "postfacto", &[old]);
        assert_eq!(second, "postfacto_before_20261124T020000Z_2");
        let old = of_old(&run(), &"ä".repeat(31), &[]);
        assert!(old.len() <= LONGEST, "{old}");
        assert!(old.ends_with("ä_before_20261124T020000Z"), "{old}");
    }
}
