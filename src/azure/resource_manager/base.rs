//! The address of a cloud's Resource Manager.

use std::fmt;
use std::str::FromStr;

use url::Url;

use super::ResourceId;
use crate::azure::Audience;

/// The address of a cloud's Resource Manager: `https://<host>`, with a port where it is not 443.
/// By default the public cloud's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base(Url);

impl Default for Base {
    fn default() -> Base {
        let base = "https://management.azure.com".parse();
        base.expect("the public cloud's address is one")
    }
}

impl FromStr for Base {
    type Err = String;

    fn from_str(text: &str) -> Result<Base, String> {
        let url = Url::parse(text).ok().filter(|url| {
            url.scheme() == "https"
                && url.path() == "/"
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none()
        });
        url.map(Base).ok_or_else(|| {
            format!(
                "{text:?} cannot be the address of a Resource Manager; write it as https://<host> without a path, \
                 such as https://management.azure.com. Tokens are sent with TLS only"
            )
        })
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl Base {
    pub(super) fn audience(&self) -> Audience {
        Audience {
            scope: format!("{self}/.default").into(),
            name: "the Resource Manager",
            condition: "is assigned",
        }
    }

    pub(super) fn url_of(&self, id: &ResourceId, api_version: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(id.as_str());
        url.query_pairs_mut()
            .append_pair("api-version", api_version);
        url
    }

    /// The link, if it leads to this server.
    pub(super) fn own_link(&self, link: &str) -> Option<Url> {
        let url = self.0.join(link).ok()?;
        (url.origin() == self.0.origin()).then_some(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> Base {
        text.parse().expect("an address")
    }

    #[test]
    fn the_scope_is_the_clouds_own() {
        assert_eq!(
            Base::default().audience().scope,
            "https://management.azure.com/.default"
        );
        assert_eq!(
            base("https://management.usgovcloudapi.net/")
                .audience()
                .scope,
            "https://management.usgovcloudapi.net/.default"
        );
    }

    #[test]
    fn addresses_without_tls_or_with_a_path_are_rejected() {
        for text in [
            "http://management.azure.com",
            "http://127.0.0.1:8080",
            "management.azure.com",
            "https://management.azure.com/subscriptions",
            "https://management.azure.com?x=y",
            "https://user:secret@management.azure.com",
            "",
        ] {
            let error = text.parse::<Base>().expect_err(text);
            assert!(error.contains("https://management.azure.com"), "{error}");
        }
    }

    #[test]
    fn only_links_to_the_same_host_and_port_by_https_are_followed() {
        let base = base("https://arm.example:8443");
        for own in ["https://arm.example:8443/operations/1?x=y", "/operations/1"] {
            assert!(base.own_link(own).is_some(), "{own}");
        }
        for foreign in [
            "http://arm.example:8443/operations/1",
            "https://arm.example/operations/1",
            "https://arm.example.evil:8443/operations/1",
            "https://arm.example:8443@evil.example/",
            "//evil.example/operations/1",
        ] {
            assert!(base.own_link(foreign).is_none(), "{foreign}");
        }
    }
}
