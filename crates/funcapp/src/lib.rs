//! A Functions app on disk: host.json, function.json, settings and schedules.
//!
//! The Functions host reads an app from a folder, or from a zip with the same layout:
//!
//! ```text
//! host.json                 how to start the handler, how HTTP reaches it
//! <Function>/function.json  one trigger each: a route, or a timer
//! local.settings.json       settings on a developer's machine; never deployed
//! ```
//!
//! This crate reads that layout with the host's rules. Its errors name the file and the member: an [`Error`] of
//! [`App::read`] stops the whole app, a [`Fault`] one function. It starts no process and opens no connection, and reads only the folder that it
//! gets. The clock and the environment are arguments.
//!
//! # Modules
//!
//! | module | purpose |
//! |---|---|
//! | [`timer`](App::timer) | whether the host runs one timer, and when |
//! | [`app`](App) | the whole app, from a folder or from the files of a zip |
//! | `files` | the files of an app in a folder |
//! | `function_json`, `binding` | reads one function from its file, and one binding of it |
//! | [`function`](Function) | one function: its trigger, outputs and retry policy |
//! | [`host_json`](HostJson) | `host.json`: the custom handler, timeouts, the route prefix |
//! | [`route`](RouteTemplate), `segment` | routes such as `item/{id?}`, and their segments |
//! | [`schedule`](Schedule), `ncrontab` | the occurrences of a timer, and the grammar of its expressions |
//! | `overrides` | settings that replace members of host.json |
//! | [`log_levels`](LogLevels) | the records that the host keeps |
//! | [`local_host`](LocalHost) | the port of `func start`, and its CORS |
//! | [`settings`](Settings) | app settings and `%NAME%` |
//! | `members` | JSON objects with their file and path |
//! | [`json`](parse_json) | JSON with comments and last commas |
//! | `timespan` | .NET's `hh:mm:ss` |
//! | [`error`](Error) | mistakes, as texts |
//!
//! Imports run down this table only.

mod app;
mod binding;
mod error;
mod files;
mod function;
mod function_json;
mod host_json;
mod json;
mod local_host;
mod log_levels;
mod members;
mod ncrontab;
mod overrides;
mod route;
#[cfg(test)]
mod samples;
mod schedule;
mod segment;
mod settings;
mod timer;
mod timespan;

pub use app::{App, Fault};
pub use error::Error;
pub use function::{AuthLevel, Function, FunctionName, HttpTrigger, Retry, TimerTrigger, Trigger};
pub use host_json::{CustomHandler, HostJson};
pub use json::parse_first_json;
pub use local_host::LocalHost;
pub use log_levels::{LogLevel, LogLevels};
pub use route::RouteTemplate;
pub use schedule::Schedule;
pub use settings::Settings;
