//! `infra/terraform`: formatted, valid, and its own tests passed, with a stub of the providers or, with
//! `TERRAFORM_PROVIDERS=registry`, the real ones.

#[path = "terraform/applied.rs"]
mod applied;
#[path = "terraform/azure.rs"]
mod azure;
#[path = "terraform/configuration.rs"]
mod configuration;
#[path = "terraform/contract.rs"]
mod contract;
#[path = "terraform/folders.rs"]
mod folders;
#[path = "terraform/layout.rs"]
mod layout;
#[path = "terraform/mocks.rs"]
mod mocks;
#[path = "terraform/owner.rs"]
mod owner;
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
