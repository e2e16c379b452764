//! The same operations as commands of PostgreSQL's own programs, for the operator's shell. Pure.

use crate::backup::catalog::quoted as identifier;
use crate::backup::restore::{Options, Place, Roles, names};

/// A server and a database on it. `server` is a connection string without a password and without a
/// database (`host=… port=… user=…`): libpq takes the password from `PGPASSWORD` or `~/.pgpass`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Address<'a> {
    pub(super) server: &'a str,
    pub(super) database: &'a str,
}

/// The commands that restore the backup in `folder`. `owner` is that of a new database.
pub(super) fn plain_commands(
    is_encrypted: bool,
    folder: &str,
    address: Address<'_>,
    place: &Place,
    owner: Option<&str>,
    options: &Options,
) -> String {
    let mut lines = Vec::new();
    let mut folder = folder.to_owned();
    if is_encrypted {
        let decrypted = format!("{folder}.decrypted");
        lines.push(decrypt(&folder, &decrypted));
        folder = decrypted;
    }
    let database = match place {
        Place::Replaced(_) => names::with_suffix(address.database, "_new"),
        Place::New | Place::Empty => address.database.to_owned(),
    };
    let target = address.of(&database);
    let owners = match options.roles {
        Roles::Ignored => " --no-owner --no-acl",
        Roles::Required | Roles::Available => "",
    };
    let mode = if options.jobs > 1 {
        format!("--jobs={}", options.jobs)
    } else {
        "--single-transaction".to_owned()
    };
    if *place != Place::Empty {
        lines.push(address.create(&database, owner));
    }
    let folder = quoted(&folder);
    lines.push(format!(
        "pg_restore --exit-on-error {mode}{owners} --dbname={target} {folder}"
    ));
    lines.push(format!("vacuumdb --analyze-only --dbname={target}"));
    if let Place::Replaced(old) = place {
        lines.push(address.exchange(old, &database));
    }
    lines.join("\n")
}

/// The commands after a database was replaced.
pub(super) struct Undo {
    /// Gives the old database its name back.
    pub(super) go_back: String,
    pub(super) drop_old: String,
}

pub(super) fn undo(address: Address<'_>, old: &str) -> Undo {
    let undone = names::of_undone(old);
    let drop = format!("DROP DATABASE {}", identifier(old));
    Undo {
        go_back: address.exchange(&undone, old),
        drop_old: address.psql(&[&drop]),
    }
}

impl Address<'_> {
    fn create(&self, database: &str, owner: Option<&str>) -> String {
        let owner = owner.map_or_else(String::new, |it| format!(" OWNER {}", identifier(it)));
        self.psql(&[&format!(
            "CREATE DATABASE {}{owner} TEMPLATE template0 ENCODING 'UTF8'",
            identifier(database)
        )])
    }

    /// Renames the database to `aside`, and `new` to the database. After a failure, it can run again.
    fn exchange(&self, aside: &str, new: &str) -> String {
        let literal = self.database.replace('\'', "''");
        let database = identifier(self.database);
        let (aside, new) = (identifier(aside), identifier(new));
        self.psql(&[
            &format!("ALTER DATABASE {database} ALLOW_CONNECTIONS false"),
            &format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{literal}'"
            ),
            &format!(
                "ALTER DATABASE {database} RENAME TO {aside}; ALTER DATABASE {new} RENAME TO \
                 {database}; ALTER DATABASE {aside} ALLOW_CONNECTIONS true"
            ),
        ])
    }

    /// Runs statements in another database of the server.
    fn psql(&self, statements: &[&str]) -> String {
        let other = match self.database {
            "postgres" => "template1",
            _ => "postgres",
        };
        let mut command = format!("psql --dbname={} --set=ON_ERROR_STOP=1", self.of(other));
        for statement in statements {
            command.extend([" --command=", &quoted(statement)]);
        }
        command
    }

    fn of(&self, database: &str) -> String {
        let database = in_connection_string(database);
        quoted(&format!("{} dbname={database}", self.server))
    }
}

/// Encrypted files have the suffix `.age`. The manifest is not encrypted, and not needed.
fn decrypt(folder: &str, decrypted: &str) -> String {
    let (folder, decrypted) = (quoted(folder), quoted(decrypted));
    format!(
        "mkdir {decrypted} && for file in {folder}/*.age; do age --decrypt --identity identity.txt \
         --output {decrypted}/\"$(basename \"$file\" .age)\" \"$file\" || break; done"
    )
}

/// For the shell.
fn quoted(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-=:+,@%".contains(letter);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// For connection strings of libpq.
fn in_connection_string(value: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\\', r"\\").replace('\'', r"\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: Address = Address {
        server: "host=db.example user=app",
        database: "postfacto",
    };

    fn commands(is_encrypted: bool, place: &Place, change: impl FnOnce(&mut Options)) -> String {
        let run = "20261124T020000Z-1a2b3c4d".parse();
        let mut options = Options::new(run.expect("a run's id"));
        change(&mut options);
        let owner = Some("app");
        plain_commands(is_encrypted, "my backup", ADDRESS, place, owner, &options)
    }

    #[test]
    fn an_empty_database_needs_one_command() {
        assert_eq!(
            commands(false, &Place::Empty, |_| ()),
            "\
pg_restore --exit-on-error --single-transaction --dbname='host=db.example user=app dbname=postfacto' 'my backup'
vacuumdb --analyze-only --dbname='host=db.example user=app dbname=postfacto'"
        );
    }

    #[test]
    fn a_new_database_is_created_first_and_takes_jobs() {
        let lines = commands(false, &Place::New, |options| {
            options.jobs = 4;
            options.roles = Roles::Ignored;
        });
        assert_eq!(
            lines,
            r#"psql --dbname='host=db.example user=app dbname=postgres' --set=ON_ERROR_STOP=1 --command='CREATE DATABASE "postfacto" OWNER "app" TEMPLATE template0 ENCODING '\''UTF8'\'''
pg_restore --exit-on-error --jobs=4 --no-owner --no-acl --dbname='host=db.example user=app dbname=postfacto' 'my backup'
vacuumdb --analyze-only --dbname='host=db.example user=app dbname=postfacto'"#
        );
    }

    #[test]
    fn an_encrypted_backup_is_decrypted_first() {
        let lines = commands(true, &Place::Empty, |_| ());
        let (first, rest) = lines.split_once('\n').expect("there are more");
        assert_eq!(
            first,
            r#"mkdir 'my backup.decrypted' && for file in 'my backup'/*.age; do age --decrypt --identity identity.txt --output 'my backup.decrypted'/"$(basename "$file" .age)" "$file" || break; done"#
        );
        assert!(
            rest.contains("dbname=postfacto' 'my backup.decrypted'\n"),
            "{rest}"
        );
    }

    #[test]
    fn a_replaced_database_is_renamed_last() {
        let old = "postfacto_before_20261124T020000Z".to_owned();
        let lines = commands(false, &Place::Replaced(old), |_| ());
        let last = lines.lines().last().expect("there is one");
        assert_eq!(
            last,
            r#"psql --dbname='host=db.example user=app dbname=postgres' --set=ON_ERROR_STOP=1 --command='ALTER DATABASE "postfacto" ALLOW_CONNECTIONS false' --command='SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\''postfacto'\''' --command='ALTER DATABASE "postfacto" RENAME TO "postfacto_before_20261124T020000Z"; ALTER DATABASE "postfacto_new" RENAME TO "postfacto"; ALTER DATABASE "postfacto_before_20261124T020000Z" ALLOW_CONNECTIONS true'"#
        );
    }

    #[test]
    fn odd_names_are_quoted_for_the_shell_and_for_libpq() {
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(in_connection_string("it's"), r"'it\'s'");
        assert_eq!(in_connection_string(""), "''");
    }
}
