//! An app's deployment site.
//!
//! It implements what Flex Consumption calls "one deploy": the zip is posted, the response is the deployment's id,
//! and the deployment's state is polled until it is final.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use serde_json::Value;
use ureq::Agent;

use super::http::{self, Reply};
use super::wait::{Attempt, until};
use crate::azure;

/// The header with the address that the platform refuses.
const REFUSED: &str = "x-ms-forbidden-ip";

/// The final values of a deployment's `status`: <https://github.com/projectkudu/kudu/wiki/REST-API>, and those of
/// Flex Consumption.
const SUCCESS: i64 = 4;
const FAILURES: [(i64, &str); 4] = [
    (-1, "was cancelled"),
    (3, "failed"),
    (5, "conflicts with another one"),
    (6, "succeeded in part"),
];

/// The site, with the token of the operator.
pub(super) struct Site {
    agent: Agent,
    address: String,
    authorization: String,
}

impl Site {
    /// The site at `address`, for the operator who is logged in.
    pub(super) fn new(address: String) -> anyhow::Result<Site> {
        let authorization = format!("Bearer {}", azure::token()?);
        Ok(Site {
            agent: http::agent(),
            address,
            authorization,
        })
    }

    /// The address of this machine as the site sees it, if the site refuses it.
    pub(super) fn refused_address(&self) -> anyhow::Result<Option<IpAddr>> {
        let reply = self.get("/api/deployments")?;
        let Some(address) = reply.header(REFUSED).filter(|_| reply.status == 403) else {
            return Ok(None);
        };
        let bare = address.trim_matches(['[', ']']);
        bare.parse().map(Some).with_context(|| {
            format!("the deployment site refuses `{address}`, which is not an IP address")
        })
    }

    /// Sends a package and returns the deployment's id. Waits while another deployment runs.
    pub(super) fn send(&self, package: &[u8], timeout: Duration) -> anyhow::Result<String> {
        until(timeout, || {
            let reply = self.post(package).map_err(Attempt::NotYet)?;
            match reply.status {
                200 | 202 => deployment(&reply).map_err(Attempt::Never),
                // Another deployment runs, or the rule that admits this machine has not reached every front end.
                409 | 403 | 502..=504 => Err(Attempt::NotYet(refusal(&reply))),
                _ => Err(Attempt::Never(refusal(&reply))),
            }
        })
    }

    /// Waits for a deployment. The site may not know its state while it restarts.
    pub(super) fn wait(&self, deployment: &str, timeout: Duration) -> anyhow::Result<()> {
        let path = format!("/api/deployments/{deployment}");
        until(timeout, || {
            let reply = self.get(&path).map_err(Attempt::NotYet)?;
            if reply.status != 200 {
                return Err(Attempt::NotYet(anyhow!(
                    "the deployment's state is unknown: {reply}"
                )));
            }
            let state = reply.json().map_err(Attempt::NotYet)?;
            final_state(&state).map_err(|attempt| match attempt {
                Attempt::Never(error) => Attempt::Never(error.context(self.log(&path))),
                later @ Attempt::NotYet(_) => later,
            })
        })
    }

    /// The messages of a deployment's log, as far as the site returns them.
    fn log(&self, path: &str) -> String {
        let log = self
            .get(&format!("{path}/log"))
            .and_then(|reply| reply.json());
        let lines = log.ok().and_then(|log| Some(log.as_array()?.clone()));
        let messages: Vec<String> = lines
            .into_iter()
            .flatten()
            .filter_map(|line| Some(line["message"].as_str()?.to_owned()))
            .collect();
        format!("the deployment site's log says: {}", messages.join("; "))
    }

    fn get(&self, path: &str) -> anyhow::Result<Reply> {
        let url = format!("{}{path}", self.address);
        let request = self.agent.get(&url);
        let request = request.header("Authorization", &self.authorization);
        Reply::of(request.call()).with_context(|| format!("GET {url}"))
    }

    fn post(&self, package: &[u8]) -> anyhow::Result<Reply> {
        let url = format!("{}/api/publish?RemoteBuild=false", self.address);
        let request = self.agent.post(&url).content_type("application/zip");
        let request = request.header("Authorization", &self.authorization);
        Reply::of(request.send(package)).with_context(|| format!("POST {url}"))
    }
}

/// The id in the response to a package, which is a JSON string.
fn deployment(reply: &Reply) -> anyhow::Result<String> {
    match reply.json()? {
        Value::String(id)
            if id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') =>
        {
            Ok(id)
        }
        other => bail!("the deployment site returned {other} instead of the id of a deployment"),
    }
}

fn refusal(reply: &Reply) -> anyhow::Error {
    let hint = match reply.status {
        401 => ": the account that is logged in may not deploy to this app",
        409 => ": another deployment is under way",
        _ => "",
    };
    anyhow!("the deployment site refused the package{hint}: {reply}")
}

fn final_state(state: &Value) -> Result<(), Attempt> {
    let status = state["status"].as_i64().unwrap_or_default();
    if status == SUCCESS {
        return Ok(());
    }
    match FAILURES.iter().find(|(code, _)| *code == status) {
        Some((_, ending)) => {
            let text = state["status_text"].as_str().unwrap_or_default();
            Err(Attempt::Never(anyhow!("the deployment {ending}: {text}")))
        }
        None => Err(Attempt::NotYet(anyhow!(
            "the deployment is still under way, in state {status}"
        ))),
    }
}
