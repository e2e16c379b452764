//! HTTP/1.1 as the real host's server and client read and write it. No library does: each repairs
//! or refuses something that Kestrel or .NET's client passes on, and this host must not.
//!
//! | module | purpose |
//! |---|---|
//! | `request` | a request's head, by Kestrel's rules |
//! | `response` | a response's head, by the rules of .NET's client; the host's own responses |
//! | `body` | a body by its framing |
//! | `source` | bytes from a connection, line by line or as they come |
//! | `headers` | names and values in their order |

mod body;
mod headers;
mod request;
mod response;
mod source;

pub(crate) use body::{BodyReader, Framing, chunk};
pub(crate) use headers::Headers;
pub(crate) use request::{NoRequest, Request};
pub(crate) use response::{Response, ResponseHead};
pub(crate) use source::{HeadError, Source};
