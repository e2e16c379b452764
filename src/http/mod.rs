//! Requests, responses, and errors of all routes.
//!
//! A route passes its [`Request`] to an [`Endpoint`], which checks method and query. The handler returns
//! a response or a [`Problem`], and [`respond()`] adds the headers, the ids and the log line that every
//! response has.

mod database;
mod endpoint;
mod hangup;
mod object;
mod paced;
mod problem;
mod query;
mod request;
mod respond;
mod response;

pub use endpoint::Endpoint;
pub use hangup::Hangup;
pub use object::{Members, ObjectFormat};
pub use paced::Paced;
pub use problem::{FieldError, Problem};
pub use query::Query;
pub use request::{Request, request};
pub use respond::respond;
pub use response::{Response, json, no_content, stream, whole};
