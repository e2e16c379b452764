//! The settings of the logs.

use std::io::IsTerminal;

use thiserror::Error;

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// Plain text.
    Text,
}

/// The requests that have a line of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requests {
    /// Failed and slow requests. The others are counted.
    Failed,
    All,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `LOG_FORMAT`.
    pub format: Format,
    /// `LOG`: which records are written, in the syntax of `RUST_LOG`.
    pub filter: Option<String>,
    /// `LOG_REQUESTS`.
    pub requests: Requests,
}

/// A setting of the logs is invalid.
#[derive(Debug, Error)]
pub enum SettingsError {
    #[error("LOG_FORMAT={0} is not a format; set it to json or text, or unset it")]
    Format(String),
    #[error(
        "LOG={filter} is not a filter ({reason}); set it to a level such as info, or to \
         target=level pairs such as info,magnusapi::database=debug"
    )]
    Filter { filter: String, reason: String },
    #[error("LOG_REQUESTS={0} is unknown; set it to failed or all, or unset it")]
    Requests(String),
}

impl Settings {
    /// Reads `LOG`, `LOG_FORMAT` and `LOG_REQUESTS`. Without a format, it is text on a terminal and
    /// JSON elsewhere.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Settings, SettingsError> {
        let format = variable("LOG_FORMAT");
        let format = match format.as_deref() {
            None if std::io::stdout().is_terminal() => Format::Text,
            None | Some("json") => Format::Json,
            Some("text") => Format::Text,
            Some(unknown) => return Err(SettingsError::Format(unknown.to_owned())),
        };
        let requests = variable("LOG_REQUESTS");
        let requests = match requests.as_deref() {
            None | Some("failed") => Requests::Failed,
            Some("all") => Requests::All,
            Some(unknown) => return Err(SettingsError::Requests(unknown.to_owned())),
        };
        let filter = variable("LOG");
        if let Some(filter) = &filter {
            env_filter::Builder::new()
                .try_parse(filter)
                .map_err(|error| SettingsError::Filter {
                    filter: filter.clone(),
                    reason: error.to_string(),
                })?;
        }
        Ok(Settings {
            format,
            filter,
            requests,
        })
    }
}
