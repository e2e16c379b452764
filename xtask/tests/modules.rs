//! The module tables are true: imports run down each of them.
//!
//! A table is in the docs of a `lib.rs`, `main.rs` or `mod.rs`:
//!
//! ```text
//! //! | module | purpose |
//! //! |---|---|
//! //! | `routes` | … |
//! //! | `store`, `record` | … |
//! ```
//!
//! It names every child module once. A child may import from its own row and from the rows below it.
//! Modules of `#[cfg(test)]` are exempt.
//!
//! The files and folders that `docs/architecture.md` names exist.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree};
use walkdir::WalkDir;

/// Where crates keep their sources.
const SOURCES: [&str; 10] = [
    "src",
    "xtask/src",
    "benches/load/src",
    "crates/devhost/src",
    "crates/funcapp/src",
    "crates/localpg/src",
    "crates/manual/src",
    "crates/memcpy/src",
    "crates/pgarchive/src",
    "crates/schedule/src",
];

#[test]
fn every_crate_is_checked() {
    let crates = fs::read_dir(root().join("crates")).expect("the folder of the libraries");
    for library in crates {
        let source = format!(
            "crates/{}/src",
            library.expect("an entry").file_name().to_string_lossy()
        );
        assert!(
            SOURCES.contains(&source.as_str()),
            "add {source} to SOURCES"
        );
    }
}

#[test]
fn tables_name_every_module() {
    let mut problems = Vec::new();
    for source in SOURCES {
        let tree = Tree::read(&root().join(source));
        for (path, table) in &tree.tables {
            let children = tree.children(path);
            let place = format!("{source}, table of {}", title(path));
            for child in &children {
                if !table.contains_key(child) {
                    problems.push(format!("{place}: add a row for the module `{child}`"));
                }
            }
            for row in table.keys() {
                if !children.contains(row) {
                    problems.push(format!("{place}: `{row}` is not a module; remove it"));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn imports_run_down_the_tables() {
    let mut problems = Vec::new();
    for source in SOURCES {
        let tree = Tree::read(&root().join(source));
        for (file, imports) in &tree.imports {
            for import in imports {
                problems.extend(
                    tree.upward(&import.from, &import.to)
                        .map(|rows| format!("{source}/{file}: {rows}")),
                );
            }
        }
    }
    problems.sort();
    problems.dedup();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn architecture_names_existing_files() {
    let text = fs::read_to_string(root().join("docs/architecture.md")).expect("the document");
    let folders = ["src", "crates", "xtask/src"].into_iter();
    let files: Vec<String> = folders
        .flat_map(|folder| sources(&root().join(folder)))
        .map(|it| format!("{}\n", it.display()))
        .collect();
    // Outside blocks of code, every second part is a code span.
    let spans = text.split('`').skip(1).step_by(2);
    let is_source = |it: &str| Path::new(it).extension().is_some_and(|it| it == "rs");
    let is_path =
        |it: &&str| !it.contains(char::is_whitespace) && (it.ends_with('/') || is_source(it));
    let paths = spans.filter(is_path);
    let is_missing = |path: &&str| {
        let ends = if path.ends_with('/') { "" } else { "\n" };
        let part = format!("/{path}{ends}");
        !root().join(path).exists() && !files.iter().any(|it| it.contains(&part))
    };
    let missing: Vec<&str> = paths.filter(is_missing).collect();
    assert!(
        missing.is_empty(),
        "docs/architecture.md names files that do not exist: {missing:?}"
    );
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask is a folder of the workspace")
}

/// A module's path within its crate; the crate itself is empty.
type ModulePath = Vec<String>;

/// The row of each child.
type Table = BTreeMap<String, usize>;

struct Import {
    from: ModulePath,
    to: ModulePath,
}

/// The modules of one crate.
#[derive(Default)]
struct Tree {
    modules: Vec<ModulePath>,
    tables: BTreeMap<ModulePath, Table>,
    /// By file.
    imports: BTreeMap<String, Vec<Import>>,
}

impl Tree {
    fn read(source: &Path) -> Tree {
        let mut tree = Tree::default();
        let mut tests: Vec<ModulePath> = Vec::new();
        for file in sources(source) {
            let text = fs::read_to_string(&file).expect("a source file");
            let syntax = syn::parse_file(&text).expect("it compiles");
            let relative = file.strip_prefix(source).expect("it is below").to_owned();
            let path = module_of(&relative);
            if let Some(table) = table(&syntax.attrs) {
                tree.tables.insert(path.clone(), table);
            }
            let mut reader = Reader {
                path: path.clone(),
                ..Reader::default()
            };
            reader.visit_file(&syntax);
            let relative = relative.display().to_string();
            tree.imports.insert(relative, reader.imports);
            tests.append(&mut reader.tests);
            tree.modules.push(path);
        }
        let is_test = |path: &ModulePath| tests.iter().any(|test| path.starts_with(test));
        tree.modules.retain(|path| !is_test(path));
        for imports in tree.imports.values_mut() {
            imports.retain(|import| !is_test(&import.from));
        }
        tree
    }

    fn children(&self, path: &ModulePath) -> Vec<String> {
        let below = self.modules.iter().filter(|module| {
            module.len() == path.len() + 1
                && module.starts_with(path)
                && module[path.len()] != "main"
        });
        below.map(|module| module[path.len()].clone()).collect()
    }

    /// The one step up a table that an import takes, if it does.
    fn upward(&self, from: &ModulePath, to: &ModulePath) -> Option<String> {
        self.tables.iter().find_map(|(path, table)| {
            let own = from.strip_prefix(path.as_slice())?.first()?;
            let other = to.strip_prefix(path.as_slice())?.first()?;
            let (own_row, other_row) = (table.get(own)?, table.get(other)?);
            (other_row < own_row).then(|| {
                format!(
                    "`{own}` imports from `{other}`, which is above it in the table of {}; move \
                     the code or the row",
                    title(path)
                )
            })
        })
    }
}

fn title(path: &ModulePath) -> String {
    if path.is_empty() {
        "the crate".to_owned()
    } else {
        path.join("::")
    }
}

/// The files of Rust below a folder.
fn sources(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = WalkDir::new(folder).into_iter();
    let files = entries.map(|entry| entry.expect("a folder of sources").into_path());
    files.filter(|it| it.extension().is_some_and(|it| it == "rs"))
}

fn module_of(file: &Path) -> ModulePath {
    let mut path: ModulePath = file
        .with_extension("")
        .iter()
        .map(|it| it.to_string_lossy().into_owned())
        .collect();
    let is_root = path.len() == 1 && (path[0] == "lib" || path[0] == "main");
    if is_root || path.last().is_some_and(|it| it == "mod") {
        path.pop();
    }
    path
}

/// The names in the first column, if there is a module table.
fn table(attributes: &[Attribute]) -> Option<Table> {
    let lines: Vec<String> = attributes.iter().filter_map(doc).collect();
    let head = lines
        .iter()
        .position(|line| line.trim() == "| module | purpose |")?;
    let rows = lines[head + 2..]
        .iter()
        .take_while(|line| line.trim().starts_with('|'));
    let named = rows.enumerate().flat_map(|(row, line)| {
        let cell = line.split('|').nth(1).unwrap_or_default();
        let names = cell.split('`').skip(1).step_by(2);
        names.map(move |name| (name.to_owned(), row))
    });
    Some(named.collect())
}

fn doc(attribute: &Attribute) -> Option<String> {
    let syn::Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    match &pair.value {
        syn::Expr::Lit(literal) if pair.path.is_ident("doc") => match &literal.lit {
            syn::Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => list.tokens.to_string() == "test",
        _ => false,
    })
}

/// Collects the paths of one file that begin with `crate`, `self` or `super`.
#[derive(Default)]
struct Reader {
    /// The module that is read now.
    path: ModulePath,
    imports: Vec<Import>,
    /// The children that only tests have.
    tests: Vec<ModulePath>,
}

impl Reader {
    fn found(&mut self, written: &[String]) {
        let mut to = match written.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("self" | "super") => self.path.clone(),
            _ => return,
        };
        for part in written {
            match part.as_str() {
                "crate" | "self" => {}
                "super" => drop(to.pop()),
                name => to.push(name.to_owned()),
            }
        }
        let from = self.path.clone();
        self.imports.push(Import { from, to });
    }

    fn used(&mut self, before: &[String], tree: &UseTree) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.used(&with(&path.ident), &path.tree),
            UseTree::Name(name) => self.found(&with(&name.ident)),
            UseTree::Rename(name) => self.found(&with(&name.ident)),
            UseTree::Glob(_) => self.found(before),
            UseTree::Group(group) => group.items.iter().for_each(|it| self.used(before, it)),
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Mod(module) if is_test(&module.attrs) => {
                let mut path = self.path.clone();
                path.push(module.ident.to_string());
                self.tests.push(path);
            }
            Item::Mod(module) if module.content.is_some() => {
                self.path.push(module.ident.to_string());
                visit::visit_item(self, item);
                self.path.pop();
            }
            Item::Use(import) => self.used(&[], &import.tree),
            _ => visit::visit_item(self, item),
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let written: Vec<String> = path
            .segments
            .iter()
            .map(|it| it.ident.to_string())
            .collect();
        self.found(&written);
        visit::visit_path(self, path);
    }
}
