//! Sizes by schedule through every entry point: the timer, HTTP, the command line. Azure is a fake, the rest
//! is real.

mod drift;
mod fortnight;
mod groups;
mod holds;
mod numbers;
mod places;
mod stage;
mod ticks;
mod trouble;
mod verbs;
