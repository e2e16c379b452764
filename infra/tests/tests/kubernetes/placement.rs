//! No pod of Postfacto runs on a node with a database or a cache of any version.

use serde_json::{Value, json};

use crate::rendered::{Object, Pod, Rendered, all};
use crate::selector::chooses;

/// Pods that hold data, as the scheduler sees them.
struct Data {
    shown: String,
    namespace: String,
    labels: Value,
    placement: Value,
}

/// Identified by their images, so that a lost label is detected.
fn app_pods(rendered: &Rendered) -> Vec<Pod<'_>> {
    rendered
        .pods()
        .filter(|pod| runs(pod, "postfacto/postfacto"))
        .collect()
}

fn data_pods(rendered: &Rendered) -> Vec<Data> {
    let caches = rendered.pods().filter(|pod| runs(pod, "valkey/valkey"));
    let caches = caches.map(|pod| Data {
        shown: pod.owner.shown(),
        namespace: pod.owner.namespace().to_owned(),
        labels: pod.labels.clone(),
        placement: pod.spec.clone(),
    });
    let databases = rendered.kind("Cluster").map(|cluster| Data {
        shown: cluster.shown(),
        namespace: cluster.namespace().to_owned(),
        labels: cluster.spec()["inheritedMetadata"]["labels"].clone(),
        placement: cluster.spec()["affinity"].clone(),
    });
    caches.chain(databases).collect()
}

fn runs(pod: &Pod, image: &str) -> bool {
    pod.containers().any(|container| {
        container["image"]
            .as_str()
            .is_some_and(|name| name.contains(image))
    })
}

/// Each pair of an app pod and a data pod that the scheduler may put on one node.
fn together(rendered: &Rendered) -> Vec<String> {
    let data = data_pods(rendered);
    let pairs = app_pods(rendered).into_iter().flat_map(|app| {
        let near = data.iter().filter(|data| !keeps_away(rendered, &app, data));
        let pairs = near.map(|data| format!("{} with {}", app.owner.shown(), data.shown));
        pairs.collect::<Vec<_>>()
    });
    pairs.collect()
}

fn keeps_away(rendered: &Rendered, app: &Pod, data: &Data) -> bool {
    let terms =
        app.spec["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
            .as_array();
    terms.into_iter().flatten().any(|term| {
        term["topologyKey"] == "kubernetes.io/hostname"
            && reaches(rendered, term, app, &data.namespace)
            && chooses(&term["labelSelector"], &data.labels)
    })
}

/// Whether a term is about pods of that namespace: those that it selects or lists, else its own.
fn reaches(rendered: &Rendered, term: &Value, app: &Pod, namespace: &str) -> bool {
    let listed = term["namespaces"].as_array();
    if term["namespaceSelector"].is_null() && listed.is_none_or(Vec::is_empty) {
        return app.owner.namespace() == namespace;
    }
    listed.is_some_and(|names| names.iter().any(|name| name == namespace))
        || chooses(
            &term["namespaceSelector"],
            &namespace_labels(rendered, namespace),
        )
}

fn namespace_labels(rendered: &Rendered, namespace: &str) -> Value {
    rendered.one("Namespace", "", namespace).value["metadata"]["labels"].clone()
}

#[test]
fn no_app_pod_may_be_on_a_node_with_a_database_or_a_cache() {
    for rendered in all() {
        let versions = rendered.kind("Cluster").count();
        assert!(versions >= 2, "{}: two versions", rendered.environment);
        let [apps, data] = [app_pods(rendered).len(), data_pods(rendered).len()];
        assert_eq!(apps, versions * 2, "a Deployment and a Job of each version");
        assert_eq!(data, versions * 2, "a database and a cache of each version");
        assert_apart(rendered);
    }
}

/// No app pod of these manifests may be on a node with a database or a cache.
pub(crate) fn assert_apart(rendered: &Rendered) {
    assert_eq!(
        together(rendered),
        Vec::<String>::new(),
        "{}",
        rendered.environment
    );
}

/// A change of manifests: the objects, the place in them, and the new value.
struct Change {
    what: &'static str,
    of: fn(&Object) -> bool,
    pointer: String,
    to: Value,
}

fn changes() -> Vec<Change> {
    let change = |what, of: fn(&Object) -> bool, pointer: &str, to| Change {
        what,
        of,
        pointer: pointer.to_owned(),
        to,
    };
    let app: fn(&Object) -> bool = |object| object.release == "postfacto-4-3-11";
    let cache: fn(&Object) -> bool = |object| object.release == "postfacto-4-3-11-valkey";
    let rules = "/spec/template/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution";
    let rule = |member| format!("{rules}/0/{member}");
    let component = "/spec/template/metadata/labels/app.kubernetes.io~1component";
    vec![
        change(
            "another component on the cache",
            cache,
            component,
            json!("bus"),
        ),
        change(
            "no labels on the database",
            |object| object.kind() == "Cluster",
            "/spec/inheritedMetadata/labels",
            Value::Null,
        ),
        change(
            "the rule for caches alone",
            app,
            &rule("labelSelector/matchExpressions/0/values"),
            json!(["cache"]),
        ),
        change(
            "the rule for no pods",
            app,
            &rule("labelSelector"),
            Value::Null,
        ),
        change(
            "the rule within one namespace",
            app,
            &rule("namespaceSelector"),
            Value::Null,
        ),
        change(
            "the rule for zones",
            app,
            &rule("topologyKey"),
            json!("topology.kubernetes.io/zone"),
        ),
        change("no rule that is required", app, rules, Value::Null),
        change(
            "no rule for the Job",
            |object| object.kind() == "Job",
            "/spec/template/spec/affinity",
            Value::Null,
        ),
    ]
}

/// The test above detects each change of labels or rule.
#[test]
fn a_changed_label_or_rule_is_detected() {
    for Change {
        what,
        of,
        pointer,
        to,
    } in changes()
    {
        let mut rendered = all()[0].clone();
        let mut count = 0;
        for object in rendered.objects.iter_mut().filter(|object| of(object)) {
            if let Some(value) = object.value.pointer_mut(&pointer) {
                *value = to.clone();
                count += 1;
            }
        }
        assert!(count > 0, "{what}: nothing to change at {pointer}");
        assert_ne!(
            together(&rendered),
            Vec::<String>::new(),
            "{what} goes unseen"
        );
    }
}

#[test]
fn apps_and_data_have_their_own_pools() {
    for rendered in all() {
        for app in app_pods(rendered) {
            let shown = app.owner.shown();
            assert_eq!(
                app.spec["nodeSelector"],
                json!({ "workload": "apps" }),
                "{shown}"
            );
            assert!(app.spec["tolerations"].is_null(), "{shown} stands no taint");
        }
        for data in data_pods(rendered) {
            let taint = json!({ "key": "workload", "operator": "Equal", "value": "data", "effect": "NoSchedule" });
            let tolerations = data.placement["tolerations"].as_array();
            let pools = tolerations
                .into_iter()
                .flatten()
                .filter(|it| it["key"] == "workload");
            assert_eq!(
                data.placement["nodeSelector"],
                json!({ "workload": "data" }),
                "{}",
                data.shown
            );
            assert_eq!(pools.collect::<Vec<_>>(), [&taint], "{}", data.shown);
        }
    }
}

#[test]
fn a_database_s_instances_are_on_different_nodes() {
    for rendered in all() {
        for cluster in rendered.kind("Cluster") {
            let affinity = &cluster.spec()["affinity"];
            assert_eq!(affinity["enablePodAntiAffinity"], true);
            assert_eq!(affinity["podAntiAffinityType"], "required");
            assert_eq!(affinity["topologyKey"], "kubernetes.io/hostname");
        }
    }
}

/// A cordoned node takes no proxy: if it counts in the spread, an evicted proxy stays Pending.
#[test]
fn a_cordoned_node_does_not_count_in_the_spread_of_the_proxies() {
    for rendered in all() {
        let proxy = rendered.one("EnvoyProxy", "gateway", "main");
        let pod = &proxy.spec()["provider"]["kubernetes"]["envoyDeployment"]["pod"];
        for spread in pod["topologySpreadConstraints"]
            .as_array()
            .expect("a spread")
        {
            assert_eq!(spread["nodeTaintsPolicy"], "Honor");
        }
    }
}

#[test]
fn a_cache_on_a_dead_node_is_replaced_within_a_minute() {
    for rendered in all() {
        for cache in rendered.pods().filter(|pod| runs(pod, "valkey/valkey")) {
            for taint in ["not-ready", "unreachable"] {
                let key = format!("node.kubernetes.io/{taint}");
                let mut tolerations = cache.spec["tolerations"].as_array().into_iter().flatten();
                let toleration = tolerations.find(|it| it["key"] == key.as_str());
                let seconds = toleration.and_then(|it| it["tolerationSeconds"].as_u64());
                assert!(seconds.is_some_and(|it| it < 60), "{key}: {seconds:?}");
            }
        }
    }
}
