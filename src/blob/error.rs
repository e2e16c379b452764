//! The errors of a store.

use std::error::Error;
use std::io::{self, ErrorKind};

use thiserror::Error;

use super::bucket::Bucket;
use super::container::{Access, Container};
use super::refusal::Refusal;
use super::settings::BlobSettings;
use crate::azure::TokenError;

/// An error of a store. `place` is the name of the blob with the address of the store.
#[derive(Debug, Error)]
pub enum BlobError {
    #[error("{place} is not there")]
    Missing { place: String },
    #[error("{place} is there already, with other content; nothing was overwritten")]
    Exists { place: String },
    #[error("{place} cannot be changed ({reason}); a policy of immutability or a lease keeps it")]
    Kept { place: String, reason: String },
    /// There is no container or bucket of this name.
    #[error("{place}: {container} does not exist; create it")]
    NoContainer { place: String, container: String },
    #[error("{place}: access is denied ({reason}); {advice}")]
    Denied {
        place: String,
        reason: String,
        advice: Box<str>,
    },
    /// There is no identity, or no token for it.
    #[error("{place}: {reason}")]
    Identity { place: String, reason: String },
    #[error("{place}: out of space ({reason}); free some, or use another folder")]
    Full { place: String, reason: String },
    #[error("{place} is larger than {limit} bytes, more than can be handled; is it the right one?")]
    TooLarge { place: String, limit: u64 },
    /// The blob became another one while it was read.
    #[error("{place} was changed while it was read; read it again")]
    Changed { place: String },
    #[error("{name:?} cannot be the name of a blob: {why}")]
    Name { name: String, why: String },
    #[error("{place}: its upload failed and was aborted; start again under a new name")]
    Aborted { place: String },
    /// The store could not be reached, or did not do its work.
    #[error("{place}: the store does not respond correctly ({reason}); {advice}")]
    Unavailable {
        place: String,
        reason: String,
        advice: Box<str>,
    },
}

/// A container or a bucket, as its errors name it.
pub(super) struct Remote {
    /// `container backups`.
    name: String,
    /// The remedies when access is denied, when the store does not respond, and when it does not understand a
    /// request.
    denied: Box<str>,
    unavailable: Box<str>,
    misunderstood: Box<str>,
}

impl From<&Container> for Remote {
    fn from(container: &Container) -> Remote {
        let BlobSettings {
            account,
            endpoint,
            key,
            ..
        } = container.settings;
        Remote {
            name: format!("the container {}", container.name),
            denied: match container.access {
                Access::Identity => {
                    "give the app's identity the role Storage Blob Data Contributor on the \
                     container, and let the app through the account's firewall"
                        .into()
                }
                Access::Key(_) => format!("check {key} and {account}").into(),
            },
            unavailable: format!(
                "check {account}, {endpoint}, the account's firewall and the state of the platform"
            )
            .into(),
            misunderstood: format!("the store did not understand the request; check {endpoint}")
                .into(),
        }
    }
}

impl From<&Bucket> for Remote {
    fn from(bucket: &Bucket) -> Remote {
        let url = bucket.settings.url;
        Remote {
            name: format!("the bucket {}", bucket.name),
            denied: "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and let them list, read, write and \
                     delete in the bucket"
                .into(),
            unavailable: format!("check {url}, AWS_ENDPOINT_URL and the state of the server").into(),
            misunderstood: format!(
                "the store did not understand the request; check {url}, AWS_REGION and AWS_ENDPOINT_URL"
            )
            .into(),
        }
    }
}

/// An error of a container or a bucket.
pub(super) fn of_remote(place: String, remote: Remote, found: &object_store::Error) -> BlobError {
    if let Some(error) = cause::<TokenError>(found) {
        let reason = error.to_string();
        return BlobError::Identity { place, reason };
    }
    if let Some(refusal) = cause::<Refusal>(found) {
        return of_refusal(place, remote, refusal);
    }
    match found {
        object_store::Error::NotFound { .. } => BlobError::Missing { place },
        found => match refused_part(found) {
            Some(reason) => BlobError::Kept { place, reason },
            None => BlobError::Unavailable {
                place,
                reason: last_cause(found),
                advice: remote.unavailable,
            },
        },
    }
}

/// <https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes>
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
fn of_refusal(place: String, remote: Remote, refusal: &Refusal) -> BlobError {
    let reason = refusal.to_string();
    match (refusal.status, refusal.code.as_str()) {
        (404, "ContainerNotFound" | "NoSuchBucket") => BlobError::NoContainer {
            place,
            container: remote.name,
        },
        (404, _) => BlobError::Missing { place },
        (401 | 403, _) => BlobError::Denied {
            place,
            reason,
            advice: remote.denied,
        },
        (409, "BlobAlreadyExists")
        | (412, "ConditionNotMet" | "TargetConditionNotMet" | "PreconditionFailed") => {
            BlobError::Exists { place }
        }
        // Two requests for one blob met.
        (409, "ConditionalRequestConflict" | "OperationAborted") => BlobError::Unavailable {
            place,
            reason,
            advice: remote.unavailable,
        },
        (409 | 412, _) => BlobError::Kept { place, reason },
        _ => BlobError::Unavailable {
            place,
            reason,
            advice: remote.misunderstood,
        },
    }
}

/// Why the store does not delete a blob. Deletions are sent as a batch, and the response
/// to one part of it is only available as text.
fn refused_part(found: &object_store::Error) -> Option<String> {
    let text = last_cause(found);
    let response = text.strip_prefix("Bulk delete request failed for key ")?;
    let (response, code) = response.strip_suffix(')')?.rsplit_once(" (code: ")?;
    let (_, reason) = response.split_once(": ")?;
    ["403", "409", "412"]
        .contains(&code)
        .then(|| format!("{code} {reason}"))
}

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

/// The innermost error, which is the shortest and the most specific. A long text is cut.
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
    fn errors_of_the_file_system_name_the_remedy() {
        let cases = [
            (ErrorKind::StorageFull, "out of space"),
            (ErrorKind::QuotaExceeded, "out of space"),
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
