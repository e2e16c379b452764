//! Whether a request has the key it needs.

use funcapp::AuthLevel;
use percent_encoding::percent_decode_str;

use crate::{shared::Shared, wire::Request};

/// Whether the key in `x-functions-key`, or in the query as `code`, opens `function`, whose level
/// is `level`. The header has precedence. Without keys, every request
/// passes.
pub(super) fn opens(shared: &Shared, function: &str, level: AuthLevel, request: &Request) -> bool {
    let Some(keys) = &shared.keys else {
        return true;
    };
    if level == AuthLevel::Anonymous {
        return true;
    }
    let Some(key) = key_of(request) else {
        return false;
    };
    if key == keys.master {
        return true;
    }
    let own = keys.functions.get(function);
    level == AuthLevel::Function && (key == keys.host || own == Some(&key))
}

/// The key, if there is just one.
fn key_of(request: &Request) -> Option<String> {
    let name = "x-functions-key";
    if request.headers.get(name).is_some() {
        return one(request.headers.all(name).map(str::to_owned));
    }
    let pairs = request.query.trim_start_matches('?').split('&');
    let pairs = pairs.filter_map(|pair| pair.split_once('='));
    let codes = pairs.filter(|(name, _)| name.eq_ignore_ascii_case("code"));
    one(codes.map(|(_, code)| percent_decode_str(code).decode_utf8_lossy().into_owned()))
}

fn one(mut values: impl Iterator<Item = String>) -> Option<String> {
    let first = values.next()?;
    values.next().is_none().then_some(first)
}
