//! Reading a changelog in the form of Keep a Changelog.

use anyhow::{Context, bail};

/// The text under the heading of `version`, which must be the newest one. Text under "Unreleased" would be missing
/// from the release, so it is an error.
pub(super) fn section<'a>(changelog: &'a str, version: &str) -> anyhow::Result<&'a str> {
    let mut sections = changelog.split("\n## ").skip(1).map(|section| {
        let (heading, text) = section.split_once('\n').unwrap_or((section, ""));
        (heading.trim(), text.trim())
    });
    let mut newest = sections.next();
    if let Some(("[Unreleased]", text)) = newest {
        if !text.is_empty() {
            bail!(
                "CHANGELOG.md has something under \"Unreleased\": give it the heading \
                 `## [{version}] - <date>`, with an empty `## [Unreleased]` above"
            );
        }
        newest = sections.next();
    }
    let (heading, text) = newest.with_context(|| {
        format!("CHANGELOG.md has no version yet: it needs the heading `## [{version}] - <date>`")
    })?;
    let date = heading
        .strip_prefix('[')
        .and_then(|rest| rest.strip_prefix(version))
        .and_then(|rest| rest.strip_prefix("] - "));
    match date {
        None => bail!(
            "the newest version in CHANGELOG.md is `{heading}`, and Cargo.toml says {version}: bring \
             them together"
        ),
        Some(date) if !is_date(date) => {
            bail!("CHANGELOG.md dates {version} `{date}`: write the day as 2026-11-24")
        }
        Some(_) if text.is_empty() => bail!("CHANGELOG.md says nothing about {version}"),
        Some(_) => Ok(text),
    }
}

/// Whether it has the form of a day in ISO 8601. The length of the month is not checked.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_digits = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    parts.iter().map(|part| part.len()).eq([4, 2, 2]) && parts.iter().all(is_digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-11-24\n\n### Added\n\n- A thing.\n\n## [1.1.0] - 2026-10-01\n\n- Old.\n";

    fn refused(changelog: &str, version: &str) -> String {
        section(changelog, version).unwrap_err().to_string()
    }

    #[test]
    fn newest_section_is_the_text_of_the_release() {
        assert_eq!(section(GOOD, "1.2.0").unwrap(), "### Added\n\n- A thing.");
        let without = GOOD.replace("## [Unreleased]\n\n", "");
        assert_eq!(
            section(&without, "1.2.0").unwrap(),
            "### Added\n\n- A thing."
        );
    }

    #[test]
    fn other_versions_than_that_of_cargo_toml_are_refused() {
        for version in ["1.2.1", "1.2", "1.1.0", "11.2.0"] {
            assert!(refused(GOOD, version).contains("[1.2.0] - 2026-11-24"));
        }
    }

    #[test]
    fn unreleased_missing_and_undated_texts_are_refused() {
        let unreleased = GOOD.replace("[Unreleased]\n", "[Unreleased]\n\n- New.\n");
        assert!(refused(&unreleased, "1.2.0").contains("Unreleased"));
        let silent = GOOD.replace("### Added\n\n- A thing.\n\n", "");
        assert!(refused(&silent, "1.2.0").contains("says nothing"));
        let undated = GOOD.replace("2026-11-24", "today");
        assert!(refused(&undated, "1.2.0").contains("`today`"));
        assert!(refused("# Changelog\n\n## [Unreleased]\n", "1.2.0").contains("no version"));
    }
}
