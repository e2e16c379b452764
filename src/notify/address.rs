//! Addresses of receivers and heartbeats. Their paths, queries and passwords are secrets, so only scheme, host and
//! port are ever printed.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use super::network::Networks;

/// An address that requests may be sent to.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Address(Url);

/// The beginning of a reference that the platform has not replaced by its secret.
pub(super) const REFERENCE: &str = "@Microsoft.KeyVault(";

impl Address {
    /// No error contains the address.
    pub(super) fn parse(text: &str, networks: &Networks) -> Result<Address, String> {
        if text.starts_with(REFERENCE) {
            return Err(
                "it is an unresolved reference to Key Vault; check the secret's name, and that the app's identity \
                 has the role Key Vault Secrets User"
                    .to_owned(),
            );
        }
        let malformed = "it is not an address; write it as https://<host>/<path>";
        let url = Url::parse(text).map_err(|_| malformed)?;
        let host = url.host().ok_or(malformed)?;
        let is_local = is_local(&host);
        if url.scheme() != "https" && !(url.scheme() == "http" && is_local) {
            let clear = "its scheme must be https; http is for 127.0.0.1, [::1] and localhost only";
            return Err(clear.to_owned());
        }
        let literal = match host {
            Host::Ipv4(it) => Some(IpAddr::V4(it)),
            Host::Ipv6(it) => Some(IpAddr::V6(it)),
            Host::Domain(_) => None,
        };
        match literal.filter(|it| !is_local && !networks.permits(*it)) {
            Some(private) => Err(format!(
                "its host {private} is not a public address; list its network in NOTIFY_NETWORKS if the program \
                 may send requests to it"
            )),
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

    fn parse(text: &str) -> Result<Address, String> {
        Address::parse(text, &Networks::read("10.1.0.0/16").expect("a network"))
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
            ("http://hooks.slack.com/x", "must be https"),
            ("http://localhost.example/x", "must be https"),
            ("http://10.1.2.3/x", "must be https"),
            ("ftp://127.0.0.1/x", "must be https"),
            ("file:///etc/passwd", "not an address"),
            ("hooks.slack.com", "not an address"),
            ("@Microsoft.KeyVault(SecretUri=x)", "Key Vault"),
            ("https://10.2.0.1/", "not a public address"),
            ("https://169.254.169.254/", "not a public address"),
            ("https://[fe80::1]/", "not a public address"),
        ] {
            let found = parse(text).expect_err(text);
            assert!(found.contains(error), "{text}: {found}");
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
