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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_positive_number_in_its_shortest_form() {
        assert_eq!(ItemId::parse("7"), Some(ItemId(7)));
        assert_eq!(ItemId::parse("9223372036854775807"), Some(ItemId(i64::MAX)));
        for bad in [
            "",
            "0",
            "07",
            "+7",
            "-7",
            "7.0",
            "٧",
            "9223372036854775808",
            "a",
        ] {
            assert_eq!(ItemId::parse(bad), None, "{bad}");
        }
    }
}
