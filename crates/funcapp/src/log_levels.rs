//! `logging.logLevel` of host.json: which records of which category are kept.
//!
//! Source: Microsoft.Extensions.Logging, `LoggerRuleSelector`: the longest category that a
//! record's category begins with decides, `default` where there is none.

/// The severity below which records of a category are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    Trace,
    Debug,
    /// The host's default.
    Information,
    Warning,
    Error,
    Critical,
    None,
}

/// The levels of all categories.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogLevels(Vec<(String, LogLevel)>);

impl LogLevel {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [
            ("trace", Self::Trace),
            ("debug", Self::Debug),
            ("information", Self::Information),
            ("warning", Self::Warning),
            ("error", Self::Error),
            ("critical", Self::Critical),
            ("none", Self::None),
        ]
        .into_iter()
        .find_map(|(name, level)| name.eq_ignore_ascii_case(text).then_some(level))
    }
}

impl LogLevels {
    pub(crate) fn new(levels: impl IntoIterator<Item = (String, LogLevel)>) -> Self {
        Self(
            levels
                .into_iter()
                .map(|(name, level)| (name.to_ascii_lowercase(), level))
                .collect(),
        )
    }

    /// Whether a record of `category` with the severity `level` is kept.
    pub fn keep(&self, category: &str, level: LogLevel) -> bool {
        let category = category.to_ascii_lowercase();
        let rules = self
            .0
            .iter()
            .filter(|(name, _)| name == "default" || category.starts_with(name));
        let longest = rules.max_by_key(|(name, _)| if name == "default" { 0 } else { name.len() });
        level >= longest.map_or(LogLevel::Information, |(_, level)| *level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_category_decides() {
        let levels = LogLevels::new([
            ("default".to_owned(), LogLevel::Warning),
            ("Function".to_owned(), LogLevel::Information),
            ("Function.loud".to_owned(), LogLevel::Error),
        ]);
        assert!(levels.keep("Function.item.User", LogLevel::Information));
        assert!(!levels.keep("function.LOUD.User", LogLevel::Warning));
        assert!(!levels.keep("Host.Function.Console", LogLevel::Information));
        assert!(levels.keep("Host.Function.Console", LogLevel::Error));
        assert!(LogLevels::default().keep("Host.Startup", LogLevel::Information));
    }
}
