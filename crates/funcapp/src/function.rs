//! One function: its trigger, and its policy for failures.
//!
//! Source: Azure/azure-functions-host, `HostFunctionMetadataProvider.cs`,
//! `FunctionMetadataExtensions.cs`, `Utility.cs`.

use std::{fmt, time::Duration};

use crate::{
    error::Error, host_json::CustomHandler, route::RouteTemplate, schedule::Schedule,
    settings::Settings,
};

/// A function of the app.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its folder's name, which is its name everywhere, case kept.
    pub name: FunctionName,
    /// The binding that starts it.
    pub trigger: Trigger,
    /// The policy after a failure; `None` tries nothing again.
    pub retry: Option<Retry>,
    /// Whether requests reach the handler themselves: the function has exactly one binding in, the
    /// `httpTrigger`, and exactly one out, `http`. With one binding more, the host wraps requests in
    /// JSON without a warning.
    pub takes_requests: bool,
}

/// The binding that starts a function.
#[derive(Debug, Clone)]
pub enum Trigger {
    /// A request that matches a route.
    Http(HttpTrigger),
    Timer(TimerTrigger),
}

#[derive(Debug, Clone)]
pub struct HttpTrigger {
    /// The route below the prefix; the function's name where the file has none.
    pub route: RouteTemplate,
    /// Upper-case methods; `None` is all of them.
    pub methods: Option<Vec<String>>,
    /// Which key a request needs. `function` where the file has none.
    pub auth_level: AuthLevel,
}

#[derive(Debug, Clone)]
pub struct TimerTrigger {
    /// The binding's name: the member of `Data` that carries the timer's state.
    pub binding: String,
    /// The schedule in the file: NCRONTAB, a `TimeSpan`, or `%SETTING%`.
    pub schedule: String,
    /// One run at every start of the host.
    pub run_on_startup: bool,
    /// Whether the host remembers runs, and so notices one that it missed. True when absent.
    pub use_monitor: bool,
}

/// The key that a caller of an HTTP function needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthLevel {
    /// None.
    Anonymous,
    /// A key of the function, of the host, or the master key.
    Function,
    /// The master key.
    Admin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// `maxRetryCount`: the attempts after the first; `None` for -1, which means for ever.
    pub max_retry_count: Option<u32>,
    /// How long to wait before each.
    pub(crate) delay: RetryDelay,
}

/// The wait between two attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryDelay {
    /// `fixedDelay`: always `delayInterval`.
    Fixed(Duration),
    /// `exponentialBackoff`: from `minimumInterval`, growing to `maximumInterval`.
    Exponential {
        minimum: Duration,
        maximum: Duration,
    },
}

/// A function's name: a letter, then up to 127 letters, digits, `_` or `-`; not `host`.
///
/// Names compare without case in the host; this type keeps the case and compares exactly.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FunctionName(String);

impl Function {
    /// Whether the host passes requests on to this function as they are, under `handler`. Otherwise
    /// it rebuilds them, or posts an envelope.
    pub fn is_proxied(&self, handler: &CustomHandler) -> bool {
        self.takes_requests && handler.proxies_http
    }

    /// Whether `other` takes the same requests: the host then runs only one of the two.
    pub(crate) fn shares_route(&self, other: &Self) -> bool {
        let (Some(this), Some(other)) = (self.http(), other.http()) else {
            return false;
        };
        let same_route = this
            .route
            .as_str()
            .eq_ignore_ascii_case(other.route.as_str());
        let sorted = |methods: &Option<Vec<String>>| {
            let mut methods = methods.clone().unwrap_or_default();
            methods.sort();
            methods
        };
        same_route && sorted(&this.methods) == sorted(&other.methods)
    }

    /// The timer trigger, if it has one.
    pub fn timer(&self) -> Option<&TimerTrigger> {
        match &self.trigger {
            Trigger::Timer(timer) => Some(timer),
            Trigger::Http(_) => None,
        }
    }

    /// The HTTP trigger, if it has one.
    pub fn http(&self) -> Option<&HttpTrigger> {
        match &self.trigger {
            Trigger::Http(http) => Some(http),
            Trigger::Timer(_) => None,
        }
    }

    /// When this function's timer fires, with `%NAME%` taken from `settings`; `None` for an HTTP
    /// function. An error switches off this function alone.
    pub fn schedule(&self, settings: &Settings) -> Option<Result<Schedule, Error>> {
        let timer = self.timer()?;
        Some(Schedule::resolve(
            self.name.as_str(),
            &timer.schedule,
            settings,
        ))
    }
}

impl FunctionName {
    /// Checks a folder's name (`HostFunctionMetadataProvider.cs`, `Utility.FunctionNameRegex`).
    pub(crate) fn parse(name: &str) -> Result<Self, Error> {
        let mut bytes = name.bytes();
        let starts_with_letter = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic());
        let rest = bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        if starts_with_letter && rest && name.len() <= 128 && !name.eq_ignore_ascii_case("host") {
            Ok(Self(name.to_owned()))
        } else {
            Err(Error(format!(
                "the folder `{name}` cannot be a function: a name is a letter and then up to 127 letters, \
                 digits, `_` or `-`, and not `host`; rename the folder"
            )))
        }
    }

    /// The name as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FunctionName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Retry {
    /// How long to wait before retry number `retry`, counted from 1.
    pub fn wait_before(&self, retry: u32) -> Duration {
        match self.delay {
            RetryDelay::Fixed(delay) => delay,
            RetryDelay::Exponential { minimum, maximum } => {
                let factor = 2_u32.saturating_pow(retry.saturating_sub(1));
                minimum.saturating_mul(factor).min(maximum)
            }
        }
    }

    /// Whether retry number `retry`, counted from 1, may be made.
    pub fn allows(&self, retry: u32) -> bool {
        self.max_retry_count.is_none_or(|most| retry <= most)
    }
}
