//! Large blobs: many parts, bounded memory, and no remains of an aborted upload.

use std::time::Duration;

use magnusapi::blob::BlobError;
use tokio::time::timeout;

use super::{download, each_kind, faulty, names, noise, upload};
use crate::fakes::{Call, Fault};
use crate::harness::{eventually, run};

const MIB: usize = 1 << 20;

#[test]
fn a_large_blob_is_read_as_it_was_written() {
    run(async {
        let content = noise(60_000_123);
        let (_folder, stores) = each_kind().await;
        for (store, blobs) in stores {
            upload(&blobs, "large", &content).await.expect(store);
            assert!(download(&blobs, "large").await.expect(store) == content);
        }
    });
}

#[test]
fn blobs_of_no_part_and_of_exactly_two_parts_are_whole() {
    run(async {
        let (_folder, stores) = each_kind().await;
        for (store, blobs) in stores {
            for (name, length) in [("none", 0), ("two", 8 * MIB)] {
                let content = noise(length);
                upload(&blobs, name, &content).await.expect(store);
                assert!(download(&blobs, name).await.expect(store) == content);
            }
        }
    });
}

#[test]
fn an_upload_is_invisible_before_its_end_and_after_an_abort() {
    run(async {
        let (folder, stores) = each_kind().await;
        for (store, blobs) in stores {
            let mut aborted = blobs.upload("a/aborted").await.expect(store);
            aborted.write(&noise(9 * MIB)).await.expect(store);
            assert_eq!(names(&blobs, "").await, [""; 0], "{store}");
            aborted.abort().await;
            let mut dropped = blobs.upload("a/dropped").await.expect(store);
            dropped.write(&noise(9 * MIB)).await.expect(store);
            drop(dropped);
            assert_eq!(names(&blobs, "").await, [""; 0], "{store}");
        }
        let left = || async {
            let files = std::fs::read_dir(folder.path().join("a")).expect("it is there");
            (files.count() == 0).then_some(())
        };
        eventually("a folder with no file in it", left).await;
    });
}

#[test]
fn a_slow_store_slows_the_writer() {
    run(async {
        let (faults, blobs) = faulty().await;
        faults.hold(Call::Part);
        let mut upload = blobs.upload("large").await.expect("it begins");
        let piece = noise(MIB);
        let mut taken = 0;
        while let Ok(written) = timeout(Duration::from_secs(2), upload.write(&piece)).await {
            written.expect("nothing fails");
            taken += 1;
            assert!(taken < 64, "it takes everything into memory");
        }
        // Two parts of 2 MiB are under way, and a third is full.
        assert_eq!(taken, 5);
        faults.release();
    });
}

#[test]
fn an_upload_with_a_dropped_write_cannot_finish() {
    run(async {
        let (faults, blobs) = faulty().await;
        faults.hold(Call::Part);
        let mut upload = blobs.upload("large").await.expect("it begins");
        let under_way = || async { (faults.seen(Call::Part) == 2).then_some(()) };
        let piece = noise(16 * MIB);
        tokio::select! {
            written = upload.write(&piece) => panic!("nothing is stored: {written:?}"),
            () = eventually("two parts under way", under_way) => {}
        }
        faults.release();
        let error = upload.finish().await.expect_err("bytes are missing");
        assert!(matches!(error, BlobError::Aborted { .. }), "{error}");
        assert_eq!(names(&blobs, "").await, [""; 0]);
    });
}

#[test]
fn failed_parts_are_sent_again() {
    run(async {
        let (faults, blobs) = faulty().await;
        let busy = Fault::status("503 Busy", "ServerBusy", "retry-after: 1");
        let failing = Fault::status("500 Oops", "InternalError", "");
        for fault in [Fault::CutRequest(100_000), failing, Fault::LoseAnswer, busy] {
            faults.once(Call::Part, fault);
        }
        let content = noise(20 * MIB);
        upload(&blobs, "large", &content)
            .await
            .expect("it is stored");
        assert!(download(&blobs, "large").await.expect("it is there") == content);
        assert_eq!(faults.seen(Call::Part), 14, "ten parts and four again");
    });
}

#[test]
fn a_lost_response_to_the_end_of_an_upload_is_not_a_failure() {
    run(async {
        let (faults, blobs) = faulty().await;
        faults.once(Call::Commit, Fault::LoseAnswer);
        let content = noise(5 * MIB);
        upload(&blobs, "large", &content)
            .await
            .expect("it is stored");
        assert_eq!(faults.seen(Call::Commit), 2, "it was sent twice");
        assert!(download(&blobs, "large").await.expect("it is there") == content);
    });
}

#[test]
fn an_end_that_the_store_rejects_is_a_failure() {
    run(async {
        let (faults, blobs) = faulty().await;
        // Of the same size, so that only its id tells it from ours.
        upload(&blobs, "large", &noise(5 * MIB))
            .await
            .expect("another's");
        let kept = Fault::status("409 Conflict", "BlobImmutableDueToPolicy", "");
        faults.always(Call::Commit, kept);
        let error = upload(&blobs, "large", &noise(5 * MIB))
            .await
            .expect_err("it is kept");
        assert!(matches!(error, BlobError::Kept { .. }), "{error}");
    });
}

#[test]
fn an_upload_cannot_continue_after_a_failure() {
    run(async {
        let (faults, blobs) = faulty().await;
        faults.always(
            Call::Part,
            Fault::status("403 No", "AuthorizationFailure", ""),
        );
        let mut upload = blobs.upload("large").await.expect("it begins");
        let error = loop {
            if let Err(error) = upload.write(&noise(4 * MIB)).await {
                break error;
            }
        };
        assert!(matches!(error, BlobError::Denied { .. }), "{error}");
        let error = upload.finish().await.expect_err("parts are missing");
        assert!(matches!(error, BlobError::Aborted { .. }), "{error}");
        assert_eq!(names(&blobs, "").await, [""; 0]);
    });
}
