//! The databases that are backed up: `BACKUP_DATABASES`.
//!
//! The variable contains names only, and each name has variables of its own. So an address needs no quoting
//! inside another syntax, and an address with a password can be a secret of its own, such as a Key Vault
//! reference.

use std::fmt;
use std::str::FromStr;

use crate::database::{Origin, Settings as DatabaseSettings};
use crate::environment::SettingError;
use schedule::is_name;

#[derive(Clone, Debug)]
pub struct Source {
    /// Also the name of its folder in the store.
    pub name: SourceName,
    pub database: DatabaseSettings,
}

/// A name by the rule of [`is_name`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceName(String);

impl SourceName {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The variable with the address of the database.
    pub(super) fn url_variable(&self) -> String {
        self.variable("BACKUP_DATABASE_URL")
    }

    fn variable(&self, setting: &str) -> String {
        let name = self.0.to_ascii_uppercase().replace('-', "_");
        format!("{setting}_{name}")
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for SourceName {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<SourceName, SettingError> {
        let name = is_name(text).then(|| SourceName(text.to_owned()));
        name.ok_or_else(|| {
            SettingError::new(format!(
                "{text:?} is not the name of a source; use 1 to 40 lower-case letters, digits and dashes, a letter \
                 first, and commas between names in BACKUP_DATABASES"
            ))
        })
    }
}

/// Reads `BACKUP_DATABASES` and, for each name in it, `BACKUP_DATABASE_URL_<NAME>` and
/// `BACKUP_DATABASE_AUTH_<NAME>`. Returns the sources, and the names without an address.
pub(super) fn read(
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<(Vec<Source>, Vec<SourceName>), SettingError> {
    let names = variable("BACKUP_DATABASES").unwrap_or_default();
    let (mut sources, mut without_address) = (Vec::<Source>::new(), Vec::new());
    for name in names.split(',').map(str::trim).filter(|it| !it.is_empty()) {
        let name: SourceName = name.parse()?;
        if sources.iter().any(|it| it.name == name) || without_address.contains(&name) {
            return Err(SettingError::new(format!(
                "BACKUP_DATABASES names {name} twice; remove one of them"
            )));
        }
        let auth = name.variable("BACKUP_DATABASE_AUTH");
        match database(variable, &name.url_variable(), &auth)? {
            Some(database) => sources.push(Source { name, database }),
            None => without_address.push(name),
        }
    }
    Ok((sources, without_address))
}

/// The database whose address and authentication are in these variables. Of the settings of the program's own
/// database, only the time limit for connecting applies.
pub(super) fn database(
    variable: &impl Fn(&str) -> Option<String>,
    url: &str,
    auth: &str,
) -> Result<Option<DatabaseSettings>, SettingError> {
    let origin = Origin {
        url: url.to_owned(),
        auth: auth.to_owned(),
    };
    let counts = [url, auth, "DATABASE_CONNECT_TIMEOUT"];
    DatabaseSettings::read_from(origin, |name| {
        counts.contains(&name).then(|| variable(name)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Authentication;
    use crate::environment;

    fn sources(pairs: &[(&str, &str)]) -> Result<Vec<Source>, SettingError> {
        Ok(read(&environment::of(pairs))?.0)
    }

    #[test]
    fn each_source_has_its_own_address_and_authentication() {
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
            ("PGUSER", "another-user"),
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
    fn errors_name_the_variable_and_show_no_password() {
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
