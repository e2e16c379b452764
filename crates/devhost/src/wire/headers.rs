//! Names and values in their order.

/// The headers of a message. Names compare without case and keep the case they came in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Headers(Vec<(String, String)>);

impl Headers {
    /// The first value of `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut named = self.0.iter();
        let found = named.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// All values of `name`, in order.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self
            .0
            .iter()
            .filter(move |(key, _)| key.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    /// Whether `name`, a list separated by commas, has the element `element`.
    pub(crate) fn lists(&self, name: &str, element: &str) -> bool {
        let elements = self.all(name).flat_map(|value| value.split(','));
        elements
            .map(str::trim)
            .any(|one| one.eq_ignore_ascii_case(element))
    }

    pub(crate) fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// `name` with this value alone.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.remove(name);
        self.push(name, value);
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|(key, _)| !key.eq_ignore_ascii_case(name));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// `Name: value` lines.
    pub(crate) fn to_wire(&self) -> String {
        let mut lines = String::new();
        for (name, value) in self.iter() {
            for part in [name, ": ", value, "\r\n"] {
                lines.push_str(part);
            }
        }
        lines
    }
}
