//! The tables' place in `docs/benchmarks.md`: between two comments, one pair for each part.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

/// Puts `text` between the comments of `part`; everything else stays as it is.
pub(crate) fn replace(file: &Path, part: &str, text: &str) -> anyhow::Result<()> {
    let document =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let replaced = between(&document, part, text)
        .with_context(|| format!("cannot write the figures into {}", file.display()))?;
    fs::write(file, replaced).with_context(|| format!("cannot write {}", file.display()))
}

fn between(document: &str, part: &str, text: &str) -> anyhow::Result<String> {
    let begin = format!("<!-- begin {part} -->\n");
    let end = format!("<!-- end {part} -->\n");
    let Some((before, rest)) = document.split_once(&begin) else {
        bail!("it has no line `{}`: put it back", begin.trim_end());
    };
    let Some((_, after)) = rest.split_once(&end) else {
        bail!("it has no line `{}`: put it back", end.trim_end());
    };
    let text = text.trim();
    Ok(format!("{before}{begin}\n{text}\n\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_comments_changes() {
        let document = "a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n";
        let expected = "a\n<!-- begin x -->\n\nnew\n\n<!-- end x -->\nb\n";
        assert_eq!(
            between(document, "x", "new\n").expect("both are there"),
            expected
        );
        assert_eq!(
            between(expected, "x", "new\n").expect("both are there"),
            expected
        );
    }

    #[test]
    fn a_missing_comment_is_named() {
        let error = between("a", "x", "new").expect_err("none is there");
        assert!(error.to_string().contains("<!-- begin x -->"));
    }
}
