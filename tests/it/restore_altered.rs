//! Backups whose files or manifests were altered: each verb names the fault, a restore leaves no database, and
//! pruning keeps the other backups.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use pgarchive::encryption::Recipients;
use pgarchive::manifest::{FORMAT, MANIFEST, Manifest};
use pgarchive::{Algorithm, BackupId, Entry, Kind, Toc, pack_small};
use tempfile::TempDir;

use crate::harness::{Operator, Site, everywhere, folder};

/// A Postfacto, and a store with its backups.
struct Stage {
    site: Site,
    source: String,
    store: TempDir,
    operator: Operator,
}

impl Stage {
    /// With a role of its own, so that no other test makes databases of it.
    async fn new(site: Site, test: &str) -> Stage {
        let role = format!("altered_{test}_{}", site.role);
        let right = match site.role {
            "postgres" => "SUPERUSER",
            _ => "CREATEDB",
        };
        let create = format!("CREATE ROLE {role} LOGIN {right}");
        let created = site.superuser().await.batch_execute(&create).await;
        created.expect("the role is new");
        let site = site.with_role(role.leak());
        let (source, store) = (site.postfacto(0.0).await, folder());
        Stage {
            operator: Operator::with_folder(&site.source(&source), store.path())
                .set("DRILL_DATABASE_URL", &site.url("postgres")),
            site,
            source,
            store,
        }
    }

    fn folder(&self, id: &str) -> PathBuf {
        self.store.path().join("postfacto").join(id)
    }

    fn manifest(&self, id: &str) -> Manifest {
        let text = fs::read(self.folder(id).join(MANIFEST)).expect("it is there");
        Manifest::decode(&text).expect("a manifest")
    }

    /// Asserts that a restore and a drill fail with this text, and leave no database of this role.
    async fn restores_nothing(&self, id: &str, says: &str) {
        let site = self.site;
        let to = site.url(&Site::fresh_name());
        let restore = ["restore", id, "--to", &to];
        let drill = ["verify", id, "--restore", "--allow-superuser"];
        for verb in [&restore[..], &drill] {
            let said = self.operator.fails(verb);
            assert!(said.contains(says), "{says}: {said}");
        }
        let names = "SELECT datname::text FROM pg_database
                      WHERE datdba = $1::text::regrole AND datname <> $2";
        let superuser = site.superuser().await;
        let names = superuser.query(names, &[&site.role, &self.source]).await;
        let names = names.expect("a list");
        let names: Vec<&str> = names.iter().map(|row| row.get(0)).collect();
        assert_eq!(names, [""; 0], "{says}");
    }
}

fn store(folder: &Path, manifest: &Manifest) {
    fs::write(folder.join(MANIFEST), manifest.encode()).expect("it is written");
}

#[test]
fn a_missing_file_is_named_by_verify_and_by_a_restore_that_leaves_no_database() {
    everywhere(async |site| {
        let stage = Stage::new(site, "missing").await;
        let id = stage.operator.makes();
        let tables = stage.manifest(&id).tables;
        let names = tables.iter().map(|table| table.file.as_str());
        for name in names.take(2).chain(["toc.dat"]) {
            let (file, aside) = (stage.folder(&id).join(name), stage.store.path().join(name));
            fs::rename(&file, &aside).expect("it is there");
            let said = stage.operator.fails(&["verify", &id]);
            let says = format!("{name}: it is missing");
            assert!(said.contains(&says), "{said}");
            stage.restores_nothing(&id, name).await;
            fs::rename(&aside, &file).expect("it is there");
        }
        stage.operator.does(&["verify", &id]);
    });
}

/// A change of a manifest, and the words of the failure.
type Change = (fn(&mut Manifest), &'static str);

#[test]
fn a_manifest_that_contradicts_the_archive_restores_nothing() {
    everywhere(async |site| {
        let stage = Stage::new(site, "manifest").await;
        let id = stage.operator.makes();
        let (folder, good) = (stage.folder(&id), stage.manifest(&id));
        let changes: [Change; 7] = [
            (
                |it| it.tables[0].file = "99.dat.gz".into(),
                "no file 99.dat.gz",
            ),
            (
                |it| {
                    let lost = it.tables[0].file.clone();
                    it.files.retain(|file| file.name != lost);
                },
                "the manifest names no file ",
            ),
            (
                |it| it.tables.truncate(7),
                "do not both have the rows of public.",
            ),
            (
                |it| it.tables.push(it.tables[0].clone()),
                "do not both have the rows of public.",
            ),
            (|it| it.tables[0].rows += 1, " rows, and should have "),
            (
                |it| it.tables[0].row_sum = "0".repeat(32),
                "the sum of its rows is ",
            ),
            (
                |it| it.format = FORMAT + 1,
                "it was made by a newer version, magnusapi ",
            ),
        ];
        for (change, says) in changes {
            let mut altered = good.clone();
            change(&mut altered);
            store(&folder, &altered);
            stage.restores_nothing(&id, says).await;
        }
        store(&folder, &good);
        stage.operator.does(&["verify", &id]);
    });
}

#[test]
fn an_archive_that_contradicts_itself_restores_nothing() {
    everywhere(async |site| {
        let stage = Stage::new(site, "archive").await;
        let id = stage.operator.makes();
        let (folder, mut manifest) = (stage.folder(&id), stage.manifest(&id));
        let toc = fs::read(folder.join("toc.dat")).expect("it is there");
        let good = Toc::decode(&toc).expect("an archive");
        let table = good.entries.iter().find(|it| it.kind == Kind::Table);
        let table = table.expect("there is one").tag.clone();
        let is = |entry: &Entry, kind| entry.kind == kind && entry.tag == table;
        let without = |kind| {
            let entries = good.entries.iter().filter(|it| !is(it, kind));
            entries.cloned().collect::<Vec<Entry>>()
        };
        let mut twice = good.entries.clone();
        let rows = twice.iter().position(|it| is(it, Kind::TableData));
        let rows = rows.expect("there are some");
        twice.insert(rows, twice[rows].clone());
        let contradicts = format!("do not both have the rows of public.{table}");
        let missing = format!("\"public.{table}\" does not exist");
        for (entries, says) in [
            (without(Kind::TableData), &contradicts),
            (twice, &contradicts),
            (without(Kind::Table), &missing),
        ] {
            let altered = Toc {
                entries,
                ..good.clone()
            };
            let altered = altered.encode("MagnusAPI", Algorithm::Gzip);
            let (content, file) = pack_small("toc.dat", &altered, &Recipients::default());
            fs::write(folder.join("toc.dat"), content).expect("it is written");
            let files = manifest.files.iter_mut();
            let listed = files.filter(|it| it.name == file.name);
            listed.for_each(|it| *it = file.clone());
            store(&folder, &manifest);
            stage.operator.does(&["verify", &id]);
            stage.restores_nothing(&id, says).await;
        }
    });
}

#[test]
fn a_backup_dated_in_the_future_and_an_unreadable_one_stay_and_replace_no_other() {
    everywhere(async |site| {
        let stage = Stage::new(site, "future").await;
        let [old, new] = [(); 2].map(|()| stage.operator.makes());
        let year = SignedDuration::from_hours(24 * 365);
        let [future, newer] = [1, 2].map(|run| BackupId::new(Timestamp::now() + year, run));
        for id in [&future, &newer] {
            let (folder, good) = (stage.folder(id.as_str()), stage.folder(&new));
            fs::create_dir(&folder).expect("it is new");
            for file in fs::read_dir(good).expect("it is there") {
                let file = file.expect("a file").path();
                let name = file.file_name().expect("a name");
                fs::copy(&file, folder.join(name)).expect("it is copied");
            }
            let mut manifest = stage.manifest(&new);
            manifest.id = id.clone();
            manifest.format += u32::from(*id == newer);
            store(&folder, &manifest);
        }
        let one = stage.operator.clone().set("BACKUP_KEEP", "last=1");
        let said = one.does(&["prune"]);
        assert!(said.contains("dated in the future"), "{said}");
        let kept = [new.as_str(), future.as_str(), newer.as_str()];
        assert_eq!(stage.operator.listed(), kept, "{said}");
        assert!(!stage.folder(&old).join("toc.dat").exists());
        let listed = stage.operator.does(&["list"]);
        assert!(listed.contains("made by a newer version"), "{listed}");
    });
}
