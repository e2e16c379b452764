//! An item's name, checked.

use schedule::check_text;
use serde::Deserialize;
use thiserror::Error;

/// 1 to 255 characters (Unicode scalar values) without white space at both ends. At least one is visible,
/// and none is a control character or a bidirectional override. The text is not normalized.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct ItemName(String);

/// Why a text is not a name.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NameError {
    /// The text is empty after trimming.
    #[error("it is empty; give 1 to 255 characters other than white space")]
    Empty,
    #[error("it has {0} characters; give at most 255")]
    TooLong(usize),
    /// The text is not visible, or has forbidden characters.
    #[error("{0}")]
    Text(String),
}

impl ItemName {
    /// Maximum number of characters.
    pub const LIMIT: usize = 255;

    /// Trims `text` and checks the rest.
    pub fn parse(text: &str) -> Result<ItemName, NameError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        let length = text.chars().count();
        if length > Self::LIMIT {
            return Err(NameError::TooLong(length));
        }
        check_text(text).map_err(|error| NameError::Text(error.to_string()))?;
        Ok(ItemName(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ItemName {
    type Error = NameError;

    fn try_from(text: String) -> Result<ItemName, NameError> {
        ItemName::parse(&text)
    }
}
