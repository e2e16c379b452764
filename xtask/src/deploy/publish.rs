//! Publishing: open the deployment site if necessary, send, wait, synchronise, close.

use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;

use super::package::Package;
use super::site::Site;
use super::target::Target;
use crate::azure::{self, App};

pub(super) fn publish(package: &Package, target: &Target) -> anyhow::Result<()> {
    println!("publishing {} to {}", package.commit, target.app.name);
    let site = Site::new(target.deployment_site()?)?;
    let Some(address) = site.refused_address()? else {
        return send(&site, package, target);
    };
    azure::require_version()?;
    let opening = Opening::for_us(&target.app, address)?;
    let sent = send(&site, package, target);
    let closed = opening.close();
    sent.and(closed)
}

fn send(site: &Site, package: &Package, target: &Target) -> anyhow::Result<()> {
    let deployment = site.send(&package.bytes, target.timeout)?;
    println!("deployment {deployment} is under way");
    site.wait(&deployment, target.timeout)
        .with_context(|| format!("deployment {deployment}"))?;
    target.app.sync_triggers()
}

/// A rule that admits one address. If this program is killed, the rule stays, and Terraform does not see it; a
/// caller from that address still has to log in.
struct Opening<'a> {
    app: &'a App,
    rule: String,
}

impl Opening<'_> {
    fn for_us(app: &App, address: IpAddr) -> anyhow::Result<Opening<'_>> {
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let range = format!("{address}/{bits}");
        println!("opening the deployment site for {range}");
        // A unique name, so that two deployments do not remove the rule of each other.
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let rule = format!("deployment-{}", since.unwrap_or_default().as_millis());
        let opening = Opening { app, rule };
        let rest = ["--action", "Allow", "--priority", "200"];
        opening
            .access_restriction("add", &[&rest[..], &["--ip-address", &range]].concat())
            .context("cannot open the deployment site")?;
        Ok(opening)
    }

    fn close(&self) -> anyhow::Result<()> {
        self.access_restriction("remove", &[]).with_context(|| {
            format!(
                "cannot close the deployment site of {} again: remove its rule {} there",
                self.app.name, self.rule
            )
        })
    }

    fn access_restriction(&self, verb: &str, rest: &[&str]) -> anyhow::Result<()> {
        let words = ["functionapp", "config", "access-restriction", verb];
        let group = &self.app.resource_group;
        let app = ["--resource-group", group, "--name", &self.app.name];
        let rule = ["--scm-site", "true", "--rule-name", &self.rule];
        azure::run(&[&words[..], &app, &rule, rest].concat())
    }
}
