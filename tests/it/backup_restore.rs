//! Restoring: what a backup becomes, and that whatever fails leaves the target as it was.

mod failures;
mod proof;
mod replace;
mod sample;

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use magnusapi::backup::restore::{Options, Progress, Report, RestoreError, Roles, restore};
use magnusapi::database::{Server, Session, Settings};

use crate::harness::{Database, PROGRAMS, postgres, run};
use sample::{ROLES, SCRIPT, Sample};

/// The server that most tests share, for this role.
fn shared(role: &str) -> Server {
    at(&format!("{} user={role}", postgres().url("postgres")))
}

/// The server at this address.
fn at(url: &str) -> Server {
    let settings = Settings::read(|name| (name == "DATABASE_URL").then(|| url.to_owned()));
    Server::new(&settings.expect("good").expect("a database is named"))
}

/// The database's name.
fn name(database: &Database) -> String {
    let name = database.url.split_once("dbname=").expect("it is named").1;
    name.trim_matches('\'').to_owned()
}

/// A name that no database has.
fn fresh_name() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    format!("restored {}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// An id that no other restore has, and of a time at which no drill takes its database for one that a dead
/// run left.
fn fresh_id() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("29991124T020000Z-{number:08x}")
}

fn options() -> Options {
    Options::new(fresh_id())
}

async fn connect(database: &str) -> Session {
    let connection = shared("postgres").connect_to(database).await;
    connection.expect("it answers").expect("it is there")
}

async fn restored(
    sample: Sample,
    database: &str,
    options: Options,
) -> Result<Report, RestoreError> {
    restored_as("postgres", sample, database, options).await
}

async fn restored_as(
    role: &'static str,
    sample: Sample,
    database: &str,
    options: Options,
) -> Result<Report, RestoreError> {
    let admin = connect("postgres").await;
    admin.batch_execute(ROLES).await.expect("roles");
    let database = database.to_owned();
    // A task of its own, as behind a timer: what a restore waits with must be able to move.
    let restoring = tokio::spawn(async move {
        let server = shared(role);
        let progress = Progress::default();
        restore(&sample.backup(), &server, &database, &options, &progress).await
    });
    restoring.await.expect("no panic")
}

/// The whole database as `pg_dump` shows it.
fn dump(database: &str, arguments: &[&str]) -> String {
    let output = Command::new(PROGRAMS.path("pg_dump"))
        .args(arguments)
        .arg("--dbname")
        .arg(postgres().url(database))
        .output()
        .expect("pg_dump runs");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    // Newer versions fence the script with a random key.
    let lines = text
        .lines()
        .filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Holds the database to be what the script makes, with the sample's rows.
async fn holds_the_sample(database: &str) {
    let expected = fresh_name();
    postgres()
        .create_database(&expected, None)
        .expect("a database");
    let client = connect(&expected).await;
    client.batch_execute(SCRIPT).await.expect("the script runs");
    let schema = ["--schema-only"];
    assert_eq!(dump(database, &schema), dump(&expected, &schema));
    let client = connect(database).await;
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

/// The databases that a restore with this id made and left.
async fn left_by(id: &str) -> Vec<String> {
    let admin = connect("postgres").await;
    let rows = admin
        .query(
            "SELECT datname::text FROM pg_database WHERE strpos(datname, $1) > 0",
            &[&id],
        )
        .await;
    let rows = rows.expect("they can be listed");
    rows.iter().map(|row| row.get(0)).collect()
}

#[test]
fn an_empty_database_is_filled() {
    run(async {
        let database = name(&Database::empty());
        let report = restored(Sample::new(), &database, options()).await;
        let report = report.expect("it restores");
        assert_eq!(report.verification.expect("verified").equal, 3);
        assert_eq!((report.kept, report.notices), (vec![], vec![]));
        holds_the_sample(&database).await;
    });
}

#[test]
fn a_database_that_does_not_exist_is_made_over_one_connection_or_several() {
    run(async {
        for jobs in [1, 3] {
            let (database, mut options) = (fresh_name(), options());
            options.jobs = jobs;
            let id = options.id.clone();
            let report = restored(Sample::new(), &database, options).await;
            let report = report.expect("it restores");
            assert_eq!(report.verification.expect("verified").equal, 3);
            holds_the_sample(&database).await;
            assert_eq!(left_by(&id).await, Vec::<String>::new());
        }
    });
}

#[test]
fn a_locale_that_the_server_lacks_is_told_and_does_without() {
    run(async {
        let (name, mut sample) = (fresh_name(), Sample::new());
        let mut database = sample.entries[0].clone();
        database.kind = "DATABASE".into();
        database.tag = "there".into();
        database.id = 9_999;
        database.definition = "CREATE DATABASE \"there\" WITH TEMPLATE = template0 \
                               ENCODING = 'UTF8' LC_COLLATE = 'xx_XX' LC_CTYPE = 'xx_XX';\n"
            .into();
        sample.entries.insert(0, database);
        let report = restored(sample, &name, options())
            .await
            .expect("it restores");
        let [notice] = report.notices.as_slice() else {
            panic!("{report:?}");
        };
        assert!(notice.contains("the server's own locale"), "{notice}");
        holds_the_sample(&name).await;
    });
}

#[test]
fn a_database_that_exists_takes_one_connection() {
    run(async {
        let database = name(&Database::empty());
        let mut options = options();
        options.jobs = 2;
        let error = restored(Sample::new(), &database, options).await;
        let error = error.expect_err("it is refused").to_string();
        assert!(error.contains("leave --jobs out"), "{error}");
    });
}

#[test]
fn a_database_that_holds_something_is_refused_and_what_it_holds_is_said() {
    run(async {
        let database = name(&Database::empty());
        let client = connect(&database).await;
        client
            .batch_execute("CREATE SCHEMA old; CREATE TYPE old.mood AS ENUM ('sad')")
            .await
            .expect("it can be made");
        let error = restored(Sample::new(), &database, options()).await;
        let error = error.expect_err("it is refused").to_string();
        assert!(error.contains("schema old holds 1 object;"), "{error}");
        assert!(error.contains("--replace"), "{error}");
    });
}

#[test]
fn a_missing_role_is_named_and_can_be_done_without() {
    run(async {
        let with_a_strange_owner = || {
            let mut sample = Sample::new();
            let of_team = |tag: &str| tag == "team" || tag == "team_id_seq";
            let of_team = sample.entries.iter_mut().filter(|it| of_team(&it.tag));
            of_team.for_each(|it| it.owner = "nobody_here".into());
            sample
        };
        let database = name(&Database::empty());
        let error = restored(with_a_strange_owner(), &database, options()).await;
        let error = error.expect_err("it is refused").to_string();
        assert!(error.contains("no such role: nobody_here;"), "{error}");
        let available = Options {
            roles: Roles::Available,
            ..options()
        };
        let report = restored(with_a_strange_owner(), &database, available).await;
        let notices = report.expect("it restores").notices;
        assert_eq!(
            notices,
            ["owners and grants of these roles were left out: nobody_here"]
        );
        let owners = "SELECT string_agg(relname || ' ' || relowner::regrole, ',' ORDER BY relname)
                        FROM pg_class WHERE relname IN ('team', 'member')";
        let client = connect(&database).await;
        let row = client
            .query_one(owners, &[])
            .await
            .expect("it can be asked");
        assert_eq!(row.get::<_, &str>(0), "member restore_owner,team postgres");
    });
}

#[test]
fn owners_and_grants_can_be_ignored() {
    run(async {
        let database = fresh_name();
        let ignored = Options {
            roles: Roles::Ignored,
            ..options()
        };
        restored(Sample::new(), &database, ignored)
            .await
            .expect("it restores");
        let dump = dump(&database, &["--schema-only"]);
        assert!(!dump.contains("restore_owner"), "{dump}");
        assert!(!dump.contains("GRANT"), "{dump}");
    });
}

#[test]
fn an_owner_who_is_no_superuser_can_restore_what_it_may_own() {
    run(async {
        let role = "restore_plain";
        let admin = connect("postgres").await;
        admin
            .batch_execute("CREATE ROLE restore_plain LOGIN CREATEDB")
            .await
            .expect("a role");
        let database = name(&Database::empty());
        let give = format!("ALTER DATABASE \"{database}\" OWNER TO restore_plain");
        admin.batch_execute(&give).await.expect("it is given");
        let error = restored_as(role, Sample::new(), &database, options()).await;
        let error = error.expect_err("it is not its to give").to_string();
        assert!(
            error.contains("may be given to this role: restore_owner;"),
            "{error}"
        );
        let ignored = || Options {
            roles: Roles::Ignored,
            replace: true,
            ..options()
        };
        for target in [&database, &database, &fresh_name()] {
            let report = restored_as(role, Sample::new(), target, ignored()).await;
            assert_eq!(report.expect("it restores").kept, Vec::<String>::new());
        }
        let client = connect(&database).await;
        // Who is given something in a schema must be allowed to make it there.
        client
            .batch_execute(
                "GRANT restore_owner TO restore_plain;
                 GRANT CREATE ON SCHEMA public TO restore_owner",
            )
            .await
            .expect("a member");
        let replace = Options {
            replace: true,
            ..options()
        };
        restored_as(role, Sample::new(), &database, replace)
            .await
            .expect("it restores");
        let owner = "SELECT relowner::regrole::text FROM pg_class WHERE relname = 'team'";
        let row = client.query_one(owner, &[]).await.expect("it is there");
        assert_eq!(row.get::<_, &str>(0), "restore_owner");
    });
}
