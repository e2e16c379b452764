//! Follows a change that Azure accepted to its end.

use std::time::Duration;

use reqwest::{Method, Url};
use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use super::answer::{Answer, code_and_message};
use super::request::Request;
use super::{Applied, CallError, ResourceId, ResourceManager, Trace};

/// The pause between two looks where Azure asks for none.
const PAUSE: Duration = Duration::from_secs(10);

/// What tells how far the change is.
enum Monitor {
    /// `Azure-AsyncOperation`.
    Operation(Url),
    /// `Location`.
    Location(Url),
    /// The resource's `provisioningState`.
    Resource,
}

/// The change that is followed.
#[derive(Clone, Copy)]
struct Followed<'a> {
    id: &'a ResourceId,
    /// The request that began it: the activity log has the change under its id.
    trace: &'a Trace,
}

/// What was seen of it.
enum Progress {
    Done,
    Running,
    /// The monitor cannot tell.
    Unknown,
}

impl ResourceManager {
    /// From the answer that accepted the change.
    pub(super) async fn follow(
        &self,
        id: &ResourceId,
        api_version: &str,
        accepted: Answer,
        deadline: Instant,
    ) -> Result<Applied, CallError> {
        let change = Followed {
            id,
            trace: &accepted.trace,
        };
        let mut monitor = Monitor::of(&accepted);
        let mut pause = accepted.pause(PAUSE);
        // A synchronous answer is the end itself; 202 without a link is a promise.
        if matches!(monitor, Monitor::Resource) && accepted.status != 202 {
            match change.by_provisioning_state(&accepted.body)? {
                Progress::Done | Progress::Unknown => return Ok(Applied::Settled),
                Progress::Running => {}
            }
        }
        loop {
            let next = Instant::now() + pause;
            if next >= deadline {
                return Ok(change.under_way());
            }
            sleep_until(next).await;
            let request = monitor.request(self, id, api_version);
            match self.send(&request, deadline).await {
                Ok(answer) => {
                    match monitor.progress(change, &answer)? {
                        Progress::Done => return Ok(Applied::Settled),
                        Progress::Running => monitor.renew(&answer),
                        Progress::Unknown => return Ok(change.under_way()),
                    }
                    pause = answer.pause(PAUSE);
                }
                Err(error) => {
                    if is_passing(&error) {
                        pause = longer(pause);
                    }
                    monitor = match monitor.after(change, error)? {
                        Some(monitor) => monitor,
                        None => return Ok(change.under_way()),
                    };
                }
            }
        }
    }
}

/// Whether the next look may succeed where this one failed.
fn is_passing(error: &CallError) -> bool {
    matches!(
        error,
        CallError::Unavailable { .. } | CallError::NoToken { .. }
    )
}

/// The pause after a look that failed.
fn longer(pause: Duration) -> Duration {
    (pause * 2).clamp(Duration::from_secs(1), Duration::from_mins(1))
}

impl Monitor {
    fn of(accepted: &Answer) -> Monitor {
        match (&accepted.operation, &accepted.location) {
            (Some(link), _) => Monitor::Operation(link.clone()),
            (None, Some(link)) => Monitor::Location(link.clone()),
            (None, None) => Monitor::Resource,
        }
    }

    fn request<'a>(
        &self,
        manager: &ResourceManager,
        id: &'a ResourceId,
        api_version: &str,
    ) -> Request<'a> {
        let mut request = manager.request(Method::GET, id, api_version);
        if let Monitor::Operation(link) | Monitor::Location(link) = self {
            request.url = link.clone();
        }
        request
    }

    fn progress(&self, change: Followed<'_>, answer: &Answer) -> Result<Progress, CallError> {
        match self {
            Monitor::Operation(_) => change.by_status(&answer.body),
            Monitor::Location(_) if answer.status == 202 => Ok(Progress::Running),
            // It may lead to the resource itself, which is there before it is done.
            Monitor::Location(_) => match change.by_provisioning_state(&answer.body)? {
                Progress::Running => Ok(Progress::Running),
                Progress::Done | Progress::Unknown => Ok(Progress::Done),
            },
            Monitor::Resource => change.by_provisioning_state(&answer.body),
        }
    }

    /// Azure may say to look elsewhere from now on.
    fn renew(&mut self, answer: &Answer) {
        match self {
            Monitor::Operation(link) => *link = answer.operation.clone().unwrap_or(link.clone()),
            Monitor::Location(link) => *link = answer.location.clone().unwrap_or(link.clone()),
            Monitor::Resource => {}
        }
    }

    /// What to look at after a look that failed. A change that cannot be seen goes on all the same; only
    /// the response of `Location` is what became of it, and a resource that is gone has no change any
    /// more. `None`: there is nothing left to look at.
    fn after(self, change: Followed<'_>, error: CallError) -> Result<Option<Monitor>, CallError> {
        let unreadable = matches!(error, CallError::Missing { .. } | CallError::Denied { .. });
        match (self, error) {
            (_, CallError::Throttled { .. } | CallError::NotAsked { .. }) => Ok(None),
            (monitor, error) if is_passing(&error) => {
                log::warn!("the change goes on, and is looked at again: {error}");
                Ok(Some(monitor))
            }
            (Monitor::Resource, error @ CallError::Missing { .. }) => Err(error),
            (Monitor::Resource, error) => {
                log::warn!("the change goes on, and cannot be looked at: {error}");
                Ok(None)
            }
            (Monitor::Location(_), error) if !unreadable => Err(change.failed_by(error)),
            (_, error) => {
                log::debug!("the state of the change is looked for in the resource: {error}");
                Ok(Some(Monitor::Resource))
            }
        }
    }
}

impl Followed<'_> {
    fn under_way(self) -> Applied {
        Applied::UnderWay(self.trace.clone())
    }

    /// By the status that a link `Azure-AsyncOperation` returns.
    fn by_status(self, body: &Value) -> Result<Progress, CallError> {
        self.ended(body["status"].as_str(), &body["error"])
    }

    fn by_provisioning_state(self, body: &Value) -> Result<Progress, CallError> {
        let properties = &body["properties"];
        // Where AKS keeps the reason.
        let error = &properties["status"]["provisioningError"];
        self.ended(properties["provisioningState"].as_str(), error)
    }

    /// There are three words for the end; any other is one on the way.
    fn ended(self, state: Option<&str>, error: &Value) -> Result<Progress, CallError> {
        match state {
            None => Ok(Progress::Unknown),
            Some("Succeeded") => Ok(Progress::Done),
            Some(state @ ("Failed" | "Canceled")) => {
                let or = |text: String, other: &str| match text.as_str() {
                    "" => other.to_owned(),
                    _ => text,
                };
                let (code, message) = code_and_message(error);
                Err(self.failed(or(code, state), or(message, "Azure does not say why")))
            }
            Some(_) => Ok(Progress::Running),
        }
    }

    /// The response of `Location` is the one that the change itself would have got.
    fn failed_by(self, error: CallError) -> CallError {
        let (code, message) = match error {
            CallError::Refused { code, message, .. } => (code, message),
            CallError::Busy { reason, .. } => ("Conflict".to_owned(), reason),
            CallError::Changed { .. } => {
                let message = "another party changed it at the same time";
                ("PreconditionFailed".to_owned(), message.to_owned())
            }
            other => ("Unknown".to_owned(), other.to_string()),
        };
        self.failed(code, message)
    }

    fn failed(self, code: String, message: String) -> CallError {
        CallError::Failed {
            resource: self.id.to_string(),
            code,
            message,
            trace: self.trace.clone(),
        }
    }
}
