//! Encrypted backups, opened by the program and by stock `age`.

use std::path::Path;
use std::process::Command;

use super::{Stage, by_pg_restore, made};
use crate::harness::{Site, everywhere, folder};

#[test]
fn an_encrypted_backup_restores_only_with_its_identity() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        let identity = age::x25519::Identity::generate();
        let recipient = identity.to_public().to_string();
        let file = stage.folder.path().join("identity.txt");
        let secret = age::secrecy::ExposeSecret::expose_secret(&identity.to_string()).to_owned();
        std::fs::write(&file, &secret).expect("it is written");
        let operator = stage.operator().set("BACKUP_RECIPIENTS", &recipient);
        let manifest = made(&operator);
        assert_eq!(manifest["recipients"][0], recipient.as_str());

        let new = Site::fresh_name();
        let to = site.url(&new);
        let printed = operator.fails(&["restore", "latest", "--to", &to]);
        assert!(
            printed.contains("--identity") && printed.contains(&recipient),
            "{printed}"
        );
        let file = file.to_str().expect("UTF-8");
        operator.does(&["restore", "latest", "--to", &to, "--identity", file]);
        assert_eq!(site.dump(&new, &[]), stage.dump());
        let operator = operator
            .set("DRILL_DATABASE_URL", &site.url("postgres"))
            .set("DRILL_IDENTITY", &secret);
        let printed = operator.does(&["verify", "latest", "--restore", "--allow-superuser"]);
        assert!(printed.contains("restored to PostgreSQL"), "{printed}");
        assert!(!printed.contains(&secret));
    });
}

/// `age` is another implementation of the format, by other authors.
#[test]
fn an_encrypted_backup_is_opened_by_age_and_restored_by_pg_restore() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        let identity = age::x25519::Identity::generate();
        let (file, other) = (stage.folder.path().join("identity.txt"), "other.txt");
        let other = stage.folder.path().join(other);
        for (file, identity) in [
            (&file, &identity),
            (&other, &age::x25519::Identity::generate()),
        ] {
            let secret = identity.to_string();
            let secret = age::secrecy::ExposeSecret::expose_secret(&secret);
            std::fs::write(file, format!("{secret}\n")).expect("it is written");
        }
        let recipient = identity.to_public().to_string();
        let operator = stage.operator().set("BACKUP_RECIPIENTS", &recipient);
        let (backup, opened) = (stage.backup(&made(&operator)["id"]), folder());
        for file_of_backup in std::fs::read_dir(&backup).expect("it is there") {
            let encrypted = file_of_backup.expect("a file").path();
            if encrypted.extension().is_none_or(|it| it != "age") {
                continue;
            }
            let name = encrypted.file_stem().expect("it has one");
            let target = opened.path().join(name);
            assert!(!decrypts(&encrypted, &other, &target), "{encrypted:?}");
            assert!(decrypts(&encrypted, &file, &target), "{encrypted:?}");
        }
        let restored = by_pg_restore(site, opened.path(), &[]).await;
        assert_eq!(site.dump(&restored, &[]), stage.dump());
    });
}

/// Whether the stock `age` opens a file with an identity.
fn decrypts(encrypted: &Path, identity: &Path, target: &Path) -> bool {
    let program = std::env::var_os("AGE").unwrap_or_else(|| "age".into());
    let mut age = Command::new(program);
    age.arg("--decrypt").arg("--identity").arg(identity);
    let output = age.arg("--output").arg(target).arg(encrypted).output();
    let output = output.expect("age is not installed: run `cargo xtask test`, which fetches it");
    output.status.success()
}
