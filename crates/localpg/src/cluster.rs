//! Creates, starts and addresses a server of either kind.

use std::ffi::OsString;
use std::path::Path;

use crate::account::Account;
use crate::{Error, Programs};

/// The only role of a new cluster.
pub(crate) const SUPERUSER: &str = "postgres";

/// Creates a cluster in `data`, which must not exist. Its roles need no password: the folder of the
/// socket keeps other accounts out. The C locale sorts equally on every machine and major version.
pub(crate) fn create(
    programs: &Programs,
    account: &Account,
    data: &Path,
    flag: &str,
) -> Result<(), Error> {
    let initdb = programs.path("initdb");
    let mut command = account.command(&initdb);
    command
        .args(["--auth=trust", "--encoding=UTF8", "--locale=C", flag])
        .arg(format!("--username={SUPERUSER}"))
        .arg("-D")
        .arg(data);
    let output = command.output().map_err(Error::run(&initdb))?;
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr);
    let (data, message) = (data.display(), message.trim());
    Err(Error(format!(
        "could not make a new cluster in {data}: {message}"
    )))
}

/// The server's command line. The port is only a part of the socket's name, unless a setting makes the server listen.
pub(crate) fn server(
    programs: &Programs,
    data: &Path,
    socket_folder: &Path,
    port: u16,
) -> Vec<OsString> {
    let mut words = vec![
        programs.path("postgres").into_os_string(),
        "-D".into(),
        data.into(),
    ];
    words.extend([
        "-k".into(),
        socket_folder.into(),
        "-p".into(),
        port.to_string().into(),
    ]);
    words.extend(setting("listen_addresses", ""));
    words
}

/// A setting on the server's command line. The last one with a name applies.
pub(crate) fn setting(name: &str, value: &str) -> [OsString; 2] {
    ["-c".into(), format!("{name}={value}").into()]
}

/// A connection string in keyword form, for libpq and tokio-postgres. The name of `role` needs no quotes.
pub(crate) fn url(socket_folder: &Path, port: u16, role: &str, database: &str) -> String {
    let database = database.replace('\\', "\\\\").replace('\'', "\\'");
    let quote = if database.contains([' ', '\\']) || database.is_empty() {
        "'"
    } else {
        ""
    };
    format!(
        "host={} port={port} user={role} dbname={quote}{database}{quote}",
        socket_folder.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_names_the_socket_folder_and_the_database() {
        assert_eq!(
            url(Path::new("/data"), 5432, SUPERUSER, "item"),
            "host=/data port=5432 user=postgres dbname=item"
        );
    }

    #[test]
    fn database_names_with_spaces_and_quotes_are_quoted() {
        assert!(url(Path::new("/d"), 1, "app", "my items").ends_with("dbname='my items'"));
        assert!(url(Path::new("/d"), 1, "app", "it's").ends_with(r"dbname='it\'s'"));
    }
}
