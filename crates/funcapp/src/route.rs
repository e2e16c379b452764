//! Route templates: `item/{id?}`.
//!
//! Source: ASP.NET Core's `TemplateParser` and `TemplateMatcher`, which the host uses. A path is
//! compared segment by segment after the server has decoded it, all but `%2F`.

use std::fmt;

use crate::segment::{Segment, same};

/// A parsed route, relative to the route prefix.
///
/// A segment has literals, which compare without case, and parameters: `{id}`, `{id:int}` and, in
/// the last segment, `{id?}`, `{id=7}` and `{*rest}`. A segment may mix them, as `{name}.{extension?}`
/// does. The constraint `int` is obeyed; any other is taken for always true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteTemplate {
    text: String,
    segments: Vec<Segment>,
}

/// A text that is not a route.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    #[error("is `{0}`; routes that begin with `admin` or `runtime` are the host's own")]
    Reserved(String),
    #[error(
        "has the segment `{0}`; a segment has literals and `{{parameters}}`, with a literal \
         between two parameters"
    )]
    Segment(String),
    #[error("has the parameter `{0}` twice")]
    Repeated(String),
    #[error("goes on after `{0}`; an optional or a catch-all parameter must be the last")]
    NotLast(String),
}

impl RouteTemplate {
    /// Reads a template. Slashes at its ends do not matter; the empty one matches the prefix
    /// itself.
    pub fn parse(text: &str) -> Result<Self, RouteError> {
        let trimmed = text.trim().trim_start_matches('~').trim_matches('/');
        let lower = trimmed.to_ascii_lowercase();
        if ["admin", "runtime"]
            .iter()
            .any(|own| lower.starts_with(own))
        {
            return Err(RouteError::Reserved(text.to_owned()));
        }
        let segments: Vec<Segment> = match trimmed {
            "" => Vec::new(),
            _ => trimmed.split('/').map(segment).collect::<Result<_, _>>()?,
        };
        check(&segments)?;
        Ok(Self {
            text: trimmed.to_owned(),
            segments,
        })
    }

    /// Whether the decoded `path` matches under `prefix` (`""` or `api`), both without regard to
    /// slashes at their ends.
    pub fn matches(&self, prefix: &str, path: &str) -> bool {
        let mut segments = segments_of(path);
        for literal in segments_of(prefix) {
            if !segments
                .next()
                .is_some_and(|segment| same(literal, segment))
            {
                return false;
            }
        }
        self.matches_segments(&segments.collect::<Vec<_>>())
    }

    /// The template, without slashes at its ends.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn matches_segments(&self, path: &[&str]) -> bool {
        // Two slashes in a row fit no route, not even a catch-all.
        if path.iter().any(|part| part.is_empty()) {
            return false;
        }
        for (index, segment) in self.segments.iter().enumerate() {
            match path.get(index) {
                _ if segment.is_catch_all() => return true,
                None => return segment.is_optional(),
                Some(part) if segment.matches(part) => {}
                Some(_) => return false,
            }
        }
        path.len() == self.segments.len()
    }
}

impl fmt::Display for RouteTemplate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

fn segment(text: &str) -> Result<Segment, RouteError> {
    Segment::parse(text).ok_or_else(|| RouteError::Segment(text.to_owned()))
}

fn check(segments: &[Segment]) -> Result<(), RouteError> {
    let mut names: Vec<&str> = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        for parameter in segment.parameters() {
            let name = parameter.name.as_str();
            if names.iter().any(|other| other.eq_ignore_ascii_case(name)) {
                return Err(RouteError::Repeated(name.to_owned()));
            }
            if parameter.must_be_last() && index + 1 < segments.len() {
                return Err(RouteError::NotLast(name.to_owned()));
            }
            names.push(name);
        }
    }
    Ok(())
}

/// The segments of a path; a slash at either end makes none.
fn segments_of(path: &str) -> std::iter::Peekable<impl Iterator<Item = &str>> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    let empty = path.is_empty();
    path.split('/').filter(move |_| !empty).peekable()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(text: &str) -> RouteTemplate {
        RouteTemplate::parse(text).expect("a route")
    }

    #[test]
    fn paths_that_match() {
        for (template, prefix, path) in [
            ("item", "", "/item"),
            ("item", "", "/Item/"),
            ("item", "api", "/API/item"),
            ("", "", "/"),
            ("", "api", "/api"),
            ("item/{id?}", "", "/item"),
            ("item/{id?}", "", "/item/7"),
            ("item/{id}", "", "/item/a%2Fb"),
            ("item/{id:int}", "", "/item/ 7"),
            ("item/{id:length(3)}", "", "/item/whatever"),
            ("{*path}", "", "/"),
            ("{*path}", "", "/a/b/c/"),
            ("files/{*path}", "api", "/api/files"),
            ("{a}.json", "", "/x.JSON"),
            ("{a}.json", "", "/x.json.json"),
            ("v{major:int}-{minor:int}", "", "/v1-2"),
            ("{file}.{extension?}", "", "/a.tar.gz"),
            ("{file}.{extension?}", "", "/a"),
        ] {
            assert!(
                route(template).matches(prefix, path),
                "{template} under {prefix:?}: {path}"
            );
        }
    }

    #[test]
    fn paths_that_do_not_match() {
        for (template, prefix, path) in [
            ("item", "", "/items"),
            ("item", "", "/item/7"),
            ("item", "api", "/item"),
            ("item", "", "/api/item"),
            ("a/b", "", "/a%2Fb"),
            ("item", "", "//item"),
            ("{*path}", "", "/a//b"),
            ("item/{id}", "", "/item"),
            ("item/{id}", "", "/item//"),
            ("item/{id:int}", "", "/item/x"),
            ("item/{id?}", "", "/item/7/8"),
            ("", "", "/item"),
            ("{a}.json", "", "/.json"),
            ("{a}.json", "", "/x.xml"),
            ("v{major:int}-{minor:int}", "", "/v1-x"),
            ("{file}.{extension}", "", "/a"),
            ("{file}.{extension?}", "", "/"),
        ] {
            assert!(
                !route(template).matches(prefix, path),
                "{template} under {prefix:?}: {path}"
            );
        }
    }

    #[test]
    fn other_texts_are_rejected() {
        for (text, part) in [
            ("admin/x", "host's own"),
            ("/Runtime", "host's own"),
            ("adminx/y", "host's own"),
            ("a//b", "segment ``"),
            ("{}", "segment"),
            ("{a}{b}", "segment"),
            ("x{*a}", "segment"),
            ("{a}-{b?}", "segment"),
            ("a}", "segment"),
            ("{a", "segment"),
            ("{a}/{A}", "`A` twice"),
            ("{a?}/b", "goes on after `a`"),
            ("{*a}/b", "goes on after `a`"),
        ] {
            let error = RouteTemplate::parse(text)
                .expect_err("not a route")
                .to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
