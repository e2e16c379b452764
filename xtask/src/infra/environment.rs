//! An environment's folder, and Terraform in it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::process;
use crate::tools;
use crate::workspace::Workspace;

/// A folder of `infra/terraform/environments`.
pub(crate) struct Environment {
    pub(crate) name: String,
    folder: PathBuf,
    terraform: PathBuf,
}

impl Environment {
    /// The environment called `name`, if there is one.
    pub(crate) fn parse(workspace: &Workspace, name: &str) -> anyhow::Result<Environment> {
        let folders = workspace.root().join("infra/terraform/environments");
        let folder = folders.join(name);
        // The name becomes part of paths and of names in Azure.
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_name || name.is_empty() || !folder.is_dir() {
            bail!(
                "there is no environment `{name}`: it must be one of the folders in {}",
                workspace.shown(&folders)
            );
        }
        Ok(Environment {
            name: name.to_owned(),
            folder,
            terraform: tools::terraform::install(workspace)?,
        })
    }

    /// Terraform, in the folder.
    pub(crate) fn terraform(&self, arguments: &[&str]) -> Command {
        let mut terraform = Command::new(&self.terraform);
        terraform.current_dir(&self.folder).args(arguments);
        terraform
    }

    /// Fetches modules and the pinned providers, and finds the state: in `state_account`, or where the
    /// folder's own configuration says.
    pub(crate) fn init(&self, state_account: Option<&str>) -> anyhow::Result<()> {
        let mut init = self.terraform(&["init", "-input=false", "-lockfile=readonly"]);
        if let Some(account) = state_account {
            init.arg(format!("-backend-config=storage_account_name={account}"));
        }
        process::run(&mut init).with_context(|| {
            format!(
                "cannot prepare {}: is its .terraform.lock.hcl committed, and the state account named?",
                self.folder.display()
            )
        })
    }

    /// What the environment's state gives out.
    pub(crate) fn outputs(&self) -> anyhow::Result<Value> {
        let output = process::stdout(&mut self.terraform(&["output", "-json"]));
        let answer = output.with_context(|| {
            format!(
                "cannot read the state of {0}: `cargo xtask infra plan {0}` finds it first",
                self.name
            )
        })?;
        serde_json::from_str(&answer).context("`terraform output` answered no JSON")
    }
}
