//! Rules for names (targets of a schedule, sources of backups) and for visible texts (names of items, reasons
//! of holds).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::error::Error;

/// The name of a target, by the rule of [`is_name`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct TargetName(String);

impl TargetName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TargetName {
    type Error = Error;

    fn try_from(text: String) -> Result<TargetName, Error> {
        if is_name(&text) {
            Ok(TargetName(text))
        } else {
            Error::of(format!(
                "{text:?} cannot be a target's name; use 1 to 40 lower-case letters, digits and dashes, a letter \
                 first"
            ))
        }
    }
}

impl FromStr for TargetName {
    type Err = Error;

    fn from_str(text: &str) -> Result<TargetName, Error> {
        text.to_owned().try_into()
    }
}

impl fmt::Display for TargetName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Whether `text` has 1 to 40 lower-case letters, digits and dashes, and a letter first. Such a name can be
/// a folder, a key of a file, and a part of a variable's name.
pub fn is_name(text: &str) -> bool {
    let allowed = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
    (1..=40).contains(&text.len())
        && text.bytes().all(allowed)
        && text.starts_with(|first: char| first.is_ascii_lowercase())
}

/// Checks that `text` is visible, and that a reader sees it as it is: without control characters, such as line feed
/// and NUL, and without characters that reverse those after them.
pub fn check_text(text: &str) -> Result<(), Error> {
    let mut is_visible = false;
    for letter in text.chars() {
        let kind = match letter {
            _ if letter.is_control() => "control character",
            '\u{202D}' | '\u{202E}' => "bidirectional override",
            _ => {
                is_visible |= !is_invisible(letter);
                continue;
            }
        };
        let number = u32::from(letter);
        return Error::of(format!("it has the {kind} U+{number:04X}; remove it"));
    }
    if is_visible {
        Ok(())
    } else {
        Error::of("it has invisible characters only; give at least one visible one")
    }
}

/// White space, the characters that Unicode 16 calls `Default_Ignorable_Code_Point`, and the empty
/// Braille pattern, which is a letter without a mark.
fn is_invisible(letter: char) -> bool {
    letter.is_whitespace()
        || matches!(letter,
            '\u{AD}'
            | '\u{34F}'
            | '\u{61C}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFF8}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_plain() {
        let longest = "a".repeat(40);
        for good in ["a", "postfacto-4-3", "b-", &longest] {
            assert!(is_name(good), "{good}");
        }
        let too_long = "a".repeat(41);
        for bad in ["", "A", "4-3", "-a", "a_b", "a b", "../a", "ä", &too_long] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn a_text_has_a_visible_character() {
        for good in [
            "x",
            "\u{200B}x",
            "👩\u{200D}👩\u{200D}👧",
            "\u{2067}א\u{2069}",
            "\u{301}",
        ] {
            assert_eq!(check_text(good), Ok(()), "{good:?}");
        }
        for invisible in [
            "",
            " ",
            "\u{200B}",
            "\u{FEFF}\u{180E}",
            "\u{3164}",
            "\u{2800} ",
            "\u{E0041}",
        ] {
            let error = check_text(invisible).expect_err(invisible).to_string();
            assert!(error.contains("invisible characters only"), "{error}");
        }
    }

    #[test]
    fn control_characters_and_overrides_are_rejected_by_name() {
        let error = check_text("a\u{202E}b").expect_err("it reverses the rest");
        assert!(error.to_string().contains("override U+202E"), "{error}");
        let error = check_text("a\0b").expect_err("it is a control character");
        assert!(error.to_string().contains("U+0000"), "{error}");
    }
}
