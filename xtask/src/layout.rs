//! The layout of the app: in the checkout, in the package, and in a zip.
//!
//! The host looks for `function.json` exactly one level below the folder that holds `host.json`. In a checkout,
//! four links make `functions/` such a folder, for `func start` and `cargo xtask start`. A package has the
//! files themselves, and a static program. The other modules of xtask ask this one for paths and functions.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::bail;
use fs_err as fs;

use crate::archive::Entry;
use crate::workspace;

/// The binary's name in the app folder. It must equal `customHandler.description.defaultExecutablePath`
/// in `host.json`, letter for letter: Core Tools set the executable bit by that comparison.
pub(crate) const BINARY: &str = "magnusapi";

/// Collects the app's files from the checkout at `root` and the built `binary`, sorted by path.
pub(crate) fn collect(root: &Path, binary: &Path) -> anyhow::Result<Vec<Entry>> {
    let mut files = vec![
        Entry::file("host.json", fs::read(root.join("host.json"))?),
        Entry::program(BINARY, fs::read(binary)?),
    ];
    let schedule = root.join("scale.toml");
    if schedule.exists() {
        files.push(Entry::file("scale.toml", fs::read(schedule)?));
    }
    for entry in fs::read_dir(root.join("functions"))? {
        let entry = entry?;
        // The host also ignores entries that are not folders.
        if entry.path().is_dir() {
            let name = entry.file_name();
            let path = format!("{}/function.json", name.to_string_lossy());
            let bytes = fs::read(entry.path().join("function.json"))?;
            files.push(Entry::file(path, bytes));
        }
    }
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
pub(crate) fn write(files: &[Entry], folder: &Path) -> anyhow::Result<()> {
    let aside = folder.with_extension("new");
    workspace::remove_folder(&aside)?;
    for file in files {
        let path = aside.join(&file.path);
        fs::create_dir_all(path.parent().unwrap_or(&aside))?;
        fs::write(&path, &file.bytes)?;
        fs::set_permissions(&path, Permissions::from_mode(file.mode))?;
    }
    workspace::remove_folder(folder)?;
    Ok(fs::rename(&aside, folder)?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn checkout() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in [
            "functions/zebra/function.json",
            "functions/ant/function.json",
            "host.json",
            "scale.toml",
            "built",
        ] {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "{}").unwrap();
        }
        root
    }

    fn collected(root: &Path) -> anyhow::Result<Vec<Entry>> {
        collect(root, &root.join("built"))
    }

    #[test]
    fn app_has_its_functions_one_level_below_and_only_its_program_is_executable() {
        let root = checkout();
        let functions = root.path().join("functions");
        fs::write(functions.join("functions.zip"), "").unwrap();
        symlink("../host.json", functions.join("host.json")).unwrap();
        symlink("../nowhere", functions.join("local.settings.json")).unwrap();
        let files = collected(root.path()).unwrap();
        let files: Vec<_> = files.iter().map(|it| (it.path.as_str(), it.mode)).collect();
        let expected = [
            ("ant/function.json", 0o644),
            ("host.json", 0o644),
            ("magnusapi", 0o755),
            ("scale.toml", 0o644),
            ("zebra/function.json", 0o644),
        ];
        assert_eq!(files, expected);
    }

    #[test]
    fn folders_without_function_json_are_named() {
        let root = checkout();
        fs::create_dir(root.path().join("functions/empty")).unwrap();
        let error = format!("{:#}", collected(root.path()).unwrap_err());
        assert!(error.contains("functions/empty/function.json"), "{error}");
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
