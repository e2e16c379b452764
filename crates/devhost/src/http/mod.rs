//! HTTP as the host serves it: routing, keys, and the responses that are its own.
//!
//! | module | purpose |
//! |---|---|
//! | `server` | a listener and its connections |
//! | `serving` | the requests of one connection, one after the other |
//! | `admin` | the functions, their errors, and manual runs |
//! | `call` | one request for a function, from its body to the last byte of the response |
//! | `connection` | one connection: bytes in and out |
//! | `pace` | a request's body: its speed and its length |
//! | `cors` | which pages of other origins may read a response |
//! | `routes`, `keys` | the function of a request, and whether the request may call it |
//! | `proxy` | the request itself, sent on until a response comes |
//! | `path` | how a path is decoded and rewritten |

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
mod serving;

pub(crate) use server::serve;
