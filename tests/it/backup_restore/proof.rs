//! Proof: rows read back, and backups restored for nothing but that.

use std::time::Duration;

use futures_util::future::join_all;
use magnusapi::backup::Progress;
use magnusapi::backup::restore::{Bounds, Options, RestoreError, Superusers, prove, sweep};
use pgarchive::{Entry, Kind};
use tokio_util::sync::CancellationToken;

use super::sample::{Fault, Sample};
use super::{at, made_by, options, restored};
use crate::harness::{Site, everywhere, run};

/// Also as a superuser.
fn trial() -> Options {
    Options {
        superusers: Superusers::Allowed,
        ..options()
    }
}

#[test]
fn a_drill_rejects_a_superuser_unless_that_is_allowed() {
    everywhere(async |site| {
        let (sample, progress, options) = (Sample::new(), Progress::default(), options());
        let (backup, server) = (sample.backup(), at(&site.url("postgres")));
        let proven = prove(&backup, &server, &options, &progress).await;
        assert_eq!(proven.is_err(), site.role == "postgres", "{proven:?}");
        if let Err(error) = proven {
            assert!(error.to_string().contains("CREATE ROLE drill"), "{error}");
            let proven = prove(&backup, &server, &trial(), &progress).await;
            proven.expect("it is allowed");
        }
        assert_eq!(made_by(site, &options.run).await, [""; 0]);
    });
}

/// The sample with a statement that runs when the rows are loaded, before they are proved.
fn changed_by(statement: &str) -> Sample {
    let mut sample = Sample::new();
    let entries = &mut sample.entries;
    let trigger = entries.iter().position(|it| it.kind == Kind::Trigger);
    let trigger = trigger.expect("there is one");
    let change = Entry {
        id: 9_001,
        definition: format!("{statement};"),
        ..entries[trigger].clone()
    };
    entries.insert(trigger, change);
    sample
}

#[test]
fn changed_missing_and_extra_rows_are_found_in_any_order() {
    everywhere(async |site| {
        let changed = Some("it has 500 rows, and not all of them equal the backup's");
        for (change, difference) in [
            ("SELECT", None),
            (
                "UPDATE public.member SET note = replace(note, 'note', 'nose') WHERE id = 7",
                changed,
            ),
            (
                "UPDATE public.member SET team_id = NULL WHERE id = 6",
                changed,
            ),
            (
                "DELETE FROM public.member WHERE id = 500",
                Some("it has 499 rows, and the backup has 500"),
            ),
            (
                "INSERT INTO public.member VALUES (501, 1, '')",
                Some("it has 501 rows, and the backup has 500"),
            ),
            ("CLUSTER public.member USING member_note", None),
        ] {
            let database = Site::fresh_name();
            let restored = restored(site, changed_by(change), &database, options()).await;
            match (restored, difference) {
                (Ok(report), None) => {
                    assert_eq!(report.verification.expect("verified").equal, 3, "{change}");
                }
                (Err(error), Some(difference)) => {
                    let difference = format!("table public.member: {difference}");
                    let error = error.to_string();
                    assert!(error.ends_with(&difference), "{change}: {error}");
                }
                (restored, _) => panic!("{change}: {restored:?}"),
            }
        }
        let ignored = Options {
            verify: false,
            ..options()
        };
        let change = changed_by("DELETE FROM public.member WHERE id = 500");
        let report = restored(site, change, &Site::fresh_name(), ignored).await;
        assert_eq!(report.expect("it restores").verification, None);
    });
}

#[test]
fn numbers_that_servers_write_with_other_digits_are_only_counted() {
    everywhere(async |site| {
        for (origin, only_counted) in [(150_001, vec![]), (110_022, vec!["more.Odd \"Name\""])] {
            let mut sample = Sample::new();
            sample.manifest.server.version_number = origin;
            let mut entries = sample.entries.iter_mut();
            let odd = entries.find(|it| it.kind == Kind::Table && it.tag == "Odd \"Name\"");
            let definition = &mut odd.expect("there is one").definition;
            *definition = definition.replace("zone)", "zone, weight double precision[])");
            let report = restored(site, sample, &Site::fresh_name(), options()).await;
            let verification = report.expect("it restores").verification.expect("verified");
            assert_eq!(verification.only_counted, only_counted);
            assert_eq!(verification.equal, 3 - only_counted.len());
        }
    });
}

#[test]
fn a_backup_is_proven_in_a_database_that_is_gone_afterwards() {
    everywhere(async |site| {
        for jobs in [1, 2] {
            for (fault, differs) in [(Fault::None, false), (Fault::Letter, true)] {
                let sample = Sample::with_fault(fault);
                let options = Options { jobs, ..trial() };
                let (backup, progress) = (sample.backup(), Progress::default());
                let proven = prove(&backup, &at(&site.url("postgres")), &options, &progress).await;
                assert_eq!(proven.is_err(), differs, "{proven:?}");
                assert_eq!(progress.rows(), 506);
                assert_eq!(progress.bytes(), sample.files.bytes());
                assert_eq!(made_by(site, &options.run).await, [""; 0]);
            }
        }
    });
}

/// Its definitions are not in our catalogue's words, so that each comes out otherwise.
#[test]
fn definitions_that_the_server_rewrites_are_equal() {
    everywhere(async |site| {
        let (sample, progress, options) = (Sample::new(), Progress::default(), trial());
        let (backup, server) = (sample.backup(), at(&site.url("postgres")));
        let proven = prove(&backup, &server, &options, &progress).await;
        let report = proven.expect("the server makes the same of the same SQL");
        assert!(report.definitions.is_some_and(|it| it > 0), "{report:?}");
        assert_eq!(made_by(site, &options.run).await, [""; 0]);
    });
}

/// A drill also compares with what the server makes of the archive without its rows: that has this index.
#[test]
fn a_definition_that_differs_is_named() {
    everywhere(async |site| {
        let sample = changed_by(
            "DO $$ BEGIN IF EXISTS (SELECT FROM public.member) THEN
                 DROP INDEX public.member_note; END IF; END $$",
        );
        let (backup, progress, options) = (sample.backup(), Progress::default(), trial());
        let proven = prove(&backup, &at(&site.url("postgres")), &options, &progress).await;
        let error = proven.expect_err("an index is missing").to_string();
        let missing = "INDEX public.member_note: it is missing";
        assert!(error.contains(missing), "{error}");
        assert_eq!(made_by(site, &options.run).await, [""; 0]);
    });
}

#[test]
fn a_trial_that_takes_too_long_ends_and_leaves_nothing() {
    everywhere(async |site| {
        let sample = Sample::new();
        let (backup, progress) = (sample.backup(), Progress::default());
        let options = Options {
            bounds: Bounds::within(Duration::from_millis(1), CancellationToken::new()),
            ..trial()
        };
        let proven = prove(&backup, &at(&site.url("postgres")), &options, &progress).await;
        let error = proven.expect_err("nothing is that quick");
        assert!(matches!(error, RestoreError::TooLong(_)), "{error}");
        assert_eq!(made_by(site, &options.run).await, [""; 0]);
    });
}

/// On servers of its own, one role after the other: each sweeps the whole server, as drills of other tests do.
#[test]
fn databases_of_dead_runs_are_swept_a_day_later() {
    run(async {
        let servers = [Site::usual(), Site::newest()].map(|it| it.with_settings(&[]));
        join_all(servers.map(both_roles_sweep)).await;
    });
}

async fn both_roles_sweep(server: Site) {
    let of_superuser = sweeps(server, 0).await;
    let of_administrator = sweeps(server.administrators(), 1).await;
    assert_eq!(of_superuser.len(), 1, "{of_superuser:?}");
    let [(name, reason), (_, _)] = of_administrator.as_slice() else {
        panic!("its own, and the superuser's: {of_administrator:?}");
    };
    assert_eq!(*name, of_superuser[0].0);
    assert!(reason.contains("must be owner of database"), "{reason}");
    server.stop();
}

/// Sweeps databases of the site's role. Returns those that remain of dead runs, its own that is in use last.
async fn sweeps(site: Site, number: u8) -> Vec<(String, String)> {
    let names = [
        format!("magnusapi_drill_20010203T040506Z-{number}000000a"),
        format!("magnusapi_restore_20010203T040506Z-{number}000000b"),
        format!("magnusapi_drill_20010203T040506Z-{number}000000c"),
        format!("magnusapi_drill_20010203T040507Z-{number}000000d"),
        format!("magnusapi_drill_2001020{number}"),
    ];
    let beside = site.connect("postgres").await;
    for name in &names {
        let create = format!("CREATE DATABASE \"{name}\"");
        beside.batch_execute(&create).await.expect("a database");
    }
    let _in_use = site.connect(&names[2]).await;
    let now = "2001-02-04T04:05:07Z".parse().expect("a time");
    let swept = sweep(&at(&site.url("postgres")), now).await;
    let swept = swept.expect("it sweeps");
    assert_eq!(swept.dropped, names[..2]);
    for name in &names[2..] {
        assert_eq!(site.databases_like(name).await.len(), 1, "{name}");
    }
    let last = swept.refused.last().expect("one is in use");
    assert_eq!(last.0, names[2]);
    assert!(
        last.1.contains("is being accessed by other users"),
        "{last:?}"
    );
    swept.refused
}
