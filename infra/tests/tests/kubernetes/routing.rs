//! The version of Postfacto for each request, by the rules of Gateway API; and HTTPS everywhere.

use std::cmp::Reverse;

use serde_json::{Value, json};

use crate::helmfile::{Environment, namespace_of};
use crate::rendered::{Object, Rendered, all};
use crate::selector::chooses;

const MAIN: &str = "postfacto.example.org";

/// A request's destination: the namespace of the Service, and the time limit.
#[derive(Debug, PartialEq)]
struct Target {
    namespace: String,
    timeout: Option<String>,
}

/// A matching rule, with the values of its precedence.
struct Candidate<'a> {
    path: usize,
    headers: usize,
    route: &'a Object,
    rule: &'a Value,
}

/// The rule that wins: the longest path, then the most headers.
///
/// <https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule>
fn target(rendered: &Rendered, host: &str, path: &str, version: Option<&str>) -> Option<Target> {
    let routes = rendered
        .kind("HTTPRoute")
        .filter(|route| serves(route, host));
    let mut candidates: Vec<Candidate> = routes
        .flat_map(|route| matches(route, path, version))
        .collect();
    candidates.sort_by_key(|candidate| Reverse((candidate.path, candidate.headers)));
    if let [first, second, ..] = candidates.as_slice() {
        let tie = (first.path, first.headers) == (second.path, second.headers);
        assert!(
            !tie,
            "{host}{path}: {} and {} match alike",
            first.route.shown(),
            second.route.shown()
        );
    }
    let Candidate { route, rule, .. } = candidates.first()?;
    let backend = &rule["backendRefs"][0];
    let namespace = backend["namespace"].as_str().unwrap_or(route.namespace());
    rendered.one(
        "Service",
        namespace,
        backend["name"].as_str().expect("a backend's name"),
    );
    Some(Target {
        namespace: namespace.to_owned(),
        timeout: rule["timeouts"]["request"].as_str().map(str::to_owned),
    })
}

fn serves(route: &Object, host: &str) -> bool {
    let names = route.spec()["hostnames"].as_array().into_iter().flatten();
    names.into_iter().any(|name| name == host)
}

fn matches<'a>(route: &'a Object, path: &str, version: Option<&str>) -> Vec<Candidate<'a>> {
    let rules = route.spec()["rules"].as_array().into_iter().flatten();
    let all = rules.flat_map(|rule| {
        let matches = rule["matches"]
            .as_array()
            .cloned()
            .unwrap_or_else(|| vec![json!({})]);
        matches.into_iter().map(move |one| (rule, one))
    });
    let fitting = all.filter_map(|(rule, one)| {
        let prefix = one["path"]["value"].as_str().unwrap_or("/").to_owned();
        let headers = one["headers"].as_array().cloned().unwrap_or_default();
        let fits = is_below(path, &prefix) && headers.iter().all(|header| is_sent(header, version));
        fits.then_some(Candidate {
            path: prefix.len(),
            headers: headers.len(),
            route,
            rule,
        })
    });
    fitting.collect()
}

/// By whole elements: `/cable` is not above `/cables`.
fn is_below(path: &str, prefix: &str) -> bool {
    let prefix = prefix.trim_end_matches('/');
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_sent(header: &Value, version: Option<&str>) -> bool {
    assert_eq!(header["name"], "X-Postfacto-Version");
    assert_eq!(header["type"], "Exact");
    version.is_some_and(|version| header["value"] == version)
}

fn of(namespace: &str, timeout: &str) -> Target {
    Target {
        namespace: namespace.to_owned(),
        timeout: Some(timeout.to_owned()),
    }
}

/// An environment's versions, each with its namespace.
fn versions(rendered: &Rendered) -> Vec<(String, String)> {
    let versions = Environment::load(&rendered.environment).versions();
    let with_namespace = versions.into_iter().map(|version| {
        let namespace = namespace_of(&version);
        (version, namespace)
    });
    with_namespace.collect()
}

#[test]
fn each_version_has_its_own_host_name() {
    for rendered in all() {
        let versions = versions(rendered);
        for (_, namespace) in &versions {
            let host = format!("{namespace}.example.org");
            // For any header.
            let headers = versions.iter().map(|(version, _)| Some(version.as_str()));
            for header in headers.chain([None]) {
                for path in ["/", "/api/config", "/retros/team", "/cables"] {
                    assert_eq!(
                        target(rendered, &host, path, header),
                        Some(of(namespace, "60s"))
                    );
                }
                assert_eq!(
                    target(rendered, &host, "/cable", header),
                    Some(of(namespace, "0s"))
                );
            }
        }
    }
}

#[test]
fn the_header_precedes_the_default_on_the_main_host_name() {
    for rendered in all() {
        let versions = versions(rendered);
        let chosen = versions
            .iter()
            .map(|(version, namespace)| (Some(version.as_str()), namespace.as_str()));
        let default = [None, Some("9.9.9")].map(|header| (header, "postfacto-4-3-11"));
        for (header, namespace) in chosen.chain(default) {
            for path in ["/", "/api/config"] {
                assert_eq!(
                    target(rendered, MAIN, path, header),
                    Some(of(namespace, "60s")),
                    "{header:?}"
                );
            }
            // A longer path precedes a header, so the rule of the long path needs the header too.
            assert_eq!(
                target(rendered, MAIN, "/cable", header),
                Some(of(namespace, "0s")),
                "{header:?}"
            );
        }
    }
}

#[test]
fn other_host_names_have_no_route() {
    for rendered in all() {
        assert_eq!(target(rendered, "example.org", "/", None), None);
        assert_eq!(
            target(rendered, "postfacto-9-9-9.example.org", "/", None),
            None
        );
    }
}

/// A random choice between versions would mix pages and chunks.
#[test]
fn every_rule_has_one_backend() {
    for rendered in all() {
        for route in rendered.kind("HTTPRoute") {
            for rule in route.spec()["rules"].as_array().into_iter().flatten() {
                let backends = rule["backendRefs"].as_array().map_or(0, Vec::len);
                let redirects = rule["filters"][0]["type"] == "RequestRedirect";
                assert_eq!(backends, usize::from(!redirects), "{}", route.shown());
            }
        }
    }
}

#[test]
fn http_only_redirects() {
    for rendered in all() {
        let gateway = rendered.one("Gateway", "gateway", "main");
        for listener in gateway.spec()["listeners"].as_array().expect("listeners") {
            let is_https = listener["protocol"] == "HTTPS";
            assert_eq!(listener["port"], if is_https { 443 } else { 80 });
            assert_eq!(listener["hostname"], "*.example.org");
            assert_eq!(listener["tls"]["mode"] == "Terminate", is_https);
        }
        for route in rendered.kind("HTTPRoute") {
            let parents = route.spec()["parentRefs"].as_array().expect("parents");
            let [parent] = parents.as_slice() else {
                panic!("{} has {} parents", route.shown(), parents.len());
            };
            if route.name() == "redirect-to-https" {
                let redirect = json!({ "scheme": "https", "statusCode": 301 });
                assert_eq!(parent["sectionName"], "http");
                assert_eq!(
                    route.spec()["rules"][0]["filters"][0]["requestRedirect"],
                    redirect
                );
                // Otherwise external-dns would publish *.example.org.
                let controller = "external-dns.alpha.kubernetes.io/controller";
                assert_eq!(route.value["metadata"]["annotations"][controller], "none");
            } else {
                assert_eq!(parent["sectionName"], "https", "{}", route.shown());
                assert_eq!(parent["namespace"], "gateway", "{}", route.shown());
            }
        }
    }
}

#[test]
fn the_gateway_admits_the_existing_routes() {
    for rendered in all() {
        let gateway = rendered.one("Gateway", "gateway", "main");
        let listeners = gateway.spec()["listeners"].as_array().expect("listeners");
        let https = listeners
            .iter()
            .find(|listener| listener["name"] == "https")
            .expect("HTTPS");
        let selector = &https["allowedRoutes"]["namespaces"]["selector"];
        let takes = |namespace: &str| {
            chooses(
                selector,
                &rendered.one("Namespace", "", namespace).value["metadata"]["labels"],
            )
        };
        let routes = rendered
            .kind("HTTPRoute")
            .filter(|route| route.name() != "redirect-to-https");
        for route in routes {
            assert!(takes(route.namespace()), "{}", route.shown());
        }
        assert!(!takes("velero"));
    }
}

#[test]
fn one_certificate_covers_every_host_name() {
    for rendered in all() {
        let certificate = rendered.one("Certificate", "gateway", "gateway");
        let gateway = rendered.one("Gateway", "gateway", "main");
        assert_eq!(certificate.spec()["dnsNames"], json!(["*.example.org"]));
        assert_eq!(
            gateway.spec()["listeners"][1]["tls"]["certificateRefs"][0]["name"],
            certificate.spec()["secretName"]
        );
        let issuer = rendered.one("ClusterIssuer", "", "letsencrypt");
        assert_eq!(certificate.spec()["issuerRef"]["name"], issuer.name());
        for route in rendered.kind("HTTPRoute") {
            for host in route.spec()["hostnames"].as_array().into_iter().flatten() {
                let (label, domain) = host
                    .as_str()
                    .and_then(|host| host.split_once('.'))
                    .expect("a host name");
                assert!(!label.is_empty() && domain == "example.org", "{host}");
            }
        }
    }
}

#[test]
fn test_has_staging_certificates_and_prod_trusted_ones() {
    let servers = all().iter().map(|rendered| {
        let issuer = rendered.one("ClusterIssuer", "", "letsencrypt");
        (
            rendered.environment.as_str(),
            issuer.spec()["acme"]["server"].as_str().unwrap_or_default(),
        )
    });
    let expected = vec![
        (
            "test",
            "https://acme-staging-v02.api.letsencrypt.org/directory",
        ),
        ("prod", "https://acme-v02.api.letsencrypt.org/directory"),
    ];
    assert_eq!(servers.collect::<Vec<_>>(), expected);
}

#[test]
fn certificates_use_a_challenge_in_our_zone() {
    for rendered in all() {
        let issuer = rendered.one("ClusterIssuer", "", "letsencrypt");
        let solvers = issuer.spec()["acme"]["solvers"].as_array();
        let [solver] = solvers.expect("solvers").as_slice() else {
            panic!("there is one solver for all names");
        };
        let expected = json!({
            "environment": "AzurePublicCloud",
            "hostedZoneName": "example.org",
            "resourceGroupName": "rg-example-dns",
            "subscriptionID": "00000000-0000-0000-0000-00000000a001",
            "managedIdentity": { "clientID": "00000000-0000-0000-0000-00000000c001" },
        });
        assert_eq!(solver["dns01"]["azureDNS"], expected);
    }
}

#[test]
fn the_gateway_has_a_traffic_policy() {
    for rendered in all() {
        let policy = rendered
            .one("ClientTrafficPolicy", "gateway", "https")
            .spec();
        let target = json!([{ "group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "main", "sectionName": "https" }]);
        assert_eq!(policy["targetRefs"], target);
        assert_eq!(policy["tls"]["minVersion"], "1.2");
        let header = &policy["headers"]["lateResponseHeaders"]["set"][0];
        assert_eq!(header["name"], "Strict-Transport-Security");
        assert_eq!(header["value"], "max-age=31536000");
        let proxy = rendered.one("EnvoyProxy", "gateway", "main").spec();
        let kubernetes = &proxy["provider"]["kubernetes"];
        // The client's address, for the log and a rate limit.
        assert_eq!(kubernetes["envoyService"]["externalTrafficPolicy"], "Local");
        let replicas = kubernetes["envoyDeployment"]["replicas"].as_u64();
        let kept = kubernetes["envoyPDB"]["minAvailable"].as_u64();
        assert!(
            kept >= Some(1) && kept < replicas,
            "{kept:?} of {replicas:?}: no node drains"
        );
    }
}
