//! Findings of lint, and how they are reported.

use std::fmt;

use serde::Serialize;

use super::parts::{Lines, Part};

/// A mistake in a schedule, or a probable one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    pub part: Part,
    /// The mistake, and its remedy.
    pub text: String,
    /// Another part that the text mentions.
    pub see: Option<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The schedule is applied, but its author probably means another one.
    Warning,
    /// The schedule is not applied.
    Error,
}

/// A finding with its line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LocatedFinding {
    pub severity: Severity,
    pub line: usize,
    pub text: String,
}

impl Finding {
    pub fn error(part: Part, text: impl Into<String>) -> Finding {
        Finding {
            severity: Severity::Error,
            part,
            text: text.into(),
            see: None,
        }
    }

    pub fn warning(part: Part, text: impl Into<String>) -> Finding {
        Finding {
            severity: Severity::Warning,
            ..Finding::error(part, text)
        }
    }
}

impl Lines {
    /// The findings with their lines, in the order of the file.
    pub fn locate(&self, findings: impl IntoIterator<Item = Finding>) -> Vec<LocatedFinding> {
        let located = findings.into_iter().map(|it| LocatedFinding {
            severity: it.severity,
            line: self.of(&it.part),
            text: match it.see {
                Some(part) => format!("{}; see line {}", it.text, self.of(&part)),
                None => it.text,
            },
        });
        let mut located: Vec<LocatedFinding> = located.collect();
        located.sort_by_key(|finding| finding.line);
        located
    }
}

/// `line 14: error: …`
impl fmt::Display for LocatedFinding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(formatter, "line {}: {severity}: {}", self.line, self.text)
    }
}
