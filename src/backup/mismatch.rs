//! Something that is not what the backup says.

use std::fmt;

use serde::Serialize;

/// A stored file, a table or a definition that is not what the backup says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// Its name, with its kind unless it is a file.
    #[serde(rename = "file")]
    pub object: String,
    /// The difference.
    pub text: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.object, self.text)
    }
}
