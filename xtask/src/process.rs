//! Running a program to its end, with errors that name it.

use std::env;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, anyhow, bail};

/// Runs `command` with the stdout and stderr of this process.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command
        .status()
        .map_err(|error| not_started(command, &error))?;
    succeeded(command, status)
}

/// Runs `command` with `text` as its input.
pub(crate) fn fed(command: &mut Command, text: &str) -> anyhow::Result<()> {
    let mut running = command
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|error| not_started(command, &error))?;
    let mut input = running.stdin.take().expect("it is piped");
    // The status explains the failure of a program that ends before it has read everything.
    let written = input.write_all(text.as_bytes());
    drop(input);
    let status = running.wait().context("cannot wait for a program")?;
    succeeded(command, status)?;
    written.with_context(|| format!("`{}` did not read its input", line(command)))
}

/// Runs `command` and returns its stdout, without the last line break.
pub(crate) fn stdout(command: &mut Command) -> anyhow::Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| not_started(command, &error))?;
    succeeded(command, output.status)?;
    let text = String::from_utf8(output.stdout)
        .with_context(|| format!("`{}` wrote bytes that are not UTF-8", line(command)))?;
    Ok(text.trim_end().to_owned())
}

/// Whether `command` succeeds. Its output is discarded, and a missing program fails.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The executable file called `program` on PATH, if there is one.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|file| is_executable(file))
}

/// Whether `file` has an executable bit.
pub(crate) fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Returns an error that names `command` if it failed.
pub(crate) fn succeeded(command: &Command, status: ExitStatus) -> anyhow::Result<()> {
    if !status.success() {
        bail!("`{}` ended with {status}", line(command));
    }
    Ok(())
}

/// The error for a `command` that did not start.
pub(crate) fn not_started(command: &Command, error: &std::io::Error) -> anyhow::Error {
    let program = command.get_program().display();
    match error.kind() {
        ErrorKind::NotFound => anyhow!("`{program}` was not found: install it, or put it on PATH"),
        _ => anyhow!("`{program}` could not be started: {error}"),
    }
}

/// The command as one line, its program without the folder, as a person would type it.
pub(crate) fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    std::iter::once(name)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_names_the_command_and_its_exit_status() {
        let error = run(Command::new("sh").args(["-c", "exit 3"])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`sh -c exit 3` ended with exit status: 3"
        );
    }

    #[test]
    fn missing_programs_are_reported_as_missing() {
        let error = run(&mut Command::new("no-such-program-here")).unwrap_err();
        assert!(error.to_string().contains("was not found"), "{error}");
    }
}
