//! `magnusapi doctor <folder|zip>` checks whether the Functions host would run an app.
//!
//! A broken host.json, a route that does not parse or a program that cannot start stops the whole app in Azure;
//! an unset `%SETTING%` disables one function. Azure does not report these errors in a deployment. The doctor
//! finds them before.

mod checks;
mod files;

use std::path::Path;

use crate::exit::{Exit, Failure};
use crate::terminal::say;
pub use checks::{Finding, examine};
pub use files::{AppFile, read};

/// Checks the app at `path` and prints the findings.
pub(crate) fn run(path: &Path) -> Result<(), Failure> {
    let files = read(path).map_err(|error| Failure::new(Exit::Failed, error))?;
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
        let text = format!(
            "the app has {} errors, see above; correct them and run `cargo xtask package` again",
            findings.len()
        );
        Err(Failure::new(Exit::Failed, text))
    }
}
