//! Messages to operators, and heartbeats to a service that notices silence.
//!
//! An *evaluation* compares the findings of `/health`, the ledger and the journal of sizes with the states that
//! receivers already know. One statement stores the new states together with their messages. So a killed process
//! loses no message, and of two simultaneous evaluations only one is stored. A *sender* claims the messages of
//! each receiver in their order, and retries them with a backoff: delivery is at least once, and each message has
//! an id by which a receiver recognizes a repetition.
//!
//! The platform may stop the process between two calls. So both run at the end of each timer call, which waits for
//! them for some seconds only, and in the background while the process lives.
//!
//! Heartbeats need no database: each timer call sends them directly.
//!
//! | module | purpose |
//! |---|---|
//! | [`cli`] | the verbs of `magnusapi notify` |
//! | `notifier` | evaluations and sending, around timer calls and in the background |
//! | `health` | the check of `/health` |
//! | `heartbeat` | pings at the start and the end of timer calls |
//! | `sender` | delivers the waiting messages |
//! | `outbox` | the tables |
//! | `watch` | from states and findings to messages; pure |
//! | `forms` | the bodies for Slack, Teams, and JSON with its signature |
//! | `message` | the content of a message |
//! | `transport` | requests to permitted addresses only |
//! | `settings` | settings from the environment |
//! | `address` | addresses of receivers, which are secrets |
//! | `network` | the networks that requests may reach |

mod address;
pub mod cli;
mod forms;
mod health;
mod heartbeat;
mod message;
mod network;
mod notifier;
mod outbox;
mod sender;
mod settings;
mod transport;
mod watch;

pub use health::DeliveryCheck;
pub use notifier::Notifier;
pub use outbox::Outbox;
pub use settings::Settings;
