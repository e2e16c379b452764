//! The command line and the environment of the handler.
//!
//! Source: Azure/azure-functions-host, `HttpWorkerDescription.cs`, `HttpWorkerProcess.cs`,
//! `DefaultWorkerProcessFactory.cs`.

use std::{
    collections::BTreeMap,
    io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::Stdio,
};

use funcapp::{CustomHandler, Settings};
use tokio::{
    net::TcpSocket,
    process::{Child, Command},
};
use uuid::Uuid;

/// Everything needed to start the handler, as often as it takes.
pub(crate) struct Launch {
    program: PathBuf,
    arguments: Vec<String>,
    folder: PathBuf,
    environment: BTreeMap<String, String>,
    own_process_group: bool,
}

impl Launch {
    pub(crate) fn new(
        app_folder: &Path,
        handler: &CustomHandler,
        settings: &Settings,
        port: u16,
        own_process_group: bool,
    ) -> Self {
        let environment = environment(app_folder, settings, port);
        let inside = |folder: Option<&String>| match folder {
            Some(folder) => app_folder.join(expand(folder, &environment)),
            None => app_folder.to_owned(),
        };
        let program = expand(&handler.executable, &environment);
        Self {
            program: executable(&inside(handler.worker_directory.as_ref()), &program),
            arguments: arguments(&handler.arguments, &environment),
            folder: inside(handler.working_directory.as_ref()),
            environment,
            own_process_group,
        }
    }

    /// Starts the handler. It is killed when the returned child is dropped. An error names the program and the remedy.
    pub(super) fn start(&self) -> Result<Child, String> {
        self.spawn().map_err(|error| {
            let (program, folder) = (self.program.display(), self.folder.display());
            format!(
                "cannot start the handler {program} in {folder}: {error}; build it, and correct \
                 customHandler.description in host.json"
            )
        })
    }

    fn spawn(&self) -> io::Result<Child> {
        std::fs::create_dir_all(&self.folder)?;
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .current_dir(&self.folder)
            .env_clear()
            .envs(&self.environment)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if self.own_process_group {
            command.process_group(0);
        }
        command.spawn()
    }
}

/// A port for the handler, and a socket that keeps others from getting it. Both this socket and the handler's have
/// `SO_REUSEADDR`, and this one does not listen, so that the handler can listen.
pub(crate) fn free_port() -> io::Result<(u16, TcpSocket)> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    Ok((socket.local_addr()?.port(), socket))
}

fn environment(app_folder: &Path, settings: &Settings, port: u16) -> BTreeMap<String, String> {
    let mut environment: BTreeMap<String, String> = settings
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    // As `func` does; in Azure the variable is absent.
    environment
        .entry("AZURE_FUNCTIONS_ENVIRONMENT".to_owned())
        .or_insert_with(|| "Development".to_owned());
    let worker = Uuid::new_v4().to_string();
    let folder = app_folder.display().to_string();
    for (name, value) in [
        ("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string()),
        ("FUNCTIONS_HTTPWORKER_PORT", port.to_string()),
        ("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", worker.clone()),
        ("FUNCTIONS_HTTPWORKER_ID", worker),
        ("FUNCTIONS_APP_ROOT_PATH", folder),
    ] {
        environment.insert(name.to_owned(), value);
    }
    environment
}

/// A relative path that exists in the worker's folder, or else a command for the system to find.
fn executable(worker_folder: &Path, program: &str) -> PathBuf {
    let inside = worker_folder.join(program);
    if inside.exists() {
        inside
    } else {
        PathBuf::from(program)
    }
}

/// The host joins arguments with spaces and without quotes, so one with a space becomes two; quotes
/// that it brings along hold it together.
fn arguments(arguments: &[String], environment: &BTreeMap<String, String>) -> Vec<String> {
    let line = expand(&arguments.join(" "), environment);
    let mut split: Vec<String> = Vec::new();
    let (mut quoted, mut within) = (false, false);
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ' ' if !quoted => {
                within = false;
                continue;
            }
            _ => {}
        }
        if !within {
            split.push(String::new());
            within = true;
        }
        if character != '"' {
            split.last_mut().expect("pushed above").push(character);
        }
    }
    split
}

/// `text` with every `%NAME%` replaced by the variable, or by nothing where it is not set.
fn expand(text: &str, environment: &BTreeMap<String, String>) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        let Some((name, tail)) = after.split_once('%') else {
            break;
        };
        expanded.push_str(before);
        expanded.push_str(environment.get(name).map_or("", String::as_str));
        rest = tail;
    }
    expanded + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_expanded_unknown_ones_vanish_and_quotes_hold() {
        let environment = BTreeMap::from([
            ("MY_VAR".to_owned(), "v w".to_owned()),
            ("FUNCTIONS_CUSTOMHANDLER_PORT".to_owned(), "7".to_owned()),
        ]);
        let given = ["--a", "b c", "%MY_VAR%", "%NOT_SET%"];
        let given = [
            &given[..],
            &["x%FUNCTIONS_CUSTOMHANDLER_PORT%y", "\"q r\"", "100%"],
        ]
        .concat();
        let given: Vec<String> = given.into_iter().map(str::to_owned).collect();
        let expected = ["--a", "b", "c", "v", "w", "x7y", "q r", "100%"];
        assert_eq!(arguments(&given, &environment), expected);
    }

    #[test]
    fn an_executable_in_the_folder_goes_before_one_of_the_path() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(executable(folder.path(), "sh"), PathBuf::from("sh"));
        std::fs::write(folder.path().join("sh"), "").expect("a new file");
        assert_eq!(executable(folder.path(), "sh"), folder.path().join("sh"));
    }
}
