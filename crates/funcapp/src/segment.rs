//! One segment of a route template: `item`, `{id?}`.
//!
//! Source: ASP.NET Core's `TemplateParser` and `RoutePatternMatcher`. They also take segments that mix literals and
//! parameters, which no route of the app has.

/// The text between two slashes of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
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
    /// Reads a segment; `None` for another text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let braces = text.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
        if let Some(inner) = braces {
            return Parameter::parse(inner).map(Self::Parameter);
        }
        let is_literal = !text.is_empty() && !text.contains(['{', '}', '?', '*']);
        is_literal.then(|| Self::Literal(text.to_owned()))
    }

    pub(crate) fn parameter(&self) -> Option<&Parameter> {
        match self {
            Self::Parameter(parameter) => Some(parameter),
            Self::Literal(_) => None,
        }
    }

    pub(crate) fn is_catch_all(&self) -> bool {
        self.parameter().is_some_and(|it| it.catch_all)
    }

    /// Whether a path may end before this segment.
    pub(crate) fn is_optional(&self) -> bool {
        self.parameter().is_some_and(|it| it.optional)
    }

    pub(crate) fn matches(&self, part: &str) -> bool {
        match self {
            Self::Literal(literal) => same(literal, part),
            Self::Parameter(parameter) => parameter.constraints.iter().all(|it| obeys(it, part)),
        }
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
        let is_name = !plain.is_empty() && !plain.contains(['{', '}', '?', '*']);
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

/// Whether `part` is `literal`, without regard to case.
pub(crate) fn same(literal: &str, part: &str) -> bool {
    part.to_lowercase() == literal.to_lowercase()
}

fn obeys(constraint: &str, value: &str) -> bool {
    // .NET accepts blanks around an integer.
    constraint != "int" || value.trim().parse::<i32>().is_ok()
}
