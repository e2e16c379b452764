//! Every setting of Postfacto reaches it.

use serde_json::{Value, json};

use crate::helm::{documents, template};
use crate::helmfile::{Environment, folder, read};
use crate::rendered::{Object, all};

/// The place of a setting.
#[derive(Clone, Copy)]
enum Place {
    /// The settings that all containers share.
    ConfigMap,
    /// A container's environment, from a Secret or a value.
    Container,
    /// The settings of the pages.
    Page,
    /// None, for the reason in the chart's README.
    Nowhere,
}

/// All variables that 4.2.0 and 4.3.11 read, and `HOME`, for their libraries.
const KNOWN: [(&str, Place); 27] = [
    ("ACTION_CABLE_HOST", Place::ConfigMap),
    ("ADMIN_EMAIL", Place::Container),
    ("ADMIN_PASSWORD", Place::Container),
    ("ARCHIVE_EMAILS", Place::Nowhere),
    ("CLIENT_ORIGIN", Place::ConfigMap),
    ("DATABASE_URL", Place::Container),
    ("DISABLE_SSL_REDIRECT", Place::Nowhere),
    ("ENABLE_ANALYTICS", Place::Page),
    ("FROM_ADDRESS", Place::Nowhere),
    ("GOOGLE_AUTH_ENDPOINT", Place::ConfigMap),
    ("GOOGLE_OAUTH_CLIENT_ID", Place::ConfigMap),
    ("HOSTED_DOMAIN", Place::ConfigMap),
    ("PORT", Place::ConfigMap),
    ("RAILS_ENV", Place::ConfigMap),
    ("RAILS_LOG_TO_STDOUT", Place::ConfigMap),
    ("RAILS_MAX_THREADS", Place::ConfigMap),
    ("RAILS_SERVE_STATIC_FILES", Place::ConfigMap),
    ("REDIS_URL", Place::Container),
    ("SECRET_KEY_BASE", Place::Container),
    ("SENDGRID_PASSWORD", Place::Nowhere),
    ("SENDGRID_USERNAME", Place::Nowhere),
    ("SESSION_TIME", Place::ConfigMap),
    ("USE_POSTGRES_FOR_ACTION_CABLE", Place::ConfigMap),
    ("VCAP_APPLICATION", Place::Nowhere),
    ("VCAP_SERVICES", Place::Nowhere),
    ("WEBSOCKET_PORT", Place::Nowhere),
    ("HOME", Place::ConfigMap),
];

#[test]
fn every_setting_of_postfacto_is_set_or_has_a_reason() {
    let objects = [
        json!({}),
        json!({ "actionCable": { "adapter": "postgres" } }),
    ]
    .into_iter()
    .flat_map(with_every_setting)
    .collect::<Vec<_>>();
    let text = |kind: &str, name: &str| -> String {
        let of_kind = objects.iter().filter(|object| object.kind() == kind);
        let wanted = of_kind.filter(|object| object.name().starts_with(name));
        wanted.map(|object| object.value.to_string()).collect()
    };
    let readme = read(&folder().join("charts/postfacto/README.md"));
    for (name, place) in KNOWN {
        let is_there = match place {
            Place::ConfigMap => text("ConfigMap", "postfacto").contains(&format!("\"{name}\":")),
            Place::Container => text("Job", "postfacto").contains(&format!("\"name\":\"{name}\"")),
            Place::Page => text("ConfigMap", "postfacto-client").contains(&name.to_lowercase()),
            Place::Nowhere => {
                let family = name.split('_').next().unwrap_or_default();
                let message = readme.contains(&format!("`{name}`"))
                    || readme.contains(&format!("`{family}_*`"));
                let objects = ["ConfigMap", "Deployment", "Job"].map(|kind| text(kind, ""));
                message && !objects.concat().contains(name)
            }
        };
        assert!(is_there, "{name}");
    }
}

/// The chart's objects with every setting made, and `more`.
fn with_every_setting(more: Value) -> Vec<Object> {
    let (release, mut values) = Environment::load("test").release("postfacto-4-3-11");
    let settings = json!({
        "sessionTime": 60,
        "googleOauthClientId": "id",
        "hostedDomain": "example.org",
        "googleAuthEndpoint": "https://accounts.example.org",
        "enableAnalytics": true,
        "clientOrigin": "https://elsewhere.example.org",
    });
    values.extend([json!({ "settings": settings }), more]);
    let chart = release.own_chart().expect("an own chart");
    let text = template(&chart, &release.name, &release.namespace, &values, &[])
        .unwrap_or_else(|error| panic!("{error}"));
    let objects = documents(&text).into_iter().map(|value| Object {
        release: release.name.clone(),
        value,
    });
    objects.collect()
}

/// Rails loads the files of this folder. `infra/tests/postfacto` runs the file against a real Redis.
#[test]
fn a_lost_message_bus_does_not_end_a_server() {
    let mounted = |more: Value| -> Vec<(String, String)> {
        let objects = with_every_setting(more);
        let servers = objects
            .iter()
            .filter(|object| object.kind() == "Deployment");
        let containers = servers.flat_map(|server| {
            let pod = &server.value["spec"]["template"]["spec"];
            pod["containers"].as_array().expect("containers")
        });
        let mounts = containers.flat_map(|it| it["volumeMounts"].as_array().expect("mounts"));
        let initializers = mounts.filter(|mount| mount["name"] == "initializers");
        let text = |mount: &Value, key: &str| mount[key].as_str().unwrap_or_default().to_owned();
        initializers
            .map(|mount| (text(mount, "mountPath"), text(mount, "subPath")))
            .collect()
    };
    let path = "/postfacto/config/initializers/keep_listening.rb".to_owned();
    assert_eq!(mounted(json!({})), [(path, "keep_listening.rb".to_owned())]);
    assert_eq!(
        mounted(json!({ "actionCable": { "adapter": "postgres" } })),
        []
    );
    let objects = with_every_setting(json!({}));
    let mut maps = objects
        .iter()
        .filter(|object| object.name() == "postfacto-initializers");
    let data = &maps.next().expect("the ConfigMap").value["data"];
    let file = read(&folder().join("charts/postfacto/files/keep_listening.rb"));
    assert_eq!(data["keep_listening.rb"], file);
}

#[test]
fn websockets_reach_the_version_of_their_page() {
    for rendered in all() {
        let routes = rendered
            .kind("HTTPRoute")
            .filter(|route| route.name() == "postfacto");
        for route in routes {
            let config = rendered.one("ConfigMap", route.namespace(), "postfacto");
            let host = &config.value["data"]["ACTION_CABLE_HOST"];
            assert_eq!(
                route.spec()["hostnames"],
                json!([host]),
                "{}",
                route.shown()
            );
            let client = rendered.one("ConfigMap", route.namespace(), "postfacto-client");
            let script = client.value["data"]["config.js"]
                .as_str()
                .expect("a script");
            let script = script
                .trim_start_matches("window.Retro = ")
                .trim_end_matches(";\n");
            let page: Value =
                serde_json::from_str(script).expect("the settings of a page are JSON");
            let page = &page["config"];
            assert_eq!(
                [&page["websocket_url"], &page["api_base_url"]],
                ["/cable", "/api"]
            );
            let mut rules = route.spec()["rules"].as_array().expect("rules").iter();
            let serves_it = |rule: &Value| rule["matches"][0]["path"]["value"] == "/cable";
            assert!(rules.any(serves_it), "{}", route.shown());
        }
    }
}
