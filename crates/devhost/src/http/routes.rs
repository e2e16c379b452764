//! Which function a request is for.

use funcapp::{Function, HttpTrigger};

use crate::shared::Shared;

/// The function of `shared` that takes `method` on the decoded `path`. Functions are tried in the
/// order of their names, however specific their routes are. Where the method does not fit, the next
/// function is tried, so there is no 405.
pub(super) fn find<'a>(
    shared: &'a Shared,
    method: &str,
    path: &str,
) -> Option<(&'a Function, &'a HttpTrigger)> {
    let functions = shared.active.iter();
    let mut functions = functions.filter_map(|function| Some((function, function.http()?)));
    functions.find(|(_, http)| {
        let methods = http.methods.as_ref();
        methods.is_none_or(|all| all.iter().any(|name| name.eq_ignore_ascii_case(method)))
            && http.route.matches(&shared.app.host.route_prefix, path)
    })
}
