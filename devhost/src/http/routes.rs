//! Which function a request is for.

use funcapp::Function;
use hyper::Method;

/// The HTTP functions of an app, in the order in which they are tried.
pub(super) struct Routes {
    prefix: String,
    functions: Vec<Function>,
}

impl Routes {
    pub(super) fn new<'a>(prefix: &str, functions: impl Iterator<Item = &'a Function>) -> Self {
        let mut functions: Vec<Function> = functions
            .filter(|function| function.http().is_some())
            .cloned()
            .collect();
        functions.sort_by_key(|function| function.http().map(|http| http.route.precedence()));
        Self {
            prefix: prefix.to_owned(),
            functions,
        }
    }

    /// The function that takes `method` on the raw `path`. Where the method does not fit, the next
    /// route is tried, so there is no 405.
    pub(super) fn find(&self, method: &Method, path: &str) -> Option<&Function> {
        self.functions.iter().find(|function| {
            function.http().is_some_and(|http| {
                let methods = http.methods.as_ref();
                methods.is_none_or(|all| all.iter().any(|name| name == method.as_str()))
                    && http.route.matches(&self.prefix, path)
            })
        })
    }
}
