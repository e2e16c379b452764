//! `backup create` on a store that breaks off, is busy, fails, or refuses: a whole backup or none.

use pgarchive::manifest::MANIFEST;

use crate::fakes::{Call, Fault, StorageFaults};
use crate::harness::{Container, Database, Operator, Site, eventually, everywhere};

/// A source, its container, and faults before that.
struct Stage {
    source: Database,
    container: Container,
    faults: StorageFaults,
}

impl Stage {
    async fn new(site: Site) -> Stage {
        let container = Container::new().await;
        Stage {
            source: site.source(&site.postfacto(0.0).await),
            faults: StorageFaults::before(container.address()).await,
            container,
        }
    }

    /// An operator whose requests pass through the faults.
    fn operator(&self) -> Operator {
        let container = self.container.through(&self.faults.address);
        Operator::with_container(&self.source, &container)
    }

    /// Makes a backup in spite of the faults.
    fn succeeds(&self) {
        self.operator().does(&["create"]);
        let direct = Operator::with_container(&self.source, &self.container);
        assert_eq!(direct.listed().len(), 1);
        direct.does(&["verify", "latest"]);
    }

    /// Fails to make a backup and leaves none. Without faults, the next one works. Returns the output.
    async fn fails(&self) -> String {
        let output = self.operator().fails(&["create"]);
        let left = self.container.blobs().list("").await.expect("a list");
        let manifest = left.iter().find(|blob| blob.name.ends_with(MANIFEST));
        assert_eq!(manifest, None, "{output}");
        let direct = Operator::with_container(&self.source, &self.container);
        assert_eq!(direct.listed(), [""; 0], "{output}");
        direct.makes();
        output
    }
}

/// The store's answer of this kind, without an end of its trouble.
fn failing() -> Fault {
    Fault::status("500 Oops", "InternalError", "")
}

fn busy() -> Fault {
    Fault::status("503 Busy", "ServerBusy", "retry-after: 1")
}

/// Chooses the manifest, the fourth small file.
fn before_the_manifest(faults: &StorageFaults) {
    for _ in 0..3 {
        faults.once(Call::Put, Fault::Pass);
    }
}

/// The store takes no more parts, so that the rows of the large table stay half-way.
#[test]
fn a_connection_that_ends_amid_rows_makes_no_backup_and_the_next_run_a_whole_one() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        let client = stage.source.connect().await;
        let fill = "CREATE TABLE noise AS
                        SELECT md5(n::text) || md5((-n)::text) AS noise
                          FROM generate_series(1, 700000) AS n";
        client.batch_execute(fill).await.expect("it is filled");
        stage.faults.hold(Call::Part);
        let failing = stage.operator();
        let failing = tokio::task::spawn_blocking(move || failing.fails(&["create"]));
        eventually("the rows half-way", || async {
            (stage.faults.seen(Call::Part) > 1).then_some(())
        })
        .await;
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                    WHERE datname = current_database() AND query LIKE 'COPY%noise%'
                      AND pid <> pg_backend_pid()";
        eventually("the end of the connections", || async {
            let ended = client.query_one(end, &[]).await.expect("it can be asked");
            (ended.get::<_, i64>(0) > 0).then_some(())
        })
        .await;
        stage.faults.release();
        let output = failing.await.expect("no panic");
        assert!(output.contains("public.noise"), "{output}");
        let left = stage.container.blobs().list("").await.expect("a list");
        let manifest = left.iter().find(|blob| blob.name.ends_with(MANIFEST));
        assert_eq!(manifest, None, "{output}");
        stage.succeeds();
    });
}

#[test]
fn a_store_that_recovers_gets_a_whole_backup() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        for fault in [Fault::CutRequest(500), failing(), busy(), Fault::LoseAnswer] {
            stage.faults.once(Call::Part, fault.clone());
            stage.faults.once(Call::Put, fault);
        }
        stage.faults.once(Call::Commit, Fault::LoseAnswer);
        stage.faults.once(Call::Commit, busy());
        stage.succeeds();
        assert_eq!(stage.faults.seen(Call::Part), 8 + 4, "tables, and again");
        assert_eq!(
            stage.faults.seen(Call::Put),
            4 + 4,
            "small files, and again"
        );
        assert_eq!(stage.faults.seen(Call::Commit), 8 + 2, "tables, and again");
    });
}

#[test]
fn a_lost_response_to_the_manifest_is_not_a_failure() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        before_the_manifest(&stage.faults);
        stage.faults.once(Call::Put, Fault::LoseAnswer);
        stage.succeeds();
        assert_eq!(stage.faults.seen(Call::Put), 5, "the manifest twice");
    });
}

/// The program cannot know that the manifest was stored, so it fails. The backup is whole.
#[test]
fn losing_every_response_to_the_manifest_fails_with_a_whole_backup() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        before_the_manifest(&stage.faults);
        stage.faults.always(Call::Put, Fault::LoseAnswer);
        let output = stage.operator().fails(&["create"]);
        assert!(output.contains(MANIFEST), "{output}");
        let direct = Operator::with_container(&stage.source, &stage.container);
        assert_eq!(direct.listed().len(), 1);
        direct.does(&["verify", "latest"]);
    });
}

#[test]
fn a_connection_that_keeps_breaking_fails_without_a_backup() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        stage.faults.always(Call::Part, Fault::CutRequest(500));
        let output = stage.fails().await;
        assert!(
            output.contains("az://") && output.contains(".dat.gz"),
            "{output}"
        );
    });
}

#[test]
fn a_store_that_keeps_failing_fails_without_a_backup() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        stage.faults.always(Call::Commit, failing());
        let output = stage.fails().await;
        assert!(output.contains("500"), "{output}");
    });
}

#[test]
fn a_store_that_stays_busy_fails_without_a_backup() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        stage.faults.always(Call::Part, busy());
        let output = stage.fails().await;
        assert!(
            output.contains("503") || output.contains("busy"),
            "{output}"
        );
    });
}

#[test]
fn a_manifest_that_cannot_be_stored_fails_without_a_backup() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        before_the_manifest(&stage.faults);
        stage.faults.always(Call::Put, failing());
        let output = stage.fails().await;
        assert!(output.contains(MANIFEST), "{output}");
    });
}

#[test]
fn a_wrong_key_is_reported_and_not_shown() {
    everywhere(async |site| {
        let stage = Stage::new(site).await;
        let key = "bm90IHRoZSBrZXkgb2YgdGhpcyBhY2NvdW50";
        let container = stage.container.with_key(key);
        let output = Operator::with_container(&stage.source, &container).fails(&["create"]);
        assert!(output.contains("BACKUP_STORAGE_KEY"), "{output}");
        assert!(!output.contains(key), "{output}");
        let left = stage.container.blobs().list("").await.expect("a list");
        assert_eq!(left, []);
    });
}
