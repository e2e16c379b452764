//! The version of this build.

/// The version in `Cargo.toml`.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The git commit, or `unknown` for a build outside of a checkout.
pub const COMMIT: &str = env!("MAGNUSAPI_COMMIT");
