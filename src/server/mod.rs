//! The HTTP server: connections, the checks before the routes, the routes, and the graceful stop.

mod activity;
mod admission;
mod connection;
mod connections;
mod memory;
mod openapi;
mod path;
mod routes;
mod run;
mod settings;

pub use admission::Front;
pub use run::{bind, run, second_signal, stop_signal};
pub use settings::Settings;
