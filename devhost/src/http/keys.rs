//! Whether a request has the key it needs.

use funcapp::AuthLevel;
use hyper::{HeaderMap, Uri};
use percent_encoding::percent_decode_str;

use crate::options::Keys;

/// Whether the key in `x-functions-key`, or in the query as `code`, opens `level`.
pub(super) fn opens(keys: &Keys, level: AuthLevel, uri: &Uri, headers: &HeaderMap) -> bool {
    let Some(key) = key_of(uri, headers) else {
        return level == AuthLevel::Anonymous;
    };
    match level {
        AuthLevel::Anonymous => true,
        AuthLevel::Function => key == keys.function || key == keys.master,
        AuthLevel::Admin => key == keys.master,
    }
}

fn key_of(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    if let Some(key) = headers.get("x-functions-key") {
        return key.to_str().ok().map(str::to_owned);
    }
    let code = uri
        .query()?
        .split('&')
        .find_map(|pair| pair.strip_prefix("code="))?;
    Some(percent_decode_str(code).decode_utf8_lossy().into_owned())
}
