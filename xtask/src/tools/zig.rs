//! Zig, for its C compiler: a cross compiler for musl in one package, the same on every machine.

use std::path::PathBuf;

use super::install::script;
use super::tool::{Tool, pypi};
use crate::workspace::Workspace;

const ZIG: Tool = pypi(
    "zig",
    "bin/python",
    "compiles the C sources for the static binary (101 MB)",
);

/// The programs that the `cc` crate runs for the C sources among the dependencies.
pub(crate) struct CTools {
    pub(crate) compiler: PathBuf,
    pub(crate) archiver: PathBuf,
}

/// Installs zig, and two scripts that call it as `cc` and `ar` are called, for Linux on this architecture.
pub(crate) fn install(workspace: &Workspace, architecture: &str) -> anyhow::Result<CTools> {
    let environment = ZIG.folder(workspace)?;
    let tools = CTools {
        compiler: environment.join(format!("bin/{architecture}-musl-cc")),
        archiver: environment.join("bin/musl-ar"),
    };
    script(&tools.compiler, &compiler(architecture))?;
    script(&tools.archiver, ARCHIVER)?;
    Ok(tools)
}

fn compiler(architecture: &str) -> String {
    COMPILER.replace("ARCHITECTURE", architecture)
}

/// The `cc` crate adds `--target=` with Rust's name of the target, which zig does not know. Zig's
/// cache stays inside its own folder, or it would fill the home folder.
const COMPILER: &str = r#"#!/bin/sh
bin=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
export ZIG_GLOBAL_CACHE_DIR="$bin/../cache" ZIG_LOCAL_CACHE_DIR="$bin/../cache"
for argument; do
    shift
    case $argument in
        --target=*) ;;
        *) set -- "$@" "$argument" ;;
    esac
done
exec "$bin/python" -m ziglang cc -target ARCHITECTURE-linux-musl "$@"
"#;

const ARCHIVER: &str = r#"#!/bin/sh
bin=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
exec "$bin/python" -m ziglang ar "$@"
"#;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;
    use crate::process;

    #[test]
    fn the_compiler_drops_rusts_target_and_keeps_every_other_argument() {
        let environment = tempfile::tempdir().unwrap();
        let bin = environment.path().join("bin");
        fs::create_dir(&bin).unwrap();
        script(&bin.join("python"), "#!/bin/sh\nprintf '<%s>' \"$@\"\n").unwrap();
        script(&bin.join("musl-cc"), &compiler("aarch64")).unwrap();
        let mut compile = Command::new(bin.join("musl-cc"));
        compile.args([
            "-c",
            "a b.c",
            "--target=aarch64-unknown-linux-musl",
            "-DX=\"y\"",
        ]);
        let expected = "<-m><ziglang><cc><-target><aarch64-linux-musl><-c><a b.c><-DX=\"y\">";
        assert_eq!(process::stdout(&mut compile).unwrap(), expected);
    }
}
