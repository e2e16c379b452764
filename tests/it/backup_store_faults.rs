//! `backup create` on a store that breaks off, is busy, fails, or refuses: a whole backup or none.

use pgarchive::manifest::MANIFEST;

use crate::fakes::{Call, Fault, StorageFaults};
use crate::harness::{Container, Database, Operator, eventually, postfacto, run};

/// A source, its container, and faults before that.
struct Stage {
    source: Database,
    container: Container,
    faults: StorageFaults,
}

impl Stage {
    async fn new() -> Stage {
        let container = Container::new().await;
        Stage {
            source: postfacto(0.0).await,
            faults: StorageFaults::before(container.address()).await,
            container,
        }
    }

    /// Whoever comes by way of the faults.
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

    /// Fails to make one, leaves none, and answers what was said. Without faults the next one works.
    async fn fails(&self) -> String {
        let said = self.operator().fails(&["create"]);
        let left = self.container.blobs().list("").await.expect("a list");
        let manifest = left.iter().find(|blob| blob.name.ends_with(MANIFEST));
        assert_eq!(manifest, None, "{said}");
        let direct = Operator::with_container(&self.source, &self.container);
        assert_eq!(direct.listed(), [""; 0], "{said}");
        direct.makes();
        said
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
fn a_connection_that_is_ended_amid_its_rows_leaves_no_backup_and_the_next_one_is_whole() {
    run(async {
        let stage = Stage::new().await;
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
                    WHERE datname = current_database() AND state = 'active'
                      AND query LIKE 'COPY \"public\".\"noise\"%'";
        eventually("the end of a connection", || async {
            let ended = client.query_one(end, &[]).await.expect("it can be asked");
            (ended.get::<_, i64>(0) == 1).then_some(())
        })
        .await;
        stage.faults.release();
        let said = failing.await.expect("no panic");
        assert!(said.contains("public.noise"), "{said}");
        let left = stage.container.blobs().list("").await.expect("a list");
        let manifest = left.iter().find(|blob| blob.name.ends_with(MANIFEST));
        assert_eq!(manifest, None, "{said}");
        stage.succeeds();
    });
}

#[test]
fn a_store_that_recovers_gets_a_whole_backup() {
    run(async {
        let stage = Stage::new().await;
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
fn a_lost_answer_to_the_manifest_is_no_failure() {
    run(async {
        let stage = Stage::new().await;
        before_the_manifest(&stage.faults);
        stage.faults.once(Call::Put, Fault::LoseAnswer);
        stage.succeeds();
        assert_eq!(stage.faults.seen(Call::Put), 5, "the manifest twice");
    });
}

/// Nobody can know better: the call fails, and what it could not take away any more is whole.
#[test]
fn a_manifest_whose_every_answer_is_lost_is_a_failure_and_a_whole_backup() {
    run(async {
        let stage = Stage::new().await;
        before_the_manifest(&stage.faults);
        stage.faults.always(Call::Put, Fault::LoseAnswer);
        let said = stage.operator().fails(&["create"]);
        assert!(said.contains(MANIFEST), "{said}");
        let direct = Operator::with_container(&stage.source, &stage.container);
        assert_eq!(direct.listed().len(), 1);
        direct.does(&["verify", "latest"]);
    });
}

#[test]
fn a_connection_that_breaks_again_and_again_is_a_failure_and_no_backup() {
    run(async {
        let stage = Stage::new().await;
        stage.faults.always(Call::Part, Fault::CutRequest(500));
        let said = stage.fails().await;
        assert!(said.contains("az://") && said.contains(".dat.gz"), "{said}");
    });
}

#[test]
fn a_store_that_fails_for_good_is_a_failure_and_no_backup() {
    run(async {
        let stage = Stage::new().await;
        stage.faults.always(Call::Commit, failing());
        let said = stage.fails().await;
        assert!(said.contains("500"), "{said}");
    });
}

#[test]
fn a_store_that_is_busy_for_good_is_a_failure_and_no_backup() {
    run(async {
        let stage = Stage::new().await;
        stage.faults.always(Call::Part, busy());
        let said = stage.fails().await;
        assert!(said.contains("503") || said.contains("busy"), "{said}");
    });
}

#[test]
fn a_manifest_that_cannot_be_stored_is_a_failure_and_no_backup() {
    run(async {
        let stage = Stage::new().await;
        before_the_manifest(&stage.faults);
        stage.faults.always(Call::Put, failing());
        let said = stage.fails().await;
        assert!(said.contains(MANIFEST), "{said}");
    });
}

#[test]
fn a_wrong_key_is_told_and_not_shown() {
    run(async {
        let stage = Stage::new().await;
        let key = "bm90IHRoZSBrZXkgb2YgdGhpcyBhY2NvdW50";
        let container = stage.container.with_key(key);
        let said = Operator::with_container(&stage.source, &container).fails(&["create"]);
        assert!(said.contains("BACKUP_STORAGE_KEY"), "{said}");
        assert!(!said.contains(key), "{said}");
        let left = stage.container.blobs().list("").await.expect("a list");
        assert_eq!(left, []);
    });
}
