//! The commands of the pipelines: the real `cargo xtask`, Terraform and git, in a checkout of their own, with a fake
//! `az` and a fake function app in place of Azure.

mod checkout;
mod deploy;
mod dist;
mod doctor;
mod function_app;
mod package;
mod plan;
mod publish;
mod release;
mod smoke;
mod stage;
mod start;
