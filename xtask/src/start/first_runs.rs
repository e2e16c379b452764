//! The first backup of the samples and its drill. The host runs them, as by schedule, so the page shows their runs.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;

use super::POLL;
use super::process_group::ProcessGroup;
use super::samples::SOURCE;
use super::settings::LocalSettings;
use super::stop::Stop;
use crate::process;

/// The timer functions.
pub(super) const BACKUP: &str = "postfacto_backup";
const DRILL: &str = "postfacto_restore_drill";
const SCALE: &str = "scale";

/// A backup of the samples takes a second, and its drill two.
const LIMIT: Duration = Duration::from_mins(2);

/// The app that runs.
pub(super) struct RunningApp<'a> {
    pub(super) program: PathBuf,
    pub(super) port: u16,
    pub(super) settings: &'a LocalSettings,
    pub(super) group: &'a mut ProcessGroup,
    pub(super) stop: &'a Stop,
}

/// A backup of the samples.
struct Backup {
    id: String,
    rows: u64,
    is_verified: bool,
}

impl RunningApp<'_> {
    /// Makes a backup and restores it on trial, unless this was done before. Returns a line about it.
    pub(super) fn make_first_runs(&mut self) -> anyhow::Result<String> {
        let before = self.backups()?;
        if let Some(backup) = before.iter().find(|it| it.is_verified) {
            return Ok(format!(
                "{}, the newest verified is {}",
                before.len(),
                backup.id
            ));
        }
        self.call(SCALE)?;
        if before.is_empty() {
            self.call(BACKUP)?;
            self.wait_for(BACKUP, |_| true)?;
        }
        self.call(DRILL)?;
        let Backup { id, rows, .. } = self.wait_for(DRILL, |it| it.is_verified)?;
        Ok(format!(
            "made the first one and restored it on trial: {id}, {rows} rows"
        ))
    }

    /// Requests a run of a timer function. The host responds before the run ends.
    fn call(&self, function: &str) -> anyhow::Result<()> {
        let url = format!("http://127.0.0.1:{}/admin/functions/{function}", self.port);
        ureq::post(&url)
            .header("Content-Type", "application/json")
            .send("{}")
            .with_context(|| format!("the host did not accept a run of {function}"))?;
        Ok(())
    }

    fn wait_for(
        &mut self,
        function: &str,
        is_done: impl Fn(&Backup) -> bool,
    ) -> anyhow::Result<Backup> {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(backup) = self.backups()?.into_iter().find(&is_done) {
                return Ok(backup);
            }
            self.group.check()?;
            if self.stop.is_requested() {
                bail!("stopped before {function} ended");
            }
            if Instant::now() > deadline {
                bail!(
                    "{function} did not succeed within {} s; see the host's lines above",
                    LIMIT.as_secs()
                );
            }
            self.stop.wait(POLL);
        }
    }

    /// The backups of the samples, the newest first, as the program lists them with the app's settings.
    fn backups(&self) -> anyhow::Result<Vec<Backup>> {
        let mut list = Command::new(&self.program);
        list.args(["backup", "list", "--source", SOURCE, "--json"])
            .envs(self.settings.environment())
            .env_remove("LOG");
        let text = process::stdout(&mut list)?;
        let listed: Value = serde_json::from_str(&text)
            .with_context(|| format!("`{}` did not print JSON", process::line(&list)))?;
        let backups = listed["data"].as_array().into_iter().flatten();
        let backups = backups.map(|it| Backup {
            id: it["id"].as_str().unwrap_or_default().to_owned(),
            rows: it["rows"].as_u64().unwrap_or_default(),
            is_verified: it["verified"].is_object(),
        });
        Ok(backups.collect())
    }
}
