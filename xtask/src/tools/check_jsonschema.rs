//! check-jsonschema, which carries the schemas of pipelines with it.

use std::path::PathBuf;

use super::python;
use crate::workspace::Workspace;

/// The `check-jsonschema` executable.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let announcement =
        "check-jsonschema from PyPI into target/tools: it holds pipelines against their schemas";
    let environment = python::environment(workspace, "check-jsonschema", announcement)?;
    Ok(environment.join("bin/check-jsonschema"))
}
