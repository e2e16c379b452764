//! Route templates: `item/{id?}`.
//!
//! Source: ASP.NET Core's `TemplateParser` and `TemplateMatcher`, which the host uses. A path is
//! compared segment by segment after the server has decoded it, all but `%2F`.

use crate::segment::{Segment, same};

/// A parsed route, relative to the route prefix.
///
/// A segment is a literal, which compares without case, or one parameter: `{id}`, `{id:int}` and, in
/// the last segment, `{id?}`, `{id=7}` and `{*rest}`. The constraint `int` is obeyed; any other is taken
/// for always true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteTemplate {
    text: String,
    segments: Vec<Segment>,
}

impl RouteTemplate {
    /// Reads a template. Slashes at its ends do not matter; the empty one matches the prefix itself. An
    /// error is the end of a sentence.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let trimmed = trimmed(text);
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

    /// Whether it begins like a path that the host keeps for itself.
    pub(crate) fn is_reserved(text: &str) -> bool {
        let lower = trimmed(text).to_ascii_lowercase();
        lower.starts_with("admin") || lower.starts_with("runtime")
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

fn trimmed(text: &str) -> &str {
    text.trim().trim_start_matches('~').trim_matches('/')
}

fn segment(text: &str) -> Result<Segment, String> {
    Segment::parse(text).ok_or_else(|| {
        format!("has the segment `{text}`; a segment is a literal or one `{{parameter}}`")
    })
}

fn check(segments: &[Segment]) -> Result<(), String> {
    let mut names: Vec<&str> = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        let Some(parameter) = segment.parameter() else {
            continue;
        };
        let name = parameter.name.as_str();
        if names.iter().any(|other| other.eq_ignore_ascii_case(name)) {
            return Err(format!("has the parameter `{name}` twice"));
        }
        if parameter.must_be_last() && index + 1 < segments.len() {
            return Err(format!(
                "goes on after `{name}`; an optional or a catch-all parameter must be the last"
            ));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn route(text: &str) -> RouteTemplate {
        RouteTemplate::parse(text).expect("a route")
    }

    /// The recordings of devhost compare the other forms of routes.
    #[test]
    fn empty_routes_catch_alls_and_other_constraints_match() {
        for (template, prefix, path, expected) in [
            ("", "", "/", true),
            ("", "api", "/api", true),
            ("", "", "/item", false),
            ("item/{id:length(3)}", "", "/item/whatever", true),
            ("{*path}", "", "/a/b/c/", true),
            ("{*path}", "", "/a//b", false),
            ("files/{*path}", "api", "/api/files", true),
        ] {
            let matches = route(template).matches(prefix, path);
            assert_eq!(matches, expected, "{template} under {prefix:?}: {path}");
        }
    }

    #[test]
    fn routes_of_the_host_are_reserved() {
        for text in ["admin/x", "/Runtime", "adminx/y"] {
            assert!(RouteTemplate::is_reserved(text), "{text}");
        }
        assert!(!RouteTemplate::is_reserved("x/admin"));
    }

    #[test]
    fn other_texts_are_rejected() {
        for (text, part) in [
            ("a//b", "segment ``"),
            ("{}", "segment"),
            ("{a}{b}", "segment"),
            ("x{*a}", "segment"),
            ("{a}-{b?}", "segment"),
            ("{a}.json", "segment"),
            ("a}", "segment"),
            ("{a", "segment"),
            ("{a}/{A}", "`A` twice"),
            ("{a?}/b", "goes on after `a`"),
            ("{*a}/b", "goes on after `a`"),
        ] {
            let error = RouteTemplate::parse(text).expect_err("not a route");
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
