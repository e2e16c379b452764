//! Where restores are tested: on two versions of PostgreSQL, as a superuser and as an administrator who
//! is none, like that of Azure's flexible server.

use std::fmt;
use std::process::{Command, Output};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use localpg::{Programs, Throwaway, ThrowawayOptions};

use super::{
    Database, NEWEST_PROGRAMS, PROGRAMS, connect, fill_postfacto, newest_postgres, postgres, run,
};

/// A role like that of Azure's administrator: it makes databases and roles, belongs to the roles that
/// own what is restored, and ends other roles' sessions.
const ADMINISTRATOR: &str = "administrator";

/// Two servers, two roles.
const SITES: usize = 4;

/// The roles that own and read what tests restore. Roles belong to the whole server.
const ROLES: &str = "\
    CREATE ROLE app LOGIN;
    CREATE ROLE restore_owner;
    CREATE ROLE \"restore Reader\";
    CREATE ROLE administrator LOGIN CREATEDB CREATEROLE;
    CREATE ROLE seer;
    CREATE ROLE reader LOGIN;
    GRANT pg_read_all_data TO reader;
    GRANT app, restore_owner, seer, pg_signal_backend TO administrator;";

/// A server, and the role that restores there.
#[derive(Clone, Copy)]
pub(crate) struct Site {
    pub(crate) server: &'static Throwaway,
    pub(crate) programs: &'static Programs,
    pub(crate) role: &'static str,
    pub(crate) version: i32,
}

impl Site {
    /// The server that most tests share, with a superuser.
    pub(crate) fn usual() -> Site {
        static ROLES: LazyLock<()> = LazyLock::new(|| make_roles(&PROGRAMS, postgres()));
        LazyLock::force(&ROLES);
        Site {
            server: postgres(),
            programs: &PROGRAMS,
            role: "postgres",
            version: 15,
        }
    }

    /// The server of the newest version, with a superuser.
    pub(crate) fn newest() -> Site {
        static ROLES: LazyLock<()> =
            LazyLock::new(|| make_roles(&NEWEST_PROGRAMS, newest_postgres()));
        LazyLock::force(&ROLES);
        Site {
            server: newest_postgres(),
            programs: &NEWEST_PROGRAMS,
            version: 18,
            ..Site::usual()
        }
    }

    /// The same server, with an administrator.
    pub(crate) fn administrators(self) -> Site {
        self.with_role(ADMINISTRATOR)
    }

    /// A server of one test's own with these settings, of the same version, for the same role. It ends with this
    /// process, or when it is stopped.
    pub(crate) fn with_settings(self, settings: &[(&str, &str)]) -> Site {
        let settings = settings.iter().map(|(name, value)| {
            let [name, value] = [name, value].map(|it| (*it).to_owned());
            (name, value)
        });
        self.with_options(ThrowawayOptions {
            settings: settings.collect(),
            ..ThrowawayOptions::default()
        })
    }

    /// The same with options of other kinds.
    pub(crate) fn with_options(self, options: ThrowawayOptions) -> Site {
        let server = Throwaway::start(self.programs, options);
        let server = server.expect("a private PostgreSQL starts");
        make_roles(self.programs, &server);
        Site {
            server: Box::leak(Box::new(server)),
            ..self
        }
    }

    /// Stops a server of one test's own.
    pub(crate) fn stop(self) {
        self.server.stop();
    }

    /// The same server with each role.
    pub(crate) fn roles(self) -> [Site; 2] {
        [self, self.administrators()]
    }

    /// The same server with another role.
    pub(crate) fn with_role(self, role: &'static str) -> Site {
        Site { role, ..self }
    }

    /// This site's part of variations that do not depend on the site, such as faults of a store. Each site tries at
    /// least one of them, and together the sites try all.
    pub(crate) fn share<T>(&self, variations: impl IntoIterator<Item = T>) -> Vec<T> {
        let all: Vec<T> = variations.into_iter().collect();
        let is_newest = usize::from(self.version > 15);
        let number = is_newest * 2 + usize::from(self.role == ADMINISTRATOR);
        let first = number % all.len().min(SITES);
        all.into_iter().skip(first).step_by(SITES).collect()
    }

    /// The address of a database, for the restoring role.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("{} user={}", self.server.url(database), self.role)
    }

    /// The address of a database, for a superuser.
    pub(crate) fn superusers(&self, database: &str) -> String {
        self.server.url(database)
    }

    /// A connection of the restoring role.
    pub(crate) async fn connect(&self, database: &str) -> tokio_postgres::Client {
        connect(&self.url(database)).await
    }

    /// A superuser's connection beside all databases of tests.
    pub(crate) async fn superuser(&self) -> tokio_postgres::Client {
        connect(&self.superusers("postgres")).await
    }

    /// A name that no database has.
    pub(crate) fn fresh_name() -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        format!("restored {}", NUMBER.fetch_add(1, Ordering::Relaxed))
    }

    /// A new database of the restoring role.
    pub(crate) async fn database(&self) -> String {
        let name = Site::fresh_name();
        let create = format!("CREATE DATABASE \"{name}\" TEMPLATE template0");
        let beside = self.connect("postgres").await;
        beside.batch_execute(&create).await.expect("it is made");
        name
    }

    /// The database of this name, which the restoring role backs up.
    pub(crate) fn source(&self, database: &str) -> Database {
        Database {
            url: self.url(database),
        }
    }

    /// A new database of the restoring role, which runs these statements in it.
    pub(crate) async fn filled(&self, statements: &str) -> Database {
        self.fill(&self.database().await, statements).await
    }

    /// The database of this name, after the restoring role has run these statements in it.
    pub(crate) async fn fill(&self, database: &str, statements: &str) -> Database {
        let database = self.source(database);
        let client = database.connect().await;
        client.batch_execute(statements).await.expect("they run");
        database
    }

    /// The address of a database, for a role that may only read.
    pub(crate) fn readers(&self, database: &str) -> String {
        self.with_role("reader").url(database)
    }

    /// A Postfacto database of the restoring role, with a million items times `scale`, 200 at least.
    pub(crate) async fn postfacto(&self, scale: f64) -> String {
        let name = self.database().await;
        fill_postfacto(&self.connect(&name).await, scale).await;
        name
    }

    /// The databases whose names have this in them.
    pub(crate) async fn databases_like(&self, part: &str) -> Vec<String> {
        let names =
            "SELECT datname::text FROM pg_database WHERE strpos(datname, $1) > 0 ORDER BY 1";
        let rows = self.superuser().await.query(names, &[&part]).await;
        let rows = rows.expect("they can be listed");
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Runs one of PostgreSQL's programs of this version.
    pub(crate) fn program(&self, program: &str, arguments: &[&str]) -> Output {
        let output = Command::new(self.programs.path(program))
            .args(arguments)
            .output();
        output.expect("it runs")
    }

    /// Runs one of PostgreSQL's programs of this version, which succeeds. Returns its output.
    #[track_caller]
    pub(crate) fn succeeds(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.program(program, arguments);
        assert!(output.status.success(), "{program}: {output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// The whole database as `pg_dump` shows it to a superuser.
    #[track_caller]
    pub(crate) fn dump(&self, database: &str, arguments: &[&str]) -> String {
        self.dump_of(&self.superusers(database), arguments)
    }

    /// The same of a database on another server of this version.
    #[track_caller]
    pub(crate) fn dump_of(&self, url: &str, arguments: &[&str]) -> String {
        let arguments = [arguments, &["--encoding=UTF8", "--dbname", url]].concat();
        let text = self.succeeds("pg_dump", &arguments);
        // Newer versions fence the script with a random key.
        let lines = text
            .lines()
            .filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"));
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl fmt::Display for Site {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PostgreSQL {} as {}", self.version, self.role)
    }
}

fn make_roles(programs: &Programs, server: &Throwaway) {
    let output = Command::new(programs.path("psql"))
        .args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"])
        .args(["--command", ROLES, "--dbname", &server.url("postgres")])
        .output()
        .expect("psql runs");
    assert!(output.status.success(), "{output:?}");
}

/// Runs a test on every site at once, each on a thread of its own: tests wait for processes.
pub(crate) fn everywhere<F: Future<Output = ()>>(test: impl Fn(Site) -> F + Sync) {
    everywhere_on([Site::usual(), Site::newest()], test);
}

/// The same on servers of the test's own, which `own` makes. They end with the test.
pub(crate) fn everywhere_on_own<F: Future<Output = ()>>(
    own: impl Fn(Site) -> Site,
    test: impl Fn(Site) -> F + Sync,
) {
    let servers = [Site::usual(), Site::newest()].map(own);
    everywhere_on(servers, test);
    for server in servers {
        server.stop();
    }
}

/// The same on these servers.
pub(crate) fn everywhere_on<F: Future<Output = ()>>(
    servers: [Site; 2],
    test: impl Fn(Site) -> F + Sync,
) {
    let failed: Vec<String> = std::thread::scope(|scope| {
        let test = &test;
        let sites = servers.into_iter().flat_map(Site::roles);
        let runs = sites.map(|site| {
            let running = scope.spawn(move || run(test(site)));
            (site, running)
        });
        let runs: Vec<_> = runs.collect();
        let failed = runs
            .into_iter()
            .filter_map(|(site, running)| running.join().err().map(|_| site.to_string()));
        failed.collect()
    });
    assert!(failed.is_empty(), "it failed on {}", failed.join(", "));
}
