//! `magnusapi doctor <folder|zip>`: would the Functions host run this app?
//!
//! A broken host.json, a route that does not parse or a program that cannot be started stops the
//! whole app in Azure; an unset `%SETTING%` switches one function off. Azure reports neither at the
//! deployment. The doctor finds both before it.

mod checks;
mod files;

use std::path::Path;

use thiserror::Error;

use crate::terminal::say;
pub use checks::{Finding, examine};
pub use files::{AppFile, FilesError, read};

/// The app is not fit to be deployed, or cannot be read.
#[derive(Debug, Error)]
pub enum DoctorError {
    /// The folder or zip.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// What was found has been printed.
    #[error("{0} findings; correct them and run `cargo xtask package` again")]
    Findings(usize),
}

/// Prints what is wrong with the app at `path`, or that nothing is.
pub fn run(path: &Path) -> Result<(), DoctorError> {
    let files = read(path)?;
    let findings = examine(&files);
    for finding in &findings {
        say(finding);
    }
    if findings.is_empty() {
        let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
        say(format_args!(
            "{}: good; {} files, {} KB unpacked",
            path.display(),
            files.len(),
            bytes / 1000
        ));
        Ok(())
    } else {
        Err(DoctorError::Findings(findings.len()))
    }
}
