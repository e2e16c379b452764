//! The HTTP server: all routes, and a run that ends in order.

mod openapi;
mod routes;
mod run;

pub use routes::routes;
pub use run::{bind, run, stop_signal};
