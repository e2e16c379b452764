//! Names in the store, and what errors call them.

use std::path::PathBuf;
use std::time::Duration;

use object_store::path::Path;

use super::address::{BlobAddress, Location};
use super::error::{self, Advice, BlobError};
use super::folder;

/// A container or a folder, as far as names and errors go.
pub(super) struct Place {
    /// `az://container/prefix` or `file:///folder`.
    url: String,
    prefix: Path,
    kind: Kind,
    /// How long a request is tried again; a folder's not at all.
    pub(super) wait: Duration,
}

enum Kind {
    Container { name: String, advice: Advice },
    Folder(PathBuf),
}

impl Place {
    pub(super) fn of(address: &BlobAddress) -> Place {
        let (prefix, kind, wait) = match &address.location {
            Location::Container(container) => {
                let kind = Kind::Container {
                    name: container.name.clone(),
                    advice: Advice::new(container.settings, &container.access),
                };
                (container.prefix.clone(), kind, address.wait)
            }
            Location::Folder(folder) => {
                let kind = Kind::Folder(folder.clone());
                (Path::default(), kind, Duration::ZERO)
            }
        };
        Place {
            url: address.to_string(),
            prefix,
            kind,
            wait,
        }
    }

    /// The folder that this is, if it is one.
    pub(super) fn root(&self) -> Option<&std::path::Path> {
        match &self.kind {
            Kind::Container { .. } => None,
            Kind::Folder(folder) => Some(folder),
        }
    }

    /// Where the blob of this name lies in the store.
    pub(super) fn path(&self, name: &str) -> Result<Path, BlobError> {
        if name.is_empty() || name.ends_with('/') {
            return Err(refused(name, "it is the name of a folder"));
        }
        if folder::is_unfinished(name) {
            return Err(refused(name, "unfinished uploads end with # and a number"));
        }
        self.folder(name)
    }

    /// Where the folder of this name lies; "" is all of it.
    pub(super) fn folder(&self, name: &str) -> Result<Path, BlobError> {
        if name.starts_with('/') {
            return Err(refused(name, "it begins with /"));
        }
        let path = Path::parse(name).map_err(|error| refused(name, &error.to_string()))?;
        Ok(self.prefix.parts().chain(path.parts()).collect())
    }

    /// The name of what lies at this path.
    pub(super) fn name(&self, path: &Path) -> Option<String> {
        let parts: Vec<_> = path.prefix_match(&self.prefix)?.collect();
        let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
        Some(parts.join("/"))
    }

    /// What errors call a blob.
    pub(super) fn of_blob(&self, name: &str) -> String {
        match name {
            "" => self.url.clone(),
            name => format!("{}/{name}", self.url),
        }
    }

    /// The store's error about a blob, as a person should read it.
    pub(super) fn error(&self, name: &str, found: &object_store::Error) -> BlobError {
        let place = self.of_blob(name);
        match &self.kind {
            Kind::Container { name, advice } => error::of_container(place, name, advice, found),
            Kind::Folder(_) => error::of_folder(place, found),
        }
    }

    /// The same for an error of the file system.
    pub(super) fn io_error(&self, name: &str, found: &std::io::Error) -> BlobError {
        error::of_file(self.of_blob(name), found)
    }
}

fn refused(name: &str, why: &str) -> BlobError {
    BlobError::Name {
        name: name.to_owned(),
        why: why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::BlobSettings;

    static SETTINGS: BlobSettings = BlobSettings {
        url: "URL",
        account: "ACCOUNT",
        endpoint: "ENDPOINT",
        key: "KEY",
        wait: "WAIT",
    };

    fn place(url: &str) -> Place {
        let address = BlobAddress::of(&SETTINGS, url, &|name: &str| {
            (name == SETTINGS.account).then(|| "magnus".to_owned())
        });
        Place::of(&address.expect("it can be used"))
    }

    #[test]
    fn names_are_relative_to_the_prefix_there_and_back() {
        let place = place("az://backups/of/us");
        let path = place.path("shop/1/toc.dat").expect("a good name");
        assert_eq!(path.as_ref(), "of/us/shop/1/toc.dat");
        assert_eq!(place.name(&path).as_deref(), Some("shop/1/toc.dat"));
        assert_eq!(place.folder("").expect("all of it").as_ref(), "of/us");
    }

    #[test]
    fn names_that_lead_elsewhere_or_mean_something_else_are_refused() {
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
