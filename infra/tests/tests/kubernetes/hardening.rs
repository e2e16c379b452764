//! Rules for every pod.

use serde_json::{Value, json};

use crate::rendered::{Object, Pod, Rendered, all};
use crate::selector::chooses;

fn each_pod(check: impl Fn(&Rendered, &Pod)) {
    let mut count = 0;
    for rendered in all() {
        for pod in rendered.pods() {
            check(rendered, &pod);
            count += 1;
        }
    }
    assert!(count > 0, "no pod was checked");
}

#[test]
fn pods_run_without_root_and_privileges() {
    each_pod(|_, pod| {
        let shown = pod.owner.shown();
        let security = &pod.spec["securityContext"];
        assert_eq!(security["runAsNonRoot"], true, "{shown}");
        assert!(security["runAsUser"].as_u64() > Some(0), "{shown}");
        assert_eq!(
            security["seccompProfile"]["type"], "RuntimeDefault",
            "{shown}"
        );
        for container in pod.containers() {
            let security = &container["securityContext"];
            assert_eq!(security["readOnlyRootFilesystem"], true, "{shown}");
            assert_eq!(security["allowPrivilegeEscalation"], false, "{shown}");
            assert_eq!(
                security["capabilities"],
                json!({ "drop": ["ALL"] }),
                "{shown}"
            );
            assert!(security["privileged"].is_null(), "{shown}");
        }
        for field in ["hostNetwork", "hostPID", "hostIPC"] {
            assert!(pod.spec[field].is_null(), "{shown}: {field}");
        }
    });
}

#[test]
fn only_the_observer_has_a_token() {
    each_pod(|rendered, pod| {
        let shown = pod.owner.shown();
        let account = pod.spec["serviceAccountName"].as_str().unwrap_or_default();
        let account = rendered.one("ServiceAccount", pod.owner.namespace(), account);
        // Variables of other Services: POSTFACTO_PORT and the like.
        assert_eq!(pod.spec["enableServiceLinks"], false, "{shown}");
        if pod.owner.name() == "observer" {
            // It reads the Kubernetes API.
            return;
        }
        assert_eq!(
            account.value["automountServiceAccountToken"], false,
            "{shown}"
        );
        assert_eq!(pod.spec["automountServiceAccountToken"], false, "{shown}");
    });
}

#[test]
fn every_container_has_requests_and_limits() {
    each_pod(|_, pod| {
        for container in pod.containers() {
            for pointer in ["/requests/cpu", "/requests/memory", "/limits/memory"] {
                let amount = container["resources"].pointer(pointer);
                assert!(
                    amount.is_some(),
                    "{}: resources{pointer}",
                    pod.owner.shown()
                );
            }
        }
    });
}

#[test]
fn images_are_pinned_to_a_digest_or_an_exact_version() {
    for rendered in all() {
        let containers = rendered
            .pods()
            .flat_map(|pod| pod.containers().collect::<Vec<_>>());
        let images = containers.map(|container| &container["image"]);
        let clusters = rendered
            .kind("Cluster")
            .map(|cluster| &cluster.spec()["imageName"]);
        for image in images.chain(clusters) {
            let image = image.as_str().expect("an image's name");
            assert!(is_pinned(image), "{image}");
            assert!(
                image
                    .split('/')
                    .next()
                    .is_some_and(|host| host.contains('.')),
                "{image}: no registry"
            );
        }
    }
}

fn is_pinned(image: &str) -> bool {
    if let Some((_, digest)) = image.split_once("@sha256:") {
        return digest.len() == 64;
    }
    let tag = image
        .rsplit('/')
        .next()
        .and_then(|name| name.split_once(':'))
        .map(|(_, tag)| tag);
    // PostgreSQL's versions have two numbers.
    tag.is_some_and(|tag| {
        let version = tag.split('-').next().unwrap_or_default();
        let version = version.strip_prefix('v').unwrap_or(version);
        version.split('.').count() >= 2
            && version
                .split('.')
                .all(|number| number.parse::<u32>().is_ok())
    })
}

#[test]
fn only_exact_versions_count_as_versions() {
    for floating in [
        "docker.io/x/y",
        "docker.io/x/y:latest",
        "docker.io/x/y:8",
        "docker.io/x/y:8-alpine",
        "docker.io/x/y@sha256:1",
    ] {
        assert!(!is_pinned(floating), "{floating}");
    }
}

#[test]
fn every_server_has_its_probes() {
    each_pod(|_, pod| {
        if pod.owner.kind() != "Deployment" {
            return;
        }
        let containers = pod.spec["containers"].as_array().into_iter().flatten();
        for container in containers {
            for probe in ["readinessProbe", "livenessProbe"] {
                assert!(
                    container[probe].is_object(),
                    "{}: {probe}",
                    pod.owner.shown()
                );
            }
        }
    });
}

/// A probe without this header gets the redirect to HTTPS, a 301, for a broken server too.
#[test]
fn probes_pass_the_redirect_of_postfacto() {
    for rendered in all() {
        let servers = rendered
            .kind("Deployment")
            .filter(|object| object.name() == "postfacto");
        for server in servers {
            let container = &server.value["spec"]["template"]["spec"]["containers"][0];
            for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
                let get = &container[probe]["httpGet"];
                assert_eq!(
                    get["httpHeaders"],
                    json!([{ "name": "X-Forwarded-Proto", "value": "https" }])
                );
                assert_eq!(get["path"], "/api/config");
            }
        }
    }
}

#[test]
fn replicas_have_budgets_and_single_pods_have_none() {
    for rendered in all() {
        for deployment in rendered.kind("Deployment") {
            let budget = budget_of(rendered, deployment);
            let shown = deployment.shown();
            if deployment.spec()["replicas"].as_u64() > Some(1) {
                let budget = budget.unwrap_or_else(|| panic!("{shown} has no budget"));
                assert_eq!(budget["maxUnavailable"], 1, "{shown}");
                let spread = &deployment.spec()["template"]["spec"]["topologySpreadConstraints"];
                assert_eq!(
                    spread[0]["topologyKey"], "kubernetes.io/hostname",
                    "{shown}"
                );
            } else {
                assert!(
                    budget.is_none(),
                    "{shown}: a budget for one pod stops every drain"
                );
            }
        }
    }
}

fn budget_of<'a>(rendered: &'a Rendered, deployment: &Object) -> Option<&'a Value> {
    let labels = &deployment.spec()["template"]["metadata"]["labels"];
    let budgets = rendered.kind("PodDisruptionBudget");
    let mut ours = budgets.filter(|budget| budget.namespace() == deployment.namespace());
    let budget = ours.find(|budget| chooses(&budget.spec()["selector"], labels))?;
    Some(budget.spec())
}

#[test]
fn every_namespace_enforces_the_strictest_pod_security() {
    for rendered in all() {
        let namespaces: Vec<&Object> = rendered.kind("Namespace").collect();
        assert!(!namespaces.is_empty());
        for namespace in namespaces {
            let level =
                &namespace.value["metadata"]["labels"]["pod-security.kubernetes.io/enforce"];
            let runs_ours = rendered
                .pods()
                .any(|pod| pod.owner.namespace() == namespace.name());
            if runs_ours {
                assert_eq!(level, "restricted", "{}", namespace.name());
            }
            assert_ne!(level, "privileged", "{}", namespace.name());
        }
        for pod in rendered.pods() {
            rendered.one("Namespace", "", pod.owner.namespace());
        }
    }
}

/// The pid file of `rails server` stops its next start in the same pod.
#[test]
fn postfacto_starts_without_the_entry_point() {
    for rendered in all() {
        for pod in rendered.pods() {
            for container in pod.containers() {
                if container["image"]
                    .as_str()
                    .is_some_and(|image| image.contains("postfacto"))
                {
                    let command = container["command"].to_string();
                    assert!(
                        command.contains("bundle"),
                        "{}: {command}",
                        pod.owner.shown()
                    );
                    assert!(!command.contains("rails server"), "{}", pod.owner.shown());
                }
            }
        }
    }
}

/// The files of Postfacto's image that a server or a Job writes to.
#[test]
fn postfacto_can_write_its_files() {
    each_pod(|_, pod| {
        for container in pod.containers().filter(|it| runs_postfacto(it)) {
            for path in ["/tmp", "/postfacto/tmp", "/postfacto/log"] {
                let mut mounts = container["volumeMounts"].as_array().expect("mounts").iter();
                let mount = mounts.find(|mount| mount["mountPath"] == path);
                let mount = mount.unwrap_or_else(|| panic!("{}: {path}", pod.owner.shown()));
                assert_ne!(mount["readOnly"], true, "{path}");
                let mut volumes = pod.spec["volumes"].as_array().expect("volumes").iter();
                let volume = volumes.find(|volume| volume["name"] == mount["name"]);
                assert!(
                    volume.expect("the volume is there")["emptyDir"].is_object(),
                    "{path}"
                );
            }
        }
    });
}

fn runs_postfacto(container: &Value) -> bool {
    let image = container["image"].as_str();
    image.is_some_and(|image| image.contains("postfacto/postfacto"))
}

#[test]
fn one_job_migrates_and_the_servers_wait_for_it() {
    for rendered in all() {
        let jobs: Vec<&Object> = rendered.kind("Job").collect();
        assert_eq!(jobs.len(), rendered.kind("Cluster").count());
        for job in jobs {
            let pod = &job.spec()["template"]["spec"];
            let command = pod["containers"][0]["command"].to_string();
            for task in ["rake db:migrate && ", "rake admin:create_user"] {
                assert!(command.contains(task), "{}: {command}", job.shown());
            }
            let server = rendered.one("Deployment", job.namespace(), "postfacto");
            let waiting = &server.spec()["template"]["spec"]["initContainers"][0];
            let command = waiting["command"].to_string();
            assert!(command.contains("until bundle exec rake db:abort_if_pending_migrations"));
        }
    }
}

#[test]
fn an_update_of_a_server_has_no_outage() {
    for rendered in all() {
        let servers = rendered
            .kind("Deployment")
            .filter(|it| it.name() == "postfacto");
        for server in servers {
            let rolling = json!({ "maxUnavailable": 0, "maxSurge": 1 });
            assert_eq!(server.spec()["strategy"]["rollingUpdate"], rolling);
            let pod = &server.spec()["template"]["spec"];
            let pause = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"].as_u64();
            let grace = pod["terminationGracePeriodSeconds"].as_u64().unwrap_or(30);
            assert!(
                pause >= Some(5),
                "the gateway needs a moment to send nothing more"
            );
            assert!(
                pause < Some(grace),
                "{pause:?} of {grace} s leave none for requests"
            );
        }
    }
}
