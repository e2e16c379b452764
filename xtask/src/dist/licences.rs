//! The licences of everything in the program: its crates, Rust's standard library, musl.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use fs_err as fs;
use serde_json::Value;
use walkdir::WalkDir;

use crate::archive::Entry;
use crate::compile::{Target, sysroot};
use crate::workspace::Workspace;

/// Written by Rust's own build: the crates of the standard library, with their texts.
const STANDARD_LIBRARY: &str = "share/doc/rust/COPYRIGHT-library.html";

/// Beginnings of the names of files with licences, in capitals.
const NAMES: [&str; 6] = [
    "COPYING",
    "COPYRIGHT",
    "LICENCE",
    "LICENSE",
    "NOTICE",
    "UNLICENSE",
];

/// Of files below a crate's folder. The sources in C have texts of their own: `c_src/mimalloc/v3/LICENSE`.
const DEPTH: usize = 5;

/// musl is MIT-licensed; the toolchain contains only its binary.
const MUSL: &str = include_str!("musl.txt");

/// The files with licences, for the program on `target`.
pub(super) fn collect(workspace: &Workspace, target: Target) -> anyhow::Result<Vec<Entry>> {
    let own = workspace.root().join("LICENSE");
    let library = sysroot(workspace)?.join(STANDARD_LIBRARY);
    let packages = packages(workspace, target)?;
    Ok(vec![
        Entry::file("LICENSE", fs::read(own)?),
        Entry::file("licences/crates.txt", text(&packages)?),
        Entry::file("licences/musl.txt", MUSL),
        Entry::file("licences/rust-standard-library.html", fs::read(library)?),
    ])
}

/// A crate that is linked into the program.
struct Package {
    name: String,
    licence: String,
    folder: PathBuf,
}

/// The crates of others that the program is linked from, sorted.
fn packages(workspace: &Workspace, target: Target) -> anyhow::Result<Vec<Package>> {
    let metadata = workspace.metadata(&["--filter-platform", target.triple()])?;
    let linked = linked(&metadata)?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let packages = packages
        .filter(|package| package["source"].is_string())
        .filter(|package| package["id"].as_str().is_some_and(|id| linked.contains(id)));
    let mut packages = packages.map(package).collect::<anyhow::Result<Vec<_>>>()?;
    packages.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(packages)
}

/// The ids of the program's package and of all that it needs when it runs.
fn linked(metadata: &Value) -> anyhow::Result<BTreeSet<&str>> {
    let nodes = metadata["resolve"]["nodes"]
        .as_array()
        .into_iter()
        .flatten();
    let nodes: BTreeMap<&str, &Value> = nodes
        .filter_map(|node| Some((node["id"].as_str()?, node)))
        .collect();
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let mut roots = packages.filter(|package| package["name"] == "magnusapi");
    let root = roots.next().and_then(|package| package["id"].as_str());
    let mut waiting = vec![root.context("the workspace has no package magnusapi")?];
    let mut found = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if !found.insert(id) {
            continue;
        }
        let needs = nodes.get(id).and_then(|node| node["deps"].as_array());
        let needs = needs.into_iter().flatten().filter(|it| is_linked(it));
        waiting.extend(needs.filter_map(|it| it["pkg"].as_str()));
    }
    Ok(found)
}

/// A build script or a test may need a crate that the program does not contain. Their kinds have names.
fn is_linked(dependency: &Value) -> bool {
    let kinds = dependency["dep_kinds"].as_array().into_iter().flatten();
    kinds.into_iter().any(|it| it["kind"].is_null())
}

fn package(package: &Value) -> anyhow::Result<Package> {
    let member = |name: &str| package[name].as_str();
    let name = format!(
        "{} {}",
        member("name").unwrap_or_default(),
        member("version").unwrap_or_default()
    );
    let licence = member("license").or(member("license_file").map(|_| "see its text"));
    let Some(licence) = licence else {
        bail!("the crate {name} names no licence: replace it");
    };
    let manifest = Path::new(member("manifest_path").context("a crate has a manifest")?);
    Ok(Package {
        licence: licence.to_owned(),
        folder: manifest.parent().unwrap_or(manifest).to_owned(),
        name,
    })
}

/// A list of the crates with their licences, then each text once, with the crates that have it.
fn text(packages: &[Package]) -> anyhow::Result<String> {
    let mut texts: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut list = String::new();
    for package in packages {
        list.extend([&package.name, ": ", &package.licence]);
        let files = files(&package.folder)?;
        if files.is_empty() {
            list += " (its sources contain no text)";
        }
        list += "\n";
        for file in files {
            let text = String::from_utf8_lossy(&fs::read(file)?).trim().to_owned();
            let crates = texts.entry(text).or_default();
            if crates.last() != Some(&package.name.as_str()) {
                crates.push(&package.name);
            }
        }
    }
    let line = "=".repeat(80);
    let mut texts: Vec<(String, Vec<&str>)> = texts.into_iter().collect();
    texts.sort_by(|left, right| left.1.cmp(&right.1));
    let texts = texts
        .into_iter()
        .map(|(text, crates)| format!("\n{line}\n{}\n{line}\n\n{text}\n", crates.join(", ")));
    Ok(format!(
        "The program contains these crates.\n\n{list}{}",
        texts.collect::<String>()
    ))
}

/// The files with licences in a folder and below it, sorted.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).max_depth(DEPTH).sort_by_file_name() {
        let path = entry?.into_path();
        if path.is_file() && is_licence(&path) {
            files.push(path);
        }
    }
    Ok(files)
}

/// A source file may have such a name too.
fn is_licence(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_source = path
        .extension()
        .is_some_and(|it| it == "rs" || it == "c" || it == "h");
    !is_source && NAMES.iter().any(|it| name.to_uppercase().starts_with(it))
}
