//! The databases that are backed up: `BACKUP_DATABASES`.
//!
//! The variable holds names alone, and each name has variables of its own: so an address needs no
//! quoting inside another syntax, and one that holds a password can be a secret of its own, as a Key
//! Vault reference is.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::database::{Origin, Settings as DatabaseSettings, SettingsError};
use schedule::is_name;

/// A database that is backed up.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name, and its folder's in the store.
    pub name: SourceName,
    /// How it is reached.
    pub database: DatabaseSettings,
}

/// As [`is_name`] has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceName(String);

/// A source that cannot be used.
#[derive(Debug, Error)]
pub enum SourceError {
    /// A name.
    #[error(
        "{0:?} cannot be a source's name; use 1 to 40 lower-case letters, digits and dashes, a \
         letter first, and commas between names in BACKUP_DATABASES"
    )]
    Name(String),
    /// The same name again.
    #[error("BACKUP_DATABASES names {0} twice; leave one out")]
    Twice(SourceName),
    /// A name without an address.
    #[error(
        "BACKUP_DATABASES names {name}, and {variable} is not set; set it to the database's address"
    )]
    NoAddress {
        /// The source.
        name: SourceName,
        /// The variable that would hold its address.
        variable: String,
    },
    /// The address or the way to log in.
    #[error(transparent)]
    Database(#[from] SettingsError),
}

impl SourceName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as part of a variable's.
    fn in_a_variable(&self) -> String {
        self.0.to_ascii_uppercase().replace('-', "_")
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for SourceName {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<SourceName, SourceError> {
        is_name(text)
            .then(|| SourceName(text.to_owned()))
            .ok_or_else(|| SourceError::Name(text.to_owned()))
    }
}

/// The sources that the settings name.
#[derive(Debug, Default)]
pub(super) struct Sources {
    /// Those with an address.
    pub(super) reachable: Vec<Source>,
    /// Those without, each with the variable that would hold it.
    pub(super) unreachable: Vec<(SourceName, String)>,
}

/// Reads `BACKUP_DATABASES` and, for each name in it, `BACKUP_DATABASE_URL_<NAME>` and
/// `BACKUP_DATABASE_AUTH_<NAME>`. None when it is not set.
pub(super) fn read(variable: &impl Fn(&str) -> Option<String>) -> Result<Sources, SourceError> {
    let names = variable("BACKUP_DATABASES").unwrap_or_default();
    let mut seen: Vec<SourceName> = Vec::new();
    let mut sources = Sources::default();
    for name in names.split(',').map(str::trim).filter(|it| !it.is_empty()) {
        let name: SourceName = name.parse()?;
        if seen.contains(&name) {
            return Err(SourceError::Twice(name));
        }
        seen.push(name.clone());
        let url = format!("BACKUP_DATABASE_URL_{}", name.in_a_variable());
        let auth = format!("BACKUP_DATABASE_AUTH_{}", name.in_a_variable());
        match database(variable, &url, &auth)? {
            Some(database) => sources.reachable.push(Source { name, database }),
            None => sources.unreachable.push((name, url)),
        }
    }
    Ok(sources)
}

/// The database whose address and way to log in these variables hold. Nothing that is set for the
/// program's own database counts here, but for how long connecting may take.
pub(super) fn database(
    variable: &impl Fn(&str) -> Option<String>,
    url: &str,
    auth: &str,
) -> Result<Option<DatabaseSettings>, SourceError> {
    let origin = Origin {
        url: url.to_owned(),
        auth: auth.to_owned(),
    };
    let counts = [url, auth, "DATABASE_CONNECT_TIMEOUT"];
    let read = DatabaseSettings::read_from(origin, |name| {
        counts.contains(&name).then(|| variable(name)).flatten()
    });
    Ok(read?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Authentication;

    fn sources(pairs: &[(&str, &str)]) -> Result<Vec<Source>, SourceError> {
        let sources = read(&|name: &str| {
            let found = pairs.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })?;
        Ok(sources.reachable)
    }

    #[test]
    fn each_name_has_its_own_address_and_way_to_log_in() {
        let sources = sources(&[
            ("BACKUP_DATABASES", "postfacto-4-2, postfacto-4-3,"),
            (
                "BACKUP_DATABASE_URL_POSTFACTO_4_2",
                "postgres://u:p;w=x@one.example/a",
            ),
            (
                "BACKUP_DATABASE_URL_POSTFACTO_4_3",
                "postgres://v@two.example/b",
            ),
            ("BACKUP_DATABASE_AUTH_POSTFACTO_4_3", "entra"),
            ("DATABASE_URL", "postgres://own.example/items"),
            ("PGUSER", "somebody-else"),
        ])
        .expect("good");
        let [one, two] = &sources[..] else {
            panic!("two sources: {sources:?}")
        };
        assert_eq!(one.name.as_str(), "postfacto-4-2");
        assert_eq!(one.database.address.display(), "u@one.example:5432/a");
        assert_eq!(one.database.authentication, Authentication::Password);
        assert_eq!(two.database.address.display(), "v@two.example:5432/b");
        assert_eq!(two.database.authentication, Authentication::Entra);
    }

    #[test]
    fn without_names_there_are_no_sources() {
        assert!(sources(&[]).expect("good").is_empty());
        assert!(
            sources(&[("BACKUP_DATABASES", " , ")])
                .expect("good")
                .is_empty()
        );
    }

    #[test]
    fn what_cannot_be_used_names_its_variable_and_no_password() {
        let url = ("BACKUP_DATABASE_URL_A", "postgres://u:hunter2@h:port/x");
        let good = ("BACKUP_DATABASE_URL_A", "postgres://h/x");
        for (pairs, says) in [
            (vec![("BACKUP_DATABASES", "Postfacto")], "lower-case"),
            (vec![("BACKUP_DATABASES", "a b")], "commas"),
            (vec![("BACKUP_DATABASES", "../a")], "lower-case"),
            (vec![("BACKUP_DATABASES", "4-3")], "letter first"),
            (vec![("BACKUP_DATABASES", "a,a"), good], "names a twice"),
            (
                vec![("BACKUP_DATABASES", "a"), url],
                "BACKUP_DATABASE_URL_A cannot be read",
            ),
            (
                vec![
                    ("BACKUP_DATABASES", "a"),
                    good,
                    ("BACKUP_DATABASE_AUTH_A", "x"),
                ],
                "BACKUP_DATABASE_AUTH_A",
            ),
        ] {
            let error = sources(&pairs).expect_err(says).to_string();
            assert!(error.contains(says), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
