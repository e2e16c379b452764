//! The one error of this crate.

/// The mistake and its remedy, as a text for a person. No caller distinguishes mistakes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub(crate) String);

impl Error {
    /// For a function that returns a result.
    pub(crate) fn of<T>(text: impl Into<String>) -> Result<T, Error> {
        Err(Error(text.into()))
    }
}
