//! The actions of the page: what each would do, and its execution.
//!
//! Each calls the function that the command line calls. A form is checked twice: for the confirmation, which
//! names the effect, and again when the confirmed form arrives.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use hyper::StatusCode;
use jiff::Timestamp;
use uuid::Uuid;

use super::form::Form;
use super::sources::Ops;
use crate::backup::{
    Hold as BackupHold, Location, Selection, SourceBackups, SourceName, StoreError,
};
use crate::blob::Deletion;
use crate::due::{self, RunOutcome};
use crate::scale::{End, HoldError, LoadError, Placing, size_of, text_error};
use crate::words;
use schedule::TargetName;

/// An action that can be executed.
pub(super) enum Action {
    Hold(Box<Placing>),
    Release(TargetName),
    KeepBackup(Backup),
    ReleaseBackup(Backup),
    /// A timer function.
    Run(&'static str),
}

/// A backup that exists.
pub(super) struct Backup {
    backups: SourceBackups,
    source: SourceName,
    id: pgarchive::BackupId,
}

/// The person who acts, and why.
pub(super) struct Cause {
    pub(super) by: String,
    pub(super) reason: String,
}

/// Why an action was not executed.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) text: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, text: &dyn Display) -> Refusal {
        Refusal {
            status,
            text: text.to_string(),
        }
    }

    fn invalid(text: &dyn Display) -> Refusal {
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, text)
    }

    fn missing(text: &dyn Display) -> Refusal {
        Refusal::new(StatusCode::NOT_FOUND, text)
    }

    fn unavailable(text: &dyn Display) -> Refusal {
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, text)
    }
}

impl From<HoldError> for Refusal {
    fn from(error: HoldError) -> Refusal {
        match error {
            HoldError::Load(LoadError::Missing(_)) | HoldError::Target(_) => {
                Refusal::missing(&error)
            }
            HoldError::Load(_) | HoldError::Database(_) => Refusal::unavailable(&error),
            HoldError::Rejected(_) => Refusal::invalid(&error),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Refusal {
        match error {
            StoreError::Unknown { .. } => Refusal::missing(&error),
            StoreError::HeldAlready(_) | StoreError::BeingDeleted { .. } => {
                Refusal::new(StatusCode::CONFLICT, &error)
            }
            _ => Refusal::unavailable(&error),
        }
    }
}

impl Action {
    /// Reads and checks the action of a form.
    pub(super) async fn of(form: &Form, ops: &Ops, now: Timestamp) -> Result<Action, Refusal> {
        match form.get("action") {
            "hold" => {
                let (name, until): (TargetName, End) =
                    (parsed(form, "target")?, parsed(form, "until")?);
                let size = size_of(form.get("size")).map_err(|error| Refusal::invalid(&error))?;
                let placing = ops.scaling.placing(&name, size, until, now).await?;
                placing.check(now)?;
                Ok(Action::Hold(Box::new(placing)))
            }
            "release" => Ok(Action::Release(parsed(form, "target")?)),
            "hold-backup" => Ok(Action::KeepBackup(Backup::of(form, ops).await?)),
            "release-backup" => Ok(Action::ReleaseBackup(Backup::of(form, ops).await?)),
            "run" => {
                let mut functions = ops.due.functions().iter();
                let function = functions.find(|it| **it == form.get("function"));
                let missing = || Refusal::missing(&"there is no timer function of this name");
                Ok(Action::Run(function.ok_or_else(missing)?))
            }
            _ => Err(Refusal::invalid(
                &"the form has no known action; load the page again",
            )),
        }
    }

    /// The question of the confirmation.
    pub(super) fn title(&self) -> String {
        match self {
            Action::Hold(placing) => format!("Hold {}?", placing.target.name),
            Action::Release(name) => format!("Release the hold on {name}?"),
            Action::KeepBackup(backup) => format!("Hold the backup {}?", backup.id),
            Action::ReleaseBackup(backup) => format!("Release the backup {}?", backup.id),
            Action::Run(function) => format!("Run {function} now?"),
        }
    }

    /// The effect of its execution.
    pub(super) fn effect(&self) -> String {
        match self {
            Action::Hold(placing) => {
                let target = &placing.target;
                let resource = if placing.has_resource {
                    "The next tick changes it, at most five minutes from now. When the hold ends, the \
                     schedule decides again. An earlier hold on it ends."
                } else {
                    "It has no resource, so nothing is changed."
                };
                format!(
                    "{} is held at {} until {} in {} ({} UTC). {resource}",
                    target.name,
                    placing.size,
                    words::local(target.zone.wall(placing.until)),
                    target.zone,
                    words::utc(placing.until)
                )
            }
            Action::Release(name) => format!(
                "The hold on {name} ends now, and the schedule decides its size from the next tick on, at most \
                 five minutes from now."
            ),
            Action::KeepBackup(Backup { source, id, .. }) => format!(
                "The backup {id} of {source} is kept until it is released, whatever BACKUP_KEEP says."
            ),
            Action::ReleaseBackup(Backup { source, id, .. }) => format!(
                "The hold on the backup {id} of {source} ends. The next prune deletes the backup if no rule of \
                 BACKUP_KEEP keeps it."
            ),
            Action::Run(function) => format!(
                "{function} runs now, if its last run failed or the host did not call it for a slot. One run makes \
                 up for all missed slots. Otherwise nothing runs."
            ),
        }
    }

    /// The command that does the same. The reason and the name follow.
    pub(super) fn command(&self) -> String {
        match self {
            Action::Hold(placing) => format!(
                "magnusapi scale hold {} --size {} --until {} --reason \"$REASON\" --by \"$USER\"",
                placing.target.name,
                placing.size.to_string().replace(" to ", "-"),
                placing.until
            ),
            Action::Release(name) => format!("magnusapi scale release {name}"),
            Action::KeepBackup(Backup { source, id, .. }) => {
                format!("magnusapi backup hold {id} --source {source} --reason \"$REASON\"")
            }
            Action::ReleaseBackup(Backup { source, id, .. }) => {
                format!("magnusapi backup release {id} --source {source}")
            }
            Action::Run(function) => format!(
                "curl --request POST --header \"x-functions-key: $KEY\" --data '' \
                 \"$APP/run-due?function={function}\""
            ),
        }
    }

    /// Whether it stores a reason.
    pub(super) fn has_reason(&self) -> bool {
        matches!(self, Action::Hold(_) | Action::KeepBackup(_))
    }

    /// The fields that the confirmed form repeats.
    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        match self {
            Action::Hold(placing) => vec![
                ("action", "hold".to_owned()),
                ("target", placing.target.name.to_string()),
                ("size", placing.size.to_string().replace(" to ", "-")),
                ("until", placing.until.to_string()),
            ],
            Action::Release(name) => vec![
                ("action", "release".to_owned()),
                ("target", name.to_string()),
            ],
            Action::KeepBackup(backup) => backup.fields("hold-backup"),
            Action::ReleaseBackup(backup) => backup.fields("release-backup"),
            Action::Run(function) => vec![
                ("action", "run".to_owned()),
                ("function", (*function).to_owned()),
            ],
        }
    }

    /// Executes it, and returns its result in words.
    pub(super) async fn execute(
        self,
        cause: Cause,
        ops: &Ops,
        now: Timestamp,
        invocation: Option<Uuid>,
    ) -> Result<String, Refusal> {
        let by = cause.by.clone();
        let done = match self {
            Action::Hold(placing) => {
                let (reason, by) = (cause.reason, cause.by);
                let hold = ops.scaling.place(&placing, reason, by, now).await?;
                format!(
                    "{} is held at {} until {}.",
                    hold.target, hold.size, hold.until
                )
            }
            Action::Release(name) => {
                let holds = ops.scaling.holds();
                let released = holds.release(&name, now, invocation).await;
                if !released.map_err(HoldError::from)? {
                    return Err(Refusal::missing(&format_args!("{name} has no hold.")));
                }
                format!("The hold on {name} is released.")
            }
            Action::KeepBackup(Backup { backups, id, .. }) => {
                // The mark has no member for a name.
                let reason = format!("{} ({})", cause.reason, cause.by);
                backups
                    .hold(&id, &BackupHold { reason, since: now })
                    .await?;
                format!("The backup {id} is kept until it is released.")
            }
            Action::ReleaseBackup(Backup { backups, id, .. }) => {
                match backups.release(&id).await? {
                    Deletion::Done => {}
                    Deletion::Missing => {
                        return Err(Refusal::missing(&format_args!("{id} has no hold.")));
                    }
                    Deletion::Refused(reason) => {
                        return Err(Refusal::new(StatusCode::CONFLICT, &reason));
                    }
                }
                format!("The hold on the backup {id} is released.")
            }
            Action::Run(function) => run(function, ops, invocation).await?,
        };
        log::info!("{done} Requested on the page by {by}");
        Ok(done)
    }
}

/// Runs a function that must run, and waits for a while.
async fn run(
    function: &'static str,
    ops: &Ops,
    invocation: Option<Uuid>,
) -> Result<String, Refusal> {
    let request = due::Request {
        invocation_id: invocation.unwrap_or_else(Uuid::new_v4),
        function: Some(function),
        wait: WAIT,
    };
    let report = ops.due.run(request).await;
    let report = report.map_err(|error| Refusal::unavailable(&error))?;
    let report = report.functions.first();
    let detail = report.and_then(|it| it.detail.clone()).unwrap_or_default();
    match report.map(|it| it.outcome) {
        Some(RunOutcome::Succeeded) => Ok(format!("{function} succeeded. {detail}")),
        Some(RunOutcome::Running) => Ok(format!("{function} is running. {detail}")),
        Some(RunOutcome::Failed) => Err(Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            &format_args!("{function} ran and failed: {detail}"),
        )),
        Some(RunOutcome::Left | RunOutcome::Postponed) => Err(Refusal::new(
            StatusCode::CONFLICT,
            &format_args!("{function} did not run: {detail}"),
        )),
        Some(RunOutcome::Nothing) | None => Ok(format!(
            "{function} has no slot that is due or failed, so nothing ran. {detail}"
        )),
    }
}

/// Less than the time after which common proxies give up.
const WAIT: Duration = Duration::from_secs(45);

impl Backup {
    async fn of(form: &Form, ops: &Ops) -> Result<Backup, Refusal> {
        let source: SourceName = parsed(form, "source")?;
        let id: pgarchive::BackupId = parsed(form, "backup")?;
        let backups = ops.backups.of_source(Location::Original, &source)?;
        backups.find(&Selection::Named(id.clone())).await?;
        Ok(Backup {
            backups,
            source,
            id,
        })
    }

    fn fields(&self, action: &str) -> Vec<(&'static str, String)> {
        vec![
            ("action", action.to_owned()),
            ("source", self.source.to_string()),
            ("backup", self.id.to_string()),
        ]
    }
}

impl Cause {
    /// The name that the platform authenticated, else the one in the form; and the reason, if the action stores
    /// one.
    pub(super) fn of(
        action: &Action,
        principal: Option<String>,
        form: &Form,
    ) -> Result<Cause, Refusal> {
        let by = principal.unwrap_or_else(|| form.get("by").to_owned());
        let reason = form.get("reason").to_owned();
        let error = text_error(&by, 100).map(|error| format!("your name: {error}"));
        let of_reason = || text_error(&reason, 500).filter(|_| action.has_reason());
        match error.or_else(|| Some(format!("the reason: {}", of_reason()?))) {
            Some(error) => Err(Refusal::invalid(&error)),
            None => Ok(Cause { by, reason }),
        }
    }
}

/// The value of a field.
fn parsed<T: FromStr<Err: Display>>(form: &Form, field: &str) -> Result<T, Refusal> {
    let value = form.get(field).parse();
    value.map_err(|error| Refusal::invalid(&error))
}
