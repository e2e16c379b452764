//! Databases that are replaced: templates, limits, prepared transactions and the like.

use std::sync::LazyLock;
use std::time::Duration;

use magnusapi::backup::restore::{Options, RestoreError};

use super::replace::{occupied, occupy, old};
use super::sample::{Fault, Sample};
use super::{holds_the_sample, options, replace, restored};
use crate::harness::{Site, everywhere_on};

/// Servers where transactions can be prepared and changes be decoded.
static SERVERS: LazyLock<[Site; 2]> = LazyLock::new(|| {
    let settings = [("wal_level", "logical"), ("max_prepared_transactions", "8")];
    [Site::usual(), Site::newest()].map(|site| site.with_settings(&settings))
});

async fn execute(site: Site, database: &str, statement: &str) {
    let superuser = crate::harness::connect(&site.superusers(database)).await;
    superuser.batch_execute(statement).await.expect(statement);
}

/// A worker of the subscription connects to the database again and again.
#[test]
fn a_template_and_a_slot_and_a_subscription_stay_with_the_old_database() {
    everywhere_on(*SERVERS, async |site| {
        let database = occupied(site).await;
        let template = format!("ALTER DATABASE \"{database}\" IS_TEMPLATE true");
        let slot = format!(
            "SELECT pg_create_logical_replication_slot('{}', 'pgoutput')",
            site.role
        );
        for statement in [
            template.as_str(),
            &slot,
            "CREATE SUBSCRIPTION of_the_old CONNECTION 'host=/nowhere' PUBLICATION changes
               WITH (connect = false)",
            "ALTER SUBSCRIPTION of_the_old ENABLE",
        ] {
            execute(site, &database, statement).await;
        }
        let report = restored(site, Sample::new(), &database, replace()).await;
        let kept = old(report.expect("it restores").place);
        let are_there = "SELECT (SELECT datistemplate FROM pg_database WHERE datname = $1),
                                EXISTS (SELECT FROM pg_replication_slots WHERE database = $1),
                                EXISTS (SELECT FROM pg_subscription AS s
                                          JOIN pg_database AS d ON d.oid = s.subdbid
                                         WHERE d.datname = $1)";
        let row = site.superuser().await.query_one(are_there, &[&kept]).await;
        let row = row.expect("it is there");
        assert_eq!(
            [0, 1, 2].map(|column| row.get::<_, bool>(column)),
            [true; 3]
        );
        execute(site, &kept, "ALTER SUBSCRIPTION of_the_old DISABLE").await;
        holds_the_sample(site, &database).await;
    });
}

#[test]
fn a_name_of_63_bytes_is_kept_and_shortened_for_the_old_database() {
    everywhere_on(*SERVERS, async |site| {
        let names = ["ä", "ö"].map(|last| format!("{:é<35}{last}", Site::fresh_name()));
        for name in &names {
            assert!(name.len() >= 60 && name.len() <= 63, "{}", name.len());
            let create = format!("CREATE DATABASE \"{name}\" TEMPLATE template0");
            let beside = site.connect("postgres").await;
            beside.batch_execute(&create).await.expect("it is made");
            occupy(site, name).await;
            let before = site.dump(name, &[]);
            let report = restored(site, Sample::new(), name, replace()).await;
            let kept = old(report.expect("it restores").place);
            assert!(kept.contains("_before_29991124T"), "{kept}");
            assert_eq!(site.dump(&kept, &[]), before);
            holds_the_sample(site, name).await;
        }
    });
}

#[test]
fn replacements_of_one_second_keep_every_old_database() {
    everywhere_on(*SERVERS, async |site| {
        let database = occupied(site).await;
        let mut kept = Vec::new();
        for number in 1..=3 {
            let run = format!("29991125T000000Z-0000000{number}");
            let options = Options {
                run: run.parse().expect("a run's id"),
                ..replace()
            };
            let report = restored(site, Sample::new(), &database, options).await;
            kept.push(old(report.expect("it restores").place));
        }
        let of_target = site.databases_like(&format!("{database}_before_")).await;
        assert_eq!(of_target, kept);
        assert_eq!(kept[1], format!("{}_2", kept[0]));
    });
}

#[test]
fn a_prepared_transaction_is_named_before_the_backup_is_loaded() {
    everywhere_on(*SERVERS, async |site| {
        let database = occupied(site).await;
        let name = format!("early {}", site.role);
        let prepare =
            format!("BEGIN; INSERT INTO team VALUES ('prepared'); PREPARE TRANSACTION '{name}'");
        execute(site, &database, &prepare).await;
        let error = restored(site, Sample::new(), &database, replace()).await;
        let error = error
            .expect_err("the database cannot be renamed")
            .to_string();
        assert!(error.contains("has prepared transactions"), "{error}");
        execute(site, &database, &format!("COMMIT PREPARED '{name}'")).await;
        let report = restored(site, Sample::new(), &database, replace()).await;
        let kept = old(report.expect("it restores").place);
        assert!(site.dump(&kept, &[]).contains("prepared"));
    });
}

#[test]
fn a_transaction_prepared_meanwhile_is_named_and_the_printed_statements_complete_the_restore() {
    everywhere_on(*SERVERS, async |site| {
        let database = occupied(site).await;
        let within = database.clone();
        let prepare = move || {
            let prepare = format!(
                "BEGIN; INSERT INTO team VALUES ('late'); PREPARE TRANSACTION 'late {}'",
                site.role
            );
            let handle = tokio::runtime::Handle::current();
            tokio::task::block_in_place(|| handle.block_on(execute(site, &within, &prepare)));
        };
        let impatient = Options {
            rename_limit: Duration::ZERO,
            ..replace()
        };
        let sample = Sample::with_fault(Fault::Meanwhile(Box::new(prepare)));
        let error = restored(site, sample, &database, impatient).await;
        let Err(RestoreError::Name {
            reason, statements, ..
        }) = error
        else {
            panic!("{error:?}");
        };
        assert!(reason.contains("prepared transaction"), "{reason}");
        let commit = format!("COMMIT PREPARED 'late {}'", site.role);
        execute(site, &database, &commit).await;
        execute(site, "postgres", &statements).await;
        holds_the_sample(site, &database).await;
    });
}

/// Properties of the database are given before the rename, and a template cannot be dropped as it is.
#[test]
fn a_template_that_an_earlier_restore_left_is_dropped() {
    everywhere_on(*SERVERS, async |site| {
        let (database, first) = (Site::fresh_name(), options());
        let wanted = database.clone();
        let taken = move || {
            let created = site.server.create_database(&wanted, None);
            created.expect("it is free");
        };
        let sample = Sample::with_fault(Fault::Meanwhile(Box::new(taken)));
        let error = restored(site, sample, &database, first).await;
        let Err(RestoreError::Name { temporary, .. }) = error else {
            panic!("{error:?}");
        };
        let template = format!("ALTER DATABASE \"{temporary}\" IS_TEMPLATE true");
        execute(site, "postgres", &template).await;
        execute(site, "postgres", &format!("DROP DATABASE \"{database}\"")).await;
        let report = restored(site, Sample::new(), &database, options()).await;
        report.expect("it restores");
        assert_eq!(site.databases_like(&temporary).await, [""; 0]);
    });
}
