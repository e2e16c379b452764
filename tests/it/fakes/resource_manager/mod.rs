//! Azure's Resource Manager: node pools, scale sets, Flex Consumption apps and plans that can be read and changed,
//! as far as the program does it.
//!
//! Azure's rules are in `kinds.rs` and `members.rs` (the members that a request may have) and `world.rs` (the
//! changes). It is stricter than Azure: a read-only member in a request is an error here.
//!
//! A change is in progress for the number of polls of [`ResourceManagerFake::changes_take`], through its link or
//! by reading the resource. The new size is visible from the beginning, as in Azure.

mod kinds;
mod members;
mod reply;
mod server;
mod tokens;
mod world;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use schedule::Size;
use serde_json::{Value, json};

use super::Identity;
use crate::harness::{Certificates, Start};
use kinds::Kind;
pub(crate) use server::CORRELATION;
pub(crate) use tokens::SECRET;
use tokens::Tokens;
use world::World;

/// A kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum On {
    /// A resource is read.
    Read,
    /// A resource is changed.
    Write,
    /// The link of a change is read.
    Poll,
}

/// The fault of a request.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// It succeeds, so that a later one can have a fault.
    None,
    /// 429, with this `Retry-After` in seconds.
    Throttled(u64),
    /// 409: another operation runs.
    Busy,
    /// 409 of AKS after another party's change.
    EtagMismatch,
    /// 412.
    PreconditionFailed,
    /// 403.
    Denied,
    /// 401: the token ends here, and the identity has the next one.
    TokenEnds,
    /// 409, because cores are missing.
    QuotaExceeded,
    /// This status, with this code.
    Status(u16, &'static str),
    /// 307 to this address.
    Redirect(String),
    /// This status, with the request's `Authorization` in its message.
    Echo(u16),
    /// It succeeds, with this header and link instead of its own.
    Link(&'static str, String),
    /// An HTML page with this status, as some proxies send it.
    Page(u16),
    /// The connection ends.
    Cut,
    /// Azure begins the change, and the connection ends before the response arrives.
    ResponseLost,
    /// There is no response.
    Silence,
}

/// The monitor of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watch {
    /// By the link `Azure-AsyncOperation`.
    Operation,
    /// By the link `Location`.
    Location,
    /// By `provisioningState`.
    State,
}

/// A received request.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) api_version: String,
    pub(crate) if_match: Option<String>,
    pub(crate) user_agent: String,
    pub(crate) client_request_id: String,
    /// Null if there was none.
    pub(crate) body: Value,
    /// The status of the response; 0 if there was none.
    pub(crate) status: u16,
}

/// The server, with an identity that has tokens for it. Both end with the runtime that they were started in.
#[derive(Clone)]
pub(crate) struct ResourceManagerFake {
    /// `https://127.0.0.1:<port>`.
    pub(crate) url: String,
    /// Its identity's endpoint.
    pub(crate) identity: Identity,
    certificates: Certificates,
    tokens: Arc<Mutex<Tokens>>,
    world: Arc<Mutex<World>>,
}

impl ResourceManagerFake {
    /// Without resources. [`Self::given_to`] starts a process that trusts its certificate. This process does if
    /// it was started with [`Certificates::variables`].
    pub(crate) async fn start() -> ResourceManagerFake {
        let certificates = Certificates::trusted().unwrap_or_else(Certificates::new);
        ResourceManagerFake::with(certificates).await
    }

    /// One that this process does not trust.
    pub(crate) async fn untrusted() -> ResourceManagerFake {
        ResourceManagerFake::with(Certificates::new()).await
    }

    async fn with(certificates: Certificates) -> ResourceManagerFake {
        let (listener, url) = server::bind().await;
        let tokens = Tokens::new(&url);
        let identity = Identity::start(tokens.current()).await;
        identity.knows(&url);
        let azure = ResourceManagerFake {
            world: Arc::new(Mutex::new(World::new(&url))),
            url,
            identity,
            certificates,
            tokens: Arc::new(Mutex::new(tokens)),
        };
        server::serve(listener, azure.clone());
        azure
    }

    /// Lets the program change the resources, with an identity that has the right.
    pub(crate) fn given_to(&self, start: Start) -> Start {
        let variables = self.variables().into_iter();
        variables.fold(start, |start, (name, value)| start.set(name, &value))
    }

    /// The variables of a program with this Resource Manager and its identity.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let own = [("SCALE_RESOURCE_MANAGER", self.url.clone())];
        let others = self.identity.variables();
        let trust = self.certificates.variables();
        own.into_iter().chain(others).chain(trust).collect()
    }

    /// The identity, for calls in this process.
    pub(crate) fn credential(&self) -> Arc<dyn TokenCredential> {
        tokens::credential(self.tokens.clone(), format!("{}/.default", self.url))
    }

    /// A node pool of the cluster `cluster`. Returns the id, as all of these do.
    pub(crate) fn node_pool(&self, name: &str, count: u32) -> String {
        self.pool_of("cluster", name, Size::One(count))
    }

    /// A node pool of this cluster; with a range, its autoscaler is on.
    pub(crate) fn pool_of(&self, cluster: &str, name: &str, size: Size) -> String {
        let pool = format!("managedClusters/{cluster}/agentPools/{name}");
        self.add(Kind::NodePool, &pool, name, |body| {
            let automatic = matches!(size, Size::Between { .. });
            body["properties"]["enableAutoScaling"] = automatic.into();
            Kind::NodePool.set_size(body, size);
        })
    }

    pub(crate) fn scale_set(&self, name: &str, capacity: u32) -> String {
        let path = format!("virtualMachineScaleSets/{name}");
        self.add(Kind::ScaleSet, &path, name, |body| {
            Kind::ScaleSet.set_size(body, Size::One(capacity));
        })
    }

    /// A Flex Consumption app: always-ready instances for `http`, and the maximum.
    pub(crate) fn flex_app(&self, name: &str, ready: u32, maximum: u32) -> String {
        self.add(Kind::FlexApp, &format!("sites/{name}"), name, |body| {
            let (min, max) = (ready, maximum);
            Kind::FlexApp.set_size(body, Size::Between { min, max });
        })
    }

    /// An Elastic Premium plan: its instances, and its maximum.
    pub(crate) fn elastic_plan(&self, name: &str, capacity: u32, maximum: u32) -> String {
        self.add(Kind::Plan, &format!("serverfarms/{name}"), name, |body| {
            let (min, max) = (capacity, maximum);
            Kind::Plan.set_size(body, Size::Between { min, max });
        })
    }

    /// A plan of this tier that scales by itself: its instances, and its maximum.
    pub(crate) fn elastic_plan_of(&self, tier: &str, name: &str, (min, max): (u32, u32)) -> String {
        self.add(Kind::Plan, &format!("serverfarms/{name}"), name, |body| {
            body["sku"]["tier"] = tier.into();
            // A workflow plan always scales by itself.
            body["properties"]["elasticScaleEnabled"] = (tier != "WorkflowStandard").into();
            Kind::Plan.set_size(body, Size::Between { min, max });
        })
    }

    /// A plan of App Service that does not scale by itself.
    pub(crate) fn plan(&self, name: &str, capacity: u32) -> String {
        self.add(Kind::Plan, &format!("serverfarms/{name}"), name, |body| {
            body["sku"] = json!({
                "name": "P1v3", "tier": "PremiumV3", "size": "P1v3", "family": "Pv3", "capacity": 1
            });
            body["properties"]["elasticScaleEnabled"] = false.into();
            Kind::Plan.set_size(body, Size::One(capacity));
        })
    }

    fn add(&self, kind: Kind, path: &str, name: &str, edit: impl FnOnce(&mut Value)) -> String {
        let mut body = kind.sample();
        edit(&mut body);
        self.world().add(kind, path, name, body)
    }

    /// The size that Azure shows.
    #[track_caller]
    pub(crate) fn size_of(&self, name: &str) -> Size {
        let world = self.world();
        let resource = world.named(name);
        resource.kind.size(&resource.body)
    }

    /// The whole resource, as Azure returns it.
    #[track_caller]
    pub(crate) fn body_of(&self, name: &str) -> Value {
        self.world().named(name).body.clone()
    }

    /// Another party changes the size.
    #[track_caller]
    pub(crate) fn set_size(&self, name: &str, size: Size) {
        self.world()
            .edit(name, |kind, body| kind.set_size(body, size));
    }

    /// Another party changes the resource in some way.
    #[track_caller]
    pub(crate) fn edit(&self, name: &str, edit: impl FnOnce(&mut Value)) {
        self.world().edit(name, |_, body| edit(body));
    }

    /// The resource is deleted.
    #[track_caller]
    pub(crate) fn remove(&self, name: &str) {
        self.world().remove(name);
    }

    /// Whether a change of the resource is in progress.
    #[track_caller]
    pub(crate) fn is_changing(&self, name: &str) -> bool {
        self.world().named(name).change.is_some()
    }

    /// Changes that begin from now on end with this poll; 0: they are done at once.
    pub(crate) fn changes_take(&self, polls: usize) {
        self.world().polls = Some(polls);
    }

    /// Changes that begin from now on do not end before [`Self::finish_changes`].
    pub(crate) fn hold_changes(&self) {
        self.world().polls = None;
    }

    /// Ends all changes in progress.
    pub(crate) fn finish_changes(&self) {
        self.world().finish_all();
    }

    /// Changes fail from now on, with this code. The size stays as it was before them.
    pub(crate) fn fail_changes(&self, code: &str) {
        self.world().failure = Some(code.to_owned());
    }

    /// Changes succeed from now on.
    pub(crate) fn changes_succeed(&self) {
        self.world().failure = None;
    }

    /// Changes have this monitor from now on. By default, node pools and scale sets have the link
    /// `Azure-AsyncOperation`, apps the link `Location`, and plans neither.
    pub(crate) fn watch_by(&self, watch: Watch) {
        self.world().watch = Some(watch);
    }

    /// The `Retry-After` of changes in progress, in seconds. 0 by default.
    pub(crate) fn retry_after(&self, seconds: Option<u64>) {
        self.world().retry_after = seconds;
    }

    /// The next such request without a fault gets this one.
    pub(crate) fn fail_next(&self, on: On, trouble: Trouble) {
        self.world().next.push_back((on, trouble));
    }

    /// All such requests get this fault from now on, until [`Trouble::None`].
    pub(crate) fn fail_always(&self, on: On, trouble: Trouble) {
        self.world().always.insert(on, trouble);
    }

    /// The lifetime of tokens from now on.
    pub(crate) fn tokens_last(&self, lasts: Duration) {
        let mut tokens = self.tokens();
        tokens.lasts = lasts;
        self.identity.hand_out(tokens.next());
    }

    /// The identity has tokens for this audience from now on.
    pub(crate) fn tokens_are_for(&self, audience: &str) {
        let mut tokens = self.tokens();
        audience.clone_into(&mut tokens.audience);
        self.identity.hand_out(tokens.next());
    }

    /// The token ends, and the identity has the next one.
    pub(crate) fn end_token(&self) {
        self.identity.hand_out(self.tokens().end());
    }

    /// All requests so far, in order.
    pub(crate) fn calls(&self) -> Vec<Received> {
        self.world().received.clone()
    }

    /// The requests so far other than reads.
    pub(crate) fn writes(&self) -> Vec<Received> {
        let mut calls = self.calls();
        calls.retain(|call| call.method != "GET");
        calls
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no thread panicked with it")
    }

    fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().expect("no thread panicked with it")
    }
}
