//! Backups with gzip and with zstd. The file decides how it is read, and not the setting of the reader.

use std::fs;
use std::path::Path;

use age::secrecy::ExposeSecret;
use magnusapi::backup::export::Options;

use super::{TABLES, exported, fingerprint, options, pg_restore, store};
use crate::backup_archive::stock;
use crate::fakes::{Call, Fault, StorageFaults};
use crate::harness::{Container, Operator, Site, everywhere};

/// Names of the tables' files in the folder of a backup.
fn files(backup: &Path) -> Vec<String> {
    let files = fs::read_dir(backup).expect("it is there");
    let names = files.map(|file| file.expect("a file").file_name());
    let names = names.map(|name| name.into_string().expect("UTF-8"));
    let is_of_a_table = |name: &String| name.starts_with(|first: char| first.is_ascii_digit());
    names.filter(is_of_a_table).collect()
}

#[test]
fn backups_of_every_compression_restore_from_one_store() {
    let folder = tempfile::tempdir().expect("a folder");
    everywhere(async |site| {
        let database = site.filled(TABLES).await;
        let identity = age::x25519::Identity::generate();
        let recipient = identity.to_public().to_string();
        let reader = Operator::with_folder(&database, folder.path())
            .set("DRILL_DATABASE_URL", &site.url("postgres"))
            .set("DRILL_IDENTITY", identity.to_string().expose_secret());
        let folder_of_key = tempfile::tempdir().expect("a folder");
        let key = folder_of_key.path().join("identity.txt");
        fs::write(&key, identity.to_string().expose_secret()).expect("it is written");
        for (compression, recipients, suffix) in site.share([
            ("", "", ".gz"),
            ("gzip:6", &recipient, ".gz.age"),
            ("zstd:3", "", ".zst"),
            ("zstd", &recipient, ".zst.age"),
        ]) {
            let writer = Operator::with_folder(&database, folder.path())
                .set("BACKUP_COMPRESSION", compression)
                .set("BACKUP_RECIPIENTS", recipients);
            let id = writer.makes();
            let files = files(&folder.path().join("postfacto").join(&id));
            assert_eq!(files.len(), 4);
            assert!(files.iter().all(|it| it.ends_with(suffix)), "{files:?}");
            let target = Site::fresh_name();
            let mut restore = vec!["restore", &id, "--to"];
            let to = site.url(&target);
            restore.push(&to);
            if !recipients.is_empty() {
                restore.extend(["--identity", key.to_str().expect("UTF-8")]);
            }
            reader.does(&restore);
            let restored = site.source(&target);
            assert_eq!(fingerprint(&restored).await, fingerprint(&database).await);
            let proved = reader.does(&["verify", &id, "--restore", "--allow-superuser"]);
            assert!(proved.contains("restored to PostgreSQL"), "{proved}");
        }
    });
}

/// Version 15 rejects it. This `pg_restore` of version 18 was built without zstd: it reads the table of contents, and
/// the rows as docs/backups.md describes.
#[test]
fn stock_pg_restore_restores_a_backup_with_zstd_from_version_16_on() {
    everywhere(async |site| {
        let (database, store) = (site.filled(TABLES).await, store());
        let options = Options {
            compression: "zstd".parse().expect("a compression"),
            ..options()
        };
        let manifest = exported(&database, &store, &options).await;
        let manifest = manifest.expect("a backup");
        let archive = store
            .folder
            .path()
            .join("postfacto")
            .join(manifest.id.as_str());
        if site.version == 15 {
            let rejected = pg_restore(site, &archive, &["--list"]).expect_err("it is newer");
            let says = "unsupported version (1.15) in file header";
            assert!(rejected.contains(says), "{rejected}");
            return;
        }
        for file in files(&archive) {
            let file = archive.join(file).display().to_string();
            stock("zstd", &["--decompress", "--quiet", "--rm", &file]);
        }
        let toc = archive.join("toc.dat");
        let archive = archive.display().to_string();
        let listed = site.succeeds("pg_restore", &["--list", &archive]);
        for expected in [
            "Dump Version: 1.15-0",
            "Compression: zstd",
            "row_count_check",
        ] {
            assert!(listed.contains(expected), "{listed}");
        }
        let mut content = fs::read(&toc).expect("it is there");
        content[11] = 0;
        fs::write(&toc, content).expect("it is written");
        let restored = site.source(&site.database().await);
        let to = ["--exit-on-error", "--dbname", &restored.url, &archive];
        site.succeeds("pg_restore", &to);
        assert_eq!(fingerprint(&restored).await, fingerprint(&database).await);
    });
}

#[test]
fn a_killed_run_with_zstd_makes_no_backup_and_the_next_one_does() {
    everywhere(async |site| {
        let (database, container) = (site.filled(TABLES).await, Container::new().await);
        let faults = StorageFaults::at(container.address(), (Call::Part, 1), Fault::Stall).await;
        let with_zstd = |container: &Container| {
            Operator::with_container(&database, container).set("BACKUP_COMPRESSION", "zstd")
        };
        let running = with_zstd(&container.through(&faults.address)).begins(&["create"]);
        faults.stalls().await;
        running.kill();
        let direct = with_zstd(&container);
        assert_eq!(direct.listed(), [""; 0]);
        let id = direct.makes();
        assert_eq!(direct.listed(), [id]);
    });
}
