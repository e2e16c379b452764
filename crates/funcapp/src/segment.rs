//! One segment of a route template: `item`, `{id?}`, `{name}.{extension?}`.
//!
//! Source: ASP.NET Core's `TemplateParser` and `RoutePatternMatcher`.

/// The parts between two slashes of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Parameter(Parameter),
}

/// A text in braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    constraints: Vec<String>,
    optional: bool,
    catch_all: bool,
}

impl Segment {
    /// Reads a segment; `None` for a text that the host rejects.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (part, tail) = if let Some(parameter) = rest.strip_prefix('{') {
                let (inner, tail) = parameter.split_once('}')?;
                (Part::Parameter(Parameter::parse(inner)?), tail)
            } else {
                let (literal, tail) = rest.split_at(rest.find('{').unwrap_or(rest.len()));
                (Part::Literal(literal.to_owned()), tail)
            };
            parts.push(part);
            rest = tail;
        }
        let segment = Self(parts);
        segment.is_valid().then_some(segment)
    }

    pub(crate) fn parameters(&self) -> impl Iterator<Item = &Parameter> {
        self.0.iter().filter_map(|part| match part {
            Part::Parameter(parameter) => Some(parameter),
            Part::Literal(_) => None,
        })
    }

    pub(crate) fn is_catch_all(&self) -> bool {
        self.parameters().any(|parameter| parameter.catch_all)
    }

    /// Whether a path may end before this segment.
    pub(crate) fn is_optional(&self) -> bool {
        matches!(&self.0[..], [Part::Parameter(parameter)] if parameter.optional)
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        match &self.0[..] {
            // The dot before an optional extension is optional, too.
            [stem @ .., Part::Literal(_), Part::Parameter(last)] if last.optional => {
                matches(&self.0, text) || matches(stem, text)
            }
            parts => matches(parts, text),
        }
    }

    fn is_valid(&self) -> bool {
        let literals_are_plain = self.0.iter().all(|part| match part {
            Part::Literal(literal) => !literal.contains(['}', '?', '*']),
            Part::Parameter(_) => true,
        });
        let parameters_are_apart = !self
            .0
            .windows(2)
            .any(|pair| matches!(pair, [Part::Parameter(_), Part::Parameter(_)]));
        let ends_well = match &self.0[..] {
            [] => false,
            [_] => true,
            [before @ .., last] => {
                let in_between = Self(before.to_vec());
                let dot = before.last() == Some(&Part::Literal(".".to_owned()));
                let last_fits = match last {
                    Part::Parameter(last) => !last.catch_all && (dot || !last.optional),
                    Part::Literal(_) => true,
                };
                last_fits && in_between.parameters().all(|it| !it.must_be_last())
            }
        };
        literals_are_plain && parameters_are_apart && ends_well
    }
}

impl Parameter {
    fn parse(inner: &str) -> Option<Self> {
        let (inner, optional) = match inner.strip_suffix('?') {
            Some(inner) => (inner, true),
            None => (inner, false),
        };
        let (inner, default) = inner
            .split_once('=')
            .map_or((inner, false), |(name, _)| (name, true));
        let mut parts = inner.split(':');
        let name = parts.next().unwrap_or_default();
        let constraints = parts.map(str::to_owned).collect();
        let plain = name.trim_start_matches('*');
        let is_name = !plain.is_empty() && !plain.contains(['{', '?', '*']);
        is_name.then(|| Self {
            name: plain.to_owned(),
            constraints,
            optional: optional || default,
            catch_all: plain.len() < name.len(),
        })
    }

    /// Whether nothing may follow.
    pub(crate) fn must_be_last(&self) -> bool {
        self.optional || self.catch_all
    }
}

/// Compares from the right: a parameter's value begins after the last place of the literal before it.
fn matches(parts: &[Part], text: &str) -> bool {
    let Some((last, before)) = parts.split_last() else {
        return text.is_empty();
    };
    let begin = match last {
        Part::Literal(literal) => {
            let begin = text.len().checked_sub(literal.len());
            begin.filter(|at| text.is_char_boundary(*at) && same(literal, &text[*at..]))
        }
        Part::Parameter(parameter) => {
            let begin = match before.last() {
                Some(Part::Literal(literal)) => last_end(text, literal),
                _ => Some(0),
            };
            begin.filter(|at| {
                let value = &text[*at..];
                !value.is_empty() && parameter.constraints.iter().all(|it| obeys(it, value))
            })
        }
    };
    begin.is_some_and(|begin| matches(before, &text[..begin]))
}

/// Where the last occurrence of `literal` in `text` ends that something follows.
fn last_end(text: &str, literal: &str) -> Option<usize> {
    let ends = text.char_indices().rev().map(|(at, _)| at);
    ends.into_iter().find(|end| {
        let begin = end.checked_sub(literal.len());
        begin.is_some_and(|begin| text.is_char_boundary(begin) && same(literal, &text[begin..*end]))
    })
}

/// Whether `part` is `literal`, without regard to case.
pub(crate) fn same(literal: &str, part: &str) -> bool {
    part.to_lowercase() == literal.to_lowercase()
}

fn obeys(constraint: &str, value: &str) -> bool {
    // .NET accepts blanks around an integer.
    constraint != "int" || value.trim().parse::<i32>().is_ok()
}
