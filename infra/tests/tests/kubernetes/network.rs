//! The allowed connections, by the network policies as Kubernetes evaluates them.
//!
//! <https://kubernetes.io/docs/concepts/services-networking/network-policies/>: a pod that a policy
//! selects admits in that direction only the union of its policies' rules; a connection needs a rule at both
//! ends.

use serde_json::{Value, json};

use crate::rendered::{Object, Rendered, all};
use crate::selector::chooses;

/// One end of a connection.
enum Peer {
    Pod {
        namespace: String,
        labels: Value,
    },
    /// An address outside of the cluster.
    Address([u8; 4]),
}

fn pod(namespace: &str, labels: Value) -> Peer {
    let namespace = namespace.to_owned();
    Peer::Pod { namespace, labels }
}

fn web(version: &str) -> Peer {
    pod(
        version,
        json!({ "app.kubernetes.io/name": "postfacto", "app.kubernetes.io/component": "web" }),
    )
}

fn setup(version: &str) -> Peer {
    pod(
        version,
        json!({ "app.kubernetes.io/name": "postfacto", "app.kubernetes.io/component": "setup" }),
    )
}

/// Labels that the database operator sets on its pods.
fn database(version: &str) -> Peer {
    pod(version, json!({ "cnpg.io/cluster": "postgres" }))
}

fn cache(version: &str) -> Peer {
    let instance = format!("{version}-valkey");
    pod(
        version,
        json!({ "app.kubernetes.io/name": "valkey", "app.kubernetes.io/instance": instance }),
    )
}

/// Labels that Envoy Gateway sets on its proxies.
fn proxy() -> Peer {
    let labels = json!({
        "app.kubernetes.io/name": "envoy",
        "app.kubernetes.io/component": "proxy",
        "app.kubernetes.io/managed-by": "envoy-gateway",
    });
    pod("envoy-gateway-system", labels)
}

fn operator() -> Peer {
    pod(
        "cnpg-system",
        json!({ "app.kubernetes.io/name": "cloudnative-pg" }),
    )
}

fn gateway_controller() -> Peer {
    pod(
        "envoy-gateway-system",
        json!({ "control-plane": "envoy-gateway" }),
    )
}

fn cert_manager() -> Peer {
    pod(
        "cert-manager",
        json!({ "app.kubernetes.io/name": "webhook" }),
    )
}

fn external_dns() -> Peer {
    pod(
        "external-dns",
        json!({ "app.kubernetes.io/name": "external-dns" }),
    )
}

fn velero() -> Peer {
    pod("velero", json!({ "app.kubernetes.io/name": "velero" }))
}

fn timer() -> Peer {
    pod("magnusapi", json!({ "app.kubernetes.io/name": "timers" }))
}

/// The pods that the Kubernetes API calls webhooks through.
fn kubernetes() -> Peer {
    pod("kube-system", json!({ "app": "konnectivity-agent" }))
}

/// A resolver on the node itself.
fn local_dns() -> Peer {
    Peer::Address([169, 254, 10, 11])
}

fn dns() -> Peer {
    pod("kube-system", json!({ "k8s-app": "kube-dns" }))
}

const OLD: &str = "postfacto-4-2-0";
const NEW: &str = "postfacto-4-3-11";
/// In the function app's subnet, by the sample.
const FUNCTION: Peer = Peer::Address([10, 0, 64, 9]);
/// In the nodes' subnet.
const NODE: Peer = Peer::Address([10, 0, 0, 9]);
/// Of Blob, by the sample.
const PRIVATE_ENDPOINT: Peer = Peer::Address([10, 0, 64, 70]);
/// Elsewhere in the network.
const POSTGRES_OF_THE_APP: Peer = Peer::Address([10, 0, 8, 4]);
/// The node's endpoint for tokens of its identity.
const METADATA: Peer = Peer::Address([169, 254, 169, 254]);
const INTERNET: Peer = Peer::Address([93, 184, 216, 34]);

#[test]
fn only_required_flows_are_allowed() {
    let hello = || {
        pod(
            "hello",
            json!({ "app.kubernetes.io/name": "nginx", "app.kubernetes.io/instance": "hello" }),
        )
    };
    let flows = [
        (web(NEW), database(NEW), 5432, true),
        (setup(NEW), database(NEW), 5432, true),
        (web(NEW), cache(NEW), 6379, true),
        (proxy(), web(NEW), 3000, true),
        (web(NEW), dns(), 53, true),
        (database(NEW), database(NEW), 5432, true),
        (database(NEW), database(NEW), 8000, true),
        (operator(), database(NEW), 8000, true),
        (operator(), database(NEW), 5432, true),
        (database(NEW), INTERNET, 443, true),
        (database(NEW), PRIVATE_ENDPOINT, 443, true),
        (web(NEW), local_dns(), 53, true),
        // The platform.
        (INTERNET, proxy(), 10443, true),
        (INTERNET, proxy(), 10080, true),
        (proxy(), gateway_controller(), 18000, true),
        (gateway_controller(), INTERNET, 443, true),
        (kubernetes(), gateway_controller(), 9443, true),
        (kubernetes(), cert_manager(), 10250, true),
        (cert_manager(), INTERNET, 443, true),
        (cert_manager(), Peer::Address([1, 1, 1, 1]), 53, true),
        (kubernetes(), operator(), 9443, true),
        (operator(), operator(), 9090, true),
        (operator(), INTERNET, 443, true),
        (external_dns(), INTERNET, 443, true),
        (velero(), PRIVATE_ENDPOINT, 443, true),
        // Backups and drills.
        (timer(), database(NEW), 5432, true),
        (timer(), POSTGRES_OF_THE_APP, 5432, true),
        (timer(), PRIVATE_ENDPOINT, 443, true),
        (timer(), INTERNET, 443, true),
        (timer(), database(NEW), 8000, false),
        (timer(), cache(NEW), 6379, false),
        (timer(), web(NEW), 3000, false),
        (timer(), METADATA, 80, false),
        (web(NEW), timer(), 3000, false),
        (INTERNET, proxy(), 19000, false),
        (INTERNET, gateway_controller(), 18000, false),
        (proxy(), INTERNET, 443, false),
        (proxy(), METADATA, 80, false),
        (proxy(), NODE, 443, false),
        (proxy(), cert_manager(), 10250, false),
        (proxy(), operator(), 9443, false),
        (web(NEW), gateway_controller(), 18000, false),
        (web(NEW), operator(), 9090, false),
        (cert_manager(), METADATA, 80, false),
        (cert_manager(), NODE, 443, false),
        (external_dns(), PRIVATE_ENDPOINT, 443, false),
        (database(NEW), NODE, 443, false),
        (database(NEW), METADATA, 443, false),
        (database(NEW), POSTGRES_OF_THE_APP, 443, false),
        (FUNCTION, database(NEW), 5432, true),
        // One version and another.
        (web(OLD), database(NEW), 5432, false),
        (web(NEW), database(OLD), 5432, false),
        (web(OLD), cache(NEW), 6379, false),
        (web(OLD), web(NEW), 3000, false),
        (database(OLD), database(NEW), 5432, false),
        // Connections that an intruder would try.
        (proxy(), database(NEW), 5432, false),
        (proxy(), cache(NEW), 6379, false),
        (hello(), database(NEW), 5432, false),
        (hello(), INTERNET, 443, false),
        (NODE, database(NEW), 5432, false),
        (INTERNET, database(NEW), 5432, false),
        (FUNCTION, database(NEW), 8000, false),
        (FUNCTION, cache(NEW), 6379, false),
        (FUNCTION, web(NEW), 3000, false),
        (web(NEW), INTERNET, 443, false),
        (web(NEW), database(NEW), 8000, false),
        (cache(NEW), INTERNET, 443, false),
        (web(NEW), METADATA, 80, false),
    ];
    for rendered in all() {
        for (number, (from, to, port, expected)) in flows.iter().enumerate() {
            let environment = &rendered.environment;
            assert_eq!(
                may(rendered, from, to, *port),
                *expected,
                "{environment}: flow {number}, port {port}"
            );
        }
    }
}

#[test]
fn traffic_is_denied_by_default() {
    for rendered in all() {
        for namespace in rendered.kind("Namespace") {
            let policy = rendered.one("NetworkPolicy", namespace.name(), "default-deny");
            assert_eq!(
                policy.spec(),
                &json!({ "podSelector": {}, "policyTypes": ["Ingress", "Egress"] })
            );
        }
    }
}

fn may(rendered: &Rendered, from: &Peer, to: &Peer, port: u16) -> bool {
    allowed(rendered, "Egress", from, to, port) && allowed(rendered, "Ingress", to, from, port)
}

/// Whether the policies of one end allow the other in this direction.
fn allowed(rendered: &Rendered, direction: &str, end: &Peer, other: &Peer, port: u16) -> bool {
    let Peer::Pod { namespace, labels } = end else {
        return true;
    };
    let policies: Vec<&Value> = rendered
        .kind("NetworkPolicy")
        .filter(|policy| policy.namespace() == namespace)
        .map(Object::spec)
        .filter(|spec| chooses(&spec["podSelector"], labels) && has_type(spec, direction))
        .collect();
    let (list, peers) = if direction == "Egress" {
        ("egress", "to")
    } else {
        ("ingress", "from")
    };
    let mut rules = policies
        .iter()
        .flat_map(|spec| spec[list].as_array().into_iter().flatten());
    policies.is_empty()
        || rules.any(|rule| {
            is_port(rule, port)
                && rule[peers].as_array().is_none_or(|peers| {
                    peers
                        .iter()
                        .any(|peer| is_peer(rendered, peer, namespace, other))
                })
        })
}

fn has_type(spec: &Value, direction: &str) -> bool {
    spec["policyTypes"]
        .as_array()
        .is_some_and(|types| types.iter().any(|kind| kind == direction))
}

fn is_port(rule: &Value, port: u16) -> bool {
    rule["ports"]
        .as_array()
        .is_none_or(|ports| ports.iter().any(|allowed| allowed["port"] == port))
}

fn is_peer(rendered: &Rendered, rule: &Value, own_namespace: &str, peer: &Peer) -> bool {
    match peer {
        Peer::Address(address) => {
            let within = |cidr: &Value| is_within(*address, cidr.as_str().expect("a CIDR"));
            let mut except = rule["ipBlock"]["except"].as_array().into_iter().flatten();
            rule["ipBlock"].is_object() && within(&rule["ipBlock"]["cidr"]) && !except.any(within)
        }
        Peer::Pod { namespace, labels } => {
            let in_namespace = match &rule["namespaceSelector"] {
                Value::Null => namespace == own_namespace,
                selector => chooses(selector, &namespace_labels(rendered, namespace)),
            };
            let is_pod = rule["podSelector"].is_null() || chooses(&rule["podSelector"], labels);
            rule["ipBlock"].is_null() && in_namespace && is_pod
        }
    }
}

/// Our labels of a namespace, and that of Kubernetes.
fn namespace_labels(rendered: &Rendered, namespace: &str) -> Value {
    let ours = rendered
        .kind("Namespace")
        .find(|object| object.name() == namespace);
    let mut labels = ours.map_or_else(
        || json!({}),
        |object| object.value["metadata"]["labels"].clone(),
    );
    labels["kubernetes.io/metadata.name"] = namespace.into();
    labels
}

fn is_within(address: [u8; 4], cidr: &str) -> bool {
    let (network, bits) = cidr.split_once('/').expect("a CIDR has a slash");
    let network: std::net::Ipv4Addr = network.parse().expect("a CIDR begins with an address");
    let bits: u32 = bits.parse().expect("a CIDR ends with a number");
    let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
    u32::from_be_bytes(address) & mask == u32::from(network) & mask
}
