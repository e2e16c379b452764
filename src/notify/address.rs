//! Addresses of receivers and heartbeats. Their paths, queries and passwords are secrets, so only scheme, host and
//! port are ever printed.

use std::fmt;
use std::net::IpAddr;

use thiserror::Error;
use url::{Host, Url};

use super::network::Networks;

/// An address that requests may be sent to.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Address(Url);

/// No error contains the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    #[error(
        "it is an unresolved reference to Key Vault; check the secret's name, and that the app's identity has the \
         role Key Vault Secrets User"
    )]
    Reference,
    #[error("it is not an address; write it as https://<host>/<path>")]
    Malformed,
    #[error("its scheme must be https; http is for 127.0.0.1, [::1] and localhost only")]
    Clear,
    #[error(
        "its host {0} is not a public address; list its network in NOTIFY_NETWORKS if the program may send \
         requests to it"
    )]
    Private(IpAddr),
}

/// The beginning of a reference that the platform has not replaced by its secret.
const REFERENCE: &str = "@Microsoft.KeyVault(";

impl Address {
    pub(super) fn parse(text: &str, networks: &Networks) -> Result<Address, AddressError> {
        if text.starts_with(REFERENCE) {
            return Err(AddressError::Reference);
        }
        let url = Url::parse(text).map_err(|_| AddressError::Malformed)?;
        let host = url.host().ok_or(AddressError::Malformed)?;
        let is_local = is_local(&host);
        if url.scheme() != "https" && !(url.scheme() == "http" && is_local) {
            return Err(AddressError::Clear);
        }
        let literal = match host {
            Host::Ipv4(it) => Some(IpAddr::V4(it)),
            Host::Ipv6(it) => Some(IpAddr::V6(it)),
            Host::Domain(_) => None,
        };
        match literal.filter(|it| !is_local && !networks.permits(*it)) {
            Some(private) => Err(AddressError::Private(private)),
            None => Ok(Address(url)),
        }
    }

    /// The same address with one more segment of its path. Its query remains.
    pub(super) fn below(&self, segment: &str) -> Address {
        let mut url = self.0.clone();
        let path = format!("{}/{segment}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        Address(url)
    }

    pub(super) fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// For the request itself.
    pub(super) fn secret(&self) -> &Url {
        &self.0
    }
}

/// Whether the host is this machine by its own name or number. A name that only resolves to this machine is not.
fn is_local(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(it) => it.is_loopback(),
        Host::Ipv6(it) => it.is_loopback(),
        Host::Domain(name) => *name == LOCALHOST,
    }
}

pub(super) const LOCALHOST: &str = "localhost";

/// `https://hooks.slack.com`
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.0.scheme(), self.host())?;
        self.0.port().map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Address, AddressError> {
        Address::parse(text, &"10.1.0.0/16".parse().expect("a network"))
    }

    #[test]
    fn only_https_and_loopback_is_accepted() {
        for good in [
            "https://hooks.slack.com/services/T/B/x",
            "https://10.1.2.3/hook",
            "https://127.0.0.1:8443/x",
            "http://127.0.0.1:8080/x",
            "http://[::1]:8080/x",
            "http://localhost/x",
            "http://0x7f.1/x",
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for (text, error) in [
            ("http://hooks.slack.com/x", AddressError::Clear),
            ("http://localhost.example/x", AddressError::Clear),
            ("http://10.1.2.3/x", AddressError::Clear),
            ("ftp://127.0.0.1/x", AddressError::Clear),
            ("file:///etc/passwd", AddressError::Malformed),
            ("hooks.slack.com", AddressError::Malformed),
            ("@Microsoft.KeyVault(SecretUri=x)", AddressError::Reference),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
        for private in [
            "https://10.2.0.1/",
            "https://169.254.169.254/",
            "https://[fe80::1]/",
        ] {
            assert!(
                matches!(parse(private), Err(AddressError::Private(_))),
                "{private}"
            );
        }
    }

    #[test]
    fn only_scheme_host_and_port_are_printed() {
        let address = parse("https://user:secret@hc.example:8443/ping/secret?key=secret#secret");
        let address = address.expect("an address").below("start");
        assert_eq!(address.to_string(), "https://hc.example:8443");
        assert_eq!(format!("{address:?}"), "https://hc.example:8443");
        assert_eq!(address.secret().path(), "/ping/secret/start");
        assert!(address.secret().as_str().contains("?key=secret"));
    }
}
