//! An item's name, checked.

use thiserror::Error;

/// 1 to 255 characters (Unicode scalar values) without white space at its ends and without
/// control characters; otherwise as it came, not normalized.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemName(String);

/// Why a text is no name.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NameError {
    /// Nothing is left after trimming.
    #[error("it is empty; give 1 to 255 characters other than white space")]
    Empty,
    /// Too many characters.
    #[error("it has {0} characters; give at most 255")]
    TooLong(usize),
    /// A control character, line feed and NUL among them.
    #[error("it holds the control character U+{:04X}; leave it out", *.0 as u32)]
    Control(char),
}

impl ItemName {
    /// Characters at most.
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
        match text.chars().find(|letter| letter.is_control()) {
            Some(letter) => Err(NameError::Control(letter)),
            None => Ok(ItemName(text.to_owned())),
        }
    }

    /// The name's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_otherwise_kept_as_it_came() {
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
    fn control_characters_are_refused_by_name() {
        for letter in ['\0', '\u{1b}', '\u{7f}', '\u{85}', '\n'] {
            let error = ItemName::parse(&format!("a{letter}b"));
            assert_eq!(error, Err(NameError::Control(letter)));
        }
        let error = NameError::Control('\0').to_string();
        assert!(error.contains("U+0000"), "{error}");
    }
}
