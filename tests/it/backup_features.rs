//! A database for each feature of PostgreSQL, backed up and restored on two versions of it, as a superuser and as an
//! administrator. `pg_dump` judges the result: a backup without findings restores a database of which it says the
//! same, rows included. Any other backup is degraded, names what it lacks, and restores the rows of every table
//! that can be made. A restore of an administrator names each object that only a superuser may make.

mod feature;
mod original;

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use magnusapi::backup::export::{self, export};
use magnusapi::backup::restore::{Options, Report};
use magnusapi::backup::{Progress, Selection, Source, SourceBackups, SourceName};
use magnusapi::blob::{BlobAddress, Blobs};
use magnusapi::database::Settings;
use pgarchive::encryption::Recipients;
use pgarchive::manifest::Manifest;

use crate::harness::{Extensions, Site, TIMEOUT, run};
use feature::Feature;
use original::Original;

/// How many databases are made and restored at the same time.
const AT_ONCE: usize = 4;

/// Roles that the features name, and the superuser that makes their objects. The administrator may give objects to
/// all of them.
const ROLES: &str = "
    CREATE ROLE backup_owner; CREATE ROLE backup_reader; CREATE ROLE backup_granter;
    CREATE ROLE maker SUPERUSER LOGIN;
    GRANT backup_owner, backup_reader, backup_granter, maker TO administrator WITH ADMIN OPTION";

#[test]
fn every_feature_restores_exactly_or_is_named() {
    run(all_restore(Site::usual().with_settings(&[])));
}

#[test]
fn every_feature_of_the_newest_version_restores_exactly_or_is_named() {
    let extensions = Extensions::new();
    run(all_restore(extensions.on(Site::newest())));
}

async fn all_restore(site: Site) {
    let roles = site.superuser().await.batch_execute(ROLES).await;
    roles.expect("the roles are made");
    let features = feature::all().into_iter().enumerate();
    let tried = features.map(|(number, feature)| {
        tokio::spawn(async move { tried(site, &format!("feature_{number}_a"), &feature).await })
    });
    let tried: Vec<_> = stream::iter(tried).buffered(AT_ONCE).collect().await;
    let tried = tried
        .into_iter()
        .flat_map(|it| it.expect("a trial does not panic"));
    let (good, bad): (Vec<_>, Vec<_>) = tried.partition(|it| it.result.is_ok());
    for site in [site, site.administrators()] {
        let count = |outcome| {
            let of_site = good.iter().filter(|it| it.role == site.role);
            of_site.filter(|it| it.result == Ok(outcome)).count()
        };
        let [exact, degraded, partial] =
            [Outcome::Exact, Outcome::Degraded, Outcome::Partial].map(count);
        println!(
            "{site}: {exact} exact, {degraded} degraded, {partial} without superusers' objects"
        );
    }
    let bad = bad.iter().filter_map(|it| {
        let error = it.result.as_ref().err()?;
        Some(format!("{} as {}: {error}", it.feature, it.role))
    });
    let bad: Vec<String> = bad.collect();
    assert!(bad.is_empty(), "{} failed:\n{}", bad.len(), bad.join("\n"));
}

/// The result for a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// `pg_dump` says the same of both databases.
    Exact,
    /// The backup names what it lacks.
    Degraded,
    /// The restore names what an administrator may not make.
    Partial,
}

struct Tried {
    feature: &'static str,
    role: &'static str,
    result: Result<Outcome, String>,
}

/// Restores a feature as each role. Returns nothing if the server lacks the feature.
async fn tried(site: Site, name: &str, feature: &Feature) -> Vec<Tried> {
    let of = |site: Site, result| Tried {
        feature: feature.name,
        role: site.role,
        result,
    };
    if site.version < feature.since {
        return Vec::new();
    }
    let original = match Original::make(site, name, &feature.sql).await {
        Ok(Some(original)) => original,
        Ok(None) => return Vec::new(),
        Err(error) => return vec![of(site, Err(error))],
    };
    let mut tried = Vec::new();
    let mut skipped = Vec::new();
    for site in [site, site.administrators()] {
        let result = restored(site, &original, feature, &mut skipped).await;
        tried.push(of(site, result));
    }
    original.drop().await;
    tried
}

/// `skipped` are the objects that the restore of a superuser skipped.
async fn restored(
    site: Site,
    original: &Original,
    feature: &Feature,
    skipped: &mut Vec<String>,
) -> Result<Outcome, String> {
    let copy = format!("{}_{}", original.name, site.role);
    let is_superuser = site.role == "postgres";
    let expected = if is_superuser {
        &[][..]
    } else {
        &feature.superusers
    };
    let (manifest, report) = there_and_back(site, &original.name, &copy, feature).await?;
    let mut findings = manifest.findings;
    findings.sort();
    if findings != feature.findings {
        return Err(format!(
            "the findings are {findings:#?}, not {:#?}",
            feature.findings
        ));
    }
    if is_superuser {
        skipped.clone_from(&report.skipped);
    } else {
        let is_new = |it: &&String| !skipped.contains(it);
        let rejected = report.notices.iter().filter_map(|it| {
            let (statement, reason) = it.split_once(" was not restored: ")?;
            Some(format!("{statement}: {reason}"))
        });
        let found = report
            .skipped
            .iter()
            .filter(is_new)
            .cloned()
            .chain(rejected);
        let found = found.map(|it| it.replace(&original.name, "x").replace('\n', "\\n"));
        let found: Vec<String> = found.collect();
        let objects = found.iter().filter_map(|it| it.split_once(": "));
        let mut objects: Vec<&str> = objects.map(|it| it.0).collect();
        objects.sort_unstable();
        if objects != expected {
            return Err(format!("not restored are {found:#?}, not {expected:#?}"));
        }
    }
    if findings.is_empty() && expected.is_empty() {
        return original
            .equals(&copy, feature)
            .await
            .map(|()| Outcome::Exact);
    }
    original
        .has_its_rows(&copy, &manifest.tables, &report.skipped)
        .await?;
    Ok(if expected.is_empty() {
        Outcome::Degraded
    } else {
        Outcome::Partial
    })
}

/// Backs up the one database and restores it as the other.
async fn there_and_back(
    site: Site,
    original: &str,
    copy: &str,
    feature: &Feature,
) -> Result<(Manifest, Report), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let blobs = Blobs::open(&BlobAddress::folder(folder.path())).expect("a store");
    let name: SourceName = "feature".parse().expect("a name");
    let is_superuser = site.role == "postgres";
    let url = if feature.hides_rows {
        site.superusers(original)
    } else {
        site.url(original)
    };
    let source = Source {
        name: name.clone(),
        database: settings(&url),
    };
    let clock: magnusapi::clock::Clock = Arc::new(Timestamp::now);
    let options = export::Options::new(1, Recipients::default(), TIMEOUT);
    let progress = Progress::default();
    let manifest = export(&source, &blobs, &options, &clock, &progress, &|_| ()).await;
    let manifest = manifest.map_err(|error| format!("the export fails: {error}"))?;
    let source_backups = SourceBackups::new(blobs, name);
    let stored = source_backups
        .find(&Selection::Latest)
        .await
        .expect("a backup");
    let options = Options {
        go_on: !is_superuser || !manifest.findings.is_empty(),
        ..Options::new(stored.id.clone())
    };
    let (database, progress) = (settings(&site.url(copy)), Progress::default());
    let restored = source_backups.restore(&stored, &database, &options, None, &progress);
    match restored.await {
        Ok(report) => Ok((manifest, report)),
        Err(error) => Err(format!(
            "the restore fails: {error}; {:#?}",
            manifest.findings
        )),
    }
}

fn settings(url: &str) -> Settings {
    let settings = Settings::read(|name| (name == "DATABASE_URL").then(|| url.to_owned()));
    settings.expect("good").expect("a database is named")
}

/// The lines that only one of them has.
fn difference(before: &str, after: &str) -> String {
    let only = |sign: &str, one: &str, other: &str| {
        let others: HashSet<&str> = other.lines().collect();
        let lines = one.lines().filter(|line| !others.contains(line));
        let lines = lines.map(|line| format!("{sign} {line:.200}"));
        lines.take(30).collect::<Vec<_>>().join("\n")
    };
    let found = [only("-", before, after), only("+", after, before)];
    if found.iter().all(String::is_empty) {
        "the order of the lines".to_owned()
    } else {
        found.join("\n")
    }
}
