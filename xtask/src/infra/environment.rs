//! An environment, and Terraform in it.

use std::io;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::process;
use crate::tools;
use crate::workspace::Workspace;

/// The configuration of all environments. Each has its own values, state and data folder of Terraform, so that a
/// command for one environment cannot act on another one.
const FOLDER: &str = "infra/terraform/environment";

/// An environment of `infra/terraform/environment`.
pub(crate) struct Environment {
    pub(crate) name: String,
    folder: PathBuf,
    terraform: PathBuf,
}

impl Environment {
    /// The environment called `name`, if there is one.
    pub(crate) fn parse(workspace: &Workspace, name: &str) -> anyhow::Result<Environment> {
        let folder = workspace.root().join(FOLDER);
        // The name becomes part of paths and of names in Azure.
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_name || !folder.join(format!("{name}.tfvars")).is_file() {
            bail!("there is no environment `{name}`: {FOLDER} has no {name}.tfvars");
        }
        Ok(Environment {
            name: name.to_owned(),
            folder,
            terraform: tools::terraform::install(workspace)?,
        })
    }

    /// Terraform, with this environment's state.
    pub(crate) fn terraform(&self, arguments: &[&str]) -> Command {
        let mut terraform = Command::new(&self.terraform);
        terraform
            .current_dir(&self.folder)
            .env(
                "TF_DATA_DIR",
                self.folder.join(".terraform").join(&self.name),
            )
            .args(arguments);
        terraform
    }

    /// The options that give Terraform this environment's values: its own, and those from bootstrap.
    pub(crate) fn values(&self) -> [String; 2] {
        ["tfvars", "bootstrap.tfvars.json"]
            .map(|ending| format!("-var-file={}.{ending}", self.name))
    }

    /// Fetches modules and the pinned providers, and selects the state: in the environment's container of
    /// `state_account`, or where the folder's own configuration says.
    pub(crate) fn init(&self, state_account: Option<&str>) -> anyhow::Result<()> {
        let mut init = self.terraform(&["init", "-input=false", "-lockfile=readonly"]);
        if let Some(account) = state_account {
            init.arg(format!("-backend-config=storage_account_name={account}"));
            init.arg(format!("-backend-config=container_name={}", self.name));
        }
        // A command may write its result to stdout.
        init.stdout(io::stderr());
        process::run(&mut init).with_context(|| {
            format!(
                "cannot prepare {}: commit {FOLDER}/.terraform.lock.hcl, and name the state account",
                self.name
            )
        })
    }

    /// The outputs in the environment's state.
    pub(crate) fn outputs(&self) -> anyhow::Result<Value> {
        let output = process::stdout(&mut self.terraform(&["output", "-json"]));
        let text = output.with_context(|| {
            format!(
                "cannot read the state of {0}: run `cargo xtask infra plan {0}` first",
                self.name
            )
        })?;
        serde_json::from_str(&text).context("`terraform output` printed no JSON")
    }
}
