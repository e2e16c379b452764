//! An environment's manifests, rendered once for all tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;

use crate::helm::{documents, template};
use crate::helmfile::{ENVIRONMENTS, Environment, Release};

/// All environments of the checkout.
pub(crate) fn all() -> &'static [Rendered] {
    static ALL: LazyLock<Vec<Rendered>> = LazyLock::new(|| {
        std::thread::scope(|scope| {
            let running = ENVIRONMENTS.map(|name| scope.spawn(|| Rendered::load(name)));
            let rendered = running.map(|running| running.join().expect("rendering does not panic"));
            Vec::from(rendered)
        })
    });
    &ALL
}

/// The manifests of an environment's installed releases whose charts are our own.
#[derive(Clone)]
pub(crate) struct Rendered {
    pub(crate) environment: String,
    pub(crate) objects: Vec<Object>,
    /// Their folder, with a file for each release.
    pub(crate) files: Vec<PathBuf>,
}

impl Rendered {
    fn load(name: &str) -> Rendered {
        let environment = Environment::with_timers(name);
        let state = environment
            .state()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut rendered = Rendered::of(&environment, &state.releases);
        rendered.write(&build_folder().join(name));
        rendered
    }

    /// The manifests of these releases.
    pub(crate) fn of(environment: &Environment, releases: &[Release]) -> Rendered {
        let installed = releases.iter().filter(|release| release.installed);
        let objects = installed.flat_map(|release| render(environment, release));
        Rendered {
            environment: environment.name.clone(),
            objects: objects.collect(),
            files: Vec::new(),
        }
    }

    /// Writes the manifests for programs that read files: one file for each release.
    fn write(&mut self, folder: &Path) {
        // An earlier run may have written releases that no longer exist.
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder).expect("the build folder can be written to");
        let mut texts: BTreeMap<&str, String> = BTreeMap::new();
        for object in &self.objects {
            let text = texts.entry(&object.release).or_default();
            text.extend(["---\n", &object.value.to_string(), "\n"]);
        }
        for (release, text) in texts {
            let path = folder.join(format!("{release}.yaml"));
            fs::write(&path, text).expect("the build folder can be written to");
            self.files.push(path);
        }
    }

    /// All objects of this kind.
    pub(crate) fn kind(&self, kind: &str) -> impl Iterator<Item = &Object> {
        self.objects
            .iter()
            .filter(move |object| object.kind() == kind)
    }

    /// The one object of this kind and name in a namespace.
    pub(crate) fn one(&self, kind: &str, namespace: &str, name: &str) -> &Object {
        let mut found = self
            .kind(kind)
            .filter(|object| object.name() == name && object.namespace() == namespace);
        found
            .next()
            .unwrap_or_else(|| panic!("{}: no {kind} {namespace}/{name}", self.environment))
    }

    /// Pod templates of Deployments, Jobs and `CronJobs`, with the namespace that they run in.
    pub(crate) fn pods(&self) -> impl Iterator<Item = Pod<'_>> {
        self.objects.iter().filter_map(Pod::of)
    }
}

fn build_folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_TARGET_TMPDIR"), "/kubernetes"))
}

fn render(environment: &Environment, release: &Release) -> Vec<Object> {
    let Some(chart) = release.own_chart() else {
        return Vec::new();
    };
    let values = release.values(environment);
    let text = template(&chart, &release.name, &release.namespace, &values, &[])
        .unwrap_or_else(|error| panic!("{}, release {}: {error}", environment.name, release.name));
    let objects = documents(&text).into_iter().map(|value| Object {
        release: release.name.clone(),
        value,
    });
    objects.collect()
}

/// A manifest and its release.
#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) release: String,
    pub(crate) value: Value,
}

impl Object {
    pub(crate) fn kind(&self) -> &str {
        self.value["kind"].as_str().unwrap_or_default()
    }

    pub(crate) fn name(&self) -> &str {
        self.value["metadata"]["name"].as_str().unwrap_or_default()
    }

    /// Empty for objects of the whole cluster.
    pub(crate) fn namespace(&self) -> &str {
        self.value["metadata"]["namespace"]
            .as_str()
            .unwrap_or_default()
    }

    pub(crate) fn spec(&self) -> &Value {
        &self.value["spec"]
    }

    /// Its name in messages.
    pub(crate) fn shown(&self) -> String {
        format!("{} {}/{}", self.kind(), self.namespace(), self.name())
    }
}

/// The pods that a Deployment, a Job or a `CronJob` makes.
pub(crate) struct Pod<'a> {
    pub(crate) owner: &'a Object,
    pub(crate) labels: &'a Value,
    pub(crate) spec: &'a Value,
}

impl<'a> Pod<'a> {
    fn of(owner: &'a Object) -> Option<Pod<'a>> {
        let template = match owner.kind() {
            "Deployment" | "Job" | "StatefulSet" | "DaemonSet" => "/spec/template",
            "CronJob" => "/spec/jobTemplate/spec/template",
            _ => return None,
        };
        let template = owner.value.pointer(template)?;
        Some(Pod {
            owner,
            labels: &template["metadata"]["labels"],
            spec: &template["spec"],
        })
    }

    /// All containers, those that run first too.
    pub(crate) fn containers(&self) -> impl Iterator<Item = &'a Value> {
        let lists = ["initContainers", "containers"].map(|list| self.spec[list].as_array());
        lists.into_iter().flatten().flatten()
    }
}
