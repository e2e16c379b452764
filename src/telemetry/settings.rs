//! The settings of the logs.

use std::io::IsTerminal;

use crate::environment::{SettingError, word};

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

impl Settings {
    /// Reads `LOG`, `LOG_FORMAT` and `LOG_REQUESTS`. Without a format, it is text on a terminal and
    /// JSON elsewhere.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Settings, SettingError> {
        let formats = [("json", Format::Json), ("text", Format::Text)];
        let default = || {
            if std::io::stdout().is_terminal() {
                Format::Text
            } else {
                Format::Json
            }
        };
        let requests = [("failed", Requests::Failed), ("all", Requests::All)];
        let requests = word(&variable, "LOG_REQUESTS", &requests)?;
        let filter = variable("LOG");
        if let Some(filter) = &filter
            && let Err(error) = env_filter::Builder::new().try_parse(filter)
        {
            let allowed = format!(
                "a level such as info, or to target=level pairs such as \
                 info,magnusapi::database=debug ({error})"
            );
            return Err(SettingError::value("LOG", filter, &allowed));
        }
        Ok(Settings {
            format: word(&variable, "LOG_FORMAT", &formats)?.unwrap_or_else(default),
            filter,
            requests: requests.unwrap_or(Requests::Failed),
        })
    }
}
