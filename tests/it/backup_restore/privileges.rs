//! Missing privileges are named before anything is loaded.

use magnusapi::backup::restore::{Options, RestoreError, Roles};

use super::sample::Sample;
use super::{holds_the_sample, made_by, options, replace, restored};
use crate::harness::{Site, everywhere};

/// A role of one test's own, on both servers of which one test has two sites: made by the first.
async fn make_role(site: Site, create: &str) {
    let create = format!(
        "DO $$ BEGIN {create} EXCEPTION
             WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    );
    let made = site.superuser().await.batch_execute(&create).await;
    made.expect("a role");
}

async fn refused(site: Site, database: &str, options: Options) -> String {
    let run = options.run.clone();
    let error = restored(site, Sample::new(), database, options).await;
    let error = error.expect_err("it lacks a privilege");
    assert!(error.left_nothing());
    assert_eq!(made_by(site, &run).await, [""; 0]);
    let remedy = error.to_string();
    let remedy = remedy.rsplit_once("\n  ").expect("it names a remedy").1;
    remedy.to_owned()
}

/// Does what the message says.
async fn remedy(site: Site, statement: &str) {
    let done = site.superuser().await.batch_execute(statement).await;
    done.expect("the remedy is a statement");
}

#[test]
fn each_missing_privilege_is_named_and_its_remedy_lets_the_restore_go_on() {
    everywhere(async |site| {
        if site.role == "postgres" {
            return;
        }
        make_role(site, "CREATE ROLE restore_plain LOGIN;").await;
        make_role(site, "CREATE ROLE restore_stranger LOGIN;").await;
        let superuser = site.with_role("postgres");
        let database = superuser.database().await;
        let give = format!("ALTER DATABASE \"{database}\" OWNER TO restore_owner");
        remedy(site, &give).await;
        let occupy = "CREATE TABLE public.old ()";
        let client = superuser.connect(&database).await;
        client.batch_execute(occupy).await.expect("it is occupied");
        drop(client);
        let plain = site.with_role("restore_plain");
        let mut remedies = Vec::new();
        for _ in 0..3 {
            let stranger = site.with_role("restore_stranger").connect(&database).await;
            let statement = refused(plain, &database, replace()).await;
            remedy(site, &statement).await;
            remedies.push(statement);
            drop(stranger);
        }
        let member = remedies[1].replace(" WITH INHERIT TRUE, SET TRUE", "");
        assert_eq!(remedies[0], "ALTER ROLE restore_plain CREATEDB;");
        assert_eq!(member, "GRANT restore_owner TO restore_plain;");
        assert_eq!(remedies[2], "GRANT pg_signal_backend TO restore_plain;");
        let report = restored(plain, Sample::new(), &database, replace()).await;
        report.expect("it restores");
        holds_the_sample(plain, &database).await;
    });
}

#[test]
fn an_owner_that_objects_cannot_be_given_to_is_named() {
    everywhere(async |site| {
        if site.role == "postgres" {
            return;
        }
        make_role(site, "CREATE ROLE restore_alone LOGIN CREATEDB;").await;
        let alone = site.with_role("restore_alone");
        let database = alone.database().await;
        let statement = refused(alone, &database, options()).await;
        assert!(
            statement.starts_with("GRANT \"restore_owner\" TO restore_alone"),
            "{statement}"
        );
        let available = Options {
            roles: Roles::Available,
            ..options()
        };
        let report = restored(alone, Sample::new(), &database, available).await;
        let notices = report.expect("it restores").notices;
        assert!(notices[0].contains("omitted: restore_owner"), "{notices:?}");
    });
}

/// Without a row security that is forced, a restore can read all rows back.
#[test]
fn a_forced_row_security_is_restored_and_its_rows_verified() {
    everywhere(async |site| {
        for roles in [Roles::Required, Roles::Ignored] {
            let mut sample = Sample::new();
            let tables = sample.entries.iter().position(|it| it.tag == "member");
            let mut force = sample.entries[tables.expect("there is one")].clone();
            force.id = 9_001;
            force.kind = pgarchive::Kind::RowSecurity;
            force.section = pgarchive::Section::PostData;
            force.definition = "ALTER TABLE public.member ENABLE ROW LEVEL SECURITY;
                                ALTER TABLE public.member FORCE ROW LEVEL SECURITY;"
                .into();
            sample.entries.push(force);
            let options = Options { roles, ..options() };
            let database = Site::fresh_name();
            let report = restored(site, sample, &database, options).await;
            let report = report.expect("it restores");
            assert_eq!(report.verification.expect("verified").equal, 3);
            let dump = site.dump(&database, &["--schema-only"]);
            assert!(dump.contains("FORCE ROW LEVEL SECURITY"), "{dump}");
        }
    });
}

#[test]
fn an_interruption_drops_the_incomplete_database() {
    everywhere(async |site| {
        for database in [Site::fresh_name(), site.database().await] {
            let stop = tokio_util::sync::CancellationToken::new();
            let options = Options {
                bounds: magnusapi::backup::restore::Bounds::until(stop.clone()),
                ..options()
            };
            let run = options.run.clone();
            let cancel = move || stop.cancel();
            let fault = super::sample::Fault::Meanwhile(Box::new(cancel));
            let error = restored(site, Sample::with_fault(fault), &database, options).await;
            let error = error.expect_err("it was interrupted");
            assert!(matches!(error, RestoreError::Interrupted), "{error}");
            assert_eq!(made_by(site, &run).await, [""; 0]);
        }
    });
}

/// Tables that the restore makes would have the grants of the restoring role's defaults.
#[test]
fn default_privileges_of_the_target_change_no_grant() {
    everywhere(async |site| {
        let database = site.database().await;
        let defaults = |role: &str| {
            format!(
                "ALTER DEFAULT PRIVILEGES FOR ROLE {role} GRANT SELECT ON TABLES TO \"restore Reader\""
            )
        };
        let client = site.connect(&database).await;
        let set = client.batch_execute(&defaults(site.role)).await;
        set.expect("they are its own");
        let error = restored(site, Sample::new(), &database, options()).await;
        let error = error.expect_err("it is refused");
        assert!(matches!(error, RestoreError::Refused(_)), "{error}");
        let names = format!("role {} has default privileges", site.role);
        assert!(error.to_string().contains(&names), "{error}");
        let report = restored(site, Sample::new(), &database, replace()).await;
        report.expect("it restores");
        holds_the_sample(site, &database).await;

        // Another role's defaults are of objects that it makes.
        let database = site.database().await;
        let client = site.connect(&database).await;
        let set = client.batch_execute(&defaults("restore_owner")).await;
        set.expect("the role belongs to that one");
        let report = restored(site, Sample::new(), &database, options()).await;
        report.expect("it restores");
        let grants = "SELECT count(*) FROM pg_class
                       WHERE relkind = 'r' AND relacl IS NOT NULL AND relnamespace = 'public'::regnamespace";
        let row = client.query_one(grants, &[]).await.expect("a count");
        assert_eq!(row.get::<_, i64>(0), 1, "of the backup's own grant");
    });
}
