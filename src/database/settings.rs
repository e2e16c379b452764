//! The database's settings, each with its variable, unit and default.

use std::time::Duration;

use thiserror::Error;

use super::address::{Address, AddressError};
use crate::environment::{NumberError, number};

/// The settings of a database.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `DATABASE_URL` and the `PG*` variables.
    pub address: Address,
    /// The settings that address and login come from.
    pub origin: Origin,
    /// `DATABASE_AUTH`: `password` (default) or `entra`.
    pub authentication: Authentication,
    /// `DATABASE_POOL_SIZE`: connections at most, 1 to 1000, default 8. Eight keep two cores
    /// busy; more only queue in the server.
    pub pool_size: usize,
    /// `DATABASE_CONNECT_TIMEOUT`, seconds, default 5: for one attempt, TLS and login included.
    pub connect_timeout: Duration,
    /// `DATABASE_STATEMENT_TIMEOUT`, seconds, default 10: for one statement.
    pub statement_timeout: Duration,
    /// `DATABASE_WAIT`, seconds, default 5: how long a request waits for a connection.
    pub wait: Duration,
    /// `DATABASE_PREPARED_STATEMENTS`, `on` or `off`: default on, but off at port 6432, where
    /// PgBouncer listens. Named statements and a PgBouncer in transaction mode do not go together
    /// before its version 1.21.
    pub prepared_statements: bool,
}

/// The names of the settings of a database's address and login, for errors that name the setting to
/// change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// That of the address.
    pub url: String,
    /// That of the way to log in.
    pub auth: String,
}

impl Default for Origin {
    fn default() -> Origin {
        Origin {
            url: "DATABASE_URL".to_owned(),
            auth: "DATABASE_AUTH".to_owned(),
        }
    }
}

/// How this program logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// With the address's password, if it has one.
    Password,
    /// With a token of this program's Azure identity as the password.
    Entra,
}

/// A setting of the database that cannot be used.
#[derive(Debug, Error)]
pub enum SettingsError {
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error(transparent)]
    Number(#[from] NumberError),
    #[error("{variable}={value} cannot be used; set it to {allowed}")]
    Word {
        variable: String,
        value: String,
        allowed: &'static str,
    },
}

impl Settings {
    /// Reads the settings of the program's own database. `None` when none is named.
    pub fn read(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Settings>, SettingsError> {
        Settings::read_from(Origin::default(), variable)
    }

    /// Reads the settings of a database that is named, and logged in to, by settings of other names,
    /// which errors name too.
    pub fn read_from(
        origin: Origin,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Settings>, SettingsError> {
        let Some(address) = Address::parse(&origin.url, &variable)? else {
            return Ok(None);
        };
        let through_pgbouncer = address.config.get_ports().contains(&6432);
        let seconds = |name, default| {
            let seconds = number(&variable, name, 1..=1000)?.unwrap_or(default);
            Ok::<_, NumberError>(Duration::from_secs(seconds as u64))
        };
        Ok(Some(Settings {
            authentication: authentication(&origin.auth, &variable)?,
            pool_size: number(&variable, "DATABASE_POOL_SIZE", 1..=1000)?.unwrap_or(8),
            connect_timeout: seconds("DATABASE_CONNECT_TIMEOUT", 5)?,
            statement_timeout: seconds("DATABASE_STATEMENT_TIMEOUT", 10)?,
            wait: seconds("DATABASE_WAIT", 5)?,
            prepared_statements: prepared(&variable, !through_pgbouncer)?,
            origin,
            address,
        }))
    }
}

fn authentication(
    name: &str,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<Authentication, SettingsError> {
    match variable(name).as_deref() {
        None | Some("password") => Ok(Authentication::Password),
        Some("entra") => Ok(Authentication::Entra),
        Some(other) => Err(SettingsError::Word {
            variable: name.to_owned(),
            value: other.to_owned(),
            allowed: "password or entra",
        }),
    }
}

fn prepared(
    variable: &impl Fn(&str) -> Option<String>,
    default: bool,
) -> Result<bool, SettingsError> {
    match variable("DATABASE_PREPARED_STATEMENTS").as_deref() {
        None => Ok(default),
        Some("on") => Ok(true),
        Some("off") => Ok(false),
        Some(other) => Err(SettingsError::Word {
            variable: "DATABASE_PREPARED_STATEMENTS".to_owned(),
            value: other.to_owned(),
            allowed: "on or off",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Option<Settings>, SettingsError> {
        Settings::read(|name| {
            let found = pairs.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn defaults_hold_where_nothing_is_set() {
        let settings = read(&[("DATABASE_URL", "postgres://u@db.example/items")])
            .expect("good")
            .expect("a database is named");
        assert_eq!(settings.pool_size, 8);
        assert_eq!(settings.wait, Duration::from_secs(5));
        assert!(settings.prepared_statements);
        assert!(read(&[]).expect("good").is_none());
    }

    #[test]
    fn statements_are_not_prepared_at_the_port_of_pgbouncer() {
        let url = ("DATABASE_URL", "postgres://u@db.example:6432/items");
        let prepared = |pairs: &[(&str, &str)]| {
            let settings = read(pairs).expect("good").expect("a database is named");
            settings.prepared_statements
        };
        assert!(!prepared(&[url]));
        assert!(prepared(&[url, ("DATABASE_PREPARED_STATEMENTS", "on")]));
    }

    #[test]
    fn values_that_cannot_be_used_name_their_variable() {
        let url = ("DATABASE_URL", "postgres://u@db.example/items");
        for pair in [
            ("DATABASE_POOL_SIZE", "0"),
            ("DATABASE_POOL_SIZE", "many"),
            ("DATABASE_WAIT", "-1"),
            ("DATABASE_AUTH", "kerberos"),
            ("DATABASE_PREPARED_STATEMENTS", "maybe"),
        ] {
            let error = read(&[url, pair]).expect_err(pair.0).to_string();
            assert!(error.contains(pair.0) && error.contains(pair.1), "{error}");
        }
    }
}
