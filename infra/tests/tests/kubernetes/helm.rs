//! Helm, run as an operator runs it, and its template engine for files outside of charts.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use infra_tests::program;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Helm, without the settings of this machine's user.
pub(crate) fn helm() -> Command {
    let mut helm = Command::new(program("HELM", "helm"));
    for name in ["KUBECONFIG", "HELM_KUBECONTEXT", "HELM_NAMESPACE"] {
        helm.env_remove(name);
    }
    helm
}

/// A folder below the build folder, removed when it is dropped.
pub(crate) fn scratch() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("the build folder can be written to")
}

/// The result of a template with a context: `.Values`, `.Environment`, and the like.
///
/// Helmfile's engine is Go's with sprig, as Helm's `tpl` is. The templates must not use the differences.
pub(crate) fn evaluate(template: &str, context: &Value) -> Result<String, String> {
    let chart = scratch();
    let write = |name: &str, text: &str| {
        let path = chart.path().join(name);
        fs::write(&path, text).expect("a scratch folder can be written to");
        path
    };
    fs::create_dir(chart.path().join("templates")).expect("a scratch folder can be written to");
    write(
        "Chart.yaml",
        "apiVersion: v2\nname: evaluation\nversion: 0.0.0\n",
    );
    write("file", template);
    write(
        "templates/evaluated.yaml",
        "evaluated: {{ tpl (.Files.Get \"file\") (merge (dict \"Template\" .Template) .Values.context) | quote }}\n",
    );
    let values = write("values.yaml", &json!({ "context": context }).to_string());
    let mut helm = helm();
    helm.args(["template", "evaluation"])
        .arg(chart.path())
        .arg("--values")
        .arg(values);
    let document: Value = serde_saphyr::from_str(&finish(&mut helm)?)
        .map_err(|error| format!("not YAML: {error}"))?;
    Ok(document["evaluated"]
        .as_str()
        .unwrap_or_default()
        .to_owned())
}

/// The manifests of one chart with these values, the later over the earlier.
pub(crate) fn template(
    chart: &Path,
    release: &str,
    namespace: &str,
    values: &[Value],
    more: &[&str],
) -> Result<String, String> {
    let folder = scratch();
    let files = values.iter().enumerate().map(|(number, values)| {
        let path = folder.path().join(format!("{number}.yaml"));
        fs::write(&path, values.to_string()).expect("a scratch folder can be written to");
        path
    });
    let files: Vec<PathBuf> = files.collect();
    let mut helm = helm();
    helm.args(["template", release, "--namespace", namespace])
        .arg(chart)
        .args(more);
    for file in &files {
        helm.arg("--values").arg(file);
    }
    finish(&mut helm)
}

/// Helm's output, or its error.
pub(crate) fn finish(helm: &mut Command) -> Result<String, String> {
    let Output {
        status,
        stdout,
        stderr,
    } = helm
        .output()
        .unwrap_or_else(|error| panic!("{helm:?} cannot be started: {error}"));
    if status.success() {
        Ok(String::from_utf8(stdout).expect("Helm writes UTF-8"))
    } else {
        Err(String::from_utf8_lossy(&stderr).into_owned())
    }
}

/// The documents of a YAML file, without empty ones.
pub(crate) fn documents(text: &str) -> Vec<Value> {
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(text).unwrap_or_else(|error| panic!("{error} in:\n{text}"));
    documents
        .into_iter()
        .filter(|document| !document.is_null())
        .collect()
}

/// A YAML mapping.
pub(crate) fn mapping(text: &str) -> BTreeMap<String, Value> {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error} in:\n{text}"))
}
