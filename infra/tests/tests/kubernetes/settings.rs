//! What Postfacto can be told, and that it is.

use std::fs;

use serde_json::{Value, json};

use crate::helm::{documents, template};
use crate::helmfile::Environment;
use crate::rendered::Object;

/// All that 4.2.0 and 4.3.11 read from their environment, and who sets it; `None`: nobody, for the
/// reason in the chart's README.
const KNOWN: [(&str, Option<&str>); 27] = [
    ("ACTION_CABLE_HOST", Some("config")),
    ("ADMIN_EMAIL", Some("env")),
    ("ADMIN_PASSWORD", Some("env")),
    ("ARCHIVE_EMAILS", None),
    ("CLIENT_ORIGIN", Some("config")),
    ("DATABASE_URL", Some("env")),
    ("DISABLE_SSL_REDIRECT", None),
    ("ENABLE_ANALYTICS", Some("client")),
    ("FROM_ADDRESS", None),
    ("GOOGLE_AUTH_ENDPOINT", Some("config")),
    ("GOOGLE_OAUTH_CLIENT_ID", Some("config")),
    ("HOSTED_DOMAIN", Some("config")),
    ("PORT", Some("config")),
    ("RAILS_ENV", Some("config")),
    ("RAILS_LOG_TO_STDOUT", Some("config")),
    ("RAILS_MAX_THREADS", Some("config")),
    ("RAILS_SERVE_STATIC_FILES", Some("config")),
    ("REDIS_URL", Some("env")),
    ("SECRET_KEY_BASE", Some("env")),
    ("SENDGRID_PASSWORD", None),
    ("SENDGRID_USERNAME", None),
    ("SESSION_TIME", Some("config")),
    ("USE_POSTGRES_FOR_ACTION_CABLE", Some("config")),
    ("VCAP_APPLICATION", None),
    ("VCAP_SERVICES", None),
    ("WEBSOCKET_PORT", None),
    // Of the libraries below it.
    ("HOME", Some("config")),
];

#[test]
fn every_setting_of_postfacto_is_set_or_left_out_on_purpose() {
    let environment = Environment::load("test");
    let (release, mut values) = environment.release("postfacto-4-3-11");
    values.push(json!({
        "settings": {
            "sessionTime": 60,
            "googleOauthClientId": "id",
            "hostedDomain": "example.org",
            "googleAuthEndpoint": "https://accounts.example.org",
            "enableAnalytics": true,
            "clientOrigin": "https://elsewhere.example.org",
        },
    }));
    let chart = release.own_chart().expect("an own chart");
    let objects = |values: &[Value]| -> Vec<Object> {
        let text = template(&chart, &release.name, &release.namespace, values, &[]).unwrap();
        documents(&text)
            .into_iter()
            .map(|value| Object {
                release: release.name.clone(),
                value,
            })
            .collect()
    };
    let with_redis = objects(&values);
    values.push(json!({ "actionCable": { "adapter": "postgres" } }));
    let with_postgres = objects(&values);
    let text = |kind: &str, name: &str| -> String {
        let all = with_redis.iter().chain(&with_postgres);
        let wanted = all.filter(|object| object.kind() == kind && object.name().starts_with(name));
        wanted.map(|object| object.value.to_string()).collect()
    };
    for (name, by) in KNOWN {
        let set = match by {
            Some("config") => text("ConfigMap", "postfacto").contains(&format!("\"{name}\":")),
            Some("env") => text("Job", "postfacto").contains(&format!("\"name\":\"{name}\"")),
            Some(_) => {
                text("ConfigMap", "postfacto-client").contains("\\\"enable_analytics\\\":true")
            }
            None => {
                let readme = fs::read_to_string(chart.join("README.md")).unwrap();
                let family = name.split('_').next().unwrap_or_default();
                let everything = text("ConfigMap", "") + &text("Deployment", "") + &text("Job", "");
                (readme.contains(&format!("`{name}`")) || readme.contains(&format!("`{family}_*`")))
                    && !everything.contains(name)
            }
        };
        assert!(set, "{name}");
    }
}
