//! A container that cannot be reached, refuses, breaks off, is busy, or keeps what it has.

use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use magnusapi::blob::{BlobError, Deletion};

use super::{download, faulty, names, noise, upload};
use crate::fakes::{Call, Fault};
use crate::harness::{Container, KEY, WAIT, run};

#[test]
fn a_lost_response_to_a_creation_is_not_a_failure() {
    run(async {
        let (faults, blobs) = faulty().await;
        faults.once(Call::Put, Fault::LoseAnswer);
        blobs
            .create("manifest.json", noise(100))
            .await
            .expect("it is stored");
        assert_eq!(faults.seen(Call::Put), 2, "it was sent twice");
        faults.once(Call::Put, Fault::LoseAnswer);
        let error = blobs
            .create("manifest.json", noise(99))
            .await
            .expect_err("another's");
        assert!(matches!(error, BlobError::Exists { .. }), "{error}");
    });
}

#[test]
fn a_download_resumes_where_it_broke_off() {
    run(async {
        let (faults, blobs) = faulty().await;
        let content = noise(10_000_000);
        upload(&blobs, "large", &content)
            .await
            .expect("it is stored");
        for bytes in [1_000_000, 0, 300_000, 5_000_000] {
            faults.once(Call::Get, Fault::CutAnswer(bytes));
        }
        assert!(download(&blobs, "large").await.expect("it goes on") == content);
        assert_eq!(faults.seen(Call::Get), 5);
    });
}

/// The store's client resumes an answer only for a while after it has begun.
#[test]
fn a_long_download_resumes_after_a_break() {
    run(async {
        let (faults, blobs) = faulty().await;
        let content = noise(10_000_000);
        upload(&blobs, "large", &content)
            .await
            .expect("it is stored");
        faults.once(Call::Get, Fault::CutAnswer(9_000_000));
        let mut parts = pin!(blobs.stream("large").await.expect("it begins"));
        let mut read = parts
            .try_next()
            .await
            .expect("it is there")
            .expect("bytes")
            .to_vec();
        tokio::time::sleep(WAIT + Duration::from_millis(100)).await;
        while let Some(part) = parts.try_next().await.expect("it goes on") {
            read.extend_from_slice(&part);
        }
        assert!(read == content);
    });
}

#[test]
fn a_download_that_cannot_resume_fails() {
    run(async {
        let (faults, blobs) = faulty().await;
        blobs
            .create("large", noise(1_000_000))
            .await
            .expect("it is stored");
        faults.always(Call::Get, Fault::CutAnswer(0));
        let begin = Instant::now();
        let error = download(&blobs, "large").await.expect_err("nothing comes");
        assert!(begin.elapsed() < 10 * WAIT, "{:?}", begin.elapsed());
        assert!(matches!(error, BlobError::Unavailable { .. }), "{error}");
    });
}

#[test]
fn a_blob_that_changes_while_it_is_read_fails() {
    run(async {
        let (faults, blobs) = faulty().await;
        upload(&blobs, "large", &noise(10_000_000))
            .await
            .expect("it is stored");
        faults.once(Call::Get, Fault::CutAnswer(9_000_000));
        let mut parts = pin!(blobs.stream("large").await.expect("it begins"));
        parts.try_next().await.expect("its first bytes");
        upload(&blobs, "large", &noise(10_000_001))
            .await
            .expect("another is");
        let error = loop {
            match parts.try_next().await {
                Ok(part) => assert!(part.is_some(), "it ends as if it were one"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, BlobError::Changed { .. }), "{error}");
    });
}

#[test]
fn a_list_that_breaks_off_is_retried() {
    run(async {
        let (faults, blobs) = faulty().await;
        blobs.create("a", noise(1)).await.expect("it is stored");
        faults.once(Call::List, Fault::CutAnswer(20));
        assert_eq!(names(&blobs, "").await, ["a"]);
    });
}

#[test]
fn retry_after_is_respected_up_to_a_limit() {
    run(async {
        let (faults, blobs) = faulty().await;
        for seconds in ["1", "86400"] {
            let wait = format!("retry-after: {seconds}");
            let busy = Fault::status("503 Server Busy", "ServerBusy", &wait);
            faults.once(Call::Put, busy);
            let begin = Instant::now();
            blobs.create(seconds, noise(1)).await.expect("it is stored");
            assert!(
                begin.elapsed() >= Duration::from_secs(1),
                "{:?}",
                begin.elapsed()
            );
        }
        assert_eq!(faults.seen(Call::Put), 4);
    });
}

#[test]
fn a_store_that_keeps_failing_fails_in_time_with_its_reason() {
    run(async {
        let (faults, blobs) = faulty().await;
        faults.always(Call::Put, Fault::status("500 Oops", "InternalError", ""));
        let begin = Instant::now();
        let error = blobs.create("a/b", noise(1)).await.expect_err("it fails");
        assert!(
            begin.elapsed() < Duration::from_secs(15),
            "{:?}",
            begin.elapsed()
        );
        let text = error.to_string();
        assert!(matches!(error, BlobError::Unavailable { .. }), "{text}");
        assert!(
            text.contains("/of us/a/b") && text.contains("500"),
            "{text}"
        );
    });
}

#[test]
fn an_unreachable_store_fails_in_time_with_its_reason() {
    run(async {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = closed.local_addr().expect("it is bound").to_string();
        drop(closed);
        let blobs = Container::missing("nowhere").through(&address).blobs();
        let begin = Instant::now();
        let error = blobs.list("").await.expect_err("no server listens");
        assert!(
            begin.elapsed() < Duration::from_secs(15),
            "{:?}",
            begin.elapsed()
        );
        let text = error.to_string();
        assert!(matches!(error, BlobError::Unavailable { .. }), "{text}");
        assert!(
            text.contains("refused") && text.contains("BACKUP_STORAGE_ENDPOINT"),
            "{text}"
        );
    });
}

#[test]
fn a_wrong_key_is_distinguished_from_a_missing_container_and_never_shown() {
    run(async {
        let wrong = KEY.replace("Eby8", "Eby9");
        let container = Container::new().await;
        let blobs = container.with_key(&wrong).blobs();
        let denied = [
            blobs.create("a", noise(1)).await.expect_err("denied"),
            blobs.read("a", 1).await.expect_err("denied"),
            blobs.list("").await.expect_err("denied"),
            upload(&blobs, "a", &noise(1)).await.expect_err("denied"),
        ];
        for error in denied {
            let text = format!("{error} {error:?}");
            assert!(matches!(error, BlobError::Denied { .. }), "{text}");
            assert!(
                text.contains("BACKUP_STORAGE_KEY") && text.contains("403"),
                "{text}"
            );
            assert!(!text.contains(&wrong[..20]), "{text}");
        }
        let blobs = Container::missing("nowhere").blobs();
        let missing = [
            blobs.create("a", noise(1)).await.expect_err("missing"),
            blobs.read("a", 1).await.expect_err("missing"),
            blobs.list("").await.expect_err("missing"),
        ];
        for error in missing {
            assert!(matches!(error, BlobError::NoContainer { .. }), "{error}");
        }
    });
}

#[test]
fn a_blob_that_the_store_keeps_is_reported_without_an_error() {
    run(async {
        let (faults, blobs) = faulty().await;
        blobs.create("a", noise(1)).await.expect("it is stored");
        let part = "HTTP/1.1 409 The blob is immutable due to a policy.\r\n\
                    x-ms-error-code: BlobImmutableDueToPolicy\r\n\r\n";
        let body = format!(
            "--batch_1\r\nContent-Type: application/http\r\nContent-ID: 0\r\n\r\n{part}\r\n\
             --batch_1--\r\n"
        );
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 202 Accepted\r\ncontent-type: multipart/mixed; boundary=batch_1\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        faults.once(Call::Delete, Fault::Answer(answer));
        let kept = Deletion::Refused("409 The blob is immutable due to a policy.".to_owned());
        assert_eq!(blobs.delete("a").await.expect("no error"), kept);
        let denied = Fault::status("403 No", "AuthorizationPermissionMismatch", "");
        faults.once(Call::Delete, denied);
        let kept = Deletion::Refused("403 AuthorizationPermissionMismatch".to_owned());
        assert_eq!(blobs.delete("a").await.expect("no error"), kept);
        faults.once(Call::Delete, Fault::LoseAnswer);
        let gone = blobs.delete("a").await.expect("it is sent twice");
        assert_eq!(gone, Deletion::Missing);
    });
}
