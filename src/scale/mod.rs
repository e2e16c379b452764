//! Azure resources at the size that the week asks for.

pub mod resource;
