//! A database for each feature of PostgreSQL, backed up and restored. `pg_dump` judges the result:
//! a backup without findings restores a database of which it says the same, rows included. Any other
//! backup is degraded, names what it lacks, and restores the rows of every table that can be made.

mod feature;

use std::collections::HashSet;
use std::io::Write;
use std::process::Command;
use std::sync::Arc;

use futures_util::future::try_join_all;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use localpg::{Throwaway, ThrowawayOptions};
use magnusapi::backup::export::{self, export};
use magnusapi::backup::restore::{Options, Report};
use magnusapi::backup::{Progress, Selection, Source, SourceBackups, SourceName};
use magnusapi::blob::{BlobAddress, Blobs};
use magnusapi::database::Settings;
use pgarchive::encryption::Recipients;
use pgarchive::manifest::{Manifest, Table};
use tokio::task::spawn_blocking;
use tokio_postgres::Client;

use crate::harness::{PROGRAMS, TIMEOUT, connect, run};
use feature::Feature;

/// How many databases are made and restored at the same time.
const AT_ONCE: usize = 4;

/// Roles that the features name.
const ROLES: &str =
    "CREATE ROLE backup_owner; CREATE ROLE backup_reader; CREATE ROLE backup_granter";

#[test]
fn every_feature_restores_exactly_or_is_named() {
    run(async {
        let server = Throwaway::start(&PROGRAMS, ThrowawayOptions::default());
        let server = Arc::new(server.expect("a private PostgreSQL starts"));
        let admin = connect(&server.url("postgres")).await;
        admin
            .batch_execute(ROLES)
            .await
            .expect("the roles are made");
        let features = feature::all().into_iter().enumerate();
        let tried = features.map(|(number, feature)| {
            let server = Arc::clone(&server);
            tokio::spawn(async move { tried(&server, number, &feature).await })
        });
        let tried: Vec<_> = stream::iter(tried).buffered(AT_ONCE).collect().await;
        let tried = tried
            .into_iter()
            .map(|it| it.expect("a trial does not panic"));
        let (good, bad): (Vec<_>, Vec<_>) = tried.partition(Result::is_ok);
        let exact = good.iter().filter(|it| **it == Ok(Outcome::Exact)).count();
        println!("{exact} exact, {} degraded", good.len() - exact);
        let bad: Vec<String> = bad.into_iter().filter_map(Result::err).collect();
        assert!(bad.is_empty(), "{} failed:\n{}", bad.len(), bad.join("\n"));
    });
}

/// The result for a feature.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// `pg_dump` says the same of both databases.
    Exact,
    /// The backup names what it lacks.
    Degraded,
}

async fn tried(server: &Throwaway, number: usize, feature: &Feature) -> Result<Outcome, String> {
    let outcome = restored(server, number, feature).await;
    outcome.map_err(|error| format!("{}: {error}", feature.name))
}

async fn restored(server: &Throwaway, number: usize, feature: &Feature) -> Result<Outcome, String> {
    let (original, copy) = (format!("feature_{number}_a"), format!("feature_{number}_b"));
    let made = server.create_database(&original, None);
    made.map_err(|error| error.to_string())?;
    let client = connect(&server.url(&original)).await;
    let plain = "CREATE TABLE plain AS SELECT 1 AS id";
    client.batch_execute(plain).await.expect("a table is made");
    let made = client.batch_execute(&feature.sql).await;
    made.map_err(|error| format!("the SQL fails: {error:?}"))?;
    let urls = [server.url(&original), server.url(&copy)];
    let (manifest, report) = there_and_back(&urls[0], &urls[1]).await?;
    let (mut findings, expected) = (manifest.findings, &feature.findings);
    findings.sort();
    if findings != *expected {
        return Err(format!("the findings are {findings:#?}, not {expected:#?}"));
    }
    if !findings.is_empty() {
        has_the_rows(&client, &urls[1], &manifest.tables, &report.skipped).await?;
        return Ok(Outcome::Degraded);
    }
    drop(client);
    let (before, after) = (pg_dump(&urls[0]).await?, pg_dump(&urls[1]).await?);
    let after = after.replace(&copy, &original);
    let after = after.split_inclusive('\n');
    let is_kept = |line: &&str| !feature.lost_by_pg_dump.contains(&line.trim_end());
    let after: String = after.filter(is_kept).collect();
    if before == after {
        return Ok(Outcome::Exact);
    }
    // Only these lines have the database's name. A script for another database lacks them.
    if about(&before, &original) != about(&after, &original) {
        return Err(format!("pg_dump differs:\n{}", difference(&before, &after)));
    }
    // The server writes some definitions otherwise each time it reads them.
    let script = format!("feature_{number}_c");
    let made = server.create_database(&script, None);
    made.map_err(|error| error.to_string())?;
    psql(&server.url(&script), &pg_dump_as_script(&urls[0]).await?).await?;
    let expected = pg_dump(&server.url(&script)).await?;
    let expected = expected.replace(&script, &original);
    if without_database(&expected) == without_database(&after) {
        return Ok(Outcome::Exact);
    }
    Err(format!("pg_dump differs:\n{}", difference(&before, &after)))
}

/// Backs up the one database and restores it as the other.
async fn there_and_back(original: &str, copy: &str) -> Result<(Manifest, Report), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let blobs = Blobs::open(&BlobAddress::folder(folder.path())).expect("a store");
    let name: SourceName = "feature".parse().expect("a name");
    let source = Source {
        name: name.clone(),
        database: settings(original),
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
        go_on: !manifest.findings.is_empty(),
        ..Options::new(stored.id.clone())
    };
    let (database, progress) = (settings(copy), Progress::default());
    let restored = source_backups.restore(&stored, &database, &options, None, &progress);
    match restored.await {
        Ok(report) => Ok((manifest, report)),
        Err(error) => Err(format!(
            "the restore fails: {error}; {:#?}",
            manifest.findings
        )),
    }
}

/// Holds the copy to have the original's rows of each of these tables. The restore names those that it skips.
async fn has_the_rows(
    original: &Client,
    copy: &str,
    tables: &[Table],
    skipped: &[String],
) -> Result<(), String> {
    let copy = connect(copy).await;
    for table in tables {
        let name = format!("{}.{}", table.schema, table.name);
        let skip = format!("the {} rows of table {name}: ", table.rows);
        if skipped.iter().any(|it| it.starts_with(&skip)) {
            continue;
        }
        let quoted = [&table.schema, &table.name].map(|it| it.replace('"', "\"\""));
        let rows = format!(
            "SELECT coalesce(string_agg(t::text, chr(10) ORDER BY t::text COLLATE \"C\"), '')
               FROM ONLY \"{}\" AS t",
            quoted.join("\".\"")
        );
        let both = [original, &copy].map(|client| client.query_one(&rows, &[]));
        let both = try_join_all(both).await;
        let both = both.map_err(|error| format!("the rows of {name}: {error:?}"))?;
        let [before, after] = [0, 1].map(|it| both[it].get::<_, &str>(0));
        if before != after {
            return Err(format!(
                "{name} has other rows:\n{}",
                difference(before, after)
            ));
        }
    }
    Ok(())
}

fn settings(url: &str) -> Settings {
    let settings = Settings::read(|name| (name == "DATABASE_URL").then(|| url.to_owned()));
    settings.expect("good").expect("a database is named")
}

/// The whole database, its rows and its own properties included.
async fn pg_dump(url: &str) -> Result<String, String> {
    let text = output("pg_dump", &["--create", "--dbname", url]).await?;
    let lines = text.split_inclusive('\n');
    // Newer versions fence the script with a random key.
    let fences = ["\\restrict", "\\unrestrict"];
    let is_said = |line: &&str| !fences.iter().any(|fence| line.starts_with(fence));
    Ok(lines.filter(is_said).collect())
}

/// The same for `psql` to run in another database.
async fn pg_dump_as_script(url: &str) -> Result<String, String> {
    output("pg_dump", &["--dbname", url]).await
}

/// The lines about the database itself, which has this name.
fn about<'a>(dump: &'a str, database: &str) -> Vec<&'a str> {
    dump.lines()
        .filter(|line| line.contains(database))
        .collect()
}

/// Without what a script for another database leaves out.
fn without_database(dump: &str) -> &str {
    dump.split_once("\\connect").map_or(dump, |(_, rest)| rest)
}

async fn psql(url: &str, script: &str) -> Result<(), String> {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(script.as_bytes()).expect("it is written");
    let path = file.path().to_str().expect("UTF-8");
    let stop = "--set=ON_ERROR_STOP=1";
    let arguments = [
        "--quiet",
        "--no-psqlrc",
        stop,
        "--dbname",
        url,
        "--file",
        path,
    ];
    output("psql", &arguments).await.map(|_| ())
}

/// The output of one of PostgreSQL's programs if it succeeds.
async fn output(program: &'static str, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(PROGRAMS.path(program));
    command.args(arguments);
    let output = spawn_blocking(move || command.output().expect("it runs"));
    let output = output.await.expect("it does not panic");
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{program} fails: {reason}"));
    }
    Ok(String::from_utf8(output.stdout).expect("UTF-8"))
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
