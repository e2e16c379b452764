//! The query of a listing: `?limit=` and `?after=`.

use super::ItemId;
use crate::http::{FieldError, Query};

/// The items that a listing asks for. Both members are optional.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Items at most, 1 to 1000; without it, all of them.
    pub limit: Option<u16>,
    /// Only items with a greater id.
    pub after: Option<ItemId>,
}

impl Listing {
    /// The query parameters of a listing.
    pub const PARAMETERS: &'static [&'static str] = &["limit", "after"];

    /// Reads a query. `after=0` starts at the beginning.
    ///
    /// # Errors
    /// A parameter that is out of range.
    pub fn of(query: &Query) -> Result<Listing, FieldError> {
        Ok(Listing {
            limit: query.get("limit").map(limit).transpose()?,
            after: query.get("after").map(after).transpose()?.flatten(),
        })
    }
}

fn limit(value: &str) -> Result<u16, FieldError> {
    value
        .parse()
        .ok()
        .filter(|limit| (1..=1000).contains(limit) && !value.starts_with(['+', '0']))
        .ok_or_else(|| FieldError::new("limit", "give a whole number from 1 to 1000"))
}

fn after(value: &str) -> Result<Option<ItemId>, FieldError> {
    if value == "0" {
        return Ok(None);
    }
    ItemId::parse(value).map(Some).ok_or_else(|| {
        FieldError::new(
            "after",
            "give the id of an item: 1 to 9223372036854775807, or 0",
        )
    })
}
