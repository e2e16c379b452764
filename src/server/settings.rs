//! The server's settings: time limits and the number of connections.

use std::time::Duration;

use crate::environment::{SettingError, number, seconds};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `HTTP_HEADER_TIMEOUT`, default 30 s: for the head of a request.
    pub header_timeout: Duration,
    /// `HTTP_BODY_TIMEOUT`, default 30 s: between two pieces of a body.
    pub body_timeout: Duration,
    /// `HTTP_IDLE_TIMEOUT`, default 75 s: between two requests. Common clients keep a connection for 60 s, so
    /// the client closes it first.
    pub idle_timeout: Duration,
    /// `HTTP_CONNECTIONS`, default 1000: maximum number of connections. File descriptors and memory may allow fewer.
    pub connections: usize,
}

impl Settings {
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Settings, SettingError> {
        let time = |name, default| seconds(&variable, name, 1..=3600, default);
        let connections = number(&variable, "HTTP_CONNECTIONS", 1..=100_000)?;
        Ok(Settings {
            header_timeout: time("HTTP_HEADER_TIMEOUT", 30)?,
            body_timeout: time("HTTP_BODY_TIMEOUT", 30)?,
            idle_timeout: time("HTTP_IDLE_TIMEOUT", 75)?,
            connections: connections.unwrap_or(1000),
        })
    }
}
