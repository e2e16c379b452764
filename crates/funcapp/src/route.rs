//! Route templates: `item/{id?}`.
//!
//! Source: ASP.NET Core's `TemplateParser` and `TemplateMatcher`, which the host uses. A path is
//! compared segment by segment after the server has decoded it, all but `%2F`.

use std::fmt;

/// A parsed route, relative to the route prefix.
///
/// Segments are literals, which compare without case, and whole-segment parameters: `{id}`,
/// `{id?}`, `{id=7}`, `{id:int}`, and last of all `{*rest}`. Constraints `int`, `long`, `bool`,
/// `guid` and `alpha` are obeyed; any other is taken for always true. Mixed segments such as
/// `{name}.json` are refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteTemplate {
    text: String,
    segments: Vec<Segment>,
}

/// A text that is no route.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// The host keeps what begins with `admin` or `runtime`, `adminx` too, for itself.
    #[error("is `{0}`; routes that begin with `admin` or `runtime` are the host's own")]
    Reserved(String),
    /// A segment is neither a literal nor one parameter.
    #[error("has the segment `{0}`; a segment is a literal or one `{{parameter}}`")]
    Segment(String),
    /// A parameter's name is there twice.
    #[error("has the parameter `{0}` twice")]
    Repeated(String),
    /// Something follows an optional or a catch-all parameter.
    #[error("goes on after `{0}`; an optional or a catch-all parameter must be the last")]
    NotLast(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Parameter {
        name: String,
        constraints: Vec<String>,
        optional: bool,
    },
    CatchAll {
        name: String,
    },
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
            match (segment, path.get(index)) {
                (Segment::CatchAll { .. }, _)
                | (Segment::Parameter { optional: true, .. }, None) => return true,
                (Segment::Literal(literal), Some(part)) if same(literal, part) => {}
                (Segment::Parameter { constraints, .. }, Some(part))
                    if constraints.iter().all(|c| obeys(c, part)) => {}
                _ => return false,
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
    let malformed = || RouteError::Segment(text.to_owned());
    let Some(inner) = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'))
    else {
        let literal = !text.is_empty() && !text.contains(['{', '}', '?', '*']);
        return literal
            .then(|| Segment::Literal(text.to_owned()))
            .ok_or_else(malformed);
    };
    let (inner, optional) = match inner.strip_suffix('?') {
        Some(inner) => (inner, true),
        None => (inner, false),
    };
    let (inner, default) = inner
        .split_once('=')
        .map_or((inner, false), |(name, _)| (name, true));
    let mut parts = inner.split(':');
    let name = parts.next().unwrap_or_default();
    let constraints: Vec<String> = parts.map(str::to_owned).collect();
    let (name, catch_all) = match name.trim_start_matches('*') {
        rest if rest.len() < name.len() => (rest.to_owned(), true),
        _ => (name.to_owned(), false),
    };
    if name.is_empty() || name.contains(['{', '}', '?', '*']) {
        return Err(malformed());
    }
    Ok(if catch_all {
        Segment::CatchAll { name }
    } else {
        Segment::Parameter {
            name,
            constraints,
            optional: optional || default,
        }
    })
}

fn check(segments: &[Segment]) -> Result<(), RouteError> {
    let mut names: Vec<&str> = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        let (name, must_be_last) = match segment {
            Segment::Literal(_) => continue,
            Segment::Parameter { name, optional, .. } => (name, *optional),
            Segment::CatchAll { name } => (name, true),
        };
        if names.iter().any(|other| other.eq_ignore_ascii_case(name)) {
            return Err(RouteError::Repeated(name.clone()));
        }
        if must_be_last && index + 1 < segments.len() {
            return Err(RouteError::NotLast(name.clone()));
        }
        names.push(name);
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

fn same(literal: &str, part: &str) -> bool {
    part.to_lowercase() == literal.to_lowercase()
}

fn obeys(constraint: &str, value: &str) -> bool {
    match constraint {
        // .NET's integers may stand between blanks.
        "int" => value.trim().parse::<i32>().is_ok(),
        "long" => value.trim().parse::<i64>().is_ok(),
        "bool" => value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false"),
        "alpha" => value.bytes().all(|byte| byte.is_ascii_alphabetic()),
        "guid" => is_guid(value),
        _ => true,
    }
}

fn is_guid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    let digits = text
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    digits && (lengths == [8, 4, 4, 4, 12] || lengths == [32])
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
            (
                "item/{id:guid}",
                "",
                "/item/6d0f3f4e-0f62-4e2e-a2a0-0b8f1c0f7a11",
            ),
            ("{*path}", "", "/"),
            ("{*path}", "", "/a/b/c/"),
            ("files/{*path}", "api", "/api/files"),
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
        ] {
            assert!(
                !route(template).matches(prefix, path),
                "{template} under {prefix:?}: {path}"
            );
        }
    }

    #[test]
    fn what_is_no_route() {
        for (text, part) in [
            ("admin/x", "host's own"),
            ("/Runtime", "host's own"),
            ("adminx/y", "host's own"),
            ("a//b", "segment ``"),
            ("{a}.json", "segment"),
            ("{}", "segment"),
            ("{a", "segment"),
            ("{a}/{A}", "`A` twice"),
            ("{a?}/b", "goes on after `a`"),
            ("{*a}/b", "goes on after `a`"),
        ] {
            let error = RouteTemplate::parse(text)
                .expect_err("no route")
                .to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
