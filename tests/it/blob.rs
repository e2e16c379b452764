//! The store of blobs: on a folder, on a real Azurite, and on a server with the interface of S3.

mod container;
mod folder;
mod identity;
mod uploads;

use bytes::Bytes;
use futures_util::TryStreamExt;
use magnusapi::blob::{BlobAddress, BlobError, Blobs, Deletion};
use tempfile::TempDir;

use crate::fakes::StorageFaults;
use crate::harness::{Bucket, Container, run};

/// A store of each kind, with nothing in it, and a name for each.
async fn each_kind() -> (TempDir, [(&'static str, Blobs); 3]) {
    let folder = tempfile::tempdir().expect("a folder");
    let local = Blobs::open(&BlobAddress::folder(folder.path())).expect("it opens");
    let container = Container::new().await.blobs();
    let bucket = Bucket::new().await.blobs();
    let stores = [
        ("folder", local),
        ("container", container),
        ("bucket", bucket),
    ];
    (folder, stores)
}

/// A container of a test's own behind a proxy, with nothing in it.
async fn faulty() -> (StorageFaults, Blobs) {
    let container = Container::new().await;
    let faults = StorageFaults::before(container.address()).await;
    let blobs = container.through(&faults.address).blobs();
    (faults, blobs)
}

/// Bytes that no compression makes fewer, the same for the same length.
fn noise(length: usize) -> Bytes {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.flatten().take(length).collect()
}

async fn upload(blobs: &Blobs, name: &str, content: &Bytes) -> Result<(), BlobError> {
    let mut upload = blobs.upload(name).await?;
    for piece in content.chunks(700_001) {
        upload.write(piece).await?;
    }
    upload.finish().await
}

async fn download(blobs: &Blobs, name: &str) -> Result<Bytes, BlobError> {
    let parts: Vec<Bytes> = blobs.stream(name).await?.try_collect().await?;
    Ok(parts.concat().into())
}

async fn names(blobs: &Blobs, folder: &str) -> Vec<String> {
    let listed = blobs.list(folder).await.expect("a list");
    listed.into_iter().map(|blob| blob.name).collect()
}

#[test]
fn a_blob_is_created_once_and_never_overwritten() {
    run(async {
        let (_folder, stores) = each_kind().await;
        for (store, blobs) in stores {
            let create = async |content| blobs.create("a/b", Bytes::from_static(content)).await;
            create(b"first").await.expect(store);
            create(b"first")
                .await
                .expect("the same bytes are not a conflict");
            for other in [b"other".as_slice(), b"firs", b"first and more", b""] {
                let error = create(other).await.expect_err(store);
                assert!(matches!(error, BlobError::Exists { .. }), "{error}");
            }
            assert_eq!(blobs.read("a/b", 5).await.expect(store), "first");
        }
    });
}

#[test]
fn missing_and_too_large_blobs_are_named() {
    run(async {
        let (_folder, stores) = each_kind().await;
        for (store, blobs) in stores {
            let error = blobs.read("a/b", 10).await.expect_err(store);
            assert!(matches!(error, BlobError::Missing { .. }), "{error}");
            assert!(error.to_string().contains("/a/b is not there"), "{error}");
            blobs.create("a/b", noise(11)).await.expect(store);
            let error = blobs.read("a/b", 10).await.expect_err(store);
            assert!(
                matches!(error, BlobError::TooLarge { limit: 10, .. }),
                "{error}"
            );
        }
    });
}

#[test]
fn folders_and_blobs_with_odd_names_are_listed_as_they_were_stored() {
    run(async {
        let odd = "ä ö/100% + &=?;'~/a#b.dat.gz";
        let (_folder, stores) = each_kind().await;
        for (store, blobs) in stores {
            for name in ["shop/1/toc.dat", "shop/2/toc.dat", "shop.old/1", "top", odd] {
                blobs.create(name, noise(7)).await.expect(store);
            }
            let mut all = ["shop.old/1", "shop/1/toc.dat", "shop/2/toc.dat", "top", odd];
            all.sort_unstable();
            assert_eq!(names(&blobs, "").await, all, "{store}");
            assert_eq!(names(&blobs, "shop").await, all[1..3], "{store}");
            assert_eq!(names(&blobs, "nowhere").await, [""; 0], "{store}");
            let folders = async |folder| blobs.folders(folder).await.expect(store);
            assert_eq!(folders("").await, ["shop", "shop.old", "ä ö"]);
            assert_eq!(folders("shop").await, ["1", "2"]);
            assert_eq!(folders("nowhere").await, [""; 0]);
            let found = &blobs.list("ä ö").await.expect(store)[0];
            assert_eq!(found.bytes, 7);
            assert_eq!(blobs.read(odd, 7).await.expect(store), noise(7));
        }
    });
}

#[test]
fn a_deleted_blob_is_gone_with_its_empty_folder() {
    run(async {
        let (_folder, stores) = each_kind().await;
        for (store, blobs) in stores {
            blobs.create("a/b/c", noise(1)).await.expect(store);
            assert_eq!(blobs.delete("a/b/c").await.expect(store), Deletion::Done);
            // A bucket does not tell the two apart.
            let again = blobs.delete("a/b/c").await.expect(store);
            assert!(store == "bucket" || again == Deletion::Missing, "{store}");
            assert_eq!(blobs.folders("").await.expect(store), [""; 0]);
        }
    });
}

#[test]
fn names_outside_the_store_are_rejected() {
    run(async {
        let (_folder, stores) = each_kind().await;
        for (store, blobs) in stores {
            let error = blobs.create("../x", noise(1)).await.expect_err(store);
            assert!(matches!(error, BlobError::Name { .. }), "{error}");
            let error = blobs.delete("/etc/passwd").await.expect_err(store);
            assert!(matches!(error, BlobError::Name { .. }), "{error}");
            let error = blobs.list("a/../..").await.expect_err(store);
            assert!(matches!(error, BlobError::Name { .. }), "{error}");
        }
    });
}
