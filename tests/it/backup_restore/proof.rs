//! Proof: rows read back, and backups restored for nothing but that.

use std::time::Duration;

use localpg::ThrowawayOptions;
use magnusapi::backup::restore::{
    Bounds, Options, RestoreError, Superusers, Verification, prove, sweep, verify,
};
use magnusapi::backup::{Mismatch, Progress};
use tokio_util::sync::CancellationToken;

use super::sample::{Fault, Sample};
use super::{at, made_by, options, restored};
use crate::harness::{self, Site, everywhere, own_server, run};

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

async fn verified(site: Site, database: &str, sample: &Sample) -> Verification {
    let client = at(&site.url(database))
        .connect()
        .await
        .expect("it is there");
    let verified = verify(&client, &sample.manifest).await;
    verified.expect("it can be read")
}

#[test]
fn changed_missing_and_extra_rows_are_found_in_any_order() {
    everywhere(async |site| {
        let (database, sample) = (Site::fresh_name(), Sample::new());
        let ignored = Options {
            verify: false,
            ..options()
        };
        let report = restored(site, Sample::new(), &database, ignored).await;
        assert_eq!(report.expect("it restores").verification, None);
        let client = harness::connect(&site.superusers(&database)).await;
        client
            .batch_execute("ALTER TABLE public.member DISABLE TRIGGER ALL")
            .await
            .expect("they are disabled");
        let difference = |text: &str| {
            vec![Mismatch {
                object: "table public.member".into(),
                text: text.into(),
            }]
        };
        let changed = "it has 500 rows, and not all of them equal the backup's";
        for (change, undo, differences) in [
            ("SELECT", "SELECT", vec![]),
            (
                "UPDATE public.member SET note = replace(note, 'note', 'nose') WHERE id = 7",
                "UPDATE public.member SET note = replace(note, 'nose', 'note') WHERE id = 7",
                difference(changed),
            ),
            (
                "UPDATE public.member SET team_id = NULL WHERE id = 6",
                "UPDATE public.member SET team_id = 1 WHERE id = 6",
                difference(changed),
            ),
            (
                "DELETE FROM public.member WHERE id = 500",
                "INSERT INTO public.member SELECT 500, 3, replace(note, '499', '500')
                   FROM public.member WHERE id = 499",
                difference("it has 499 rows, and the backup has 500"),
            ),
            (
                "INSERT INTO public.member VALUES (501, 1, '')",
                "DELETE FROM public.member WHERE id = 501",
                difference("it has 501 rows, and the backup has 500"),
            ),
            ("CLUSTER public.member USING member_note", "SELECT", vec![]),
        ] {
            client.batch_execute(change).await.expect(change);
            let found = verified(site, &database, &sample).await.differences;
            assert_eq!(found, differences, "{change}");
            client.batch_execute(undo).await.expect(undo);
            let found = verified(site, &database, &sample).await;
            assert_eq!(found.equal, 3, "{undo}: {found:?}");
        }
    });
}

#[test]
fn numbers_that_servers_write_with_other_digits_are_only_counted() {
    everywhere(async |site| {
        let (database, mut sample) = (Site::fresh_name(), Sample::new());
        let report = restored(site, Sample::new(), &database, options()).await;
        report.expect("it restores");
        let client = harness::connect(&site.superusers(&database)).await;
        client
            .batch_execute("ALTER TABLE more.\"Odd \"\"Name\"\"\" ADD weight double precision[]")
            .await
            .expect("it can be added");
        assert_eq!(verified(site, &database, &sample).await.equal, 3);
        sample.manifest.server.version_number = 110_022;
        let verification = verified(site, &database, &sample).await;
        assert_eq!(verification.only_counted, ["more.Odd \"Name\""]);
        assert_eq!(verification.equal, 2);
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

/// On a server of its own: drills of other tests sweep too.
#[test]
fn databases_of_dead_runs_are_swept_a_day_later() {
    run(async {
        let names = [
            "magnusapi_drill_20010203T040506Z-0000000a",
            "magnusapi_restore_20010203T040506Z-0000000b",
            "magnusapi_drill_20010203T040506Z-0000000c",
            "magnusapi_drill_20010203T040507Z-0000000d",
            "magnusapi_drill_20010203",
        ];
        let server = own_server(ThrowawayOptions::default());
        for name in names {
            server.create_database(name, None).expect("a database");
        }
        let _in_use = harness::connect(&server.url(names[2])).await;
        let now = "2001-02-04T04:05:07Z".parse().expect("a time");
        let swept = sweep(&at(&server.url("postgres")), now).await;
        let swept = swept.expect("it sweeps");
        assert_eq!(swept.dropped, names[..2]);
        assert_eq!(swept.refused.len(), 1, "{swept:?}");
        assert_eq!(swept.refused[0].0, names[2]);
        let admin = harness::connect(&server.url("postgres")).await;
        for name in &names[2..] {
            let there = "SELECT FROM pg_database WHERE datname = $1";
            let there = admin.query(there, &[name]).await.expect("it can be asked");
            assert_eq!(there.len(), 1, "{name}");
        }
    });
}
