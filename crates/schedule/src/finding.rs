//! Findings of lint, and how they are reported.

use std::fmt;

use serde::Serialize;

/// A mistake in a schedule, or a probable one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub severity: Severity,
    /// Of the part of the file that it is about, from 1.
    pub line: usize,
    /// The mistake, and its remedy.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The schedule is applied, but its author probably means another one.
    Warning,
    /// The schedule is not applied.
    Error,
}

impl Finding {
    pub fn error(line: usize, text: impl Into<String>) -> Finding {
        Finding {
            severity: Severity::Error,
            line,
            text: text.into(),
        }
    }

    pub fn warning(line: usize, text: impl Into<String>) -> Finding {
        Finding {
            severity: Severity::Warning,
            ..Finding::error(line, text)
        }
    }
}

/// `line 14: error: …`
impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(formatter, "line {}: {severity}: {}", self.line, self.text)
    }
}
