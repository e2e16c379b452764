//! The features: the SQL of each one, and the findings that a backup must report.

/// A database's one feature.
pub(super) struct Feature {
    /// Its first line.
    pub(super) name: &'static str,
    pub(super) sql: String,
    /// The objects that the backup must report as missing, in order. Without any, the restore must be exact.
    pub(super) findings: Vec<&'static str>,
    /// The objects that only a superuser may make, in order. A restore of an administrator must name and skip them.
    pub(super) superusers: Vec<&'static str>,
    /// Lines of the restored database's dump that the original's lacks, because `pg_dump` loses them.
    pub(super) lost_by_pg_dump: Vec<&'static str>,
    /// Whether row security hides rows from an administrator, who then cannot make a backup.
    pub(super) hides_rows: bool,
    /// The first version of PostgreSQL that has it.
    pub(super) since: i32,
}

/// Each file holds some features. A feature begins with `--- name`. Lines with `--! ` are its findings, lines with
/// `--? ` are made by superusers only, lines with `--~ ` are lost by `pg_dump`, `--# ` is its first version, and
/// `--x` says that row security hides its rows.
const FILES: &[&str] = &[
    include_str!("../sample_data/backup/features/extensions.sql"),
    include_str!("../sample_data/backup/features/functions.sql"),
    include_str!("../sample_data/backup/features/indexes.sql"),
    include_str!("../sample_data/backup/features/names.sql"),
    include_str!("../sample_data/backup/features/newest.sql"),
    include_str!("../sample_data/backup/features/others.sql"),
    include_str!("../sample_data/backup/features/partitions.sql"),
    include_str!("../sample_data/backup/features/security.sql"),
    include_str!("../sample_data/backup/features/tables.sql"),
    include_str!("../sample_data/backup/features/types.sql"),
    include_str!("../sample_data/backup/features/views.sql"),
];

/// All features.
pub(super) fn all() -> Vec<Feature> {
    let files = FILES.iter().copied();
    files.flat_map(of_file).collect()
}

fn of_file(text: &'static str) -> Vec<Feature> {
    let mut features: Vec<Feature> = Vec::new();
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches('\n');
        if let Some(name) = content.strip_prefix("--- ") {
            features.push(Feature {
                name,
                sql: String::new(),
                findings: Vec::new(),
                superusers: Vec::new(),
                lost_by_pg_dump: Vec::new(),
                hides_rows: false,
                since: 0,
            });
            continue;
        }
        let feature = features.last_mut().expect("a file begins with a feature");
        if let Some(finding) = content.strip_prefix("--! ") {
            feature.findings.push(finding);
        } else if let Some(object) = content.strip_prefix("--? ") {
            feature.superusers.push(object);
        } else if content == "--x" {
            feature.hides_rows = true;
        } else if let Some(version) = content.strip_prefix("--# ") {
            feature.since = version.parse().expect("a version");
        } else if let Some(lost) = content.strip_prefix("--~ ") {
            feature.lost_by_pg_dump.push(lost);
        } else {
            feature.sql.push_str(line);
        }
    }
    for feature in &mut features {
        feature.findings.sort_unstable();
        feature.superusers.sort_unstable();
    }
    features
}
