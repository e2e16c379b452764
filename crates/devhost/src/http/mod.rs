//! HTTP as the host serves it: routing, keys, and the responses that are its own.
//!
//! | module | purpose |
//! |---|---|
//! | `server` | a listener and its connections |
//! | `connection` | one connection: requests in, responses out |
//! | `call` | one request for a function, from its body to the last byte of the response |
//! | `pace` | a request's body, as fast and as long as it may be |
//! | `cors` | which pages of other origins may read a response |
//! | `routes` | which function a request is for |
//! | `path` | what becomes of a path on its way |
//! | `keys` | whether the request may call it |
//! | `admin` | the functions, their errors, and runs by hand |
//! | `proxy` | the request itself, sent on until a response comes |

mod admin;
mod call;
mod connection;
mod cors;
mod keys;
mod pace;
mod path;
mod proxy;
mod routes;
mod server;

pub(crate) use server::serve;
