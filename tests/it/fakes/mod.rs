//! Stand-ins for what cannot run here, one of each.

mod identity;

pub(crate) use identity::{Identity, Token};
