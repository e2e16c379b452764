//! The settings of the logs.

use std::io::IsTerminal;

use thiserror::Error;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// Plain text, for a person.
    Text,
}

/// Which requests have a line of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requests {
    /// Those that failed or were slow. The others are counted.
    Failed,
    /// All of them.
    All,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `LOG_FORMAT`.
    pub format: Format,
    /// `LOG`: which records are written, in the syntax of `RUST_LOG`.
    pub filter: Option<String>,
    /// `LOG_REQUESTS`.
    pub requests: Requests,
}

/// A setting of the logs that cannot be used.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// An unknown format.
    #[error("LOG_FORMAT={0} is not a format; set it to json or text, or unset it")]
    Format(String),
    /// A filter that does not parse.
    #[error(
        "LOG={filter} is not a filter ({reason}); set it to a level such as info, or to \
         target=level pairs such as info,magnusapi::database=debug"
    )]
    Filter {
        /// The setting's value.
        filter: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An unknown choice of requests.
    #[error("LOG_REQUESTS={0} is not known; set it to failed or all, or unset it")]
    Requests(String),
}

impl Settings {
    /// Reads `LOG`, `LOG_FORMAT` and `LOG_REQUESTS`. Without a format, it is text on a terminal and
    /// JSON elsewhere.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Settings, SettingsError> {
        let format = match variable("LOG_FORMAT") {
            None if std::io::stdout().is_terminal() => Format::Text,
            None => Format::Json,
            Some(format) => match format.as_str() {
                "json" => Format::Json,
                "text" => Format::Text,
                _ => return Err(SettingsError::Format(format)),
            },
        };
        let requests = match variable("LOG_REQUESTS") {
            None => Requests::Failed,
            Some(requests) => match requests.as_str() {
                "failed" => Requests::Failed,
                "all" => Requests::All,
                _ => return Err(SettingsError::Requests(requests)),
            },
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
