//! App settings: `local.settings.json`, overlaid by the environment, and `%NAME%`.
//!
//! Source: Azure/azure-functions-core-tools, `SecretsManager` and `StartHostAction` (a variable of
//! the environment wins over the file); Azure/azure-webjobs-sdk, `NameResolverExtensions.cs`.

use std::{collections::BTreeMap, io, path::Path};

use crate::{
    error::Error,
    members::{Members, document},
};

pub(crate) const FILE: &str = "local.settings.json";

/// Names and values, as the host hands them to the handler.
///
/// A name is looked up exactly first and then without case, as .NET's configuration does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<String, String>);

impl Settings {
    /// The `Values` of the `local.settings.json` in `folder`; none without such a file.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        match read_file(folder)? {
            Some(bytes) => Self::parse(&bytes),
            None => Ok(Self::default()),
        }
    }

    /// The `Values` in the bytes of a `local.settings.json`. All of them must be strings. An empty
    /// one is left out: on Linux, `func` does not set it either.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let document = document(FILE, bytes)?;
        let root = Members::root(FILE, &document)?;
        if root.flag("IsEncrypted")?.unwrap_or(false) {
            let problem = "is true; run `func settings decrypt`, only func can read it";
            return Err(root.error("IsEncrypted", problem));
        }
        let values = match root.object("Values")? {
            Some(values) => values.all_texts()?,
            None => Vec::new(),
        };
        let set = values.into_iter().filter(|(_, value)| !value.is_empty());
        Ok(Self(set.collect()))
    }

    /// These settings with `others` on top: where both have a name, the value of `others` holds.
    #[must_use]
    pub fn overlaid<N, V>(mut self, others: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<String>,
        V: Into<String>,
    {
        self.0.extend(
            others
                .into_iter()
                .map(|(name, value)| (name.into(), value.into())),
        );
        self
    }

    pub fn value(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .or_else(|| {
                self.0
                    .iter()
                    .find(|(key, _)| key.eq_ignore_ascii_case(name))
                    .map(|(_, v)| v)
            })
            .map(String::as_str)
    }

    /// All names and values, in name order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The name of the setting that disables the function: `AzureWebJobs.<function>.Disabled` or
    /// `AzureWebJobs_<function>_Disabled`, in any case, with the value true or 1.
    pub(crate) fn disabling(&self, function: &str) -> Option<&str> {
        let names = [
            format!("AzureWebJobs.{function}.Disabled"),
            format!("AzureWebJobs_{function}_Disabled"),
        ];
        self.iter()
            .filter(|(_, value)| value.eq_ignore_ascii_case("true") || *value == "1")
            .map(|(name, _)| name)
            .find(|name| names.iter().any(|other| other.eq_ignore_ascii_case(name)))
    }

    /// `text` of `function` with every `%NAME%` replaced by its setting. `%A:B%` finds the variable
    /// `A__B`, and `%A__B%` finds nothing: .NET's configuration knows it as `A:B`.
    pub(crate) fn resolve(&self, function: &str, text: &str) -> Result<String, Error> {
        let mut resolved = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('%') {
            let Some((name, tail)) = after.split_once('%') else {
                return Err(Error(format!(
                    "{function}: `{text}` has a `%` without its partner; write `%NAME%`"
                )));
            };
            let variable = name.replace(':', "__");
            let value = self.value(&variable).filter(|_| !name.contains("__"));
            let value = value.filter(|value| !value.is_empty());
            let value = value.ok_or_else(|| {
                Error(format!(
                    "{function}: `{text}` needs the setting `{name}`, which is not set; the host does not run \
                     this function: set it in local.settings.json or in the app's settings"
                ))
            })?;
            resolved.push_str(before);
            resolved.push_str(value);
            rest = tail;
        }
        resolved.push_str(rest);
        Ok(resolved)
    }
}

/// The bytes of the `local.settings.json` in `folder`, if there is one.
pub(crate) fn read_file(folder: &Path) -> Result<Option<Vec<u8>>, Error> {
    match std::fs::read(folder.join(FILE)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error(format!(
            "cannot read {FILE} in {}: {error}; check its permissions",
            folder.display()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_wins_over_the_file() {
        let file = br#"{"IsEncrypted":false,"Values":{"A":"file","B":"file","C":""}}"#;
        let settings = Settings::parse(file)
            .expect("a good file")
            .overlaid([("A", "environment")]);
        assert_eq!(settings.value("A"), Some("environment"));
        assert_eq!(settings.value("b"), Some("file"));
        assert_eq!(settings.value("C"), None);
    }

    #[test]
    fn a_value_that_is_not_a_string_is_named() {
        let error = Settings::parse(br#"{"Values":{"PORT":7071}}"#).expect_err("a number");
        assert_eq!(
            error.to_string(),
            "local.settings.json: Values.PORT is not a string; put it in quotes"
        );
    }

    #[test]
    fn an_unset_name_is_an_error_that_names_it_and_the_function() {
        let settings = Settings::default();
        let error = settings.resolve("Scale", "%SCALE_SCHEDULE%");
        let error = error.expect_err("not set");
        let text = error.to_string();
        assert!(text.starts_with("Scale: "), "{text}");
        assert!(
            text.contains("the setting `SCALE_SCHEDULE`, which is not set"),
            "{text}"
        );
        assert!(settings.resolve("F", "50%").is_err());
    }
}
