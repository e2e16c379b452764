//! Programs that are not crates: pinned, announced, fetched once, never half there.
//!
//! Each lives in a folder of its own below `target/tools`. Nothing is installed system-wide, except
//! that root on a Debian-like system gets a missing Python or Node.js by apt, which is said first.

pub(crate) mod actionlint;
pub(crate) mod age;
mod apt;
pub(crate) mod azurite;
pub(crate) mod cargo_cyclonedx;
pub(crate) mod cargo_deny;
pub(crate) mod check_jsonschema;
pub(crate) mod checkov;
mod crates;
pub(crate) mod helm;
mod install;
pub(crate) mod kubernetes_models;
pub(crate) mod kubernetes_validate;
mod npm;
pub(crate) mod pgbouncer;
mod python;
pub(crate) mod schemathesis;
pub(crate) mod terraform;
pub(crate) mod tfplugin;
pub(crate) mod zig;
pub(crate) mod zizmor;
