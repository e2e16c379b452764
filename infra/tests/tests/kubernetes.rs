//! `infra/helmfile`: the manifests that Helm renders in each environment match schemas and the project's rules.
//!
//! | module | purpose |
//! |---|---|
//! | `helm`, `helmfile` | Helm run on templates and charts; the state file, evaluated by it |
//! | `cluster` | the one fake: a Kubernetes API, for what Helm looks up there |
//! | `rendered` | an environment's manifests, rendered once for all tests |
//! | `selector` | label selectors, as the scheduler and the gateway understand them |
//! | `strict` | definitions of custom resources as closed schemas |
//! | `types` | generated types of custom resources as closed schemas |
//! | the rest | tests, one file for each subject |

#[path = "kubernetes/charts.rs"]
mod charts;
#[path = "kubernetes/cluster.rs"]
mod cluster;
#[path = "kubernetes/data.rs"]
mod data;
#[path = "kubernetes/hardening.rs"]
mod hardening;
#[path = "kubernetes/helm.rs"]
mod helm;
#[path = "kubernetes/helmfile.rs"]
mod helmfile;
#[path = "kubernetes/names.rs"]
mod names;
#[path = "kubernetes/network.rs"]
mod network;
#[path = "kubernetes/observer.rs"]
mod observer;
#[path = "kubernetes/pins.rs"]
mod pins;
#[path = "kubernetes/placement.rs"]
mod placement;
#[path = "kubernetes/platform.rs"]
mod platform;
#[path = "kubernetes/real_charts.rs"]
mod real_charts;
#[path = "kubernetes/rendered.rs"]
mod rendered;
#[path = "kubernetes/routing.rs"]
mod routing;
#[path = "kubernetes/schemas.rs"]
mod schemas;
#[path = "kubernetes/secrets.rs"]
mod secrets;
#[path = "kubernetes/selector.rs"]
mod selector;
#[path = "kubernetes/settings.rs"]
mod settings;
#[path = "kubernetes/state.rs"]
mod state;
#[path = "kubernetes/strict.rs"]
mod strict;
#[path = "kubernetes/timers.rs"]
mod timers;
#[path = "kubernetes/types.rs"]
mod types;
