//! The alerts of Terraform query the observer's lines.

use infra_tests::checkout;
use serde_json::{Value, json};

use crate::helmfile::read;
use crate::rendered::{Rendered, all};

fn containers(rendered: &Rendered) -> Vec<Value> {
    let job = rendered.one("CronJob", "observer", "observer");
    let pod = job.value.pointer("/spec/jobTemplate/spec/template/spec");
    let containers = pod.expect("a pod")["containers"].as_array();
    containers.expect("containers").clone()
}

#[test]
fn an_alert_queries_every_line_of_the_observer() {
    let alerts = read(&checkout().join("infra/terraform/modules/alerts/locals.cluster.tf"));
    for rendered in all() {
        for container in containers(rendered) {
            let words = container["args"].as_array().expect("arguments").last();
            let line = words.and_then(Value::as_str).expect("a line");
            let (_, line) = line.split_once("}observed ").expect("a line for each");
            let kind = line.split(' ').next().expect("a kind");
            assert!(alerts.contains(&format!("kind == '{kind}'")), "{kind}");
            assert!(line.ends_with("{\"\\n\"}{end}"), "{line}");
        }
        assert_eq!(containers(rendered).len(), 4);
    }
    assert!(alerts.contains("PodNamespace == 'observer'"));
}

#[test]
fn the_observer_may_read_only_its_kinds() {
    for rendered in all() {
        let role = rendered.one("ClusterRole", "", "observer");
        let mut readable = Vec::new();
        for rule in role.value["rules"].as_array().expect("rules") {
            assert_eq!(rule["verbs"], json!(["get", "list"]));
            let group = rule["apiGroups"][0].as_str().expect("a group");
            let resources = rule["resources"].as_array().expect("resources").iter();
            readable
                .extend(resources.map(|it| format!("{}.{group}", it.as_str().expect("a kind"))));
        }
        let asked = containers(rendered).into_iter();
        let mut asked: Vec<String> = asked
            .map(|it| it["args"][1].as_str().expect("a kind").to_owned())
            .collect();
        readable.sort();
        asked.sort();
        assert_eq!(readable, asked);
    }
}
