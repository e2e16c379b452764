//! Restoring: what a backup becomes, and that nothing is lost whatever fails.

mod divided;
mod failures;
mod kinds;
mod privileges;
mod proof;
mod replace;
mod sample;
mod settings;

use std::sync::atomic::{AtomicU32, Ordering};

use magnusapi::backup::Progress;
use magnusapi::backup::restore::{Options, Place, Report, RestoreError, Roles, restore};
use magnusapi::database::{Server, Settings};
use pgarchive::{BackupId, Kind};

use crate::harness::{Site, everywhere};
use sample::{SCRIPT, Sample};

/// The server at this address.
fn at(url: &str) -> Server {
    let settings = Settings::read(|name| (name == "DATABASE_URL").then(|| url.to_owned()));
    Server::new(&settings.expect("good").expect("a database is named"))
}

/// The id of a run that no other restore has, of a time at which no drill takes its database for one
/// that a dead run left. Its time is in the names of all databases that it makes.
fn fresh_run() -> BackupId {
    static SECOND: AtomicU32 = AtomicU32::new(0);
    let second = SECOND.fetch_add(1, Ordering::Relaxed);
    let time = format!("29991124T02{:02}{:02}Z", second / 60, second % 60);
    format!("{time}-{second:08x}").parse().expect("a run's id")
}

fn options() -> Options {
    Options::new(fresh_run())
}

fn replace() -> Options {
    Options {
        replace: true,
        ..options()
    }
}

fn with_roles(roles: Roles) -> Options {
    Options { roles, ..options() }
}

/// The databases that a run made, whatever they are called now.
async fn made_by(site: Site, run: &BackupId) -> Vec<String> {
    let time = run.as_str().split_once('-').expect("a time and a number").0;
    site.databases_like(time).await
}

async fn restored(
    site: Site,
    sample: Sample,
    database: &str,
    options: Options,
) -> Result<Report, RestoreError> {
    let (database, server) = (database.to_owned(), at(&site.url("postgres")));
    // A task of its own, as behind a timer: what a restore waits with must be able to move.
    let restoring = tokio::spawn(async move {
        let progress = Progress::default();
        restore(&sample.backup(), &server, &database, &options, &progress).await
    });
    restoring.await.expect("no panic")
}

/// Holds the database to be what the script makes, with the sample's rows.
async fn holds_the_sample(site: Site, database: &str) {
    let expected = site.database().await;
    let client = site.connect(&expected).await;
    // A role that is not a superuser gives objects only to roles that may create in their schema.
    let script = format!(
        "GRANT CREATE ON SCHEMA public TO restore_owner; {SCRIPT}
         REVOKE CREATE ON SCHEMA public FROM restore_owner"
    );
    client
        .batch_execute(&script)
        .await
        .expect("the script runs");
    let schema = ["--schema-only"];
    assert_eq!(site.dump(database, &schema), site.dump(&expected, &schema));
    let client = crate::harness::connect(&site.superusers(database)).await;
    let row = client
        .query_one(
            "SELECT (SELECT string_agg(id || name || slug, ',' ORDER BY id) FROM public.team),
                    (SELECT count(*) || min(note) FROM public.member),
                    (SELECT count(*) || ' ' || count(\"The Key\") FROM more.\"Odd \"\"Name\"\"\"),
                    (SELECT nextval('public.team_id_seq')),
                    (SELECT count(*) FROM pg_stats
                      WHERE schemaname = 'public' AND tablename = 'member'),
                    (SELECT relallvisible = relpages FROM pg_class
                      WHERE relname = 'member' AND relnamespace = 'public'::regnamespace)",
            &[],
        )
        .await
        .expect("the tables are there");
    assert_eq!(row.get::<_, &str>(0), "1Oneone,2two\nlinestwo\nlines,3");
    assert_eq!(row.get::<_, &str>(1), "500a note of 1\t\\ 'é'");
    assert_eq!(row.get::<_, &str>(2), "3 1");
    assert_eq!(row.get::<_, i64>(3), 42);
    assert_eq!(row.get::<_, i64>(4), 3, "analyzed");
    assert!(row.get::<_, bool>(5), "frozen");
}

/// The role that owns a database.
async fn owner(site: Site, database: &str) -> String {
    let owner = "SELECT datdba::regrole::text FROM pg_database WHERE datname = $1";
    let row = site.superuser().await.query_one(owner, &[&database]).await;
    row.expect("it is there").get(0)
}

#[test]
fn an_empty_database_is_filled() {
    everywhere(async |site| {
        let database = site.database().await;
        let report = restored(site, Sample::new(), &database, options()).await;
        let report = report.expect("it restores");
        assert_eq!(report.verification.expect("verified").equal, 3);
        assert_eq!((report.place, report.notices), (Place::Empty, vec![]));
        holds_the_sample(site, &database).await;
    });
}

#[test]
fn an_empty_database_keeps_what_its_owner_granted() {
    everywhere(async |site| {
        let database = site.database().await;
        let grant = "GRANT CREATE ON SCHEMA public TO restore_owner";
        let client = site.connect(&database).await;
        client.batch_execute(grant).await.expect("it is granted");
        drop(client);
        let report = restored(site, Sample::new(), &database, options()).await;
        report.expect("it restores");
        let dump = site.dump(&database, &["--schema-only"]);
        assert!(dump.contains(grant), "{dump}");
    });
}

#[test]
fn a_new_database_is_made_over_one_connection_or_several() {
    everywhere(async |site| {
        for jobs in [1, 3] {
            let (database, mut options) = (Site::fresh_name(), options());
            options.jobs = jobs;
            let run = options.run.clone();
            let report = restored(site, Sample::new(), &database, options).await;
            let report = report.expect("it restores");
            assert_eq!(report.verification.expect("verified").equal, 3);
            assert_eq!(report.place, Place::New);
            holds_the_sample(site, &database).await;
            assert_eq!(owner(site, &database).await, "restore_owner");
            assert_eq!(made_by(site, &run).await, [""; 0]);
        }
    });
}

#[test]
fn a_locale_that_the_server_lacks_is_named_and_replaced() {
    everywhere(async |site| {
        let (name, mut sample) = (Site::fresh_name(), Sample::new());
        let mut entries = sample.entries.iter_mut();
        let database = entries.find(|entry| entry.kind == Kind::Database);
        let definition = &mut database.expect("there is one").definition;
        *definition = definition.replace("'C'", "'xx_XX'");
        let report = restored(site, sample, &name, options()).await;
        let report = report.expect("it restores");
        let [notice] = report.notices.as_slice() else {
            panic!("{report:?}");
        };
        assert!(notice.contains("the server's default locale"), "{notice}");
        holds_the_sample(site, &name).await;
    });
}

#[test]
fn an_empty_database_takes_one_connection() {
    everywhere(async |site| {
        let database = site.database().await;
        let mut options = options();
        options.jobs = 2;
        let error = restored(site, Sample::new(), &database, options).await;
        let error = error.expect_err("it is refused").to_string();
        assert!(
            error.contains("cannot take --jobs; leave that out"),
            "{error}"
        );
    });
}

#[test]
fn a_database_that_is_not_empty_is_rejected_and_its_content_named() {
    everywhere(async |site| {
        let database = site.database().await;
        let client = site.connect(&database).await;
        client
            .batch_execute("CREATE SCHEMA old; CREATE TYPE old.mood AS ENUM ('sad')")
            .await
            .expect("it can be made");
        let error = restored(site, Sample::new(), &database, options()).await;
        let error = error.expect_err("it is refused").to_string();
        assert!(error.contains("schema old holds 1 object;"), "{error}");
        assert!(error.contains("--replace"), "{error}");
    });
}

#[test]
fn a_missing_role_is_named_and_can_be_omitted() {
    everywhere(async |site| {
        let with_a_strange_owner = || {
            let mut sample = Sample::new();
            let of_team = |tag: &str| tag == "team" || tag == "team_id_seq";
            let of_team = sample.entries.iter_mut().filter(|it| of_team(&it.tag));
            of_team.for_each(|it| it.owner = "not here".into());
            sample
        };
        let database = site.database().await;
        let error = restored(site, with_a_strange_owner(), &database, options()).await;
        let error = error.expect_err("it is refused").to_string();
        assert!(error.contains("\n  CREATE ROLE \"not here\";"), "{error}");
        let available = with_roles(Roles::Available);
        let report = restored(site, with_a_strange_owner(), &database, available).await;
        let notices = report.expect("it restores").notices;
        assert_eq!(
            notices,
            ["owners and grants of these roles were omitted: not here"]
        );
        let owners = "SELECT string_agg(relname || ' ' || relowner::regrole, ',' ORDER BY relname)
                        FROM pg_class WHERE relname IN ('team', 'member')";
        let client = site.connect(&database).await;
        let row = client.query_one(owners, &[]).await.expect("a row");
        let expected = format!("member restore_owner,team {}", site.role);
        assert_eq!(row.get::<_, &str>(0), expected);
    });
}

#[test]
fn owners_and_grants_can_be_ignored() {
    everywhere(async |site| {
        let database = Site::fresh_name();
        let ignored = with_roles(Roles::Ignored);
        let report = restored(site, Sample::new(), &database, ignored).await;
        report.expect("it restores");
        assert_eq!(owner(site, &database).await, site.role);
        let dump = site.dump(&database, &["--schema-only"]);
        assert!(!dump.contains("restore_owner"), "{dump}");
        assert!(!dump.contains("GRANT"), "{dump}");
    });
}
