//! The kinds of resources that can be sized: how their size is read and changed.
//!
//! `docs/schedules.md` lists the kinds, and the members that a number and a range set. Whether a node pool takes
//! a number or a range depends on its autoscaler, which is never switched here. All else of a resource stays as
//! it is.
//!
//! # Three steps
//!
//! [`Resource::observe`] reads, [`Resource::change`] computes the request for the desired size, and
//! [`Resource::apply`] sends it. Each kind is a file about its JSON, without HTTP.
//!
//! # Whole resources
//!
//! A scale set accepts a part (PATCH of its `sku`). The others are read, changed and put whole, because the
//! PATCH of an app has no `functionAppConfig`, that of a plan has no `sku`, and node pools have none. Members
//! that Azure would reject or take as a request must not be sent. The list at the top of each kind's file is
//! taken from the models of Microsoft's own clients for the same API versions. These versions are the newest
//! ones: an older one does not show newer members, so a PUT would lose them.
//!
//! A node pool and a scale set are changed only if nothing changed since they were read (`If-Match`). App
//! Service has no such condition, so another party's change within the same second is lost.
//!
//! | module | purpose |
//! |---|---|
//! | `node_pool`, `scale_set`, `flex_app`, `plan` | the JSON of each kind |
//! | `app_service` | what apps and plans have in common |
//! | `json` | members of JSON by their pointers |

mod app_service;
mod flex_app;
mod json;
mod node_pool;
mod plan;
mod scale_set;

use std::str::FromStr;

use serde_json::Value;
use thiserror::Error;
use tokio::time::Instant;

pub use crate::azure::resource_manager::{Applied, CallError, CallErrorKind, Change};
use crate::azure::resource_manager::{ResourceId, ResourceManager};
use schedule::Size;

/// A resource that can be sized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    id: ResourceId,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Of an AKS cluster.
    NodePool,
    /// Of virtual machines.
    ScaleSet,
    /// A Functions app on the Flex Consumption plan.
    FlexApp,
    /// An App Service or Elastic Premium plan.
    Plan,
}

/// The resource and the size do not fit: the configuration or the resource must be corrected.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{resource}: {reason}")]
pub struct Unfit {
    /// The resource's id.
    pub resource: String,
    /// With the remedy.
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ObserveError {
    #[error(transparent)]
    Call(#[from] CallError),
    /// The resource cannot be sized.
    #[error(transparent)]
    Unfit(#[from] Unfit),
}

/// A resource as it was read.
#[derive(Clone, Debug)]
pub struct Observed {
    pub size: Size,
    pub state: State,
    kind: Kind,
    body: Value,
}

/// `provisioningState`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Settled,
    /// Azure's word for its operation.
    Changing(String),
    /// Azure's word for the failure, and the reason if there is one. The resource can be changed again.
    Failed(String),
}

/// The JSON of a kind.
struct Shape {
    api_version: &'static str,
    size: fn(&Value) -> Result<Size, String>,
    change: fn(&Value, Size) -> Result<Change, String>,
}

impl Kind {
    fn of(resource_type: &str) -> Option<Kind> {
        let kinds = [Kind::NodePool, Kind::ScaleSet, Kind::FlexApp, Kind::Plan];
        let is = |kind: &Kind| kind.resource_type().eq_ignore_ascii_case(resource_type);
        kinds.into_iter().find(is)
    }

    fn resource_type(self) -> &'static str {
        match self {
            Kind::NodePool => "Microsoft.ContainerService/managedClusters/agentPools",
            Kind::ScaleSet => "Microsoft.Compute/virtualMachineScaleSets",
            Kind::FlexApp => "Microsoft.Web/sites",
            Kind::Plan => "Microsoft.Web/serverfarms",
        }
    }

    fn shape(self) -> Shape {
        match self {
            Kind::NodePool => node_pool::SHAPE,
            Kind::ScaleSet => scale_set::SHAPE,
            Kind::FlexApp => flex_app::SHAPE,
            Kind::Plan => plan::SHAPE,
        }
    }
}

impl FromStr for Resource {
    type Err = String;

    fn from_str(text: &str) -> Result<Resource, String> {
        let resource = ResourceId::parse(text).and_then(|id| {
            let kind = Kind::of(id.resource_type())?;
            Some(Resource { id, kind })
        });
        resource.ok_or_else(|| {
            format!(
                "{text:?} is not the id of a resource that can be sized; write \
                 /subscriptions/<id>/resourceGroups/<group>/providers/ and then one of\n\
                 Microsoft.ContainerService/managedClusters/<cluster>/agentPools/<pool>\n\
                 Microsoft.Compute/virtualMachineScaleSets/<scale set>\n\
                 Microsoft.Web/sites/<Flex Consumption app>\n\
                 Microsoft.Web/serverfarms/<App Service or Elastic Premium plan>"
            )
        })
    }
}

impl Resource {
    /// The id as the operator wrote it.
    pub fn id(&self) -> &str {
        self.id.as_str()
    }

    pub fn name(&self) -> &str {
        self.id.name()
    }

    /// Resources of one group must be changed one after another: two changes at once of the node pools of a
    /// cluster can leave the cluster failed.
    pub fn concurrency_group(&self) -> String {
        self.id.root()
    }

    /// Checks whether the resource can have this size, as far as its id shows. More is known only when the
    /// resource is observed.
    pub fn takes(&self, size: Size) -> Result<(), Unfit> {
        let reason = match (self.kind, size) {
            (_, Size::Between { min, max }) if min > max => {
                format!("min = {min} is more than max = {max}; write the smaller one as min")
            }
            (_, Size::Between { max: 0, .. }) => {
                "an autoscaler needs a max of at least 1; write the size 0 for none".to_owned()
            }
            (Kind::ScaleSet, Size::Between { .. }) => {
                "a scale set has one size and no autoscaler of its own; write one number".to_owned()
            }
            (Kind::ScaleSet, Size::One(_)) if scale_set::is_of_aks(self.id.group()) => {
                scale_set::name_the_pool(None)
            }
            (Kind::Plan, Size::One(0) | Size::Between { min: 0, .. }) => {
                "a plan has at least one instance; write 1".to_owned()
            }
            _ => return Ok(()),
        };
        Err(self.unfit(reason))
    }

    pub async fn observe(
        &self,
        manager: &ResourceManager,
        deadline: Instant,
    ) -> Result<Observed, ObserveError> {
        let version = self.kind.shape().api_version;
        let body = manager.read(&self.id, version, deadline).await?;
        Ok(self.observed(body)?)
    }

    fn observed(&self, body: Value) -> Result<Observed, Unfit> {
        let size = (self.kind.shape().size)(&body).map_err(|reason| self.unfit(reason))?;
        Ok(Observed {
            size,
            state: State::of(&body),
            kind: self.kind,
            body,
        })
    }

    /// The request for the desired size. Only for a size that the resource does not have
    /// ([`Observed::has`]).
    pub fn change(&self, observed: &Observed, desired: Size) -> Result<Change, Unfit> {
        self.takes(desired)?;
        (self.kind.shape().change)(&observed.body, desired).map_err(|reason| self.unfit(reason))
    }

    /// Sends the request, and waits for the end of the change, or until the deadline.
    pub async fn apply(
        &self,
        manager: &ResourceManager,
        change: &Change,
        deadline: Instant,
    ) -> Result<Applied, CallError> {
        let version = self.kind.shape().api_version;
        manager.change(&self.id, version, change, deadline).await
    }

    fn unfit(&self, reason: String) -> Unfit {
        Unfit {
            resource: self.id.to_string(),
            reason,
        }
    }
}

impl Observed {
    /// Whether the resource has this size. For apps and plans, one number is the lower bound and leaves the
    /// upper one open.
    pub fn has(&self, desired: Size) -> bool {
        match (self.kind, self.size, desired) {
            (Kind::FlexApp | Kind::Plan, Size::Between { min, .. }, Size::One(one)) => min == one,
            (_, size, desired) => size == desired,
        }
    }
}

impl State {
    fn of(body: &Value) -> State {
        let state = json::text(body, "/properties/provisioningState");
        match state.as_str() {
            // Apps have no state.
            "" | "Succeeded" => State::Settled,
            "Failed" | "Canceled" => {
                let reason = json::text(body, "/properties/status/provisioningError/code");
                let reason = Some(reason).filter(|it| !it.is_empty());
                State::Failed(reason.map_or(state.clone(), |reason| format!("{state}: {reason}")))
            }
            _ => State::Changing(state),
        }
    }
}

#[cfg(test)]
mod tests;
