//! Items: records with unique names.
//!
//! [`Items`] has the SQL, and [`all`] and [`one`] are the HTTP routes. `insert` merges creations that arrive
//! together, `load` says when a batch is large enough, and `contested` separates those that fail or block others.
//! `idempotency` makes a repeated creation safe, and `deletion` a deletion that the Functions host resends. `pages` reads
//! items without waiting for their reader, and `stream` sends any number of them with constant memory.

mod body;
mod contested;
mod counts;
mod deletion;
mod housekeeping;
mod id;
mod idempotency;
mod insert;
mod listing;
mod load;
mod name;
mod pages;
mod record;
mod routes;
mod store;
mod stream;

pub use counts::{BATCHES, ItemCounts};
pub use housekeeping::Housekeeping;
pub use id::ItemId;
pub use idempotency::{IdempotencyKey, KeyedCreation};
pub use insert::Creation;
pub use listing::Listing;
pub use name::ItemName;
pub use record::Item;
pub use routes::{all, one};
pub use store::{Items, Renaming};
