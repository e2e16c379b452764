//! A small checkout, and `cargo xtask` in it.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;
use zip::ZipArchive;

/// A git repository with one commit and the files that the verbs need.
pub(crate) struct Checkout {
    folder: TempDir,
}

/// The exit code and output of a run.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    /// stdout, then stderr.
    pub(crate) text: String,
}

impl Ended {
    #[track_caller]
    pub(crate) fn succeeded(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.text);
        self.text
    }

    /// Asserts that it failed by itself, with all of these words.
    #[track_caller]
    pub(crate) fn failed(self, words: &[&str]) -> String {
        assert_eq!(self.code, Some(1), "{}", self.text);
        for word in words {
            assert!(self.text.contains(word), "no `{word}` in:\n{}", self.text);
        }
        self.text
    }
}

impl Checkout {
    /// A checkout with these files in its commit.
    pub(crate) fn of(files: &[(&str, &str)]) -> Checkout {
        let folder = tempfile::tempdir().expect("a temporary folder can be created");
        let checkout = Checkout { folder };
        checkout.write("xtask/.keep", "");
        checkout.write(".gitignore", "target\n.terraform\n*.tfstate*\nazure.json\n");
        for (path, text) in files {
            checkout.write(path, text);
        }
        checkout.git(&["init", "--quiet", "--initial-branch=main"]);
        checkout.commit();
        checkout
    }

    /// A checkout with the files of this app, without its program, and these.
    pub(crate) fn of_the_app(more: &[(&str, &str)]) -> Checkout {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("the checkout");
        let files = ["host.json", "scale.toml", "local.settings.example.json"];
        let mut files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
        for function in fs::read_dir(root.join("functions")).expect("the functions") {
            let file = Path::new("functions")
                .join(function.expect("an entry").file_name())
                .join("function.json");
            files.extend(root.join(&file).exists().then_some(file));
        }
        let read = |file: &PathBuf| {
            let text = fs::read_to_string(root.join(file)).expect("a text");
            (file.display().to_string(), text)
        };
        let files: Vec<(String, String)> = files.iter().map(read).collect();
        let files = files.iter().map(|(path, text)| (&**path, &**text));
        Checkout::of(&files.chain(more.iter().copied()).collect::<Vec<_>>())
    }

    /// Writes executable files to `bin/`.
    pub(crate) fn install(&self, programs: &[(&str, &str)]) {
        for (name, text) in programs {
            let path = format!("bin/{name}");
            self.write(&path, text);
            let executable = Permissions::from_mode(0o755);
            fs::set_permissions(self.path(&path), executable).expect("it is ours");
        }
    }

    /// `cargo xtask` with these arguments, here, with the programs in `bin/` first on PATH.
    pub(crate) fn xtask_with_programs(&self, arguments: &[&str]) -> Command {
        let mut xtask = self.xtask(arguments);
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = [self.path("bin")]
            .into_iter()
            .chain(env::split_paths(&path));
        let path = env::join_paths(folders).expect("no folder on PATH has a colon in its name");
        xtask.env("PATH", path).env("CARGO", self.path("bin/cargo"));
        xtask
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        let parent = path.parent().expect("it is in the checkout");
        fs::create_dir_all(parent).expect("the folder is made");
        fs::write(path, text).expect("the file is written");
    }

    pub(crate) fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "a change"]);
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"];
        let mut git = Command::new("git");
        git.current_dir(self.folder.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .args(identity)
            .args(arguments);
        let output = git.output().expect("git is on PATH");
        assert!(output.status.success(), "{git:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// `cargo xtask` with these arguments, here.
    pub(crate) fn xtask(&self, arguments: &[&str]) -> Command {
        let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
        xtask
            .args(arguments)
            .current_dir(self.folder.path())
            .env("CARGO_MANIFEST_DIR", self.path("xtask"))
            .env("CARGO_TARGET_DIR", self.path("target"))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("PATH", path())
            .env_remove("AZURITE")
            .env_remove("STATE_ACCOUNT");
        for role in ["AUTHOR", "COMMITTER"] {
            xtask.env(format!("GIT_{role}_NAME"), "test");
            xtask.env(format!("GIT_{role}_EMAIL"), "test@example.org");
        }
        xtask
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        ended(&mut self.xtask(arguments))
    }
}

/// PATH with the fakes first.
fn path() -> OsString {
    let fakes = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fakes").into();
    let path = env::var_os("PATH").unwrap_or_default();
    env::join_paths([fakes].into_iter().chain(env::split_paths(&path)))
        .expect("no folder on PATH has a colon in its name")
}

pub(crate) fn ended(command: &mut Command) -> Ended {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("the program starts");
    let text = [stdout, stderr].concat();
    Ended {
        code: status.code(),
        text: String::from_utf8_lossy(&text).into_owned(),
    }
}

/// The Terraform of `cargo xtask test`.
pub(crate) fn terraform() -> PathBuf {
    let named = env::var_os("TERRAFORM").expect(
        "TERRAFORM is not set; run `cargo xtask test`, or set it to the path of Terraform 1.11 or newer",
    );
    Path::new(&named).to_owned()
}

/// The static program, from the package that `cargo xtask test` made before.
pub(crate) fn unpack_program(to: &Path) {
    let package = env::var_os("MAGNUSAPI_PACKAGE").expect(
        "MAGNUSAPI_PACKAGE is not set; run `cargo xtask test`, which makes it, or \
         `cargo xtask package` and set it to target/magnusapi.zip",
    );
    let package = File::open(package).expect("the package");
    let mut package = ZipArchive::new(package).expect("a zip");
    let mut packed = package.by_name("magnusapi").expect("the program");
    let mut file = File::create(to).expect("it is new");
    std::io::copy(&mut packed, &mut file).expect("it is unpacked");
    fs::set_permissions(to, Permissions::from_mode(0o755)).expect("it is ours");
}
