//! Azure, through its command line and the login of the operator.

use std::process::Command;

use anyhow::{Context, bail};
use semver::Version;
use serde_json::Value;

use crate::process;

/// The API version of Microsoft.Web, with which infra/terraform creates the app.
const WEB: &str = "2025-03-01";

pub(crate) fn az(arguments: &[&str]) -> Command {
    let mut az = Command::new("az");
    az.args(arguments).args(["--only-show-errors", "--output"]);
    az
}

/// Runs a command and discards its output.
pub(crate) fn run(arguments: &[&str]) -> anyhow::Result<()> {
    process::run(az(arguments).arg("none"))
}

/// Runs a command and returns its output.
pub(crate) fn ask(arguments: &[&str]) -> anyhow::Result<Value> {
    let mut command = az(arguments);
    let output = process::stdout(command.arg("json"))?;
    serde_json::from_str(&output)
        .with_context(|| format!("`{}` printed no JSON", process::line(&command)))
}

/// The first version whose `config access-restriction` leaves out `ftpsState`, which Flex Consumption rejects.
const OLDEST: Version = Version::new(2, 91, 0);

/// Fails if `az` is older than [`OLDEST`].
pub(crate) fn require_version() -> anyhow::Result<()> {
    let versions = ask(&["version"])?;
    let version = versions["azure-cli"].as_str().unwrap_or_default();
    if Version::parse(version).is_ok_and(|version| version >= OLDEST) {
        return Ok(());
    }
    bail!(
        "az {version} sends `ftpsState`, which Flex Consumption rejects (error 51021); version 2.91 does not: \
         update with `az upgrade`"
    )
}

/// A token for the Resource Manager, which an app's deployment site accepts too.
pub(crate) fn token() -> anyhow::Result<String> {
    let resource = "https://management.azure.com";
    let output = ask(&["account", "get-access-token", "--resource", resource])?;
    let token = output["accessToken"].as_str();
    Ok(token
        .context("az returned no token: log in with `az login`")?
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

    /// The app as the Resource Manager returns it.
    pub(crate) fn show(&self) -> anyhow::Result<Value> {
        ask(&["rest", "--method", "get", "--url", &self.url("")])
    }

    /// The functions that the host has reported to the Resource Manager.
    pub(crate) fn functions(&self) -> anyhow::Result<Vec<String>> {
        let url = self.url("/functions");
        let list = ask(&["rest", "--method", "get", "--url", &url])?;
        let functions = list["value"]
            .as_array()
            .context("the Resource Manager listed no functions")?;
        // Each is named `<app>/<function>`.
        let names = functions
            .iter()
            .filter_map(|function| function["name"].as_str()?.rsplit('/').next());
        Ok(names.map(str::to_owned).collect())
    }

    /// The reasons for which the host does not run this function. A function in error is listed too, and the
    /// host accepts a manual call of its timer.
    pub(crate) fn function_errors(&self, function: &str) -> anyhow::Result<Vec<String>> {
        let url = self.url(&format!("/hostruntime/admin/functions/{function}/status"));
        let status = ask(&["rest", "--method", "get", "--url", &url])?;
        let errors = status["errors"].as_array().into_iter().flatten();
        Ok(errors
            .map(|error| {
                error
                    .as_str()
                    .map_or_else(|| error.to_string(), str::to_owned)
            })
            .collect())
    }

    /// Makes the platform read the triggers again. Without it, a new timer does not run on Flex
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
    fn app_is_identified_by_its_resource_id() {
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
