//! Fakes of services that cannot run here, one of each.

mod identity;
mod receiver;
mod resource_manager;
mod storage_faults;

pub(crate) use identity::{Identity, Token};
pub(crate) use receiver::{Delivery, Reaction, Receiver};
pub(crate) use resource_manager::{CORRELATION, On, ResourceManagerFake, SECRET, Trouble, Watch};
pub(crate) use storage_faults::{Call, Fault, StorageFaults};
