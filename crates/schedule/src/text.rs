//! Values that the file writes as strings.

use std::fmt::Display;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// A value that the file writes as a string. As a newtype it has a span of its own, so an error in a list
/// has the line of its item.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(bound(deserialize = "T: FromStr, T::Err: Display"))]
pub(super) struct Text<T>(#[serde(deserialize_with = "parsed")] pub(super) T);

fn parsed<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(D::Error::custom)
}
