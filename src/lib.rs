//! MagnusAPI: a serverless Azure Functions app in one static binary, run by the Functions host as
//! a custom handler.
//!
//! # Modules
//!
//! Imports run down this table only; a test reads them.
//!
//! | module | purpose |
//! |---|---|
//! | [`cli`] | the command line: arguments, verbs, exit codes |
//! | [`config`] | the settings of everything, read once |
//! | [`server`] | bind, all routes, stop in order |
//! | [`doctor`] | checks a laid-out Functions app against this program |
//! | [`app`] | which features there are, put together |
//! | [`item`] | items: the HTTP feature, its SQL, its timer |
//! | [`scale`] | Azure resources at the size that the week asks for |
//! | [`backup`] | backups of Postfacto's databases: export, restore, proof |
//! | [`health`] | `/health`, from checks that the features contribute |
//! | [`ledger`] | which runs of a timer there were, so that each slot is worked on once |
//! | [`host`] | the custom-handler protocol: timer envelope in, invocation result out |
//! | [`http`] | what all HTTP answers have in common: requests, problems, ids, log line |
//! | [`local`] | the embedded default: a private PostgreSQL for a person |
//! | `terminal` | what verbs print: tables for people, JSON for programs |
//! | [`database`] | pool, TLS, passwords and tokens, migrations |
//! | [`blob`] | where backups lie: Azure Blob, or a folder |
//! | [`azure`] | credentials, and the Resource Manager |
//! | [`clock`] | the time, as an argument |
//! | [`environment`] | variables, of which an empty one counts as unset |
//! | [`telemetry`], [`version`] | logs; which build this is |
//!
//! Libraries with a purpose of their own are in `crates/`: `schedule` (sizes by schedule, pure), `funcapp` (an
//! app's files), `localpg` (a private PostgreSQL), `devhost` (a local Functions host).
//!
//! # Ways in
//!
//! HTTP requests come through the host or directly; timer invocations come as posts from the
//! host; an operator comes by the command line. Behind each door is the same function: for items
//! [`item::Items`], for timers [`host::Timers::invoke`], which knows nothing of HTTP.
//!
//! # What the host forces
//!
//! It takes any answer to `GET /` for readiness, stops the program with SIGKILL at any moment, and
//! may run a timer twice. So the program binds before anything else, keeps no state that matters
//! in memory or in files, and acknowledges nothing before the database has it on disk.

// A closed stdout or stderr must not end the program: `terminal` prints.
#![deny(clippy::print_stdout, clippy::print_stderr)]

#[cfg(panic = "abort")]
compile_error!("a panic ends one request and not the program: build it with panic = \"unwind\"");

pub mod app;
pub mod azure;
pub mod backup;
pub mod blob;
pub mod cli;
pub mod clock;
pub mod config;
pub mod database;
pub mod doctor;
pub mod environment;
pub mod health;
pub mod host;
pub mod http;
pub mod item;
pub mod ledger;
pub mod local;
pub mod scale;
pub mod server;
pub mod telemetry;
mod terminal;
pub mod version;
