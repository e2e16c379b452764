//! Stand-ins for what cannot run here, one of each.

mod identity;
mod storage_faults;

pub(crate) use identity::{Identity, Token};
pub(crate) use storage_faults::{Call, Fault, StorageFaults};
