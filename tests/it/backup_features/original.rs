//! The database of a feature, and its comparison with a restored one.

use std::io::Write;

use futures_util::future::try_join_all;
use pgarchive::manifest::Table;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::difference;
use super::feature::Feature;
use crate::harness::{Extensions, Site, connect};

pub(super) struct Original {
    site: Site,
    pub(super) name: String,
    client: Client,
    dump: OnceCell<String>,
    /// The dump of what `psql` makes of the dump: the server writes some definitions otherwise each time it reads
    /// them.
    dump_of_dump: OnceCell<Result<String, String>>,
}

impl Original {
    /// Makes the database. Returns `None` if the server lacks an extension or a library for it.
    pub(super) async fn make(
        site: Site,
        name: &str,
        sql: &str,
    ) -> Result<Option<Original>, String> {
        create(site, name, "maker").await;
        let client = site.with_role("maker").connect(name).await;
        let plain = "CREATE TABLE plain AS SELECT 1 AS id";
        client.batch_execute(plain).await.expect("a table is made");
        match client.batch_execute(sql).await {
            Ok(()) => {}
            Err(error) if is_unavailable(&error) => return Ok(None),
            Err(error) => return Err(format!("the SQL fails: {error:?}")),
        }
        Ok(Some(Original {
            site,
            name: name.to_owned(),
            client,
            dump: OnceCell::new(),
            dump_of_dump: OnceCell::new(),
        }))
    }

    /// Drops it with its copies. A template or a subscription does not allow that.
    pub(super) async fn drop(self) {
        let Original {
            site, name, client, ..
        } = self;
        drop(client);
        let superuser = site.superuser().await;
        for suffix in ["", "_postgres", "_administrator", "_script"] {
            let drop = format!("DROP DATABASE IF EXISTS {name}{suffix} WITH (FORCE)");
            let _ = superuser.batch_execute(&drop).await;
        }
    }

    /// Holds the copy to be the same, by `pg_dump` and by what it does not show.
    pub(super) async fn equals(&self, copy: &str, feature: &Feature) -> Result<(), String> {
        let before = self.dump().await;
        let after = dump(self.site, copy, &["--create"]).await;
        let after = after.replace(copy, &self.name);
        let mut lost = feature.lost_by_pg_dump.iter();
        if let Some(line) = lost.find(|it| !after.lines().any(|line| line == **it)) {
            return Err(format!("the restored database lacks {line}"));
        }
        let is_kept = |line: &&str| !feature.lost_by_pg_dump.contains(&line.trim_end());
        let after: String = after.split_inclusive('\n').filter(is_kept).collect();
        // Only these lines have the database's name. A script for another database lacks them.
        if *before != after {
            let made = self.dump_of_dump().await;
            let is_same = about(before, &self.name) == about(&after, &self.name)
                && made
                    .as_ref()
                    .is_ok_and(|made| made == without_database(&after));
            if !is_same {
                let reason = made.as_ref().err().map_or("", String::as_str);
                let difference = difference(before, &after);
                return Err(format!("pg_dump differs:\n{difference}\n{reason}"));
            }
        }
        let copy = connect(&self.site.superusers(copy)).await;
        let [before, after] = both(&self.client, &copy, Extensions::OBJECTS).await?;
        if before != after {
            let difference = difference(&before, &after);
            return Err(format!("the tables of extensions differ:\n{difference}"));
        }
        Ok(())
    }

    /// Holds the copy to have the rows of each of these tables. The restore names those that it skips.
    pub(super) async fn has_its_rows(
        &self,
        copy: &str,
        tables: &[Table],
        skipped: &[String],
    ) -> Result<(), String> {
        let copy = connect(&self.site.superusers(copy)).await;
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
            let [before, after] = both(&self.client, &copy, &rows).await?;
            if before != after {
                return Err(format!(
                    "{name} has other rows:\n{}",
                    difference(&before, &after)
                ));
            }
        }
        Ok(())
    }

    async fn dump(&self) -> &String {
        let dump = || dump(self.site, &self.name, &["--create"]);
        self.dump.get_or_init(dump).await
    }

    async fn dump_of_dump(&self) -> &Result<String, String> {
        let make = || async {
            let name = format!("{}_script", self.name);
            create(self.site, &name, "postgres").await;
            let mut file = tempfile::NamedTempFile::new().expect("a file");
            let script = dump(self.site, &self.name, &[]).await;
            file.write_all(script.as_bytes()).expect("it is written");
            let (site, url) = (self.site, self.site.superusers(&name));
            let ran = spawn_blocking(move || {
                let path = file.path().to_str().expect("UTF-8").to_owned();
                let stop = "--set=ON_ERROR_STOP=1";
                let arguments = [
                    "--quiet",
                    "--no-psqlrc",
                    stop,
                    "--dbname",
                    &url,
                    "--file",
                    &path,
                ];
                site.program("psql", &arguments)
            });
            let ran = ran.await.expect("no panic");
            if !ran.status.success() {
                return Err(format!("psql fails: {ran:?}"));
            }
            let made = dump(self.site, &name, &["--create"]).await;
            Ok(without_database(&made.replace(&name, &self.name)).to_owned())
        };
        self.dump_of_dump.get_or_init(make).await
    }
}

/// Makes a database of this role.
async fn create(site: Site, name: &str, owner: &str) {
    let strategy = "STRATEGY file_copy";
    let create = format!("CREATE DATABASE {name} OWNER {owner} TEMPLATE template0 {strategy}");
    let superuser = site.superuser().await;
    superuser
        .batch_execute(&create)
        .await
        .expect("a database is made");
}

/// The newest version comes without most extensions here, and without some libraries.
fn is_unavailable(error: &tokio_postgres::Error) -> bool {
    let message = error.as_db_error().map_or("", |error| error.message());
    let missing = [
        " is not available",
        "unsupported XML feature",
        " in this build",
    ];
    error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED)
        && missing.iter().any(|end| message.ends_with(end))
}

/// The whole database with its rows. Comments name the owners of objects with grants and of the parents of indexes:
/// those of extensions belong to the role that creates the extension.
async fn dump(site: Site, database: &str, arguments: &'static [&str]) -> String {
    let database = database.to_owned();
    let dump = spawn_blocking(move || site.dump(&database, arguments));
    let dump = dump.await.expect("pg_dump succeeds");
    let is_about =
        |line: &str| line.contains("; Type: ACL; ") || line.contains("; Type: INDEX ATTACH; ");
    let line = |line: &str| match line.split_once("; Owner: ") {
        Some((object, _)) if is_about(line) => format!("{object}\n"),
        _ => format!("{line}\n"),
    };
    dump.lines().map(line).collect()
}

/// The text that a query returns of each database.
async fn both(one: &Client, other: &Client, query: &str) -> Result<[String; 2], String> {
    let both = [one, other].map(|client| client.query_one(query, &[]));
    let both = try_join_all(both).await;
    let both = both.map_err(|error| format!("{query}: {error:?}"))?;
    Ok([0, 1].map(|it| both[it].get(0)))
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
