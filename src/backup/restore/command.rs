//! How to do the same with PostgreSQL's own programs, for a person with a shell. Pure.

use super::options::{Options, Roles};
use crate::backup::manifest::Manifest;

/// Where a restore goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// Into a database that exists and is empty.
    #[default]
    Empty,
    /// Into a database that does not exist yet.
    New,
    /// Over what is there, in these schemas.
    Over(Vec<String>),
}

/// The commands that restore the backup whose files lie in `folder`. `server` is a connection
/// string without a password and without a database (`host=… port=… user=…`): libpq takes the
/// password from `PGPASSWORD` or `~/.pgpass`.
pub fn plain_commands(
    manifest: &Manifest,
    folder: &str,
    server: &str,
    database: &str,
    place: &Place,
    options: &Options,
) -> String {
    let mut lines = Vec::new();
    let mut folder = folder.to_owned();
    if !manifest.recipients.is_empty() {
        let decrypted = format!("{folder}.decrypted");
        lines.push(decrypt(&folder, &decrypted));
        folder = decrypted;
    }
    let target = quoted(&format!(
        "{server} dbname={}",
        in_connection_string(database)
    ));
    let owners = match options.roles {
        Roles::Ignored => " --no-owner --no-acl",
        Roles::Required | Roles::Available => "",
    };
    let folder = quoted(&folder);
    let restore = match place {
        Place::Over(schemas) => over(schemas, options, &folder, &target, owners),
        Place::New if options.jobs > 1 => format!(
            "pg_restore --exit-on-error --jobs={}{owners} --dbname={target} {folder}",
            options.jobs
        ),
        Place::New | Place::Empty => format!(
            "pg_restore --exit-on-error --single-transaction{owners} --dbname={target} {folder}"
        ),
    };
    if *place == Place::New {
        lines.push(create(server, database));
    }
    lines.push(restore);
    lines.push(format!("vacuumdb --analyze-only --dbname={target}"));
    lines.join("\n")
}

fn create(server: &str, database: &str) -> String {
    let statement = format!(
        "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'",
        crate::backup::catalog::quoted(database)
    );
    let maintenance = quoted(&format!("{server} dbname=postgres"));
    format!(
        "psql --dbname={maintenance} --command={}",
        quoted(&statement)
    )
}

/// What `age` wrote has its suffix; the manifest is in clear and not needed.
fn decrypt(folder: &str, decrypted: &str) -> String {
    let (folder, decrypted) = (quoted(folder), quoted(decrypted));
    format!(
        "mkdir {decrypted} && for file in {folder}/*.age; do age --decrypt --identity identity.txt \
         --output {decrypted}/\"$(basename \"$file\" .age)\" \"$file\" || break; done"
    )
}

/// Makes psql undo everything.
const FAIL: &str = "DO $$BEGIN RAISE EXCEPTION 'pg_restore failed'; END$$;";

/// `pg_restore` cannot rename what is there. As a script in one transaction of psql's it is the same.
fn over(schemas: &[String], options: &Options, folder: &str, target: &str, owners: &str) -> String {
    let names = schemas.iter().map(|schema| {
        let aside = super::aside::aside_name(schema, &options.id);
        (
            crate::backup::catalog::quoted(schema),
            crate::backup::catalog::quoted(&aside),
        )
    });
    let names: Vec<(String, String)> = names.collect();
    let mut before: Vec<String> = names
        .iter()
        .map(|(schema, aside)| format!("ALTER SCHEMA {schema} RENAME TO {aside};"))
        .collect();
    before.push("CREATE SCHEMA public;".into());
    let drops = names
        .iter()
        .map(|(_, aside)| format!("DROP SCHEMA {aside} CASCADE;"));
    let drops: Vec<String> = drops.collect();
    let after = if options.keep_old {
        String::new()
    } else {
        format!(" echo {};", quoted(&drops.join(" ")))
    };
    format!(
        "{{ echo {}; pg_restore --file=-{owners} {folder} || echo {};{after} }} | psql \
         --set=ON_ERROR_STOP=1 --single-transaction --dbname={target}",
        quoted(&before.join(" ")),
        quoted(FAIL)
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

/// For libpq's connection strings.
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
    use crate::backup::restore::samples::manifest;

    fn commands(recipients: &[&str], place: &Place, change: impl FnOnce(&mut Options)) -> String {
        let mut manifest = manifest(&[]);
        manifest.recipients = recipients.iter().map(|it| (*it).to_owned()).collect();
        let mut options = Options::new("20261124T020000Z-1a2b3c4d");
        change(&mut options);
        let server = "host=db.example user=app";
        plain_commands(&manifest, "my backup", server, "postfacto", place, &options)
    }

    #[test]
    fn an_empty_database_takes_one_command() {
        assert_eq!(
            commands(&[], &Place::Empty, |_| ()),
            "\
pg_restore --exit-on-error --single-transaction --dbname='host=db.example user=app dbname=postfacto' 'my backup'
vacuumdb --analyze-only --dbname='host=db.example user=app dbname=postfacto'"
        );
    }

    #[test]
    fn a_new_database_is_made_first_and_may_be_loaded_by_many() {
        let lines = commands(&[], &Place::New, |options| {
            options.jobs = 4;
            options.roles = Roles::Ignored;
        });
        assert_eq!(
            lines,
            r#"psql --dbname='host=db.example user=app dbname=postgres' --command='CREATE DATABASE "postfacto" TEMPLATE template0 ENCODING '\''UTF8'\'''
pg_restore --exit-on-error --jobs=4 --no-owner --no-acl --dbname='host=db.example user=app dbname=postfacto' 'my backup'
vacuumdb --analyze-only --dbname='host=db.example user=app dbname=postfacto'"#
        );
    }

    #[test]
    fn an_encrypted_backup_is_decrypted_first() {
        let lines = commands(&["age1example"], &Place::Empty, |_| ());
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
    fn what_is_there_is_renamed_in_the_same_transaction() {
        let schemas = ["public".to_owned()];
        let lines = commands(&[], &Place::Over(schemas.to_vec()), |_| ());
        let first = lines.lines().next().expect("there is one");
        assert_eq!(
            first,
            r#"{ echo 'ALTER SCHEMA "public" RENAME TO "public_before_20261124T020000Z-1a2b3c4d"; CREATE SCHEMA public;'; pg_restore --file=- 'my backup' || echo 'DO $$BEGIN RAISE EXCEPTION '\''pg_restore failed'\''; END$$;'; echo 'DROP SCHEMA "public_before_20261124T020000Z-1a2b3c4d" CASCADE;'; } | psql --set=ON_ERROR_STOP=1 --single-transaction --dbname='host=db.example user=app dbname=postfacto'"#
        );
        let kept = commands(&[], &Place::Over(schemas.to_vec()), |options| {
            options.keep_old = true;
        });
        assert!(!kept.contains("DROP SCHEMA"), "{kept}");
    }

    #[test]
    fn odd_names_are_quoted_for_the_shell_and_for_libpq() {
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(in_connection_string("it's"), r"'it\'s'");
        assert_eq!(in_connection_string(""), "''");
    }
}
