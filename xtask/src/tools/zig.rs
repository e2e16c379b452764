//! Zig, for its C compiler: a cross compiler for musl in one package, the same on every machine.

use std::path::PathBuf;

use super::install::script;
use super::python;
use crate::workspace::Workspace;

/// What the `cc` crate needs for the C sources among our dependencies.
pub(crate) struct CTools {
    pub(crate) compiler: PathBuf,
    pub(crate) archiver: PathBuf,
}

/// Installs zig and writes two scripts that make it look like a compiler of old.
pub(crate) fn install(workspace: &Workspace) -> anyhow::Result<CTools> {
    let announcement =
        "zig from PyPI (101 MB) into target/tools: it compiles the C sources for the static binary";
    let environment = python::environment(workspace, "zig", announcement)?;
    let tools = CTools {
        compiler: environment.join("bin/musl-cc"),
        archiver: environment.join("bin/musl-ar"),
    };
    script(&tools.compiler, COMPILER)?;
    script(&tools.archiver, ARCHIVER)?;
    Ok(tools)
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
exec "$bin/python" -m ziglang cc -target x86_64-linux-musl "$@"
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
        script(&bin.join("musl-cc"), COMPILER).unwrap();
        let mut compile = Command::new(bin.join("musl-cc"));
        compile.args([
            "-c",
            "a b.c",
            "--target=x86_64-unknown-linux-musl",
            "-DX=\"y\"",
        ]);
        let expected = "<-m><ziglang><cc><-target><x86_64-linux-musl><-c><a b.c><-DX=\"y\">";
        assert_eq!(process::stdout(&mut compile).unwrap(), expected);
    }
}
