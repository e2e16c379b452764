//! An item's id.

use std::fmt;

/// 1 to 9223372036854775807.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ItemId(pub(super) i64);

impl ItemId {
    /// Parses an id, which has no sign and no leading zero.
    pub fn parse(text: &str) -> Option<ItemId> {
        let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        let id = text.parse().ok().filter(|_| canonical)?;
        Some(ItemId(id))
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
