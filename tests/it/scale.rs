//! Sizes by schedule through every door: the timer, HTTP, the command line. Azure is a fake, the rest is
//! real.

mod drift;
mod fortnight;
mod holds;
mod lanes;
mod places;
mod stage;
mod ticks;
mod trouble;
mod verbs;
