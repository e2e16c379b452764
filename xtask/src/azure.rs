//! Azure, through the command line that a person is logged in with.

use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::process;

/// The version of Microsoft.Web that is spoken here; infra/terraform makes the app with it.
const WEB: &str = "2025-03-01";

/// A command of Azure's.
pub(crate) fn az(arguments: &[&str]) -> Command {
    let mut az = Command::new("az");
    az.args(arguments).args(["--only-show-errors", "--output"]);
    az
}

/// Runs a command that answers nothing of use.
pub(crate) fn run(arguments: &[&str]) -> anyhow::Result<()> {
    process::run(az(arguments).arg("none"))
}

/// Runs a command and returns its answer.
pub(crate) fn ask(arguments: &[&str]) -> anyhow::Result<Value> {
    let mut command = az(arguments);
    let answer = process::stdout(command.arg("json"))?;
    serde_json::from_str(&answer)
        .with_context(|| format!("`{}` answered no JSON", process::line(&command)))
}

/// The first version whose `config access-restriction` leaves out `ftpsState`, which Flex Consumption rejects.
const OLDEST: (u32, u32) = (2, 91);

/// Fails where `az` is older than what `access-restriction` needs.
pub(crate) fn require_version() -> anyhow::Result<()> {
    let versions = ask(&["version"])?;
    let version = versions["azure-cli"].as_str().unwrap_or_default();
    let mut numbers = version.split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= OLDEST => Ok(()),
        _ => bail!(
            "az {version} sends back `ftpsState`, which Flex Consumption rejects (error 51021); 2.91 is the first that \
             does not: update it with `az upgrade`"
        ),
    }
}

/// A token for the Resource Manager, which an app's deployment site takes too.
pub(crate) fn token() -> anyhow::Result<String> {
    let resource = "https://management.azure.com";
    let answer = ask(&["account", "get-access-token", "--resource", resource])?;
    let token = answer["accessToken"].as_str();
    Ok(token
        .context("az gave no token: log in with `az login`")?
        .to_owned())
}

/// A function app, by its resource id.
#[derive(Debug, PartialEq)]
pub(crate) struct App {
    id: String,
    pub(crate) resource_group: String,
    pub(crate) name: String,
}

impl App {
    /// `/subscriptions/…/resourceGroups/…/providers/Microsoft.Web/sites/…`
    pub(crate) fn parse(id: &str) -> anyhow::Result<App> {
        let parts: Vec<&str> = id.split('/').collect();
        match parts[..] {
            [
                "",
                "subscriptions",
                _,
                "resourceGroups",
                resource_group,
                "providers",
                "Microsoft.Web",
                "sites",
                name,
            ] => Ok(App {
                id: id.to_owned(),
                resource_group: resource_group.to_owned(),
                name: name.to_owned(),
            }),
            _ => bail!("`{id}` is not the resource id of a function app"),
        }
    }

    /// What the Resource Manager knows of the app.
    pub(crate) fn show(&self) -> anyhow::Result<Value> {
        ask(&["rest", "--method", "get", "--url", &self.url("")])
    }

    /// The functions that the host has told the Resource Manager of.
    pub(crate) fn functions(&self) -> anyhow::Result<Vec<String>> {
        let url = self.url("/functions");
        let answer = ask(&["rest", "--method", "get", "--url", &url])?;
        let functions = answer["value"]
            .as_array()
            .context("the Resource Manager listed no functions")?;
        // Each is named `<app>/<function>`.
        let names = functions
            .iter()
            .filter_map(|function| function["name"].as_str()?.rsplit('/').next());
        Ok(names.map(str::to_owned).collect())
    }

    /// What keeps the host from running this function. A function in error is listed all the same, and a
    /// call by hand of its timer is accepted.
    pub(crate) fn function_errors(&self, function: &str) -> anyhow::Result<Vec<String>> {
        let url = self.url(&format!("/hostruntime/admin/functions/{function}/status"));
        let answer = ask(&["rest", "--method", "get", "--url", &url])?;
        let errors = answer["errors"].as_array().into_iter().flatten();
        Ok(errors
            .map(|error| {
                error
                    .as_str()
                    .map_or_else(|| error.to_string(), str::to_owned)
            })
            .collect())
    }

    /// Has the platform read the triggers again. Without it a new timer does not tick on Flex
    /// Consumption (Azure/azure-functions-host#11828).
    pub(crate) fn sync_triggers(&self) -> anyhow::Result<()> {
        let url = self.url("/syncfunctiontriggers");
        run(&["rest", "--method", "post", "--url", &url])
    }

    fn url(&self, below: &str) -> String {
        format!("{}{below}?api-version={WEB}", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::App;

    #[test]
    fn an_app_is_known_by_its_resource_id() {
        let id = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Web/sites/func";
        let app = App::parse(id).unwrap();
        assert_eq!(
            (app.resource_group.as_str(), app.name.as_str()),
            ("rg", "func")
        );
        assert!(
            app.url("/functions")
                .starts_with(&format!("{id}/functions?"))
        );
        for bad in ["", "func", &id.replace("sites", "serverfarms")] {
            App::parse(bad).unwrap_err();
        }
    }
}
