//! The one error of this crate.

/// The file, the member or the setting, the mistake in it, and the remedy, as a text for a person. No caller
/// distinguishes mistakes; the functions that return it say what a mistake stops.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub(crate) String);
