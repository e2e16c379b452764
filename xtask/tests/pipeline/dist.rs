//! `cargo xtask dist`: the archive and the image, as an operator uses them.

use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::checkout::unpack_program;

const VERSION: &str = env!("CARGO_PKG_VERSION");
const TARGET: &str = "x86_64-unknown-linux-musl";

/// One run with the packaged program, which the tests share.
static BUILT: LazyLock<Built> = LazyLock::new(Built::new);

struct Built {
    folder: TempDir,
}

impl Built {
    fn new() -> Built {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // The user of an image enters it.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("it is ours");
        let program = folder.path().join("magnusapi");
        unpack_program(&program);
        let built = Built { folder };
        built.run("target");
        let dist = built.dist("target");
        let archive = format!("magnusapi-{VERSION}-{TARGET}.tar.gz");
        let image = format!("magnusapi-{VERSION}-image-amd64.tar");
        unpack(&dist.join(archive), &built.path(""));
        fs::create_dir(built.path("layout")).expect("it is new");
        unpack(&dist.join(image), &built.path("layout"));
        output(
            Command::new(tool("UMOCI"))
                .args(["unpack", "--rootless", "--image"])
                .arg(format!("{}:{VERSION}", built.path("layout").display()))
                .arg(built.path("bundle")),
        );
        built
    }

    /// `cargo xtask dist` in this checkout, into another build folder.
    fn run(&self, target: &str) {
        let manual = Path::new(env!("CARGO_BIN_EXE_xtask")).with_file_name("manual");
        assert!(
            manual.exists(),
            "there is no {}: run `cargo build --package manual`",
            manual.display()
        );
        output(
            Command::new(env!("CARGO_BIN_EXE_xtask"))
                .args(["dist", "--target", TARGET, "--program"])
                .arg(self.path("magnusapi"))
                .env("CARGO_MANIFEST_DIR", env!("CARGO_MANIFEST_DIR"))
                .env("CARGO_TARGET_DIR", self.path(target))
                .env("MANUAL", manual),
        );
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn dist(&self, target: &str) -> PathBuf {
        self.path(target).join("dist")
    }

    /// A file of the unpacked archive.
    fn archived(&self, path: &str) -> PathBuf {
        self.path(&format!("magnusapi-{VERSION}-{TARGET}"))
            .join(path)
    }
}

fn tool(variable: &str) -> PathBuf {
    let named = env::var_os(variable).unwrap_or_else(|| {
        panic!("{variable} is not set; run `cargo xtask test`, which installs it")
    });
    PathBuf::from(named)
}

fn unpack(archive: &Path, folder: &Path) {
    let mut tar = Command::new("tar");
    tar.arg("--extract").arg("--file").arg(archive);
    output(tar.arg("--directory").arg(folder));
}

/// stdout of a command that succeeds without a warning.
#[track_caller]
fn output(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().expect("it starts");
    let error = String::from_utf8_lossy(&output.stderr);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{command:?}: {error}{text}");
    text.into_owned()
}

#[test]
fn archive_has_the_program_and_its_texts() {
    let printed = output(Command::new(BUILT.archived("magnusapi")).arg("--version"));
    assert!(
        printed.starts_with(&format!("magnusapi {VERSION} (")),
        "{printed}"
    );
    for path in [
        "README.md",
        "LICENSE",
        "licences/crates.txt",
        "licences/musl.txt",
        "licences/rust-standard-library.html",
        "completions/magnusapi.bash",
        "man/man1/magnusapi-backup-restore.1",
    ] {
        assert!(BUILT.archived(path).is_file(), "{path}");
    }
}

#[test]
fn licences_of_the_crates_are_complete() {
    let text = fs::read_to_string(BUILT.archived("licences/crates.txt")).expect("a text");
    // A crate of each kind: with files, with sources in C, and only for tests.
    for part in [
        "\ntokio 1.",
        "\nlibmimalloc-sys ",
        "\nring 0.",
        "Daan Leijen",
    ] {
        assert!(text.contains(part), "no {part:?}");
    }
    for other in ["\nproptest ", "\nrefinery ", "\nmagnusapi "] {
        assert!(!text.contains(other), "{other:?} is not in the program");
    }
}

#[test]
fn sums_name_every_file_and_match() {
    let dist = BUILT.dist("target");
    output(
        Command::new("sha256sum")
            .args(["--check", "--strict", "SHA256SUMS"])
            .current_dir(&dist),
    );
    let sums = fs::read_to_string(dist.join("SHA256SUMS")).expect("a text");
    assert_eq!(
        sums.lines().count(),
        fs::read_dir(&dist).expect("it is there").count() - 1
    );
}

#[test]
fn second_build_has_the_same_bytes() {
    BUILT.run("again");
    let [one, other] = ["target", "again"]
        .map(|target| fs::read_to_string(BUILT.dist(target).join("SHA256SUMS")).expect("a text"));
    assert_eq!(one, other);
}

#[test]
fn entries_belong_to_root_and_have_one_date() {
    for entry in fs::read_dir(BUILT.dist("target")).expect("it is there") {
        let path = entry.expect("an entry").path();
        if path.ends_with("SHA256SUMS") {
            continue;
        }
        let mut tar = Command::new("tar");
        tar.args(["--list", "--verbose", "--numeric-owner", "--utc", "--file"]);
        let list = output(tar.arg(&path).env("TZ", "UTC"));
        for line in list.lines() {
            assert!(
                line.contains(" 0/0 ") && line.contains(" 1980-01-01 00:00 "),
                "{line}"
            );
        }
        assert!(list.lines().count() > 3, "{list}");
    }
}

/// umoci compares the digests of configuration, manifest and layer when it unpacks.
#[test]
fn image_is_valid_and_has_a_user_without_rights() {
    let stat = output(
        Command::new(tool("UMOCI"))
            .args(["stat", "--json", "--image"])
            .arg(format!("{}:{VERSION}", BUILT.path("layout").display())),
    );
    let stat: Value = serde_json::from_str(&stat).expect("JSON");
    assert_eq!(stat["history"].as_array().map(Vec::len), Some(1), "{stat}");
    let config = fs::read_to_string(BUILT.path("bundle/config.json")).expect("a runtime's file");
    let config: Value = serde_json::from_str(&config).expect("JSON");
    let process = &config["process"];
    assert_eq!(process["args"], json!(["/usr/local/bin/magnusapi"]));
    assert_eq!(
        config["annotations"]["org.opencontainers.image.version"],
        VERSION
    );
    let files = output(
        Command::new("find")
            .arg(BUILT.path("bundle/rootfs"))
            .args(["-type", "f", "-printf", "%P %m\\n"]),
    );
    let mut files: Vec<&str> = files.lines().filter(|it| !it.contains("/doc/")).collect();
    files.sort_unstable();
    assert_eq!(
        files,
        [
            "etc/ssl/certs/ca-certificates.crt 644",
            "usr/local/bin/magnusapi 755"
        ]
    );
}

/// The part of the image that `docker load` of every version reads.
#[test]
fn docker_finds_the_configuration_and_the_layer() {
    let read = |path: &str| fs::read_to_string(BUILT.path("layout").join(path)).expect("a text");
    let docker: Value = serde_json::from_str(&read("manifest.json")).expect("JSON");
    assert_eq!(
        docker[0]["RepoTags"],
        json!([format!("magnusapi:{VERSION}")])
    );
    let config: Value =
        serde_json::from_str(&read(docker[0]["Config"].as_str().expect("a path"))).expect("JSON");
    assert_eq!(config["config"]["User"], "65532:65532");
    let layer = BUILT
        .path("layout")
        .join(docker[0]["Layers"][0].as_str().expect("a path"));
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"gzip -dc "$0" | sha256sum"#]);
    let digest = output(shell.arg(layer));
    let expected = format!("sha256:{}", digest.split(' ').next().unwrap_or_default());
    assert_eq!(config["rootfs"]["diff_ids"], json!([expected]));
}

/// In a file system with only the image's files, as the image's user.
#[test]
fn program_of_the_image_runs_alone() {
    let root = BUILT.path("bundle/rootfs");
    let mut run = alone(&root);
    let printed = output(run.args(["/usr/local/bin/magnusapi", "--version"]));
    assert!(printed.starts_with("magnusapi "), "{printed}");
    // It reads the certificates, and fails at the address, where no server listens.
    let mut run = alone(&root);
    let ended = run
        .args(["/usr/local/bin/magnusapi", "migrate"])
        .env("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")
        .env(
            "DATABASE_URL",
            "postgres://x@127.0.0.1:1/x?sslmode=verify-full",
        )
        .output()
        .expect("it starts");
    let error = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{error}");
    assert!(error.contains("127.0.0.1"), "{error}");
    assert!(!error.contains("certificate"), "{error}");
}

fn alone(root: &Path) -> Command {
    let is_root = output(Command::new("id").arg("-u")).trim() == "0";
    let has_sudo = || {
        Command::new("sudo")
            .args(["-n", "true"])
            .status()
            .is_ok_and(|it| it.success())
    };
    if !is_root && !has_sudo() {
        let mut unshare = Command::new("unshare");
        unshare
            .arg("--user")
            .arg(format!("--root={}", root.display()))
            .env_clear();
        return unshare;
    }
    let mut chroot = if is_root {
        Command::new("chroot")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "--preserve-env=SSL_CERT_FILE,DATABASE_URL", "chroot"]);
        sudo
    };
    chroot.arg("--userspec=65532:65532").arg(root);
    chroot
}
