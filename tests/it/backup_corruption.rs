//! A backup that is not what was stored: each difference is found and named by `SourceBackups::verify`, which
//! is what `backup verify` calls.

use std::fs;
use std::path::{Path, PathBuf};

use magnusapi::backup::{Hold, Progress, Selection, SourceBackups, StoreError};
use magnusapi::blob::{BlobAddress, Blobs};
use pgarchive::manifest::MANIFEST;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::harness::{Database, Operator, Site, everywhere};

/// As many as were tried with other tools, of the backups of all sites together.
const FLIPS: u64 = 200;
const TRUNCATIONS: u64 = 30;

/// A folder with a backup in it.
struct Stage {
    store: TempDir,
    source: Database,
    /// The folder of the backup.
    backup: PathBuf,
    source_backups: SourceBackups,
    selection: Selection,
}

impl Stage {
    async fn new(site: Site) -> Stage {
        let store = tempfile::tempdir().expect("a folder");
        let source = site.source(&site.postfacto(0.0).await);
        let operator = Operator::with_folder(&source, store.path());
        let id = operator.makes();
        let blobs = Blobs::open(&BlobAddress::folder(store.path())).expect("a store");
        Stage {
            backup: store.path().join("postfacto").join(&id),
            source_backups: SourceBackups::new(blobs, "postfacto".parse().expect("a name")),
            selection: id.parse().expect("an id"),
            source,
            store,
        }
    }

    /// Its files, in order.
    fn files(&self) -> Vec<PathBuf> {
        let files = fs::read_dir(&self.backup).expect("it is there");
        let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
        files.sort();
        files
    }

    /// The files that are found to be damaged.
    async fn damaged(&self) -> Vec<String> {
        let stored = self
            .source_backups
            .find(&self.selection)
            .await
            .expect("it is there");
        let mut named: Vec<String> = match self
            .source_backups
            .verify(&stored, &CancellationToken::new(), &Progress::default())
            .await
        {
            Ok(damages) => damages.into_iter().map(|damage| damage.object).collect(),
            Err(StoreError::Unreadable { .. }) => vec![MANIFEST.to_owned()],
            Err(error) => panic!("{error}"),
        };
        named.sort();
        named
    }

    /// Puts this in a file's place, and holds it to be found.
    async fn is_found(&self, file: &Path, content: &[u8], what: &str) {
        let good = fs::read(file).expect("it can be read");
        fs::write(file, content).expect("it can be written");
        assert_eq!(self.damaged().await, [name(file)], "{what}");
        fs::write(file, good).expect("it can be written");
    }
}

fn name(file: &Path) -> String {
    let name = file.file_name().and_then(|name| name.to_str());
    name.expect("UTF-8").to_owned()
}

/// The same numbers each time.
struct Dice(u64);

impl Dice {
    /// Dice of one trial.
    fn of(trial: u64) -> Dice {
        Dice((trial + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// A number below this one.
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let limit = u64::try_from(limit).expect("64 bits");
        usize::try_from((self.0 >> 11) % limit).expect("below the limit")
    }
}

/// The file is chosen first, so that small ones have their share.
#[test]
fn every_flipped_bit_is_detected_and_its_file_named() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        let files = stage.files();
        assert_eq!(stage.damaged().await, [""; 0]);
        for trial in site.share(0..FLIPS) {
            let mut dice = Dice::of(trial);
            let file = &files[dice.below(files.len())];
            let mut content = fs::read(file).expect("it can be read");
            let bit = dice.below(content.len() * 8);
            content[bit / 8] ^= 1 << (bit % 8);
            stage.is_found(file, &content, &format!("bit {bit}")).await;
        }
        assert_eq!(stage.damaged().await, [""; 0]);
    });
}

#[test]
fn every_cut_file_is_detected_and_named() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        let files = stage.files();
        for trial in site.share(0..TRUNCATIONS) {
            let mut dice = Dice::of(trial);
            let file = &files[dice.below(files.len())];
            let content = fs::read(file).expect("it can be read");
            let length = dice.below(content.len());
            let what = format!("{length} of {} bytes", content.len());
            stage.is_found(file, &content[..length], &what).await;
        }
    });
}

#[test]
fn missing_swapped_and_longer_files_are_detected_and_named() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        let files = stage.files();
        let rest: Vec<&PathBuf> = files.iter().filter(|it| !it.ends_with(MANIFEST)).collect();
        let aside = stage.store.path().join("aside");
        for file in site.share(&rest) {
            fs::rename(file, &aside).expect("it is moved");
            assert_eq!(stage.damaged().await, [name(file)], "missing");
            fs::rename(&aside, file).expect("it is moved");
            let longer = [fs::read(file).expect("it can be read"), vec![0]].concat();
            stage.is_found(file, &longer, "longer").await;
        }
        for pair in site.share(rest.windows(2)) {
            let swap = || {
                fs::rename(pair[0], &aside).expect("it is moved");
                fs::rename(pair[1], pair[0]).expect("it is moved");
                fs::rename(&aside, pair[1]).expect("it is moved");
            };
            swap();
            assert_eq!(
                stage.damaged().await,
                [name(pair[0]), name(pair[1])],
                "swapped"
            );
            swap();
        }
        assert_eq!(stage.damaged().await, [""; 0]);
        fs::remove_file(stage.backup.join(MANIFEST)).expect("it is there");
        let error = stage.source_backups.find(&stage.selection).await;
        let error = error.expect_err("there is no manifest");
        assert!(matches!(error, StoreError::Unknown { .. }), "{error}");
    });
}

#[test]
fn a_hold_on_a_deleted_backup_fails_and_stores_nothing() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        let stored = stage.source_backups.find(&stage.selection).await;
        let id = stored.expect("it is there").id;
        fs::remove_file(stage.backup.join(MANIFEST)).expect("it is there");
        let hold = Hold {
            reason: "an incident".to_owned(),
            since: "2026-11-24T02:00:00Z".parse().expect("a time"),
        };
        let error = stage
            .source_backups
            .hold(&id, &hold)
            .await
            .expect_err("it is gone");
        assert!(error.to_string().contains("just deleted"), "{error}");
        assert!(!stage.backup.join("hold.json").exists());
    });
}

#[test]
fn a_file_of_another_backup_is_detected_and_named() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        let client = stage.source.connect().await;
        let change = "UPDATE items SET description = description || '!' WHERE id IN (SELECT min(id) FROM items)";
        assert_eq!(client.execute(change, &[]).await.expect("it is changed"), 1);
        let operator = Operator::with_folder(&stage.source, stage.store.path());
        let other = operator.makes();
        let other = stage.store.path().join("postfacto").join(other);
        let mut different = 0;
        for file in stage.files() {
            let content = fs::read(other.join(name(&file))).expect("it has the same files");
            if content != fs::read(&file).expect("it can be read") {
                stage.is_found(&file, &content, "another's").await;
                different += 1;
            }
        }
        // The items, the manifest, and what names the time.
        assert!(different >= 2, "{different}");
    });
}

#[test]
fn the_program_names_the_damaged_file_and_exits_with_1() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        let file = stage.backup.join("toc.dat");
        let mut content = fs::read(&file).expect("it can be read");
        content[100] ^= 1;
        fs::write(&file, content).expect("it can be written");
        let operator = Operator::with_folder(&stage.source, stage.store.path());
        let output = operator.fails(&["verify", "latest"]);
        assert!(
            output.contains("is damaged: toc.dat: its SHA-256"),
            "{output}"
        );
    });
}
