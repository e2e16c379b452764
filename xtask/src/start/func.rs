//! Azure Functions Core Tools on PATH, and their version.

use std::process::Command;

use anyhow::{Context, bail};
use semver::Version;

use crate::process;

/// The first version whose host proxies requests to a custom handler (`enableProxyingHttpRequest`). An older
/// one posts envelopes without a warning.
const OLDEST: Version = Version::new(4, 1, 0);

/// Fails unless the `func` on PATH is new enough.
pub(super) fn require_version() -> anyhow::Result<()> {
    let text = process::stdout(Command::new("func").arg("--version"))
        .context("cannot determine the version of `func`")?;
    let version = Version::parse(&text)
        .with_context(|| format!("`func --version` prints {text:?}, which is not a version"))?;
    if version < OLDEST {
        bail!(
            "`func` is version {version}, and its host does not pass HTTP requests on to a custom handler. Version \
             {OLDEST} does: `npm install --global azure-functions-core-tools@4`, or use `--host devhost`"
        );
    }
    Ok(())
}
