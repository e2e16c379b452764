//! What a pipeline runs, run as a pipeline would: the real `cargo xtask`, in a checkout of its own, with a
//! fake `az` and a fake function app in the place of Azure. Terraform and git are the real ones.

mod checkout;
mod deploy;
mod function_app;
mod package;
mod plan;
mod publish;
mod release;
mod smoke;
mod stage;
mod start;
