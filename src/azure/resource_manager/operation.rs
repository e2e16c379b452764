//! Follows an accepted change to its end.

use std::time::Duration;

use reqwest::{Method, Url};
use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use super::request::Request;
use super::response::AzureResponse;
use super::{Applied, AzureError, CallError, CallErrorKind, ResourceId, ResourceManager, Trace};

/// The pause between two polls if Azure asks for none.
const PAUSE: Duration = Duration::from_secs(10);

/// The source of the change's progress.
enum Monitor {
    /// `Azure-AsyncOperation`.
    Operation(Url),
    /// `Location`.
    Location(Url),
    /// The resource's `provisioningState`.
    Resource,
}

#[derive(Clone, Copy)]
struct Followed<'a> {
    id: &'a ResourceId,
    /// The request that began the change. The activity log has the change under its id.
    trace: &'a Trace,
}

enum Progress {
    Done,
    Running,
    /// The monitor does not show it.
    Unknown,
}

impl ResourceManager {
    /// `accepted` is the response that accepted the change.
    pub(super) async fn follow(
        &self,
        id: &ResourceId,
        api_version: &str,
        accepted: AzureResponse,
        deadline: Instant,
    ) -> Result<Applied, CallError> {
        let change = Followed {
            id,
            trace: &accepted.trace,
        };
        let mut monitor = Monitor::of(&accepted);
        let mut pause = accepted.pause(PAUSE);
        // A synchronous response is the end. 202 without a link is not.
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
                Ok(response) => {
                    match monitor.progress(change, &response)? {
                        Progress::Done => return Ok(Applied::Settled),
                        Progress::Running => monitor.renew(&response),
                        Progress::Unknown => return Ok(change.under_way()),
                    }
                    pause = response.pause(PAUSE);
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

/// Whether the next poll may succeed.
fn is_passing(error: &CallError) -> bool {
    matches!(
        error.kind,
        CallErrorKind::Unavailable(_) | CallErrorKind::NoToken(_)
    )
}

/// The pause after a failed poll.
fn longer(pause: Duration) -> Duration {
    (pause * 2).clamp(Duration::from_secs(1), Duration::from_mins(1))
}

impl Monitor {
    fn of(accepted: &AzureResponse) -> Monitor {
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

    fn progress(
        &self,
        change: Followed<'_>,
        response: &AzureResponse,
    ) -> Result<Progress, CallError> {
        match self {
            Monitor::Operation(_) => change.by_status(&response.body),
            Monitor::Location(_) if response.status == 202 => Ok(Progress::Running),
            // The link may lead to the resource itself, which exists before the change is done.
            Monitor::Location(_) => match change.by_provisioning_state(&response.body)? {
                Progress::Running => Ok(Progress::Running),
                Progress::Done | Progress::Unknown => Ok(Progress::Done),
            },
            Monitor::Resource => change.by_provisioning_state(&response.body),
        }
    }

    /// Azure may return another link.
    fn renew(&mut self, response: &AzureResponse) {
        match self {
            Monitor::Operation(link) => *link = response.operation.clone().unwrap_or(link.clone()),
            Monitor::Location(link) => *link = response.location.clone().unwrap_or(link.clone()),
            Monitor::Resource => {}
        }
    }

    /// The monitor after a failed poll, which does not end the change. Only an error response of `Location`
    /// is the outcome of the change, and a missing resource has no change. `None`: no monitor is readable.
    fn after(self, change: Followed<'_>, error: CallError) -> Result<Option<Monitor>, CallError> {
        use CallErrorKind::{Denied, Missing, NotSent, Throttled};
        match (self, &error.kind) {
            (_, Throttled(_) | NotSent) => Ok(None),
            (monitor, _) if is_passing(&error) => {
                log::warn!("the change continues, and is polled again: {error}");
                Ok(Some(monitor))
            }
            (Monitor::Resource, Missing(_)) => Err(error),
            (Monitor::Resource, _) => {
                log::warn!("the change continues, but cannot be polled: {error}");
                Ok(None)
            }
            (Monitor::Operation(_), _) | (_, Missing(_) | Denied { .. }) => {
                log::debug!("the resource is polled for the state of the change: {error}");
                Ok(Some(Monitor::Resource))
            }
            (Monitor::Location(_), _) => Err(change.failed_by(error)),
        }
    }
}

impl Followed<'_> {
    fn under_way(self) -> Applied {
        Applied::UnderWay(self.trace.clone())
    }

    /// From the link `Azure-AsyncOperation`.
    fn by_status(self, body: &Value) -> Result<Progress, CallError> {
        self.ended(body["status"].as_str(), &body["error"])
    }

    fn by_provisioning_state(self, body: &Value) -> Result<Progress, CallError> {
        let properties = &body["properties"];
        // AKS has the reason here.
        let error = &properties["status"]["provisioningError"];
        self.ended(properties["provisioningState"].as_str(), error)
    }

    /// Three states are final. Any other one is a change in progress.
    fn ended(self, state: Option<&str>, error: &Value) -> Result<Progress, CallError> {
        match state {
            None => Ok(Progress::Unknown),
            Some("Succeeded") => Ok(Progress::Done),
            Some(state @ ("Failed" | "Canceled")) => {
                let or = |text: String, other: &str| match text.as_str() {
                    "" => other.to_owned(),
                    _ => text,
                };
                let AzureError { code, message } = AzureError::read(error);
                Err(self.failed(AzureError {
                    code: or(code, state),
                    message: or(message, "Azure gives no reason"),
                }))
            }
            Some(_) => Ok(Progress::Running),
        }
    }

    /// `Location` returns the response that the change itself would have had.
    fn failed_by(self, error: CallError) -> CallError {
        let of = |code: &str, message: String| AzureError {
            code: code.to_owned(),
            message,
        };
        self.failed(match error.kind {
            CallErrorKind::Rejected { error, .. } => error,
            CallErrorKind::Busy(reason) => of("Conflict", reason),
            CallErrorKind::Changed => {
                let message = "another party changed it at the same time";
                of("PreconditionFailed", message.to_owned())
            }
            _ => of("Unknown", error.to_string()),
        })
    }

    fn failed(self, error: AzureError) -> CallError {
        CallError {
            resource: self.id.as_str().into(),
            kind: CallErrorKind::Failed(error),
            trace: Some(self.trace.clone()),
        }
    }
}
