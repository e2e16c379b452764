//! Rights that a role lacks: a backup is complete or fails, and the message names a remedy that helps.

use tempfile::TempDir;

use crate::harness::{Database, Operator, Site, connect, everywhere, folder};

/// The first may read everything and owns nothing, the second belongs to the owner as well, and the third may
/// read nothing.
const ROLES: &str = "
    CREATE ROLE rights_reader LOGIN;
    CREATE ROLE rights_member LOGIN IN ROLE restore_owner;
    CREATE ROLE rights_blind LOGIN;
    GRANT pg_read_all_data TO rights_reader, rights_member;";

/// Two rows, of which a policy shows one.
const HIDDEN: &str = "
    CREATE TABLE hidden (id integer);
    INSERT INTO hidden VALUES (1), (2);
    CREATE POLICY few ON hidden USING (id = 1);
    ALTER TABLE hidden OWNER TO restore_owner;
    ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;";

const FORCED: &str = "ALTER TABLE hidden FORCE ROW LEVEL SECURITY;";

/// Two rows in a partition. Row security of the whole table does not apply to a partition that is read by itself.
const WHOLE: &str = "
    CREATE TABLE hidden (id integer) PARTITION BY RANGE (id);
    CREATE TABLE hidden_part PARTITION OF hidden FOR VALUES FROM (1) TO (9);
    INSERT INTO hidden VALUES (1), (2);
    ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
    ALTER TABLE hidden FORCE ROW LEVEL SECURITY;";

const PART: &str = "ALTER TABLE hidden_part ENABLE ROW LEVEL SECURITY;";

const MIGRATIONS: &str = "
    CREATE TABLE schema_migrations (version text);
    INSERT INTO schema_migrations VALUES ('1'), ('2');
    ALTER TABLE schema_migrations ENABLE ROW LEVEL SECURITY;";

/// A database that a superuser made, and a store for the backups of it.
struct Stage {
    site: Site,
    source: String,
    store: TempDir,
}

impl Stage {
    async fn new(site: Site, statements: &[&str]) -> Stage {
        let source = site.with_role("postgres").database().await;
        execute(site, &source, &statements.concat()).await;
        Stage {
            site,
            source,
            store: folder(),
        }
    }

    /// An operator who makes backups as this role.
    fn operator(&self, role: &'static str) -> Operator {
        let url = self.site.with_role(role).url(&self.source);
        Operator::with_folder(&Database { url }, self.store.path())
    }

    /// Asserts that a backup fails and leaves no file. Returns the message.
    fn fails(&self, role: &'static str) -> String {
        let message = self.operator(role).fails(&["create"]);
        let runs = self.store.path().join("postfacto");
        let runs = std::fs::read_dir(runs).into_iter().flatten().flatten();
        let left = runs.flat_map(|run| std::fs::read_dir(run.path()).into_iter().flatten());
        assert_eq!(left.count(), 0, "{message}");
        message
    }

    /// Makes a backup, and returns the number of its rows.
    fn rows(&self, role: &'static str) -> u64 {
        let made = self.operator(role).json(&["create"]);
        let tables = made[0]["manifest"]["tables"].as_array().expect("tables");
        let rows = tables
            .iter()
            .map(|it| it["rows"].as_u64().expect("a number"));
        rows.sum()
    }
}

async fn execute(site: Site, database: &str, statements: &str) {
    let superuser = connect(&site.superusers(database)).await;
    let done = superuser.batch_execute(statements).await;
    done.expect(statements);
}

#[test]
fn a_backup_has_all_rows_or_names_the_right_that_its_role_lacks() {
    everywhere(async |site| {
        if site.role == "postgres" {
            return;
        }
        execute(site, "postgres", ROLES).await;
        for (role, statements, table) in [
            ("rights_reader", &[HIDDEN][..], Some("public.hidden")),
            ("rights_reader", &[HIDDEN, FORCED], Some("public.hidden")),
            ("rights_member", &[HIDDEN, FORCED], Some("public.hidden")),
            ("rights_member", &[HIDDEN], None),
            ("rights_reader", &[WHOLE], None),
            ("rights_reader", &[WHOLE, PART], Some("public.hidden_part")),
            ("rights_reader", &[MIGRATIONS], Some("schema_migrations")),
        ] {
            let stage = Stage::new(site, statements).await;
            let Some(table) = table else {
                assert_eq!(stage.rows(role), 2, "{role}: {statements:?}");
                continue;
            };
            let message = stage.fails(role);
            for words in [
                table,
                "row security would leave rows out of the backup",
                "BYPASSRLS",
            ] {
                assert!(message.contains(words), "{role}: {words}: {message}");
            }
            execute(site, "postgres", &format!("ALTER ROLE {role} BYPASSRLS")).await;
            assert_eq!(stage.rows(role), 2, "{role}: {statements:?}");
            execute(site, "postgres", &format!("ALTER ROLE {role} NOBYPASSRLS")).await;
        }
        let stage = Stage::new(
            site,
            &[HIDDEN, "ALTER TABLE hidden DISABLE ROW LEVEL SECURITY"],
        )
        .await;
        let message = stage.fails("rights_blind");
        assert!(
            message.contains("permission denied for table hidden")
                && message.contains("grant the role of the backup pg_read_all_data"),
            "{message}"
        );
        execute(site, "postgres", "GRANT pg_read_all_data TO rights_blind").await;
        assert_eq!(stage.rows("rights_blind"), 2);
    });
}

/// A view of the one row that its owner may see.
const SEEN: &str = "
    GRANT SELECT ON hidden TO seer;
    CREATE MATERIALIZED VIEW seen AS SELECT id FROM hidden;
    ALTER MATERIALIZED VIEW seen OWNER TO seer;
    REFRESH MATERIALIZED VIEW seen;";

#[test]
fn a_materialized_view_has_the_rows_that_its_owner_may_see() {
    everywhere(async |site| {
        let stage = Stage::new(site, &[HIDDEN, SEEN]).await;
        let operator = stage.operator(site.role);
        operator.makes();
        for database in [Site::fresh_name(), site.database().await] {
            let to = site.url(&database);
            operator.does(&["restore", "latest", "--to", &to, "--roles", "available"]);
            let client = connect(&site.superusers(&database)).await;
            let rows = "SELECT (SELECT string_agg(id::text, ',') FROM seen),
                               (SELECT count(*) FROM hidden)";
            let row = client.query_one(rows, &[]).await.expect("both are there");
            assert_eq!((row.get(0), row.get(1)), ("1", 2_i64));
        }
    });
}

const EVENT_TRIGGER: &str = "
    CREATE FUNCTION tell() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
    CREATE EVENT TRIGGER telling ON ddl_command_end EXECUTE FUNCTION tell();";

/// The options that a message names for a role that lacks a right.
#[derive(Debug, PartialEq)]
struct Named {
    go_on: bool,
    roles_ignored: bool,
}

fn options_in(message: &str) -> Named {
    assert!(
        message.contains("(42501); restore as a role that has this right"),
        "{message}"
    );
    Named {
        go_on: message.contains("--go-on"),
        roles_ignored: message.contains("--roles ignored"),
    }
}

/// Restores to a new database.
fn restore(stage: &Stage, operator: &Operator, options: &[&str]) -> (Option<i32>, String) {
    let to = stage.site.url(&Site::fresh_name());
    let output = operator.output(&[&["restore", "latest", "--to", &to][..], options].concat());
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8(printed).expect("UTF-8");
    (output.status.code(), printed)
}

#[test]
fn a_right_that_a_restore_lacks_is_named_with_the_option_that_helps() {
    everywhere(async |site| {
        if site.role == "postgres" {
            return;
        }
        // A superuser owns these, so that the administrator cannot give them to their owner.
        let available = ["--roles", "available"];
        for (statements, object) in [
            (EVENT_TRIGGER, "EVENT TRIGGER telling"),
            (
                "CREATE FOREIGN DATA WRAPPER wrap",
                "FOREIGN DATA WRAPPER wrap",
            ),
            (
                "CREATE FUNCTION f(cstring) RETURNS integer LANGUAGE internal AS 'int4in'",
                "FUNCTION public.f(cstring)",
            ),
            (
                "CREATE PUBLICATION everything FOR ALL TABLES",
                "PUBLICATION everything",
            ),
        ] {
            let stage = Stage::new(site, &["CREATE TABLE t ();", statements]).await;
            let operator = stage.operator("postgres");
            operator.makes();
            let (code, message) = restore(&stage, &operator, &available);
            assert_eq!(code, Some(1), "{message}");
            assert!(message.contains(&format!("{object}: ")), "{message}");
            let named = options_in(&message);
            assert_eq!(
                (named.go_on, named.roles_ignored),
                (true, false),
                "{message}"
            );
            let (code, printed) =
                restore(&stage, &operator, &[&available[..], &["--go-on"]].concat());
            assert_eq!(code, Some(3), "{printed}");
            let left_out = format!("left out: {object}: ");
            assert!(printed.contains(&left_out), "{printed}");
            assert!(!printed.contains("; restore as a role"), "{printed}");
        }
        let grant = "CREATE TABLE t (); GRANT SELECT ON pg_authid TO restore_owner";
        let stage = Stage::new(site, &[grant]).await;
        let operator = stage.operator("postgres");
        operator.makes();
        let (code, message) = restore(&stage, &operator, &available);
        assert_eq!(code, Some(1), "{message}");
        let named = options_in(&message);
        assert_eq!(
            (named.go_on, named.roles_ignored),
            (false, true),
            "{message}"
        );
        let (code, printed) = restore(&stage, &operator, &["--roles", "ignored"]);
        assert_eq!(code, Some(0), "{printed}");

        // An empty database of another role.
        let empty = site.with_role("postgres").database().await;
        let (to, before) = (site.url(&empty), site.dump(&empty, &[]));
        let message = operator.fails(&["restore", "latest", "--roles", "ignored", "--to", &to]);
        assert_eq!(site.dump(&empty, &[]), before, "{message}");
        assert!(options_in(&message).go_on, "{message}");
        assert!(message.contains("to a new database"), "{message}");
    });
}

#[test]
fn an_owner_that_lacks_a_right_is_left_out_with_its_option() {
    everywhere(async |site| {
        if site.role != "postgres" {
            return;
        }
        execute(site, "postgres", "CREATE ROLE rights_former SUPERUSER").await;
        let give = "CREATE TABLE t (); ALTER EVENT TRIGGER telling OWNER TO rights_former";
        let stage = Stage::new(site, &[EVENT_TRIGGER, give]).await;
        let operator = stage.operator("postgres");
        operator.makes();
        execute(site, "postgres", "ALTER ROLE rights_former NOSUPERUSER").await;
        let (code, message) = restore(&stage, &operator, &[]);
        assert_eq!(code, Some(1), "{message}");
        let named = options_in(&message);
        assert_eq!(
            (named.go_on, named.roles_ignored),
            (true, true),
            "{message}"
        );
        let (code, printed) = restore(&stage, &operator, &["--roles", "ignored"]);
        assert_eq!(code, Some(0), "{printed}");
    });
}

/// Another role than the owner granted, and set what it grants by default.
const GRANTS: &str = "
    CREATE TABLE t ();
    ALTER TABLE t OWNER TO restore_owner;
    GRANT SELECT ON t TO rights_granter WITH GRANT OPTION;
    SET SESSION AUTHORIZATION rights_granter;
    GRANT SELECT ON t TO seer;
    RESET SESSION AUTHORIZATION;
    ALTER DEFAULT PRIVILEGES FOR ROLE rights_default GRANT SELECT ON TABLES TO seer;";

#[test]
fn a_grantor_that_the_restoring_role_cannot_act_as_is_named_before_anything_is_loaded() {
    everywhere(async |site| {
        if site.role == "postgres" {
            return;
        }
        let roles = "CREATE ROLE rights_granter; CREATE ROLE rights_default";
        execute(site, "postgres", roles).await;
        let stage = Stage::new(site, &[GRANTS]).await;
        let give = format!("ALTER DATABASE \"{}\" OWNER TO restore_owner", stage.source);
        execute(site, "postgres", &give).await;
        let operator = stage.operator("postgres");
        operator.makes();
        let restored = Site::fresh_name();
        let to = site.url(&restored);
        let message = operator.fails(&["restore", "latest", "--to", &to]);
        assert!(
            message.contains("may not act for these roles, which own objects or grant rights"),
            "{message}"
        );
        let remedies = message.lines().filter(|line| line.starts_with("  GRANT "));
        assert_eq!(remedies.clone().count(), 2, "{message}");
        for statement in remedies {
            execute(site, "postgres", statement).await;
        }
        operator.does(&["restore", "latest", "--to", &to]);
        let [before, after] = [&stage.source, &restored].map(|it| site.dump(it, &[]));
        assert_eq!(after, before);
    });
}

#[test]
fn a_grant_that_has_no_effect_is_noted() {
    everywhere(async |site| {
        let revoke = "CREATE TABLE t ();
                      REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(float8) FROM PUBLIC";
        let stage = Stage::new(site, &[revoke]).await;
        let operator = stage.operator("postgres");
        operator.makes();
        let (code, printed) = restore(&stage, &operator, &["--roles", "available"]);
        assert_eq!(code, Some(0), "{printed}");
        let note = "no privileges could be revoked for \"pg_sleep\"";
        assert_eq!(printed.contains(note), site.role != "postgres", "{printed}");
    });
}
