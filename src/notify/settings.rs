//! Settings from the environment.

use std::collections::BTreeMap;
use std::fmt;

use url::Url;

use super::address::{Address, REFERENCE};
use super::network::Networks;
use crate::environment::{SettingError, word};

#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `NOTIFY_URL`, and `NOTIFY_URL_<NAME>` of each name in `NOTIFY_RECEIVERS`.
    pub(super) receivers: Vec<Receiver>,
    /// `HEARTBEAT_URL` and `HEARTBEAT_URL_<FUNCTION>`, by function.
    pub(super) heartbeats: BTreeMap<&'static str, Address>,
    /// `NOTIFY_NETWORKS`.
    pub(super) networks: Networks,
    /// `NOTIFY_SIZES`: whether changes of sizes make messages.
    pub(super) sizes: bool,
    /// `NOTIFY_LINK`: the page that messages link to.
    pub(super) link: Option<String>,
    /// `WEBSITE_SITE_NAME`: the app's name in Azure.
    pub(super) app: String,
}

impl Settings {
    /// Only heartbeats: the process does not evaluate the states that make messages.
    #[must_use]
    pub fn without_receivers(self) -> Settings {
        Settings {
            receivers: Vec::new(),
            ..self
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Receiver {
    pub(super) name: String,
    pub(super) address: Address,
    pub(super) format: Format,
    pub(super) secret: Option<Secret>,
}

/// The form of a receiver's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Slack,
    Teams,
    Json,
}

/// The key of signatures.
#[derive(Clone)]
pub(super) struct Secret(String);

/// The receiver of `NOTIFY_URL`.
const DEFAULT: &str = "default";

impl Settings {
    /// `functions` are the timer functions.
    pub fn read(
        functions: impl IntoIterator<Item = &'static str>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Settings, SettingError> {
        let reader = Reader {
            networks: Networks::read(&variable("NOTIFY_NETWORKS").unwrap_or_default())?,
            variable: &variable,
        };
        Ok(Settings {
            receivers: reader.receivers()?,
            heartbeats: reader.heartbeats(functions)?,
            sizes: word(&variable, "NOTIFY_SIZES", &[("on", true), ("off", false)])?
                .unwrap_or_default(),
            link: reader.link()?,
            app: variable("WEBSITE_SITE_NAME").unwrap_or_else(|| "magnusapi".to_owned()),
            networks: reader.networks,
        })
    }
}

struct Reader<'a> {
    networks: Networks,
    variable: &'a dyn Fn(&str) -> Option<String>,
}

impl Reader<'_> {
    fn receivers(&self) -> Result<Vec<Receiver>, SettingError> {
        let mut receivers = Vec::from_iter(self.receiver(DEFAULT, "")?);
        let names = (self.variable)("NOTIFY_RECEIVERS").unwrap_or_default();
        for name in names.split(',').map(str::trim).filter(|it| !it.is_empty()) {
            if !schedule::is_name(name) {
                return Err(SettingError::new(format!(
                    "NOTIFY_RECEIVERS: {name:?} is not a name; write lower-case letters, digits and dashes, at \
                     most 40, beginning with a letter"
                )));
            }
            if name == DEFAULT || receivers.iter().any(|it| it.name == name) {
                return Err(SettingError::new(format!(
                    "NOTIFY_RECEIVERS names {name} twice; remove one of them. The receiver of NOTIFY_URL is named \
                     default"
                )));
            }
            let suffix = format!("_{}", name.to_uppercase().replace('-', "_"));
            let found = self.receiver(name, &suffix)?;
            receivers.push(found.ok_or_else(|| {
                SettingError::new(format!(
                    "NOTIFY_RECEIVERS names {name}, but NOTIFY_URL{suffix} is not set; set it to the receiver's \
                     address"
                ))
            })?);
        }
        Ok(receivers)
    }

    /// The receiver whose variables end with `suffix`, if its address is set.
    fn receiver(&self, name: &str, suffix: &str) -> Result<Option<Receiver>, SettingError> {
        let Some(address) = self.address(&format!("NOTIFY_URL{suffix}"))? else {
            return Ok(None);
        };
        let forms = [Format::Slack, Format::Teams, Format::Json].map(|it| (it.as_str(), it));
        let format = word(self.variable, &format!("NOTIFY_FORMAT{suffix}"), &forms)?;
        let format = format.unwrap_or_else(|| Format::of(&address));
        Ok(Some(Receiver {
            name: name.to_owned(),
            secret: self.secret(&format!("NOTIFY_SECRET{suffix}"), format)?,
            address,
            format,
        }))
    }

    fn secret(&self, name: &str, format: Format) -> Result<Option<Secret>, SettingError> {
        let Some(text) = (self.variable)(name) else {
            return Ok(None);
        };
        let problem = if format != Format::Json {
            "is set, but its receiver's form is not json; only that form is signed. Unset it"
        } else if text.starts_with(REFERENCE) {
            "is an unresolved reference to Key Vault; check the secret's name and the identity's role"
        } else if text.chars().count() < 16 {
            "has fewer than 16 characters; set it to a long random text"
        } else {
            return Ok(Some(Secret(text)));
        };
        Err(SettingError::new(format!("{name} {problem}")))
    }

    /// `HEARTBEAT_URL` is the beginning of the address of every function, which its name completes.
    fn heartbeats(
        &self,
        functions: impl IntoIterator<Item = &'static str>,
    ) -> Result<BTreeMap<&'static str, Address>, SettingError> {
        let base = self.address("HEARTBEAT_URL")?;
        let mut heartbeats = BTreeMap::new();
        for function in functions {
            let own = self.address(&format!("HEARTBEAT_URL_{}", function.to_uppercase()))?;
            let of_base = || Some(base.as_ref()?.below(&function.replace('_', "-")));
            if let Some(address) = own.or_else(of_base) {
                heartbeats.insert(function, address);
            }
        }
        Ok(heartbeats)
    }

    fn address(&self, name: &str) -> Result<Option<Address>, SettingError> {
        let address = (self.variable)(name).map(|text| Address::parse(&text, &self.networks));
        let address = address.transpose();
        address.map_err(|error| SettingError::new(format!("{name}: {error}")))
    }

    /// By default the page of the app's own host name, which Azure sets.
    fn link(&self) -> Result<Option<String>, SettingError> {
        let Some(text) = (self.variable)("NOTIFY_LINK") else {
            let host = (self.variable)("WEBSITE_HOSTNAME");
            return Ok(host.map(|host| format!("https://{host}/ops")));
        };
        let url = Url::parse(&text).ok().filter(|url| {
            let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
            let has_key = url.query().is_some() || !url.username().is_empty();
            (url.scheme() == "https" || (url.scheme() == "http" && is_local)) && !has_key
        });
        // The address may contain a key, so the error does not.
        let unusable = "NOTIFY_LINK is invalid; set it to the https address of the page, without a query and a \
                        password";
        Ok(Some(url.ok_or_else(|| SettingError::new(unusable))?.into()))
    }
}

impl Format {
    /// The form that the service at this address takes.
    fn of(address: &Address) -> Format {
        let host = address.host();
        let is_below = |domain| host.ends_with(domain);
        if matches!(host, "hooks.slack.com" | "hooks.slack-gov.com") {
            Format::Slack
        } else if is_below(".logic.azure.com") || is_below(".api.powerplatform.com") {
            Format::Teams
        } else {
            Format::Json
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Format::Slack => "slack",
            Format::Teams => "teams",
            Format::Json => "json",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Secret {
    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, SettingError> {
        Settings::read(["scale", "postfacto_backup"], environment::of(pairs))
    }

    #[test]
    fn forms_are_recognized_by_the_host() {
        for (url, format) in [
            ("https://hooks.slack.com/services/T/B/x", Format::Slack),
            (
                "https://prod-1.westeurope.logic.azure.com:443/workflows/x",
                Format::Teams,
            ),
            (
                "https://a.b.environment.api.powerplatform.com/powerautomate/x",
                Format::Teams,
            ),
            ("https://hooks.slack.com.example/x", Format::Json),
            ("https://logic.azure.com.example/x", Format::Json),
        ] {
            let settings = read(&[("NOTIFY_URL", url)]).expect(url);
            assert_eq!(settings.receivers[0].format, format, "{url}");
        }
        let stated = [
            ("NOTIFY_URL", "https://chat.example/x"),
            ("NOTIFY_FORMAT", "slack"),
        ];
        assert_eq!(
            read(&stated).expect("good").receivers[0].format,
            Format::Slack
        );
    }

    #[test]
    fn named_receivers_have_variables_of_their_own() {
        let settings = read(&[
            ("NOTIFY_URL", "https://a.example/x"),
            ("NOTIFY_RECEIVERS", "on-call, audit"),
            ("NOTIFY_URL_ON_CALL", "https://b.example/x"),
            ("NOTIFY_URL_AUDIT", "https://c.example/x"),
            ("NOTIFY_SECRET_AUDIT", "0123456789abcdef"),
        ]);
        let receivers = settings.expect("good").receivers;
        let names: Vec<&str> = receivers.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["default", "on-call", "audit"]);
        assert!(receivers[1].secret.is_none() && receivers[2].secret.is_some());
    }

    #[test]
    fn heartbeats_have_an_address_or_the_common_one_with_the_functions_name() {
        let settings = read(&[
            ("HEARTBEAT_URL", "https://hc.example/key/?create=1"),
            ("HEARTBEAT_URL_SCALE", "https://other.example/uuid"),
        ]);
        let heartbeats = settings.expect("good").heartbeats;
        assert_eq!(heartbeats["scale"].secret().path(), "/uuid");
        assert_eq!(
            heartbeats["postfacto_backup"].secret().path(),
            "/key/postfacto-backup"
        );
    }

    #[test]
    fn errors_name_the_variable_and_contain_no_secret() {
        let url = ("NOTIFY_URL", "https://a.example/secret-path");
        for (pairs, hint) in [
            (
                vec![("NOTIFY_URL", "http://a.example/secret-path")],
                "NOTIFY_URL",
            ),
            (
                vec![("HEARTBEAT_URL_SCALE", "secret-path")],
                "HEARTBEAT_URL_SCALE",
            ),
            (vec![("NOTIFY_RECEIVERS", "audit")], "NOTIFY_URL_AUDIT"),
            (vec![("NOTIFY_RECEIVERS", "Audit")], "lower-case"),
            (vec![url, ("NOTIFY_RECEIVERS", "default")], "twice"),
            (vec![url, ("NOTIFY_FORMAT", "xml")], "NOTIFY_FORMAT=xml"),
            (vec![url, ("NOTIFY_SECRET", "secret-path")], "16 characters"),
            (
                vec![
                    url,
                    ("NOTIFY_FORMAT", "slack"),
                    ("NOTIFY_SECRET", "secret-path-secret-path"),
                ],
                "NOTIFY_SECRET",
            ),
            (vec![("NOTIFY_NETWORKS", "ten")], "NOTIFY_NETWORKS"),
            (vec![("NOTIFY_SIZES", "yes")], "NOTIFY_SIZES=yes"),
            (
                vec![(
                    "NOTIFY_LINK",
                    "https://u:secret-path@a.example/ops?code=secret-path",
                )],
                "NOTIFY_LINK",
            ),
        ] {
            let error = read(&pairs).expect_err(hint).to_string();
            assert!(error.contains(hint), "{error}");
            assert!(!error.contains("secret-path"), "{error}");
        }
        let settings = read(&[url, ("NOTIFY_SECRET", "secret-path-secret-path")]);
        let printed = format!("{:?}", settings.expect("good"));
        assert!(!printed.contains("secret-path"), "{printed}");
    }

    #[test]
    fn the_link_is_the_apps_own_page_by_default() {
        let settings = read(&[("WEBSITE_HOSTNAME", "app.azurewebsites.net")]).expect("good");
        assert_eq!(
            settings.link.as_deref(),
            Some("https://app.azurewebsites.net/ops")
        );
        assert_eq!(read(&[]).expect("good").link, None);
    }
}
