//! An item's name, checked.

use schedule::check_text;
use serde::Deserialize;

/// 1 to 255 characters (Unicode scalar values) without white space at both ends. At least one is visible,
/// and none is a control character or a bidirectional override. The text is not normalized.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct ItemName(String);

impl ItemName {
    /// Maximum number of characters.
    pub const LIMIT: usize = 255;

    /// Trims `text` and checks the rest.
    ///
    /// # Errors
    /// Why it is not a name, with the remedy.
    pub fn parse(text: &str) -> Result<ItemName, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("it is empty; give 1 to 255 characters other than white space".to_owned());
        }
        let length = text.chars().count();
        if length > Self::LIMIT {
            return Err(format!("it has {length} characters; give at most 255"));
        }
        check_text(text).map_err(|error| error.to_string())?;
        Ok(ItemName(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ItemName {
    type Error = String;

    fn try_from(text: String) -> Result<ItemName, String> {
        ItemName::parse(&text)
    }
}
