//! The options and settings of a throw-away server.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::account::Account;
use crate::{Error, Programs, cluster};

/// Fast settings for data that is not needed later. Shared memory is in the folder, and is removed with it.
const FAST: [(&str, &str); 6] = [
    ("autovacuum", "off"),
    ("dynamic_shared_memory_type", "mmap"),
    ("max_connections", "200"),
    ("max_wal_senders", "0"),
    ("shared_buffers", "64MB"),
    ("wal_level", "minimal"),
];

/// Committed data survives a crash of the server, but not of the machine.
const UNFLUSHED: [(&str, &str); 3] = [
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
];

/// The options of a [`Throwaway`](crate::Throwaway).
#[derive(Debug, Clone, Default)]
pub struct ThrowawayOptions {
    /// More server settings, name and value, which override the built-in ones.
    pub settings: Vec<(String, String)>,
    /// Lines of `pg_hba.conf` before those of `initdb`, which admit every client.
    pub hba: Vec<String>,
    /// Whether it listens on a free port of 127.0.0.1 too.
    pub tcp: bool,
    /// Whether it flushes to disk, as in production.
    pub durable: bool,
    /// Certificate and key (PEM): the server offers TLS.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// A folder of locales that `localedef` compiled.
    pub locales: Option<PathBuf>,
}

/// The server's command line, for the cluster `data` in `folder`.
pub(crate) fn command_line(
    programs: &Programs,
    folder: &Path,
    port: u16,
    options: &ThrowawayOptions,
) -> Vec<OsString> {
    let mut command: Vec<OsString> = Vec::new();
    if let Some(locales) = &options.locales {
        let mut variable = OsString::from("LOCPATH=");
        variable.push(locales);
        command.extend(["env".into(), variable]);
    }
    command.extend(cluster::server(
        programs,
        &folder.join("data"),
        folder,
        port,
    ));
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

/// Puts `lines` before those of `initdb`, which admit every client. The first line that matches a client applies.
pub(crate) fn admit(data: &Path, lines: &[String]) -> Result<(), Error> {
    let file = data.join("pg_hba.conf");
    let trusting = fs::read_to_string(&file).map_err(Error::file("read", &file))?;
    fs::write(&file, format!("{}\n{trusting}", lines.join("\n")))
        .map_err(Error::file("write", &file))
}

/// Copies the files, because the server must own its key, and no other account may read it.
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

/// A port below those that the system gives to clients (32768 and up): no connection can use it during a restart of the
/// server. The first candidate depends on the process and the time.
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
    free.ok_or_else(|| {
        Error(
            "found no free port on 127.0.0.1 between 20000 and 32000: end some of the servers there"
                .into(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_port_is_below_the_ports_of_clients() {
        assert!((20_000..32_000).contains(&free_port().expect("some port is free")));
    }
}
