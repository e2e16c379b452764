//! Plain English is checked: the banned words of `rules.rs`, in everything that a person reads.
//!
//! Judged are comments, docs, string literals and names of functions in Rust, Markdown outside code, comments of
//! Terraform, YAML, TOML, shell, Python and SQL, and the descriptions in Terraform and JSON schemas. Code spans
//! in backticks are not prose.
//!
//! A finding names the place, the words and what to write instead:
//!
//! ```text
//! src/item/store.rs:31: "answers": write returns, responds, reports
//! ```

mod examples;
mod exceptions;
mod links;
mod markdown;
mod marked;
mod passage;
mod rules;
mod rust;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use exceptions::{EXCEPTIONS, Exception};
use passage::Passage;
use rules::Rules;

#[test]
fn texts_use_plain_words() {
    let rules = Rules::compiled();
    let mut used = vec![false; EXCEPTIONS.len()];
    let mut problems = Vec::new();
    for file in files() {
        let passages = fs::read_to_string(root().join(&file))
            .map(|text| passages(&file, &text))
            .unwrap_or_default();
        for finding in passages.iter().flat_map(|passage| rules.judge(passage)) {
            let exception = EXCEPTIONS
                .iter()
                .position(|it| it.covers(&file, &finding.words));
            match exception {
                Some(index) => used[index] = true,
                None => problems.push(format!("{file}:{finding}")),
            }
        }
    }
    let unused = EXCEPTIONS.iter().zip(used).filter(|(_, used)| !used);
    problems.extend(unused.map(|(it, _)| {
        let Exception { file, words, .. } = it;
        format!("exceptions.rs: nothing needs the exception of {file} for \"{words}\"; remove it")
    }));
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask is a folder of the workspace")
}

/// The files that git tracks or would add, without links.
fn files() -> Vec<String> {
    let listing = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git lists the files");
    assert!(listing.status.success(), "git ls-files failed");
    let names = String::from_utf8(listing.stdout).expect("file names are UTF-8");
    let is_file = |name: &&str| {
        let kind = fs::symlink_metadata(root().join(name));
        kind.is_ok_and(|it| it.is_file())
    };
    names.lines().filter(is_file).map(str::to_owned).collect()
}

/// The texts of a file for people. A file of another kind has none.
fn passages(file: &str, text: &str) -> Vec<Passage> {
    let name = PathBuf::from(file);
    let extension = name.extension().unwrap_or_default().to_string_lossy();
    match &*extension {
        "rs" => rust::passages(text),
        "md" => markdown::passages(text),
        "tf" | "hcl" => [marked::comments(text, "#"), marked::descriptions(text)].concat(),
        "yaml" | "yml" | "gotmpl" | "tpl" | "toml" | "sh" | "py" | "rb" => {
            marked::comments(text, "#")
        }
        "sql" => marked::comments(text, "--"),
        "json" if file.ends_with(".schema.json") || file.ends_with("openapi.json") => {
            marked::descriptions(text)
        }
        "" if text.starts_with("#!") => marked::comments(text, "#"),
        _ => Vec::new(),
    }
}
