//! `infra/terraform`: formatted, valid, and its own tests passed, with a stub of the providers or, with
//! `TERRAFORM_PROVIDERS=registry`, the real ones.

#[path = "terraform/configuration.rs"]
mod configuration;
#[path = "terraform/contract.rs"]
mod contract;
#[path = "terraform/folders.rs"]
mod folders;
#[path = "terraform/layout.rs"]
mod layout;
#[path = "terraform/plan.rs"]
mod plan;
#[path = "terraform/providers.rs"]
mod providers;
#[path = "terraform/rights.rs"]
mod rights;
#[path = "terraform/settings.rs"]
mod settings;
#[path = "terraform/variables.rs"]
mod variables;
