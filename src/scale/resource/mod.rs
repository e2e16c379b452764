//! The resources whose size is kept: what they are, how large they are, how they are changed.
//!
//! | resource | its size | one number sets | a range sets |
//! |---|---|---|---|
//! | AKS node pool | `count`, with the cluster autoscaler `minCount` and `maxCount` | `count` | `minCount` and `maxCount` |
//! | virtual machine scale set | `sku.capacity` | that | – |
//! | Flex Consumption app | always-ready instances of `http`, and `maximumInstanceCount` | the always-ready instances | both |
//! | App Service plan | `sku.capacity` | that | – |
//! | plan that scales by itself | `sku.capacity`, and `maximumElasticWorkerCount` | `sku.capacity` | both |
//!
//! Whether a node pool takes a number or a range is the pool's own affair: nothing here switches its
//! autoscaler on or off. Everything else about a resource stays as it is.
//!
//! # Three verbs
//!
//! [`Resource::observe`] reads, [`Resource::change`] makes of what was read and the size that should be
//! what must be sent, without talking to anybody, and [`Resource::apply`] sends it. Each kind is a file
//! that knows its JSON and nothing of HTTP.
//!
//! # What is sent back
//!
//! A scale set takes a part (PATCH of its `sku`). The others are put whole: read, changed, and sent
//! back, because the PATCH of an app knows no `functionAppConfig`, that of a plan no `sku`, and node
//! pools have none. So what was read must not be sent where Azure would refuse it or take it as a wish.
//! The list is at the top of each kind's file; it is taken from the models of Microsoft's own clients
//! for the versions of the interface that are spoken here. They are the newest ones, because an older
//! one does not show, and so would not send, what it does not know of the resource.
//!
//! A node pool and a scale set are changed only if they are as they were read (`If-Match`). App Service
//! has no such condition; there a change made by another party within the same second is lost.

mod app_service;
mod flex_app;
mod json;
mod node_pool;
mod plan;
mod scale_set;

use std::fmt;
use std::str::FromStr;

use serde_json::Value;
use thiserror::Error;
use tokio::time::Instant;

pub use crate::azure::resource_manager::{Applied, CallError, Change};
use crate::azure::resource_manager::{ResourceId, ResourceManager};
use schedule::Size;

/// A resource whose size can be kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Resource {
    id: ResourceId,
    kind: Kind,
}

/// What kinds there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A node pool of an AKS cluster.
    NodePool,
    /// A virtual machine scale set.
    ScaleSet,
    /// A Functions app on the Flex Consumption plan.
    FlexApp,
    /// An App Service or Elastic Premium plan.
    Plan,
}

/// An id of nothing whose size can be kept.
#[derive(Debug, Error)]
#[error(
    "{0:?} is no id of a resource whose size can be kept; after \
     /subscriptions/<id>/resourceGroups/<group>/providers/ it goes on as one of\n\
     Microsoft.ContainerService/managedClusters/<cluster>/agentPools/<pool>\n\
     Microsoft.Compute/virtualMachineScaleSets/<scale set>\n\
     Microsoft.Web/sites/<Flex Consumption app>\n\
     Microsoft.Web/serverfarms/<App Service or Elastic Premium plan>"
)]
pub struct UnknownResource(String);

/// The resource and the size do not go together: it is for the configuration, or for the resource, to
/// be corrected.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{resource}: {why}")]
pub struct Unfit {
    /// Its id.
    pub resource: String,
    /// What does not fit, and what to do.
    pub why: String,
}

/// Why it is not known how large a resource is.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ObserveError {
    /// The Resource Manager does not say.
    #[error(transparent)]
    Call(#[from] CallError),
    /// It is nothing whose size can be kept.
    #[error(transparent)]
    Unfit(#[from] Unfit),
}

/// A resource as it was read.
#[derive(Clone, Debug)]
pub struct Observed {
    /// How large it is.
    pub size: Size,
    /// Whether Azure works on it.
    pub state: State,
    kind: Kind,
    body: Value,
}

/// What Azure says of its work on a resource: `provisioningState`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It is as it was asked to be.
    Settled,
    /// Azure works on it; this is the word for what it does.
    Changing(String),
    /// The last change of it failed; this is the word for it, and the reason where there is one. It can
    /// be changed again.
    Failed(String),
}

/// A kind's JSON: how large it is, and what to send.
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

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::NodePool => "AKS node pool",
            Kind::ScaleSet => "virtual machine scale set",
            Kind::FlexApp => "Flex Consumption app",
            Kind::Plan => "App Service plan",
        })
    }
}

impl FromStr for Resource {
    type Err = UnknownResource;

    fn from_str(text: &str) -> Result<Resource, UnknownResource> {
        let id: Option<ResourceId> = text.parse().ok();
        let resource = id.and_then(|id| {
            let kind = Kind::of(id.resource_type())?;
            Some(Resource { id, kind })
        });
        resource.ok_or_else(|| UnknownResource(text.to_owned()))
    }
}

impl Resource {
    /// The id as it was written.
    pub fn id(&self) -> &str {
        self.id.as_str()
    }

    /// Its own name.
    pub fn name(&self) -> &str {
        self.id.name()
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Resources of one lane must be changed one after another: the node pools of one cluster, where
    /// two changes at once can leave the cluster failed.
    pub fn lane(&self) -> String {
        self.id.root()
    }

    /// Whether a size of this form can be this resource's, as far as its id tells. What its form must be
    /// beyond that is known only when it is observed.
    pub fn takes(&self, size: Size) -> Result<(), Unfit> {
        let why = match (self.kind, size) {
            (_, Size::Between { min, max }) if min > max => {
                format!("no size is at least {min} and at most {max}; write the smaller one as min")
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
        Err(self.unfit(why))
    }

    /// Reads how large it is.
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
        let size = (self.kind.shape().size)(&body).map_err(|why| self.unfit(why))?;
        Ok(Observed {
            size,
            state: State::of(&body),
            kind: self.kind,
            body,
        })
    }

    /// What to send, so that the resource that was read becomes of this size. Only for a size that it
    /// has not ([`Observed::has`]).
    pub fn change(&self, observed: &Observed, desired: Size) -> Result<Change, Unfit> {
        self.takes(desired)?;
        (self.kind.shape().change)(&observed.body, desired).map_err(|why| self.unfit(why))
    }

    /// Sends it, and waits for its end, or until the deadline.
    pub async fn apply(
        &self,
        manager: &ResourceManager,
        change: &Change,
        deadline: Instant,
    ) -> Result<Applied, CallError> {
        let version = self.kind.shape().api_version;
        manager.change(&self.id, version, change, deadline).await
    }

    fn unfit(&self, why: String) -> Unfit {
        Unfit {
            resource: self.id.to_string(),
            why,
        }
    }
}

impl Observed {
    /// Whether this is its size already. Of an app and a plan one number is the lower bound alone, and
    /// leaves the upper one open.
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
            // An app has none.
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
