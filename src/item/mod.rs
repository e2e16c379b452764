//! Items: things with a name that no other item has.
//!
//! [`ItemName`] and [`ItemId`] are checked values; [`Items`] holds the SQL; [`routes`] is the
//! HTTP side. The ways into and out of the table are rooms of their own, because each has one
//! idea to it: `insert` merges creations that arrive together, and `contested` takes those apart
//! that another transaction holds up; `idempotency` makes a repeated creation safe, and `deletion` a
//! deletion that the Functions host sends again; `pages` reads items without a wait for their reader,
//! and `stream` sends any number of them with constant memory.

mod body;
mod contested;
mod deletion;
mod housekeeping;
mod id;
mod idempotency;
mod insert;
mod listing;
mod name;
mod pages;
mod record;
mod routes;
mod store;
mod stream;

pub use housekeeping::Housekeeping;
pub use id::ItemId;
pub use idempotency::{IdempotencyKey, KeyedCreation};
pub use insert::Creation;
pub use listing::Listing;
pub use name::{ItemName, NameError};
pub use record::Item;
pub use routes::routes;
pub use store::{Items, Renaming};
