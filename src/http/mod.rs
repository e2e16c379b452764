//! What every HTTP answer of ours has in common: how a request is read, how an error looks, and
//! which headers and log line go with it.
//!
//! warp's rejections turn into the wrong status all too easily (a 405 where a 404 is right), so
//! no route of ours rejects once its path has matched: an [`Endpoint`] judges method and query, a
//! handler gets the [`Request`] and returns a response or a [`Problem`], and [`answer()`] makes either
//! into what goes out.

mod answer;
mod database;
mod endpoint;
mod hangup;
mod paced;
mod problem;
mod query;
mod request;

pub use answer::{answer, json};
pub use database::database_problem;
pub use endpoint::Endpoint;
pub use hangup::Hangup;
pub use paced::Paced;
pub use problem::{FieldError, Problem};
pub use query::Query;
pub use request::{Request, request};
pub use warp::reply::Response;
