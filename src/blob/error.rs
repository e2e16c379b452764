//! Why the store did not do what it was asked.

use std::error::Error;
use std::io::{self, ErrorKind};

use thiserror::Error;

use super::address::BlobSettings;
use super::container::Access;
use super::identity::NoToken;
use super::refusal::Refusal;

/// Why the store did not do what it was asked. `place` is the blob with its address.
#[derive(Debug, Error)]
pub enum BlobError {
    /// There is no such blob.
    #[error("{place} is not there")]
    Missing {
        /// Which.
        place: String,
    },
    /// There is such a blob, with other bytes.
    #[error("{place} is there already, with other content; nothing was overwritten")]
    Exists {
        /// Which.
        place: String,
    },
    /// The store keeps the blob as it is.
    #[error("{place} cannot be changed ({reason}); a policy of immutability or a lease keeps it")]
    Kept {
        /// Which.
        place: String,
        /// What the store said.
        reason: String,
    },
    /// There is no such container.
    #[error("{place}: the container {container} does not exist; create it in the storage account")]
    NoContainer {
        /// Which blob.
        place: String,
        /// Which container.
        container: String,
    },
    /// The right is missing.
    #[error("{place}: access is denied ({reason}); {advice}")]
    Denied {
        /// Which.
        place: String,
        /// What the store said.
        reason: String,
        /// What to do.
        advice: Box<str>,
    },
    /// There is no identity, or no token for it.
    #[error("{place}: {reason}")]
    Identity {
        /// Which.
        place: String,
        /// Why, and what to do.
        reason: String,
    },
    /// No room is left.
    #[error("{place}: no room is left ({reason}); free some, or set BACKUP_URL to another folder")]
    Full {
        /// Which.
        place: String,
        /// What the file system said.
        reason: String,
    },
    /// The blob is larger than it may be.
    #[error("{place} is larger than {limit} bytes, more than can be handled; is it the right one?")]
    TooLarge {
        /// Which.
        place: String,
        /// How large it may be.
        limit: u64,
    },
    /// The blob became another one while it was read.
    #[error("{place} was changed while it was read; read it again")]
    Changed {
        /// Which.
        place: String,
    },
    /// The name cannot be a blob's.
    #[error("{name:?} cannot be the name of a blob: {why}")]
    Name {
        /// Which.
        name: String,
        /// Why.
        why: String,
    },
    /// The upload failed before, and was given up.
    #[error("{place}: its upload failed before and was given up; begin again under a new name")]
    GivenUp {
        /// Which.
        place: String,
    },
    /// The store could not be reached, or did not do its work.
    #[error("{place}: the store does not answer as it should ({reason}); {advice}")]
    Unavailable {
        /// Which.
        place: String,
        /// What happened.
        reason: String,
        /// What to do.
        advice: Box<str>,
    },
}

/// What to do about a container, by what is wrong.
pub(super) struct Advice {
    denied: Box<str>,
    unavailable: Box<str>,
    misunderstood: Box<str>,
}

impl Advice {
    /// For a container that is told of by these settings.
    pub(super) fn new(settings: &BlobSettings, access: &Access) -> Advice {
        let BlobSettings {
            account,
            endpoint,
            key,
            ..
        } = settings;
        Advice {
            denied: match access {
                Access::Identity => Box::from(
                    "give the app's identity the role Storage Blob Data Contributor on the container, \
                     and let the app through the account's firewall",
                ),
                Access::Key(_) => Box::from(format!("check {key} and {account}")),
            },
            unavailable: Box::from(format!(
                "check {account}, {endpoint}, the account's firewall and the state of the platform"
            )),
            misunderstood: Box::from(format!(
                "the store did not understand the request; check {endpoint}"
            )),
        }
    }
}

/// An error of a container in Azure.
pub(super) fn of_container(
    place: String,
    container: &str,
    advice: &Advice,
    found: &object_store::Error,
) -> BlobError {
    if let Some(none) = cause::<NoToken>(found) {
        let reason = none.to_string();
        return BlobError::Identity { place, reason };
    }
    if let Some(refusal) = cause::<Refusal>(found) {
        return of_refusal(place, container, advice, refusal);
    }
    match found {
        object_store::Error::NotFound { .. } => BlobError::Missing { place },
        found => match refused_part(found) {
            Some(reason) => BlobError::Kept { place, reason },
            None => BlobError::Unavailable {
                place,
                reason: last_cause(found),
                advice: advice.unavailable.clone(),
            },
        },
    }
}

/// <https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes>
fn of_refusal(place: String, container: &str, advice: &Advice, refusal: &Refusal) -> BlobError {
    let reason = refusal.to_string();
    match (refusal.status, refusal.code.as_str()) {
        (404, "ContainerNotFound") => BlobError::NoContainer {
            place,
            container: container.to_owned(),
        },
        (404, _) => BlobError::Missing { place },
        (401 | 403, _) => BlobError::Denied {
            place,
            reason,
            advice: advice.denied.clone(),
        },
        (409, "BlobAlreadyExists") | (412, "ConditionNotMet" | "TargetConditionNotMet") => {
            BlobError::Exists { place }
        }
        (409 | 412, _) => BlobError::Kept { place, reason },
        _ => BlobError::Unavailable {
            place,
            reason,
            advice: advice.misunderstood.clone(),
        },
    }
}

/// What the store said of a blob that it does not delete. Deletions go as a batch, and the answer to
/// a part of it is known only by its text.
fn refused_part(found: &object_store::Error) -> Option<String> {
    let text = last_cause(found);
    let said = text.strip_prefix("Bulk delete request failed for key ")?;
    let (said, code) = said.strip_suffix(')')?.rsplit_once(" (code: ")?;
    let (_, reason) = said.split_once(": ")?;
    ["403", "409", "412"]
        .contains(&code)
        .then(|| format!("{code} {reason}"))
}

/// An error of a folder.
pub(super) fn of_folder(place: String, found: &object_store::Error) -> BlobError {
    match &found {
        object_store::Error::NotFound { .. } => BlobError::Missing { place },
        object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. } => {
            BlobError::Exists { place }
        }
        found => match cause::<io::Error>(found) {
            Some(error) => of_file(place, error),
            None => broken(place, last_cause(found)),
        },
    }
}

/// An error of the file system.
pub(super) fn of_file(place: String, found: &io::Error) -> BlobError {
    let reason = found.to_string();
    match found.kind() {
        ErrorKind::NotFound => BlobError::Missing { place },
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            BlobError::Full { place, reason }
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => BlobError::Denied {
            place,
            reason,
            advice: "let the account that runs this program write there".into(),
        },
        _ => broken(place, reason),
    }
}

fn broken(place: String, reason: String) -> BlobError {
    BlobError::Unavailable {
        place,
        reason,
        advice: "check the folder and the disk that it is on".into(),
    }
}

/// The first error of this type behind `found`.
fn cause<T: Error + 'static>(found: &object_store::Error) -> Option<&T> {
    chain(found).find_map(|error| error.downcast_ref())
}

/// What is at the bottom of it, which says most in the fewest words. A body of a whole page is cut.
fn last_cause(found: &object_store::Error) -> String {
    let last = chain(found).last().map(ToString::to_string);
    let text = last.unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    line.chars().take(200).collect()
}

fn chain(found: &object_store::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let first: &(dyn Error + 'static) = found;
    std::iter::successors(Some(first), |error| (*error).source())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_file_system_say_what_to_do_about_them() {
        let cases = [
            (ErrorKind::StorageFull, "no room is left"),
            (ErrorKind::QuotaExceeded, "no room is left"),
            (ErrorKind::PermissionDenied, "let the account"),
            (ErrorKind::ReadOnlyFilesystem, "let the account"),
            (ErrorKind::NotFound, "is not there"),
            (ErrorKind::Other, "check the folder"),
        ];
        for (kind, expected) in cases {
            let source = Box::new(io::Error::from(kind));
            let found = object_store::Error::Generic { store: "", source };
            let text = of_folder("file:///b/x".to_owned(), &found).to_string();
            assert!(text.contains("file:///b/x"), "{text}");
            assert!(text.contains(expected), "{text}");
        }
    }
}
