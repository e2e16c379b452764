//! The database's settings, each with its variable, unit and default.

use std::time::Duration;

use super::address::Address;
use crate::environment::{SettingError, number, seconds, word};

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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// With the address's password, if it has one.
    Password,
    /// With a token of this program's Azure identity as the password.
    Entra,
}

impl Settings {
    /// Reads the settings of the program's own database. `None` when none is named.
    pub fn read(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Settings>, SettingError> {
        Settings::read_from(Origin::default(), variable)
    }

    /// Reads the settings of a database that is named, and logged in to, by settings of other names,
    /// which errors name too.
    pub fn read_from(
        origin: Origin,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Settings>, SettingError> {
        let Some(address) = Address::parse(&origin.url, &variable)? else {
            return Ok(None);
        };
        let through_pgbouncer = address.config.get_ports().contains(&6432);
        let time = |name, default| seconds(&variable, name, 1..=1000, default);
        let logins = [
            ("password", Authentication::Password),
            ("entra", Authentication::Entra),
        ];
        let authentication = word(&variable, &origin.auth, &logins)?;
        let switch = [("on", true), ("off", false)];
        let prepared = word(&variable, "DATABASE_PREPARED_STATEMENTS", &switch)?;
        Ok(Some(Settings {
            authentication: authentication.unwrap_or(Authentication::Password),
            pool_size: number(&variable, "DATABASE_POOL_SIZE", 1..=1000)?.unwrap_or(8),
            connect_timeout: time("DATABASE_CONNECT_TIMEOUT", 5)?,
            statement_timeout: time("DATABASE_STATEMENT_TIMEOUT", 10)?,
            wait: time("DATABASE_WAIT", 5)?,
            prepared_statements: prepared.unwrap_or(!through_pgbouncer),
            origin,
            address,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment;

    fn read(pairs: &[(&str, &str)]) -> Result<Option<Settings>, SettingError> {
        Settings::read(environment::of(pairs))
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
}
