//! Real servers, real processes, real signals.

mod durable;
mod programs;
mod stage;
mod throwaway;
