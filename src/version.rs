//! Which build this is.

/// The version in `Cargo.toml`, the only one there is.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The git commit it was built from, or `unknown` outside of a checkout.
pub const COMMIT: &str = env!("MAGNUSAPI_COMMIT");
