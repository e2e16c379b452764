//! Azure resources at the sizes of a schedule.
//!
//! The table `scale_change` serves people, the limit of changes, and the distinction of drift from schedule.
//!
//! | module | purpose |
//! |---|---|
//! | [`cli`] | the verbs of `magnusapi scale` |
//! | `routes` | `/scale/plan` and `/scale/hold` |
//! | `timer`, `health`, `overview` | the timer function, the checks of `/health`, and the numbers of metrics |
//! | `tick` | handles every target once |
//! | `group` | concurrency groups: resources of which only one is changed at a time |
//! | `summary` | the result of a tick |
//! | `placing` | checks and stores holds |
//! | `end` | the size and the end of a hold, as a person writes them |
//! | `sizes` | planned and actual sizes around an instant |
//! | `drawing` | the plan as SVG |
//! | `report` | the plan as values |
//! | `scaling` | schedule, holds, changes and the Resource Manager together |
//! | `loaded` | loads and checks the schedule |
//! | `files` | the schedule's files |
//! | `holds`, `journal` | the tables |
//! | `columns` | columns that both tables have |
//! | `reconcile` | the action for one target; pure |
//! | `settings` | settings from the environment |
//! | [`resource`] | the kinds of resources that have a size |

pub mod cli;
mod columns;
mod drawing;
mod end;
mod files;
mod group;
mod health;
mod holds;
mod journal;
mod loaded;
mod overview;
mod placing;
mod reconcile;
mod report;
pub mod resource;
mod routes;
mod scaling;
mod settings;
mod sizes;
mod summary;
mod tick;
mod timer;

pub use end::End;
pub(crate) use end::size_of;
pub use files::LoadError;
pub use health::ScaleCheck;
pub use holds::{HoldRecord, Holds};
pub use journal::{ChangeRecord, Journal};
pub use loaded::{LoadedSchedule, NoSuchTarget};
pub use overview::TargetNumbers;
pub(crate) use placing::text_error;
pub use placing::{HoldError, Placing, Rejection};
pub use routes::{hold, holds, plan};
pub use scaling::Scaling;
pub use settings::{Place, Settings};
pub use sizes::{ActualSpan, InstanceHours, Sizes};
pub use timer::{FUNCTION, ScaleTimer};
