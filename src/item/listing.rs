//! The query of a listing: `?limit=` and `?after=`.

use super::ItemId;
use crate::http::FieldError;

/// Which items a listing asks for. Both may be left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Items at most, 1 to 1000; without it, all of them.
    pub limit: Option<u16>,
    /// Only items with a greater id.
    pub after: Option<ItemId>,
}

impl Listing {
    /// Reads a query string. `after=0` starts at the beginning.
    ///
    /// # Errors
    /// A parameter that is unknown, there twice, or out of range.
    pub fn parse(query: &str) -> Result<Listing, FieldError> {
        let mut listing = Listing::default();
        let mut seen: Vec<&str> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            if seen.contains(&key) {
                return Err(FieldError::new(
                    key,
                    "it is there more than once; give it once",
                ));
            }
            seen.push(key);
            match key {
                "limit" => listing.limit = Some(limit(value)?),
                "after" => listing.after = after(value)?,
                _ => {
                    let detail = "it is not known; the parameters are limit and after";
                    return Err(FieldError::new(key, detail));
                }
            }
        }
        Ok(listing)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_queries_are_read() {
        for (query, limit, after) in [
            ("", None, None),
            ("limit=50", Some(50), None),
            ("after=7&limit=1000", Some(1000), Some(7)),
            ("after=0", None, None),
        ] {
            let listing = Listing::parse(query).expect(query);
            let after = after.map(ItemId);
            assert_eq!(listing, Listing { limit, after }, "{query}");
        }
    }

    #[test]
    fn bad_queries_name_the_parameter() {
        for (query, field) in [
            ("limit=0", "limit"),
            ("limit=1001", "limit"),
            ("limit=", "limit"),
            ("limit=%31", "limit"),
            ("limit=+5", "limit"),
            ("limit", "limit"),
            ("after=-1", "after"),
            ("after=9223372036854775808", "after"),
            ("limit=1&limit=2", "limit"),
            ("page=2", "page"),
            ("%FF=1", "%FF"),
        ] {
            assert_eq!(Listing::parse(query).expect_err(query).field, field);
        }
    }
}
