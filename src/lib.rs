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
//! | [`config`] | all settings, read once |
//! | [`server`] | bind, routes, graceful stop |
//! | [`doctor`] | checks a laid-out Functions app against this program |
//! | [`app`] | puts the features together |
//! | [`ops`] | the operators' page and its actions |
//! | [`notify`] | messages to operators, and heartbeats |
//! | [`metrics`] | `/metrics` for Prometheus |
//! | [`item`] | items: routes, SQL, timer |
//! | [`scale`] | sizes of Azure resources by schedule |
//! | [`backup`] | backups of Postfacto's databases: export, restore, verification |
//! | [`health`] | `/health`, from the checks of the features |
//! | [`due`] | the second clock: `/run-due` runs what the Functions host left |
//! | [`ledger`] | the runs of the timers, so that each slot is executed once |
//! | [`host`] | the custom-handler protocol: timer envelope in, invocation result out |
//! | [`http`] | requests, responses, problems, log line of all routes |
//! | [`local`] | the embedded default: a private PostgreSQL for a person |
//! | `exit` | the exit codes, and the failures of verbs |
//! | `terminal` | output of the verbs: tables for people, JSON for programs |
//! | [`database`] | pool, TLS, passwords and tokens, migrations |
//! | [`blob`] | the store of the backups: Azure Blob, or a folder |
//! | [`azure`] | credentials, and the Resource Manager |
//! | [`clock`] | the clock, as an argument |
//! | [`telemetry`], [`version`], `words` | logs and counters; the version of the build; times and sizes for people |
//! | [`environment`] | environment variables |
//!
//! `docs/architecture.md` describes the crates, the entry points, the requirements of the Functions host, and
//! the decisions.

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
pub mod due;
pub mod environment;
mod exit;
pub mod health;
pub mod host;
pub mod http;
pub mod item;
pub mod ledger;
pub mod local;
pub mod metrics;
pub mod notify;
pub mod ops;
pub mod scale;
pub mod server;
pub mod telemetry;
mod terminal;
pub mod version;
mod words;
