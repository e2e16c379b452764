//! Checks from outside, as a user would, that an environment runs a package and works.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use super::http::{self, Reply};
use super::package::Package;
use super::target::Target;
use super::tick;
use super::wait::{Attempt, until};

/// The parts of `/health` that a deployment uses.
pub(super) struct Health {
    pub(super) commit: String,
    /// The version of the database's schema, if the database responded.
    pub(super) schema: Option<u64>,
    pub(super) failing: Vec<Check>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) key: String,
    /// Distinguishes several checks with one key: the name of a timer, or of a database.
    pub(super) component: Option<String>,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.component {
            Some(component) => write!(f, "{} of {component}", self.key),
            None => f.write_str(&self.key),
        }
    }
}

pub(super) fn health(target: &Target) -> anyhow::Result<Health> {
    let report = get(target, "/health")?.json()?;
    let commit = report["releaseId"].as_str();
    Ok(Health {
        commit: commit.context("/health reports no commit")?.to_owned(),
        schema: report["checks"]["database:schema"][0]["observedValue"].as_u64(),
        failing: findings(&report)
            .filter(|(_, finding)| finding["status"] == "fail")
            .map(|(check, _)| check)
            .collect(),
    })
}

/// The conditions of a deployment.
#[derive(Clone, Copy)]
pub(super) struct Expected<'a> {
    /// Checks that failed before the deployment, and are only warnings: a backup that is too old is not caused by the
    /// package, which may be the one that repairs it.
    pub(super) known: &'a [Check],
    /// The time within which a timer must run; zero for none.
    pub(super) tick: Duration,
}

/// Repeats all checks until they pass, and then waits for a run of a timer.
pub(super) fn smoke(package: &Package, target: &Target, expected: Expected) -> anyhow::Result<()> {
    println!("checking {}", target.url);
    let warnings = until(target.timeout, || {
        check(package, target, expected.known).map_err(Attempt::NotYet)
    })
    .with_context(|| format!("{} does not work", target.url))?;
    for warning in warnings {
        println!("{warning}");
    }
    if expected.tick > Duration::ZERO {
        let ran = tick::wait(target, expected.tick)?;
        println!("the host calls the timers: {ran}");
    }
    println!(
        "{} runs and works, with {}",
        package.commit,
        package.functions.join(", ")
    );
    Ok(())
}

fn check(package: &Package, target: &Target, known: &[Check]) -> anyhow::Result<Vec<String>> {
    let warnings = runs(package, target, known)?;
    lists(package, target)?;
    keeps_items(package, target)?;
    Ok(warnings)
}

/// Returns the warnings of `/health`, which concern the operator and not the package.
fn runs(package: &Package, target: &Target, known: &[Check]) -> anyhow::Result<Vec<String>> {
    let reply = get(target, "/health")?;
    let report = reply.json().context("/health")?;
    let commit = report["releaseId"].as_str().unwrap_or("no commit");
    ensure!(
        commit == package.commit,
        "/health reports {commit}, and not {}",
        package.commit
    );
    let mut warnings = Vec::new();
    for (check, finding) in findings(&report) {
        let status = finding["status"].as_str().unwrap_or_default();
        let output = finding["output"].as_str().unwrap_or_default();
        match status {
            "warn" => warnings.push(format!("{check} warns: {output}")),
            "fail" if known.contains(&check) => {
                warnings.push(format!("{check} fails as it did before: {output}"));
            }
            "fail" => bail!("{check} fails: {output}"),
            _ => {}
        }
    }
    let is_known = reply.status == 503 && !known.is_empty();
    ensure!(reply.status == 200 || is_known, "/health returned {reply}");
    Ok(warnings)
}

pub(super) fn findings(report: &Value) -> impl Iterator<Item = (Check, &Value)> {
    let checks = report["checks"].as_object().into_iter().flatten();
    checks.flat_map(|(key, findings)| {
        let findings = findings.as_array().into_iter().flatten();
        findings.map(move |finding| {
            let component = finding["componentId"].as_str().map(str::to_owned);
            let key = key.clone();
            (Check { key, component }, finding)
        })
    })
}

/// The platform reports success also for a package whose functions the host does not find or does not run.
fn lists(package: &Package, target: &Target) -> anyhow::Result<()> {
    let listed = target.app.functions()?;
    let is_missing = |function: &&String| !listed.contains(function);
    let missing: Vec<_> = package
        .functions
        .iter()
        .filter(is_missing)
        .map(String::as_str)
        .collect();
    ensure!(
        missing.is_empty(),
        "the Resource Manager does not list {}",
        missing.join(", ")
    );
    for function in &package.functions {
        let errors = target.app.function_errors(function)?;
        ensure!(
            errors.is_empty(),
            "the host does not run {function}: {}",
            errors.join("; ")
        );
    }
    Ok(())
}

/// Creates an item, reads it, and deletes it.
fn keeps_items(package: &Package, target: &Target) -> anyhow::Result<()> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let name = format!(
        "smoke test of {} at {}",
        package.commit,
        since.unwrap_or_default().as_nanos()
    );
    let body = json!({ "name": name }).to_string();
    let request = http::agent()
        .post(format!("{}/item", target.url))
        .content_type("application/json");
    let made = Reply::of(request.send(&body)).context("POST /item")?;
    ensure!(made.status == 201, "POST /item returned {made}");
    let place = made.header("location").unwrap_or_default();
    ensure!(
        place.starts_with("/item/"),
        "POST /item returned the location `{place}`"
    );
    let read = get(target, place)?;
    let is_same = read
        .json()
        .is_ok_and(|read| read["data"]["name"] == name.as_str());
    ensure!(
        read.status == 200 && is_same,
        "GET {place} does not return the created item: {read}"
    );
    let gone = Reply::of(
        http::agent()
            .delete(format!("{}{place}", target.url))
            .call(),
    )?;
    ensure!(gone.status == 204, "DELETE {place} returned {gone}");
    Ok(())
}

pub(super) fn get(target: &Target, path: &str) -> anyhow::Result<Reply> {
    let request = http::agent().get(format!("{}{path}", target.url));
    Reply::of(request.call()).with_context(|| format!("GET {path}"))
}
