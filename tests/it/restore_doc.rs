//! `docs/restore.md`: its commands, run as they stand there.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use flate2::Compression;
use flate2::write::GzEncoder;
use localpg::{Throwaway, ThrowawayOptions};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Site, Start, connect, everywhere, fill_postfacto};

const DOCUMENT: &str = include_str!("../../docs/restore.md");

/// The commands of a block that is marked `<!-- tested: name -->`.
fn block(name: &str) -> &'static str {
    let mark = format!("<!-- tested: {name} -->\n```sh\n");
    let (_, rest) = DOCUMENT
        .split_once(&mark)
        .unwrap_or_else(|| panic!("docs/restore.md has no block {name}"));
    let (commands, _) = rest.split_once("```").expect("it ends");
    commands
}

/// A backup in a folder, and a server that knows nothing of the one it came from.
struct Loss {
    site: Site,
    store: TempDir,
    source: String,
    new: Throwaway,
}

impl Loss {
    /// Of a Postfacto on which a role of its own has a right.
    async fn with_role(site: Site, role: &str) -> Loss {
        let name = Site::fresh_name();
        let create = format!("CREATE DATABASE \"{name}\" OWNER app TEMPLATE template0");
        let superuser = site.superuser().await;
        superuser.batch_execute(&create).await.expect("a database");
        let client = site.with_role("app").connect(&name).await;
        fill_postfacto(&client, 0.002).await;
        let grant = format!("CREATE ROLE {role}; GRANT SELECT ON retros TO {role}");
        let source = site.superusers(&name);
        let client = connect(&source).await;
        client.batch_execute(&grant).await.expect("it is granted");
        let new = Throwaway::start(site.programs, ThrowawayOptions::default());
        let loss = Loss {
            site,
            store: tempfile::tempdir().expect("a folder"),
            source,
            new: new.expect("a private PostgreSQL starts"),
        };
        loss.makes("CREATE ROLE administrator LOGIN CREATEDB CREATEROLE")
            .await;
        let made = Start::operator()
            .set("BACKUP_URL", &loss.url())
            .set("BACKUP_DATABASES", "postfacto")
            .set("BACKUP_DATABASE_URL_POSTFACTO", &loss.source)
            .argument("backup")
            .argument("create")
            .output();
        assert!(made.status.success(), "{made:?}");
        loss
    }

    /// Runs statements on the new server as a superuser.
    async fn makes(&self, statements: &str) {
        let superuser = connect(&self.new.url("postgres")).await;
        let made = superuser.batch_execute(statements).await;
        made.expect(statements);
    }

    /// The dumps of the lost database and of the restored one.
    fn dumps(&self) -> [String; 2] {
        [&self.source, &self.target()].map(|url| self.site.dump_of(url, &[]))
    }

    fn url(&self) -> String {
        format!("file://{}", self.store.path().display())
    }

    /// The backup's folder: the only one.
    fn backup(&self) -> PathBuf {
        let folders = std::fs::read_dir(self.store.path().join("postfacto"));
        let mut folders = folders.expect("it is there");
        let folder = folders.next().expect("there is one");
        folder.expect("it can be listed").path()
    }

    fn manifest(&self) -> Value {
        let text = std::fs::read(self.backup().join("manifest.json")).expect("it is there");
        serde_json::from_slice(&text).expect("JSON")
    }

    /// The file with a table's rows.
    fn rows_of(&self, table: &str) -> PathBuf {
        let manifest = self.manifest();
        let tables = manifest["tables"].as_array().expect("a list");
        let table = tables.iter().find(|it| it["name"] == table);
        let file = table.expect("it is in the backup")["file"].as_str();
        self.backup().join(file.expect("a name"))
    }

    fn target(&self) -> String {
        self.new.url("postfacto")
    }

    fn as_restoring(&self, database: &str) -> String {
        format!("{} user={}", self.new.url(database), self.site.role)
    }

    /// Runs a block in a shell that stops at the first failure.
    fn shell(&self, name: &str) -> Output {
        let program = Path::new(env!("CARGO_BIN_EXE_magnusapi"));
        let stock = self.site.programs.path("pg_restore");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = [program, &stock].map(|it| it.parent().expect("a folder").to_owned());
        let path = std::env::join_paths(folders.into_iter().chain(std::env::split_paths(&path)));
        Command::new("/bin/sh")
            .args(["-eu", "-c", block(name)])
            .env("PATH", path.expect("no folder has a colon"))
            .env("BACKUP_URL", self.url())
            .env("BACKUP", self.backup())
            .env("SOURCE", "postfacto")
            .env("SERVER", self.as_restoring("postgres"))
            .env("TARGET", self.as_restoring("postfacto"))
            .output()
            .expect("a shell starts")
    }

    #[track_caller]
    fn does(&self, name: &str) -> String {
        let output = self.shell(name);
        assert!(output.status.success(), "{name}: {output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    #[track_caller]
    fn fails(&self, name: &str) -> String {
        let output = self.shell(name);
        assert!(!output.status.success(), "{name}: {output:?}");
        String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8")
    }
}

/// A role's name that no other test has, for SQL.
fn role(name: &str, site: Site) -> String {
    format!("\"Restore Doc {name} {}\"", site.role)
}

#[test]
fn stock_tools_alone_bring_everything_back_to_a_new_server() {
    everywhere(async |site| {
        let loss = Loss::with_role(site, &role("Reader", site)).await;
        assert_eq!(loss.does("check"), "");
        loss.does("roles");
        loss.does("restore");
        assert_eq!(loss.does("count"), "");
        let [before, after] = loss.dumps();
        assert_eq!(after, before);

        let client = connect(&loss.target()).await;
        let delete = "DELETE FROM archives WHERE id = (SELECT min(id) FROM archives)";
        client.batch_execute(delete).await.expect("it is deleted");
        let said = loss.does("count");
        assert!(said.starts_with("public.archives has "), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    });
}

#[test]
fn the_program_alone_brings_everything_back_to_a_new_server() {
    everywhere(async |site| {
        let stranger = role("Stranger", site);
        let loss = Loss::with_role(site, &stranger).await;
        loss.makes("CREATE ROLE app; GRANT app TO administrator")
            .await;
        let said = loss.does("look");
        assert!(said.contains("all files are as they were stored"), "{said}");
        let said = loss.does("with-magnusapi");
        assert!(said.contains("every row equals"), "{said}");
        // The only difference is a grant to a role that the new server lacks.
        let [before, after] = loss.dumps();
        let granted = |line: &&str| line.contains(&stranger);
        assert_eq!(before.lines().filter(granted).count(), 1);
        let without = |dump: &str| {
            let lines = dump.lines().filter(|line| !line.starts_with("--"));
            let lines = lines.filter(|line| !line.is_empty() && !granted(line));
            lines.collect::<Vec<_>>().join("\n")
        };
        assert_eq!(without(&after), without(&before));
    });
}

#[test]
fn the_check_by_hand_names_what_was_altered() {
    everywhere(async |site| {
        let loss = Loss::with_role(site, &role("Checker", site)).await;
        let file = loss.rows_of("retros");
        let good = std::fs::read(&file).expect("it is there");
        let mut bytes = good.clone();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&file, bytes).expect("it is written");
        let name = file.file_name().and_then(|it| it.to_str()).expect("UTF-8");
        let said = loss.fails("check");
        assert!(said.contains(&format!("{name}: FAILED")), "{said}");

        std::fs::write(&file, good).expect("it is written");
        assert_eq!(loss.does("check"), "");
        let manifest = loss.backup().join("manifest.json");
        let text = std::fs::read_to_string(&manifest).expect("UTF-8");
        let text = text.replacen("\"rows\": ", "\"rows\": 1", 1);
        std::fs::write(&manifest, text).expect("it is written");
        let said = loss.fails("check");
        assert!(said.contains("manifest.json was altered"), "{said}");
    });
}

#[test]
fn a_short_table_fails_the_restore_and_leaves_nothing_half_done() {
    everywhere(async |site| {
        let loss = Loss::with_role(site, &role("Short", site)).await;
        let mut empty = GzEncoder::new(Vec::new(), Compression::fast());
        empty.write_all(b"\\.\n\n\n").expect("memory takes all");
        let empty = empty.finish().expect("memory takes all");
        std::fs::write(loss.rows_of("archives"), empty).expect("it is written");
        loss.does("roles");
        let said = loss.fails("restore");
        assert!(
            said.contains("incomplete restore: \"public\".\"archives\""),
            "{said}"
        );
        let client = connect(&loss.target()).await;
        let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
        let row = client.query_one(tables, &[]).await.expect("a count");
        assert_eq!(row.get::<_, i64>(0), 0);
    });
}
