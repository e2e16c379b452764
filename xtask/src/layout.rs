//! The layout of the app: in the checkout, in the package, and in a zip.
//!
//! The host looks for `function.json` exactly one level below the folder that holds `host.json`. In a checkout,
//! four links make `functions/` such a folder, for `func start` and `cargo xtask start`. A package has the
//! files themselves, and a static program. The other modules of xtask ask this one for paths and functions.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, bail};

/// The binary's name in the app folder. It must equal `customHandler.description.defaultExecutablePath`
/// in `host.json`, letter for letter: Core Tools set the executable bit by that comparison.
pub(crate) const BINARY: &str = "magnusapi";

/// One file of the app.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AppFile {
    /// Its path in the app folder, with `/` between the parts.
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
}

impl AppFile {
    /// 0755 for the binary, 0644 for the rest. Only some hosting plans repair a missing bit.
    pub(crate) fn mode(&self) -> u32 {
        if self.path == BINARY { 0o755 } else { 0o644 }
    }
}

/// Collects the app's files from the checkout at `root` and the built `binary`, sorted by path.
pub(crate) fn collect(root: &Path, binary: &Path) -> anyhow::Result<Vec<AppFile>> {
    let mut files = vec![
        file("host.json", &root.join("host.json"))?,
        file(BINARY, binary)?,
    ];
    let schedule = root.join("scale.toml");
    if schedule.exists() {
        files.push(file("scale.toml", &schedule)?);
    }
    files.extend(functions(&root.join("functions"))?);
    files.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(files)
}

/// The names of the functions of an app with these paths, in their order.
pub(crate) fn functions_of(paths: &[impl AsRef<str>]) -> anyhow::Result<Vec<String>> {
    let paths = || paths.iter().map(AsRef::as_ref);
    let functions = paths().filter_map(|path| path.strip_suffix("/function.json"));
    let functions: Vec<String> = functions.map(str::to_owned).collect();
    if functions.is_empty() || !paths().any(|path| path == "host.json") {
        bail!("it needs host.json at its root, and function.json one folder below");
    }
    Ok(functions)
}

/// Writes `files` to `folder`, which then contains nothing else.
///
/// The new folder is built beside the old one and then replaces it: an interrupt leaves the old one, the new one or
/// none, and never a mix of both.
pub(crate) fn write(files: &[AppFile], folder: &Path) -> anyhow::Result<()> {
    let aside = folder.with_extension("new");
    remove(&aside)?;
    for file in files {
        write_file(file, &aside)?;
    }
    remove(folder)?;
    fs::rename(&aside, folder)
        .with_context(|| format!("cannot rename {} to {}", aside.display(), folder.display()))
}

fn functions(folder: &Path) -> anyhow::Result<Vec<AppFile>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let source = entry
            .with_context(|| format!("cannot list {}", folder.display()))?
            .path();
        // The host also ignores entries that are not folders.
        if !source.is_dir() {
            continue;
        }
        let name = source
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        files.push(file(
            &format!("{name}/function.json"),
            &source.join("function.json"),
        )?);
    }
    Ok(files)
}

fn file(path: &str, source: &Path) -> anyhow::Result<AppFile> {
    let bytes = fs::read(source).with_context(|| {
        format!(
            "cannot read {}, which the app needs as {path}",
            source.display()
        )
    })?;
    Ok(AppFile {
        path: path.to_owned(),
        bytes,
    })
}

fn write_file(file: &AppFile, folder: &Path) -> anyhow::Result<()> {
    let path = folder.join(&file.path);
    let parent = path.parent().unwrap_or(folder);
    fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    fs::write(&path, &file.bytes)
        .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(file.mode())))
        .with_context(|| format!("cannot write {}", path.display()))
}

fn remove(folder: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn checkout() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for function in ["zebra", "ant"] {
            fs::create_dir_all(root.path().join("functions").join(function)).unwrap();
            fs::write(
                root.path()
                    .join("functions")
                    .join(function)
                    .join("function.json"),
                "{}",
            )
            .unwrap();
        }
        fs::write(root.path().join("host.json"), "{}").unwrap();
        fs::write(root.path().join("built"), "ELF").unwrap();
        root
    }

    fn collected(root: &Path) -> anyhow::Result<Vec<AppFile>> {
        collect(root, &root.join("built"))
    }

    #[test]
    fn functions_are_one_level_below_host_json_and_paths_are_sorted() {
        let root = checkout();
        let paths: Vec<_> = collected(root.path())
            .unwrap()
            .into_iter()
            .map(|file| file.path)
            .collect();
        assert_eq!(
            paths,
            [
                "ant/function.json",
                "host.json",
                "magnusapi",
                "zebra/function.json"
            ]
        );
    }

    #[test]
    fn schedule_is_collected_if_it_exists() {
        let root = checkout();
        fs::write(root.path().join("scale.toml"), "").unwrap();
        assert!(
            collected(root.path())
                .unwrap()
                .iter()
                .any(|file| file.path == "scale.toml")
        );
    }

    #[test]
    fn only_the_binary_is_executable() {
        let root = checkout();
        for file in collected(root.path()).unwrap() {
            assert_eq!(file.mode(), if file.path == BINARY { 0o755 } else { 0o644 });
        }
    }

    #[test]
    fn folders_without_function_json_are_named() {
        let root = checkout();
        fs::create_dir(root.path().join("functions/empty")).unwrap();
        let error = format!("{:#}", collected(root.path()).unwrap_err());
        assert!(error.contains("functions/empty/function.json"), "{error}");
    }

    #[test]
    fn files_and_links_to_files_are_not_functions() {
        let root = checkout();
        let functions = root.path().join("functions");
        fs::write(functions.join("functions.zip"), "").unwrap();
        symlink("../host.json", functions.join("host.json")).unwrap();
        symlink("../nowhere", functions.join("local.settings.json")).unwrap();
        assert_eq!(collected(root.path()).unwrap().len(), 4);
    }

    #[test]
    fn checkout_has_exactly_the_links_that_make_functions_an_app() {
        let functions = concat!(env!("CARGO_MANIFEST_DIR"), "/../functions");
        let mut links: Vec<(String, String)> = fs::read_dir(functions)
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| !entry.file_type().unwrap().is_dir())
            .filter(|entry| entry.path().extension() != Some("zip".as_ref()))
            .map(|entry| {
                let leads_to = fs::read_link(entry.path()).unwrap();
                let name = entry.file_name().into_string().unwrap();
                (name, leads_to.to_string_lossy().into_owned())
            })
            .collect();
        links.sort();
        let expected = [
            ("host.json", "../host.json"),
            ("local.settings.json", "../local.settings.json"),
            (BINARY, "../target/debug/magnusapi"),
            ("scale.toml", "../scale.toml"),
        ];
        assert_eq!(
            links,
            expected.map(|(name, leads_to)| (name.to_owned(), leads_to.to_owned()))
        );
    }

    #[test]
    fn git_ignores_what_func_writes_into_the_checkout() {
        let ignored: Vec<&str> = include_str!("../../.gitignore").lines().collect();
        for path in ["/local.settings.json", "/functions/*.zip"] {
            assert!(ignored.contains(&path), "{path}");
        }
    }

    #[test]
    fn writing_replaces_the_folder_and_sets_the_modes() {
        let root = checkout();
        let app = root.path().join("app");
        fs::create_dir(&app).unwrap();
        fs::write(app.join("stale"), "").unwrap();
        write(&collected(root.path()).unwrap(), &app).unwrap();
        let mode = |path: &str| app.join(path).metadata().unwrap().permissions().mode() & 0o777;
        assert!(!app.join("stale").exists());
        assert_eq!((mode(BINARY), mode("ant/function.json")), (0o755, 0o644));
    }
}
