//! The server's settings: how long it waits for clients, and for how many.

use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

/// What the server is told from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `HTTP_HEADER_TIMEOUT`, seconds, default 30: for the head of a request.
    pub header_timeout: Duration,
    /// `HTTP_BODY_TIMEOUT`, seconds, default 30: between two pieces of a body.
    pub body_timeout: Duration,
    /// `HTTP_IDLE_TIMEOUT`, seconds, default 75: between two requests. Longer than the 60 s for which
    /// common clients keep a connection, so that they are the ones who close it.
    pub idle_timeout: Duration,
    /// `HTTP_CONNECTIONS`, default 1000: at most so many at once.
    pub connections: usize,
}

/// A setting of the server that cannot be used.
#[derive(Debug, Error)]
#[error("{variable}={value} cannot be used; set it to a whole number from 1 to {most}")]
pub struct SettingsError {
    variable: &'static str,
    value: String,
    most: usize,
}

impl Settings {
    /// Reads all of them.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Settings, SettingsError> {
        let seconds = |name, default| {
            whole(&variable, name, default, 3600).map(|it| Duration::from_secs(it as u64))
        };
        Ok(Settings {
            header_timeout: seconds("HTTP_HEADER_TIMEOUT", 30)?,
            body_timeout: seconds("HTTP_BODY_TIMEOUT", 30)?,
            idle_timeout: seconds("HTTP_IDLE_TIMEOUT", 75)?,
            connections: whole(&variable, "HTTP_CONNECTIONS", 1000, 100_000)?,
        })
    }
}

fn whole(
    variable: &impl Fn(&str) -> Option<String>,
    name: &'static str,
    default: usize,
    most: usize,
) -> Result<usize, SettingsError> {
    let Some(value) = variable(name) else {
        return Ok(default);
    };
    let number = usize::from_str(&value).ok();
    let number = number.filter(|number| (1..=most).contains(number));
    number.ok_or(SettingsError {
        variable: name,
        value,
        most,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_cannot_be_used_name_their_variable() {
        for (name, value) in [
            ("HTTP_HEADER_TIMEOUT", "0"),
            ("HTTP_BODY_TIMEOUT", "soon"),
            ("HTTP_IDLE_TIMEOUT", "3601"),
            ("HTTP_CONNECTIONS", "-1"),
        ] {
            let set = |asked: &str| (asked == name).then(|| value.to_owned());
            let error = Settings::read(set).expect_err(name).to_string();
            assert!(error.contains(&format!("{name}={value}")), "{error}");
        }
    }
}
