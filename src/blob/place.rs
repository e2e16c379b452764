//! Names of blobs: as paths in the store, and in errors.

use object_store::path::Path;

use super::address::{BlobAddress, Location};
use super::error::{self, BlobError};
use super::folder;

/// The size of a part, and the number of parts that a blob can have.
#[derive(Clone, Copy)]
pub(super) struct Parts {
    pub(super) bytes: usize,
    pub(super) most: u64,
}

impl BlobAddress {
    /// The parts in which a blob is stored. S3 accepts fewer and larger ones.
    pub(super) fn parts(&self) -> Parts {
        match &self.location {
            Location::Container(_) | Location::Folder(_) => Parts {
                bytes: 2 << 20,
                most: 50_000,
            },
            Location::Bucket(_) => Parts {
                bytes: 8 << 20,
                most: 10_000,
            },
        }
    }

    fn prefix(&self) -> Path {
        match &self.location {
            Location::Container(container) => container.prefix.clone(),
            Location::Bucket(bucket) => bucket.prefix.clone(),
            Location::Folder(_) => Path::default(),
        }
    }

    /// The path of a blob in the store.
    pub(super) fn path(&self, name: &str) -> Result<Path, BlobError> {
        if name.is_empty() || name.ends_with('/') {
            return Err(bad_name(name, "it is the name of a folder"));
        }
        if folder::is_unfinished(name) {
            return Err(bad_name(name, "unfinished uploads end with # and a number"));
        }
        self.folder_path(name)
    }

    /// The path of a folder; "" is the whole store.
    pub(super) fn folder_path(&self, name: &str) -> Result<Path, BlobError> {
        if name.starts_with('/') {
            return Err(bad_name(name, "it begins with /"));
        }
        let path = Path::parse(name).map_err(|error| bad_name(name, &error.to_string()))?;
        Ok(self.prefix().parts().chain(path.parts()).collect())
    }

    /// The name of the blob at this path.
    pub(super) fn name(&self, path: &Path) -> Option<String> {
        let parts: Vec<_> = path.prefix_match(&self.prefix())?.collect();
        let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
        Some(parts.join("/"))
    }

    /// A blob's name in errors.
    pub(super) fn of_blob(&self, name: &str) -> String {
        match name {
            "" => self.to_string(),
            name => format!("{self}/{name}"),
        }
    }

    /// Translates an error of the store.
    pub(super) fn error(&self, name: &str, found: &object_store::Error) -> BlobError {
        let place = self.of_blob(name);
        match &self.location {
            Location::Container(container) => error::of_remote(place, container.into(), found),
            Location::Bucket(bucket) => error::of_remote(place, bucket.into(), found),
            Location::Folder(_) => error::of_folder(place, found),
        }
    }

    /// Translates an error of the file system.
    pub(super) fn io_error(&self, name: &str, found: &std::io::Error) -> BlobError {
        error::of_file(self.of_blob(name), found)
    }
}

fn bad_name(name: &str, why: &str) -> BlobError {
    BlobError::Name {
        name: name.to_owned(),
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::address::samples::address;

    fn place(url: &str) -> BlobAddress {
        let account = ("BACKUP_STORAGE_ACCOUNT", "magnus");
        address(&[("BACKUP_URL", url), account])
    }

    #[test]
    fn names_are_relative_to_the_prefix() {
        let place = place("az://backups/of/us");
        let path = place.path("shop/1/toc.dat").expect("a good name");
        assert_eq!(path.as_ref(), "of/us/shop/1/toc.dat");
        assert_eq!(place.name(&path).as_deref(), Some("shop/1/toc.dat"));
        assert_eq!(place.folder_path("").expect("all of it").as_ref(), "of/us");
    }

    #[test]
    fn unsafe_names_are_rejected() {
        let place = place("file:///backups");
        for name in [
            "",
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a//b",
            "a/",
            "a\nb",
            "a#1",
        ] {
            let error = place.path(name).expect_err(name);
            assert!(matches!(error, BlobError::Name { .. }), "{error}");
        }
        place.path("a#b/ä 100%+.dat#").expect("odd, and good");
    }
}
