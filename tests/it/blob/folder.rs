//! A folder that is full, and what a killed upload leaves in one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::pin::pin;
use std::process::Command;

use futures_util::TryStreamExt;
use magnusapi::blob::{BlobAddress, BlobError, Blobs};

use super::{names, noise, upload};
use crate::harness::{alone, assert_passes, run};

fn open(folder: &Path) -> Blobs {
    Blobs::open(&BlobAddress::folder(folder)).expect("it opens")
}

#[test]
fn a_new_folder_is_closed_to_other_users() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().join("backups").join("of-us");
    open(&folder);
    let mode = fs::metadata(&folder).expect("it was made").permissions();
    assert_eq!(mode.mode() & 0o777, 0o700);
}

/// Set in the process that may write little.
const FULL: &str = "MAGNUSAPI_TEST_FULL_FOLDER";

/// Ignores the signal for a file that is too large, so that the write fails as on a full disk.
const LIMITED: &str = r#"trap "" XFSZ; ulimit -f 4096; exec "$@""#;

#[test]
fn a_full_disk_is_reported_and_no_partial_blob_remains() {
    if let Some(folder) = std::env::var_os(FULL) {
        return run(fill(open(Path::new(&folder))));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let itself = alone("blob::folder::a_full_disk_is_reported_and_no_partial_blob_remains");
    let mut limited = Command::new("/bin/sh");
    limited
        .args(["-c", LIMITED, "sh"])
        .arg(itself.get_program())
        .args(itself.get_args())
        .env(FULL, folder.path());
    assert_passes(&mut limited);
    let left = fs::read_dir(folder.path().join("a")).expect("it is there");
    let left: Vec<_> = left.map(|file| file.expect("a file").file_name()).collect();
    assert_eq!(left, ["small"]);
}

async fn fill(blobs: Blobs) {
    let large = noise(12_000_000);
    let errors = [
        upload(&blobs, "a/large", &large)
            .await
            .expect_err("no space"),
        blobs.create("a/large", large).await.expect_err("no space"),
    ];
    for error in errors {
        assert!(matches!(error, BlobError::Full { .. }), "{error}");
        assert!(
            error.to_string().contains("/a/large: out of space"),
            "{error}"
        );
    }
    blobs
        .create("a/small", noise(1))
        .await
        .expect("enough space");
    assert_eq!(names(&blobs, "").await, ["a/small"]);
}

#[test]
fn files_of_a_killed_upload_are_hidden_and_can_be_discarded() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let blobs = open(folder.path());
        blobs
            .create("shop/1/toc.dat", noise(1))
            .await
            .expect("it is stored");
        for name in ["shop/1/1.dat.gz", "shop/2/1.dat.gz"] {
            let mut killed = blobs.upload(name).await.expect("it begins");
            killed.write(&noise(5_000_000)).await.expect("it is taken");
            // As a process that is killed: nothing of it is cleaned up.
            std::mem::forget(killed);
        }
        assert_eq!(names(&blobs, "").await, ["shop/1/toc.dat"]);
        blobs.discard_unfinished("shop").await.expect("it can");
        assert_eq!(names(&blobs, "").await, ["shop/1/toc.dat"]);
        assert_eq!(blobs.folders("shop").await.expect("a list"), ["1"]);
        blobs.discard_unfinished("nowhere").await.expect("it can");
    });
}

#[test]
fn a_file_that_gets_shorter_while_it_is_read_fails() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let blobs = open(folder.path());
        blobs
            .create("large", noise(3_000_000))
            .await
            .expect("it is stored");
        let mut parts = pin!(blobs.stream("large").await.expect("it begins"));
        let first = parts.try_next().await.expect("it is there");
        assert!(first.is_some());
        let file = fs::File::options()
            .write(true)
            .open(folder.path().join("large"));
        file.and_then(|file| file.set_len(1_000_000))
            .expect("it is cut");
        let error = loop {
            match parts.try_next().await {
                Ok(part) => assert!(part.is_some(), "it ends as if it were whole"),
                Err(error) => break error,
            }
        };
        assert!(error.to_string().contains("ends after 1"), "{error}");
    });
}
