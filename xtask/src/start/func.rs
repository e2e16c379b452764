//! Azure Functions Core Tools on PATH, and their version.

use std::process::Command;

use anyhow::{Context, bail};

use crate::process;

/// The first version whose host proxies requests to a custom handler (`enableProxyingHttpRequest`). An older
/// one posts envelopes without a warning.
const OLDEST: [u32; 3] = [4, 1, 0];

/// Fails unless the `func` on PATH is new enough.
pub(super) fn require_version() -> anyhow::Result<()> {
    let text = process::stdout(Command::new("func").arg("--version"))
        .context("cannot determine the version of `func`")?;
    let version = parse(&text)
        .with_context(|| format!("`func --version` prints {text:?}, which is not a version"))?;
    if version < OLDEST {
        bail!(
            "`func` is version {}, and its host does not pass HTTP requests on to a custom handler. Version \
             4.1.0 does: `npm install --global azure-functions-core-tools@4`, or use `--host devhost`",
            text.trim()
        );
    }
    Ok(())
}

/// The first three numbers of `4.14.0` or `4.0.6594-preview+abc`.
fn parse(text: &str) -> Option<[u32; 3]> {
    let mut numbers = text
        .trim()
        .split(|it: char| !it.is_ascii_digit())
        .map(str::parse);
    let mut next = || numbers.next()?.ok();
    Some([next()?, next()?, next()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_compared_as_numbers() {
        assert_eq!(parse("4.14.0\n"), Some([4, 14, 0]));
        assert_eq!(parse("4.0.6594-preview+abc"), Some([4, 0, 6594]));
        assert_eq!(parse("Azure Functions Core Tools"), None);
        assert!([4, 0, 6594] < OLDEST && OLDEST <= [4, 14, 0]);
    }
}
