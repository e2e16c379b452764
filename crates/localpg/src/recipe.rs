//! What a throw-away server is made of: its settings, and what its tests ask for beyond them.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::account::Account;
use crate::{Error, Programs, cluster};

/// Speed for data that nobody misses. Shared memory lies in the folder, so that it goes with it.
const FAST: [(&str, &str); 6] = [
    ("autovacuum", "off"),
    ("dynamic_shared_memory_type", "mmap"),
    ("max_connections", "200"),
    ("max_wal_senders", "0"),
    ("shared_buffers", "64MB"),
    ("wal_level", "minimal"),
];

/// A crash of the server alone keeps what was committed even so, but not one of the machine.
const UNFLUSHED: [(&str, &str); 3] = [
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
];

/// How a [`Throwaway`](crate::Throwaway) differs from the plain one.
#[derive(Debug, Clone, Default)]
pub struct ThrowawayOptions {
    /// More server settings, name and value; they win over the built-in ones.
    pub settings: Vec<(String, String)>,
    /// Lines of `pg_hba.conf` that come before those which let everybody in.
    pub hba: Vec<String>,
    /// Listen on 127.0.0.1 too, on a free port.
    pub tcp: bool,
    /// Keep flushing to disk, as production does.
    pub durable: bool,
    /// Certificate and key (PEM): the server offers TLS.
    pub tls: Option<(PathBuf, PathBuf)>,
}

/// The server's command line, for the cluster `data` in `folder`.
pub(crate) fn command_line(
    programs: &Programs,
    folder: &Path,
    port: u16,
    options: &ThrowawayOptions,
) -> Vec<OsString> {
    let mut command = cluster::server(programs, &folder.join("data"), folder, port);
    let mut settings = FAST.to_vec();
    if !options.durable {
        settings.extend(UNFLUSHED);
    }
    if options.tcp {
        settings.push(("listen_addresses", "127.0.0.1"));
    }
    if options.tls.is_some() {
        settings.push(("ssl", "on"));
    }
    settings.extend(
        options
            .settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    );
    command.extend(
        settings
            .into_iter()
            .flat_map(|(name, value)| cluster::setting(name, value)),
    );
    command
}

/// Puts `lines` before those of `initdb`, which let everybody in; the first line that fits a client
/// counts.
pub(crate) fn admit(data: &Path, lines: &[String]) -> Result<(), Error> {
    let file = data.join("pg_hba.conf");
    let trusting = fs::read_to_string(&file).map_err(Error::file("read", &file))?;
    fs::write(&file, format!("{}\n{trusting}", lines.join("\n")))
        .map_err(Error::file("write", &file))
}

/// Copies, because the server insists on a key that is its own and that nobody else can read.
pub(crate) fn install_tls(
    account: &Account,
    data: &Path,
    options: &ThrowawayOptions,
) -> Result<(), Error> {
    let Some((certificate, key)) = &options.tls else {
        return Ok(());
    };
    for (from, name) in [(certificate, "server.crt"), (key, "server.key")] {
        let copy = data.join(name);
        fs::copy(from, &copy).map_err(Error::file("copy", from))?;
        fs::set_permissions(&copy, Permissions::from_mode(0o600))
            .map_err(Error::file("make private", &copy))?;
        account.own(&copy)?;
    }
    Ok(())
}

/// A port below those that the system gives to clients (32768 and up): while the server is down for
/// a restart, no connection of anybody's can take its place. Where to begin differs from process to
/// process and time to time.
pub(crate) fn free_port() -> Result<u16, Error> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .subsec_nanos();
    let begin = process::id().wrapping_mul(7919).wrapping_add(now);
    let ports = (0..1000)
        .map(|step| 20_000 + u16::try_from(begin.wrapping_add(step) % 12_000).unwrap_or_default());
    let free = ports
        .into_iter()
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.ok_or(Error::NoPort)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_is_none_that_a_client_could_hold() {
        assert!((20_000..32_000).contains(&free_port().expect("some port is free")));
    }
}
