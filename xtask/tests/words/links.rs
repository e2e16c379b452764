//! Links of the pages of this repository lead to files and headings that exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::{files, root};

#[test]
fn links_lead_to_files_and_headings() {
    let mut count = 0;
    let mut problems = Vec::new();
    for file in files() {
        let file = root().join(file);
        if file.extension().is_none_or(|it| it != "md") {
            continue;
        }
        for link in Page::read(&file).links {
            count += 1;
            let problem = problem(&file, &link);
            problems.extend(problem.map(|it| format!("{}: {link}: {it}", file.display())));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(count > 100, "only {count} links were found");
}

#[test]
fn headings_and_links_are_read_like_github_reads_them() {
    let text =
        "# A `b`, and c: d-e\n\n# A\n\n[x](y.md#z)\n\n# A\n\n[w](https://example.org) `[v](u)`\n";
    let page = Page::parse(text);
    let expected = ["a", "a-1", "a-b-and-c-d-e"].map(str::to_owned);
    assert_eq!(page.headings, BTreeSet::from(expected));
    assert_eq!(page.links, ["y.md#z"]);
}

/// The reason why a link leads nowhere.
fn problem(file: &Path, link: &str) -> Option<&'static str> {
    let (path, heading) = link.split_once('#').unwrap_or((link, ""));
    let folder = file.parent().expect("a file is in a folder");
    let target = match path {
        "" => file.to_owned(),
        path => folder.join(path),
    };
    if !target.exists() {
        return Some("the file does not exist");
    }
    let is_page = target.extension().is_some_and(|it| it == "md");
    let leads_on = heading.is_empty() || !is_page || Page::read(&target).headings.contains(heading);
    (!leads_on).then_some("the page has no such heading")
}

/// The parts of a page that links use.
#[derive(Default)]
struct Page {
    /// As GitHub writes them into addresses.
    headings: BTreeSet<String>,
    /// Without those to other sites.
    links: Vec<String>,
}

impl Page {
    fn read(file: &Path) -> Page {
        Page::parse(&fs::read_to_string(file).expect("a page is text"))
    }

    fn parse(text: &str) -> Page {
        let mut page = Page::default();
        let mut heading: Option<String> = None;
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    page.add(&heading.take().expect("a heading has begun"));
                }
                Event::Text(part) | Event::Code(part) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&part);
                    }
                }
                Event::Start(Tag::Link { dest_url, .. }) if !dest_url.contains(':') => {
                    page.links.push(dest_url.into_string());
                }
                _ => {}
            }
        }
        page
    }

    fn add(&mut self, heading: &str) {
        let kept = |it: &char| it.is_alphanumeric() || [' ', '-', '_'].contains(it);
        let name: String = heading.chars().filter(kept).collect();
        let name = name.trim().to_lowercase().replace(' ', "-");
        let mut unique = name.clone();
        let mut number = 0;
        while !self.headings.insert(unique.clone()) {
            number += 1;
            unique = format!("{name}-{number}");
        }
    }
}
