//! The program's two builds, and the same two of the smallest server.

use std::env;
use std::path::PathBuf;

use anyhow::Context;
use tokio::process::Command;

use crate::database::Database;
use crate::process;
use crate::program::Program;
use crate::workspace::Workspace;

const MUSL: &str = "x86_64-unknown-linux-musl";

/// The measured builds, or the reason for a missing one.
pub(crate) struct Binaries {
    /// For this machine, with its C library.
    pub(crate) glibc: Program,
    /// Static, as it is deployed.
    pub(crate) musl: Result<Program, String>,
    pub(crate) bare_glibc: Program,
    pub(crate) bare_musl: Result<Program, String>,
}

impl Binaries {
    /// Builds all four with the release profile, after a line that says so. `MAGNUSAPI_GLIBC` and
    /// `MAGNUSAPI_MUSL` name builds of the program to take instead. Without `bare`, which startup
    /// alone measures, the bare servers are left out.
    pub(crate) async fn build(workspace: &Workspace, bare: bool) -> anyhow::Result<Binaries> {
        println!("building with the release profile");
        let glibc = glibc(workspace).await?;
        let musl = musl(workspace).await.map_err(|error| format!("{error:#}"));
        let bare_musl = if bare {
            bare_glibc(workspace).await?;
            bare_musl(workspace)
                .await
                .map_err(|error| format!("{error:#}"))
        } else {
            Err("startup is not measured".to_owned())
        };
        Ok(Binaries {
            glibc: Program::Magnusapi {
                name: "magnusapi, glibc",
                binary: glibc,
            },
            musl: musl.map(|binary| Program::Magnusapi {
                name: "magnusapi, musl",
                binary,
            }),
            bare_glibc: Program::Bare {
                name: "bare warp, glibc",
                binary: workspace.target().join("release/examples/bare"),
            },
            bare_musl: bare_musl.map(|binary| Program::Bare {
                name: "bare warp, musl",
                binary,
            }),
        })
    }

    /// Brings the schema of `database` to the program's version.
    pub(crate) async fn migrate(&self, database: &Database) -> anyhow::Result<()> {
        let mut migrate = Command::new(self.glibc.binary()?);
        migrate.arg("migrate").env("DATABASE_URL", database.url());
        process::output(&mut migrate).await.map(drop)
    }

    /// The output of `--version`: `magnusapi 0.1.0 (commit)`.
    pub(crate) async fn version(&self) -> anyhow::Result<String> {
        process::output(Command::new(self.glibc.binary()?).arg("--version")).await
    }
}

async fn glibc(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    if let Some(named) = env::var_os("MAGNUSAPI_GLIBC") {
        return Ok(named.into());
    }
    let arguments = [
        "build",
        "--quiet",
        "--release",
        "--package",
        "magnusapi",
        "--bin",
        "magnusapi",
    ];
    workspace.cargo(&arguments, &[]).await?;
    Ok(workspace.target().join("release/magnusapi"))
}

async fn musl(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    if let Some(named) = env::var_os("MAGNUSAPI_MUSL") {
        return Ok(named.into());
    }
    let arguments = ["run", "--quiet", "--package", "xtask", "--", "package"];
    let packaged = workspace.cargo(&arguments, &[]).await;
    packaged.context("the package could not be built; name a static build in MAGNUSAPI_MUSL")?;
    Ok(workspace.target().join("app/magnusapi"))
}

async fn bare_glibc(workspace: &Workspace) -> anyhow::Result<()> {
    let arguments = [
        "build",
        "--quiet",
        "--release",
        "--package",
        "load",
        "--example",
        "bare",
    ];
    workspace.cargo(&arguments, &[]).await
}

/// Its allocator is C: `cargo xtask package` has installed a compiler that can make it static.
async fn bare_musl(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let zig = workspace.tools().join("zig/bin");
    let compiler = zig.join("musl-cc");
    let mut variables = vec![(
        "CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER",
        PathBuf::from("rust-lld"),
    )];
    if compiler.exists() {
        variables.push(("CC_x86_64_unknown_linux_musl", compiler));
        variables.push(("AR_x86_64_unknown_linux_musl", zig.join("musl-ar")));
    }
    let arguments = [
        "build",
        "--quiet",
        "--release",
        "--target",
        MUSL,
        "--package",
        "load",
        "--example",
        "bare",
    ];
    let built = workspace.cargo(&arguments, &variables).await;
    built.context("it needs a C compiler for musl: `cargo xtask package` installs one")?;
    Ok(workspace.target().join(MUSL).join("release/examples/bare"))
}
