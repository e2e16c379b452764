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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_otherwise_unchanged() {
        for (text, name) in [
            (" a new item ", "a new item"),
            ("\u{a0}\u{3000}x\n", "x"),
            ("e\u{301}", "e\u{301}"),
            ("👩‍👩‍👧", "👩‍👩‍👧"),
        ] {
            assert_eq!(ItemName::parse(text).expect(text).as_str(), name);
        }
    }

    #[test]
    fn a_name_has_1_to_255_characters_not_bytes() {
        assert!(ItemName::parse(&"🦀".repeat(255)).is_ok());
        let too_long = ItemName::parse(&"x".repeat(256));
        assert_eq!(too_long, Err(NameError::TooLong(256)));
        assert_eq!(ItemName::parse(" \t\u{2003} "), Err(NameError::Empty));
        assert_eq!(ItemName::parse(""), Err(NameError::Empty));
    }

    #[test]
    fn control_characters_and_invisible_names_are_rejected() {
        for (text, part) in [
            ("a\0b", "U+0000"),
            ("a\u{1b}b", "U+001B"),
            ("a\u{7f}b", "U+007F"),
            ("a\u{85}b", "U+0085"),
            ("a\nb", "U+000A"),
            ("a\u{202e}b", "U+202E"),
            ("\u{200b}\u{feff}", "invisible"),
        ] {
            let error = ItemName::parse(text).expect_err(text).to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
