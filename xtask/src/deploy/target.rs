//! An environment's app, as Terraform made it.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, bail};

use super::Common;
use crate::azure::App;
use crate::infra::Environment;
use crate::workspace::Workspace;

/// An app and its addresses.
pub(super) struct Target {
    pub(super) app: App,
    /// Front Door's address, without a slash at the end.
    pub(super) url: String,
    deployment_site: Option<String>,
    /// For a deployment, and again for everything to work.
    pub(super) timeout: Duration,
}

impl Target {
    /// Reads Terraform's outputs.
    pub(super) fn of(workspace: &Workspace, common: &Common) -> anyhow::Result<Target> {
        let environment = Environment::parse(workspace, &common.environment)?;
        let outputs = environment.outputs()?;
        let output = |name: &str| {
            outputs[name]["value"].as_str().with_context(|| {
                format!(
                    "Terraform's state of {} has no output {name}: was it applied?",
                    common.environment
                )
            })
        };
        Ok(Target {
            app: App::parse(output("function_app_id")?)?,
            url: output("api_url")?.trim_end_matches('/').to_owned(),
            deployment_site: common.deployment_site.clone(),
            timeout: common.timeout(),
        })
    }

    /// The address for packages. Newer apps have a hash in their host names, so Azure is asked.
    pub(super) fn deployment_site(&self) -> anyhow::Result<String> {
        let site = match &self.deployment_site {
            Some(given) => given.trim_end_matches('/').to_owned(),
            None => self.reported_by_azure()?,
        };
        if !site.starts_with("https://") && !site.starts_with("http://127.0.0.1:") {
            bail!("{site} would receive a token without encryption: name an https address");
        }
        Ok(site)
    }

    fn reported_by_azure(&self) -> anyhow::Result<String> {
        let app = self.app.show()?;
        let names = app["properties"]["hostNameSslStates"].as_array();
        let site = names.into_iter().flatten().find_map(|name| {
            (name["hostType"].as_str()? == "Repository").then(|| name["name"].as_str())?
        });
        let site =
            site.with_context(|| format!("Azure reports no deployment site of {}", self.app.name))?;
        Ok(format!("https://{site}"))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.app.name, self.url)
    }
}
