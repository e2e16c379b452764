//! Which function a request is for.

use funcapp::Function;

/// The HTTP functions of an app, in the order in which they are tried: that of their names, however
/// specific their routes are.
pub(super) struct Routes {
    prefix: String,
    functions: Vec<Function>,
}

impl Routes {
    pub(super) fn new<'a>(prefix: &str, functions: impl Iterator<Item = &'a Function>) -> Self {
        let http = functions.filter(|function| function.http().is_some());
        Self {
            prefix: prefix.to_owned(),
            functions: http.cloned().collect(),
        }
    }

    /// The function that takes `method` on the decoded `path`. Where the method does not fit, the
    /// next function is tried, so there is no 405.
    pub(super) fn find(&self, method: &str, path: &str) -> Option<&Function> {
        self.functions.iter().find(|function| {
            function.http().is_some_and(|http| {
                let methods = http.methods.as_ref();
                methods.is_none_or(|all| all.iter().any(|name| name.eq_ignore_ascii_case(method)))
                    && http.route.matches(&self.prefix, path)
            })
        })
    }
}
