//! The HTTP server: all routes, what every request passes before them, and a run that ends in order.

mod activity;
mod connection;
mod connections;
mod door;
mod openapi;
mod path;
mod routes;
mod run;
mod settings;

pub use door::Front;
pub use routes::routes;
pub use run::{bind, run, second_signal, stop_signal};
pub use settings::{Settings, SettingsError};
