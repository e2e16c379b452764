//! The program's two builds, and the same two of the smallest server.

use std::env;
use std::path::PathBuf;

use anyhow::Context;
use tokio::process::Command;

use crate::database::Database;
use crate::process;
use crate::program::{Kind, Program};
use crate::workspace::Workspace;

/// The name of a package, and options, follow.
const BUILD: [&str; 4] = ["build", "--quiet", "--release", "--package"];

const BARE: [&str; 3] = ["load", "--example", "bare"];

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
            workspace.cargo(&[&BUILD[..], &BARE].concat(), &[]).await?;
            bare_musl(workspace)
                .await
                .map_err(|error| format!("{error:#}"))
        } else {
            Err("startup is not measured".to_owned())
        };
        Ok(Binaries {
            glibc: Program {
                name: "magnusapi, glibc",
                kind: Kind::Magnusapi { binary: glibc },
            },
            musl: musl.map(|binary| Program {
                name: "magnusapi, musl",
                kind: Kind::Magnusapi { binary },
            }),
            bare_glibc: Program {
                name: "bare warp, glibc",
                kind: Kind::Plain {
                    binary: workspace.target().join("release/examples/bare"),
                },
            },
            bare_musl: bare_musl.map(|binary| Program {
                name: "bare warp, musl",
                kind: Kind::Plain { binary },
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
    let program = ["magnusapi", "--bin", "magnusapi"];
    workspace
        .cargo(&[&BUILD[..], &program].concat(), &[])
        .await?;
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

/// Its allocator is C: `cargo xtask package` has installed a compiler that can make it static.
async fn bare_musl(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let zig = workspace.tools().join("zig/bin");
    let compiler = zig.join("x86_64-musl-cc");
    let mut variables = vec![(
        "CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER",
        PathBuf::from("rust-lld"),
    )];
    if compiler.exists() {
        variables.push(("CC_x86_64_unknown_linux_musl", compiler));
        variables.push(("AR_x86_64_unknown_linux_musl", zig.join("musl-ar")));
    }
    let arguments = [&BUILD[..], &BARE, &["--target", MUSL]].concat();
    let built = workspace.cargo(&arguments, &variables).await;
    built.context("it needs a C compiler for musl: `cargo xtask package` installs one")?;
    Ok(workspace.target().join(MUSL).join("release/examples/bare"))
}
