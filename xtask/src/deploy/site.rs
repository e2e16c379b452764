//! An app's deployment site, and the way into it.
//!
//! It is what Flex Consumption calls "one deploy": the zip is posted, the answer is the deployment's id,
//! and the deployment is asked for until it is done.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use serde_json::Value;
use ureq::Agent;

use super::http::{self, Answer};
use super::wait::{Attempt, until};
use crate::azure;

/// The header in which the platform names the address that it refuses.
const REFUSED: &str = "x-ms-forbidden-ip";

/// A deployment's `status` when it is over: <https://github.com/projectkudu/kudu/wiki/REST-API>, and
/// Flex Consumption's own after it.
const SUCCESS: i64 = 4;
const UNHAPPY: [(i64, &str); 4] = [
    (-1, "was cancelled"),
    (3, "failed"),
    (5, "conflicts with another one"),
    (6, "succeeded in part"),
];

/// The site, and who asks.
pub(super) struct Site {
    agent: Agent,
    address: String,
    authorization: String,
}

impl Site {
    /// The site at `address`, for who is logged in.
    pub(super) fn new(address: String) -> anyhow::Result<Site> {
        let authorization = format!("Bearer {}", azure::token()?);
        Ok(Site {
            agent: http::agent(),
            address,
            authorization,
        })
    }

    /// The address that this machine is refused by, if it is.
    pub(super) fn refuses(&self) -> anyhow::Result<Option<IpAddr>> {
        let answer = self.get("/api/deployments")?;
        let Some(address) = answer.header(REFUSED).filter(|_| answer.status == 403) else {
            return Ok(None);
        };
        let bare = address.trim_matches(['[', ']']);
        bare.parse().map(Some).with_context(|| {
            format!("the deployment site refuses `{address}`, which is no address")
        })
    }

    /// Sends a package and returns the deployment's id. A deployment that is under way elsewhere is
    /// waited for.
    pub(super) fn send(&self, package: &[u8], patience: Duration) -> anyhow::Result<String> {
        until(patience, || {
            let answer = self.post(package).map_err(Attempt::NotYet)?;
            match answer.status {
                200 | 202 => deployment(&answer).map_err(Attempt::Never),
                // Another deployment; the rule that lets us in has not reached every front end.
                409 | 403 | 502..=504 => Err(Attempt::NotYet(refusal(&answer))),
                _ => Err(Attempt::Never(refusal(&answer))),
            }
        })
    }

    /// Waits for a deployment. What became of it may be unknown for a moment, while the site restarts.
    pub(super) fn wait(&self, deployment: &str, patience: Duration) -> anyhow::Result<()> {
        let path = format!("/api/deployments/{deployment}");
        until(patience, || {
            let answer = self.get(&path).map_err(Attempt::NotYet)?;
            if answer.status != 200 {
                return Err(Attempt::NotYet(anyhow!(
                    "the deployment's state is unknown: {answer}"
                )));
            }
            let state = answer.json().map_err(Attempt::NotYet)?;
            judge(&state).map_err(|attempt| match attempt {
                Attempt::Never(error) => Attempt::Never(error.context(self.log(&path))),
                later @ Attempt::NotYet(_) => later,
            })
        })
    }

    /// What the site wrote about a deployment, as far as it can be had.
    fn log(&self, path: &str) -> String {
        let log = self
            .get(&format!("{path}/log"))
            .and_then(|answer| answer.json());
        let lines = log.ok().and_then(|log| Some(log.as_array()?.clone()));
        let messages: Vec<String> = lines
            .into_iter()
            .flatten()
            .filter_map(|line| Some(line["message"].as_str()?.to_owned()))
            .collect();
        format!("the deployment site's log says: {}", messages.join("; "))
    }

    fn get(&self, path: &str) -> anyhow::Result<Answer> {
        let url = format!("{}{path}", self.address);
        let request = self.agent.get(&url);
        let request = request.header("Authorization", &self.authorization);
        Answer::of(request.call()).with_context(|| format!("GET {url}"))
    }

    fn post(&self, package: &[u8]) -> anyhow::Result<Answer> {
        let url = format!("{}/api/publish?RemoteBuild=false", self.address);
        let request = self.agent.post(&url).content_type("application/zip");
        let request = request.header("Authorization", &self.authorization);
        Answer::of(request.send(package)).with_context(|| format!("POST {url}"))
    }
}

/// The id in the answer to a package, which is a JSON string.
fn deployment(answer: &Answer) -> anyhow::Result<String> {
    match answer.json()? {
        Value::String(id)
            if id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') =>
        {
            Ok(id)
        }
        other => bail!("the deployment site answered with no deployment's id: {other}"),
    }
}

fn refusal(answer: &Answer) -> anyhow::Error {
    let hint = match answer.status {
        401 => ": who is logged in may not deploy to this app",
        409 => ": another deployment is under way",
        _ => "",
    };
    anyhow!("the deployment site refused the package{hint}: {answer}")
}

fn judge(state: &Value) -> Result<(), Attempt> {
    let status = state["status"].as_i64().unwrap_or_default();
    if status == SUCCESS {
        return Ok(());
    }
    match UNHAPPY.iter().find(|(code, _)| *code == status) {
        Some((_, what)) => {
            let text = state["status_text"].as_str().unwrap_or_default();
            Err(Attempt::Never(anyhow!("the deployment {what}: {text}")))
        }
        None => Err(Attempt::NotYet(anyhow!(
            "the deployment is still under way, in state {status}"
        ))),
    }
}
