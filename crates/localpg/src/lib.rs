//! A private PostgreSQL for people and for tests.
//!
//! [`Programs`] are PostgreSQL's own programs, found on this machine or fetched once. With them
//! runs either
//!
//! - [`Durable`]: a cluster in a folder, its data kept and flushed, shared by every process that
//!   opens the folder and stopped when the last of them is gone; or
//! - [`Throwaway`]: a cluster in memory for tests, gone with the process that started it, even if
//!   that was killed.
//!
//! Nothing listens on the network unless a test asks for it: clients come through a socket in a
//! folder that only the server's account (and root) may enter. PostgreSQL refuses to run as root,
//! so root's server runs as `postgres`, or else as `nobody`.
//!
//! # Rooms, from the door inwards
//!
//! | module | purpose |
//! |---|---|
//! | `durable`, `throwaway` | the two flavours of server |
//! | `home` | the folder of a durable cluster: whose it is, its locks, its version |
//! | `recipe` | the settings of a throw-away server, and what its tests ask for beyond them |
//! | `cluster` | what both flavours do to make, start and address a server |
//! | `watcher` | the shell that owns a server and ends it when nobody uses it any more |
//! | `programs`, `wheel` | where the programs are, and how they are fetched |
//! | `pip` | pip, for packages that are pinned by hash |
//! | `postmaster`, `process` | what a server's pid file and `/proc` say |
//! | `places` | where a person's data and fetched programs are kept |
//! | `socket`, `account`, `aside` | where a socket lies, who runs a server, how no folder is half made |
//! | `wait`, `error` | deadlines, and what can go wrong |
//!
//! Imports run down this table only. The crate needs Linux: `/proc`, `/bin/sh`, and for [`Durable`]
//! util-linux's `flock`.

mod account;
mod aside;
mod cluster;
mod durable;
mod error;
mod home;
mod pip;
mod places;
mod postmaster;
mod process;
mod programs;
mod recipe;
mod socket;
mod throwaway;
mod wait;
mod watcher;
mod wheel;

pub use durable::Durable;
pub use error::Error;
pub use pip::pip_install;
pub use places::data_folder;
pub use programs::Programs;
pub use recipe::ThrowawayOptions;
pub use throwaway::Throwaway;
