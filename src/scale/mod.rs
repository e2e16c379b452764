//! Azure resources at the size that the week asks for.
//!
//! A tick reads the schedule and the holds, looks at each resource, and asks Azure for a change where
//! the two differ. Nothing is remembered between ticks that a tick could not do without: a tick that is
//! missed, late or doubled changes nothing about what the next one does. What the table `scale_change`
//! keeps is for people, for the guard against too many changes, and to tell drift from schedule.
//!
//! | module | purpose |
//! |---|---|
//! | [`cli`] | what a person types |
//! | `routes` | `/scale/plan` and `/scale/hold` |
//! | `timer`, `health` | the timer function, and what `/health` says |
//! | `tick` | one look at everything |
//! | `lane` | whether something may be written, where two changes at once would harm each other |
//! | `summary` | what became of it, for the ledger, health and people |
//! | `report`, `drawing` | the plan as values, and as SVG |
//! | `scaling` | schedule, holds, changes and the Resource Manager, put together |
//! | `loaded` | the schedule's files, loaded and checked |
//! | `holds`, `journal` | the tables |
//! | `reconcile` | the action for one target; pure |
//! | `hold_request` | a requested hold, checked |
//! | `settings` | what the environment says |
//! | [`resource`] | the resources of Azure that have a size |

pub mod cli;
mod drawing;
mod health;
mod hold_request;
mod holds;
mod journal;
mod lane;
mod loaded;
mod reconcile;
mod report;
pub mod resource;
mod routes;
mod scaling;
mod settings;
mod summary;
mod tick;
mod timer;

pub use health::ScaleCheck;
pub use loaded::{LoadError, LoadedSchedule};
pub use routes::routes;
pub use scaling::Scaling;
pub use settings::{Place, Settings, SettingsError};
pub use timer::{FUNCTION, ScaleTimer};
