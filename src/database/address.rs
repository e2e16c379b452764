//! Where the database is and how to reach it: `DATABASE_URL` laid over the `PG*` variables,
//! as libpq does it.
//!
//! `tokio_postgres` knows neither `sslmode=verify-full` nor `sslrootcert`, so these two are
//! taken out of the address before it reads the rest.

use std::path::PathBuf;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::tls_options;
use crate::environment::{SettingError, number};

/// A parsed address. Its `Debug` does not show the password.
#[derive(Clone, Debug)]
pub struct Address {
    /// Hosts, port, user, database and password, as `tokio_postgres` takes them.
    pub config: Config,
    /// Whether the database's name is the setting's own and not a default.
    pub names_database: bool,
    /// How far the server's certificate is checked.
    pub verification: Verification,
    /// Roots to trust instead of the platform's (`sslrootcert`, PEM).
    pub root_certificates: Option<PathBuf>,
}

/// The checks of the server's certificate by `sslmode` (libpq, "SSL Mode Descriptions").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// `disable`, `allow`, `prefer`, `require`: whatever certificate the server shows.
    None,
    /// `verify-ca`: a certificate that a trusted root signed, for whatever host.
    Authority,
    /// `verify-full`: a trusted certificate for this very host.
    Full,
}

impl Address {
    /// Reads what `variable` says of `setting`, and fills what that leaves open from the `PG*`
    /// variables. `None` when neither names a database server. No error repeats the address, which may
    /// contain a password.
    pub fn parse(
        setting: &str,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Address>, SettingError> {
        let url = variable(setting);
        if url.is_none() && variable("PGHOST").is_none() {
            return Ok(None);
        }
        if let Some(scheme) = url.as_deref().and_then(foreign_scheme) {
            return Err(SettingError::new(format!(
                "{setting} begins with {scheme}://, which is not PostgreSQL; write postgres://…"
            )));
        }
        let (rest, tls) = tls_options::take(url.as_deref().unwrap_or_default());
        let mut config: Config = rest.parse().map_err(|error| unreadable(setting, &error))?;
        let names_database = config.get_dbname().is_some_and(|name| !name.is_empty());
        fill(&mut config, &variable)?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(SettingError::new(format!(
                "{setting} names no host; write postgres://user@host/database, or host=…, there"
            )));
        }
        let mode = match tls.mode {
            Some(mode) => Some((setting, mode)),
            None => variable("PGSSLMODE").map(|mode| ("PGSSLMODE", mode)),
        };
        let verification = apply_mode(&mut config, mode)?;
        let root_certificates = tls
            .root_certificates
            .or_else(|| variable("PGSSLROOTCERT"))
            .filter(|path| path != "system")
            .map(PathBuf::from);
        Ok(Some(Address {
            config,
            names_database,
            verification,
            root_certificates,
        }))
    }

    /// The server in words for a log line: `user@host:port/database`, without the password.
    pub fn display(&self) -> String {
        format!(
            "{}@{}:{}/{}",
            self.config.get_user().unwrap_or("?"),
            self.host(),
            self.port(),
            self.config.get_dbname().unwrap_or("?")
        )
    }

    /// The first host: a name, an address, or a folder of sockets.
    pub fn host(&self) -> String {
        self.config.get_hosts().first().map_or_else(
            || {
                self.config
                    .get_hostaddrs()
                    .first()
                    .map_or_else(String::new, ToString::to_string)
            },
            |host| match host {
                Host::Tcp(name) => name.clone(),
                Host::Unix(folder) => folder.display().to_string(),
            },
        )
    }

    pub fn port(&self) -> u16 {
        self.config.get_ports().first().copied().unwrap_or(5432)
    }
}

/// The scheme of a URL that `tokio_postgres` would not take for one, and would read as `host=…`.
fn foreign_scheme(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once("://")?;
    let is_scheme = scheme
        .bytes()
        .all(|it| it.is_ascii_alphanumeric() || b"+.-".contains(&it));
    (is_scheme && !["postgres", "postgresql"].contains(&scheme)).then_some(scheme)
}

fn unreadable(setting: &str, error: &tokio_postgres::Error) -> SettingError {
    let source = std::error::Error::source(error);
    let reason = source.map_or_else(|| error.to_string(), ToString::to_string);
    SettingError::new(format!(
        "{setting} cannot be read ({reason}); write it as postgres://user:password@host:5432/database, or as \
         host=… user=… dbname=…"
    ))
}

fn fill(
    config: &mut Config,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<(), SettingError> {
    if config.get_hosts().is_empty()
        && config.get_hostaddrs().is_empty()
        && let Some(host) = variable("PGHOST")
    {
        config.host(&host);
    }
    if config.get_ports().is_empty()
        && let Some(port) = number(variable, "PGPORT", 1..=u16::MAX)?
    {
        config.port(port);
    }
    if config.get_user().is_none() {
        let user = variable("PGUSER").or_else(|| variable("USER"));
        config.user(user.as_deref().unwrap_or("postgres"));
    }
    if config.get_password().is_none()
        && let Some(password) = variable("PGPASSWORD")
    {
        config.password(password);
    }
    if config.get_dbname().is_none() {
        let user = config.get_user().unwrap_or("postgres").to_owned();
        config.dbname(variable("PGDATABASE").unwrap_or(user));
    }
    if config.get_application_name().is_none() {
        config.application_name(variable("PGAPPNAME").unwrap_or_else(|| "magnusapi".into()));
    }
    Ok(())
}

/// Sets the mode that `tokio_postgres` knows and returns the rest, which our verifier checks.
/// Without a mode, only a server on this machine may go without a checked certificate.
fn apply_mode(
    config: &mut Config,
    mode: Option<(&str, String)>,
) -> Result<Verification, SettingError> {
    let default = if is_local(config) {
        "prefer"
    } else {
        "verify-full"
    };
    let (setting, mode) = mode.unwrap_or_else(|| ("", default.to_owned()));
    let (mode, verification) = match mode.as_str() {
        "disable" => (SslMode::Disable, Verification::None),
        "allow" | "prefer" => (SslMode::Prefer, Verification::None),
        "require" => (SslMode::Require, Verification::None),
        "verify-ca" => (SslMode::Require, Verification::Authority),
        "verify-full" => (SslMode::Require, Verification::Full),
        _ => {
            return Err(SettingError::new(format!(
                "sslmode={mode} is not one of disable, allow, prefer, require, verify-ca, verify-full; set one of \
                 these in {setting}"
            )));
        }
    };
    config.ssl_mode(mode);
    Ok(verification)
}

fn is_local(config: &Config) -> bool {
    let addresses = config.get_hostaddrs();
    if !addresses.is_empty() {
        return addresses.iter().all(std::net::IpAddr::is_loopback);
    }
    config.get_hosts().iter().all(|host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost"
                || name
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Option<Address>, SettingError> {
        Address::parse("SOME_URL", |name| {
            (name == "SOME_URL").then(|| url.to_owned())
        })
    }

    fn parse(url: &str) -> Address {
        let address = read(url).expect("the address is good");
        address.expect("it names a server")
    }

    #[test]
    fn a_remote_server_is_verified_in_full_unless_the_address_says_otherwise() {
        let address = parse("postgres://u:p@db.example/items");
        assert_eq!(address.verification, Verification::Full);
        assert_eq!(address.config.get_ssl_mode(), SslMode::Require);
    }

    #[test]
    fn a_server_on_this_machine_may_go_without_tls() {
        for url in [
            "postgres://u@localhost/items",
            "postgres://u@127.0.0.1/items",
            "host=/run/postgresql user=u",
            "host=::1 user=u",
        ] {
            let address = parse(url);
            assert_eq!(address.config.get_ssl_mode(), SslMode::Prefer, "{url}");
        }
    }

    #[test]
    fn modes_and_roots_are_taken_out_of_both_forms() {
        for url in [
            "postgres://u@db.example/items?sslmode=verify-ca&sslrootcert=%2Fetc%2Fmy%20ca.pem&connect_timeout=3",
            "host=db.example sslmode=verify-ca user=u sslrootcert = '/etc/my ca.pem' connect_timeout=3",
        ] {
            let address = parse(url);
            assert_eq!(address.verification, Verification::Authority, "{url}");
            assert_eq!(
                address.root_certificates.as_deref(),
                Some(std::path::Path::new("/etc/my ca.pem")),
                "{url}"
            );
            assert_eq!(
                address.config.get_connect_timeout(),
                Some(&std::time::Duration::from_secs(3))
            );
        }
    }

    #[test]
    fn a_password_with_quotes_and_spaces_survives() {
        let address = parse(r"host=localhost password='a \' = sslmode=disable b' user=u");
        assert_eq!(
            address.config.get_password(),
            Some(&b"a ' = sslmode=disable b"[..])
        );
        assert_eq!(address.config.get_ssl_mode(), SslMode::Prefer);
    }

    #[test]
    fn pg_variables_fill_what_the_url_leaves_open() {
        let variables = |name: &str| match name {
            "PGHOST" => Some("pg.example".to_owned()),
            "PGPORT" => Some("6432".to_owned()),
            "PGUSER" => Some("ada".to_owned()),
            "PGPASSWORD" => Some("secret".to_owned()),
            "PGSSLMODE" => Some("require".to_owned()),
            _ => None,
        };
        let address = Address::parse("SOME_URL", variables)
            .expect("good")
            .expect("PGHOST is set");
        assert_eq!(address.display(), "ada@pg.example:6432/ada");
        assert_eq!(address.verification, Verification::None);
        assert!(!format!("{address:?}").contains("secret"));
        let nothing = Address::parse("SOME_URL", |_| None);
        assert!(nothing.expect("good").is_none());
    }

    #[test]
    fn errors_say_what_to_do_and_never_repeat_a_password() {
        for (url, says) in [
            ("postgres://u:hunter2@h:notaport/x", "SOME_URL cannot"),
            ("postgres://u:hunter2@h/x?sslmode=maybe", "in SOME_URL"),
            ("mysql://u:hunter2@h/x", "SOME_URL begins with mysql://"),
            ("password=hunter2 user=u", "SOME_URL names no host"),
            ("password=hunter2 host=h nonsense=1", "SOME_URL cannot"),
        ] {
            let error = read(url).expect_err(url).to_string();
            assert!(error.contains(says), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
