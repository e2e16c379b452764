//! The token against requests of other sites: a cookie, and the same text in the form (double submit).
//!
//! The key of an action may be added by a proxy, and a host on a developer's machine requires none. So a page of
//! another site could send an action's form. It can neither read the cookie nor set one with the prefix
//! `__Host-`, and the browser sends the cookie with requests of the own site only (`SameSite=Strict`). The
//! comparison needs neither a session nor a key that all instances share, so any instance can receive the form.

use hyper::header::{self, HeaderValue};
use uuid::Uuid;

use super::form::Form;
use crate::http::Request;

/// The name of the cookie where the browser uses HTTPS. A browser accepts such a cookie from this host alone.
const SECURE: &str = "__Host-magnusapi-ops";

/// The name without HTTPS: on a developer's machine.
const INSECURE: &str = "magnusapi-ops";

/// The field of the form.
pub(super) const FIELD: &str = "token";

/// The lifetime in seconds: time to read a confirmation.
const LIFETIME: u32 = 15 * 60;

/// The token of a browser.
pub(super) struct Token {
    pub(super) text: String,
    is_secure: bool,
}

impl Token {
    /// The token of the browser, or a new one. Confirmations in two tabs have the same.
    pub(super) fn of(request: &Request) -> Token {
        let is_secure = request.header("x-forwarded-proto") == Some("https");
        let text = received(request, is_secure).filter(|text| Uuid::try_parse(text).is_ok());
        Token {
            text: text.map_or_else(|| Uuid::new_v4().simple().to_string(), str::to_owned),
            is_secure,
        }
    }

    /// The header that stores it in the browser.
    pub(super) fn cookie(&self) -> HeaderValue {
        let Token { text, is_secure } = self;
        let (name, secure) = if *is_secure {
            (SECURE, "; Secure")
        } else {
            (INSECURE, "")
        };
        let cookie =
            format!("{name}={text}; Path=/; HttpOnly; SameSite=Strict; Max-Age={LIFETIME}{secure}");
        HeaderValue::try_from(cookie).expect("names and digits are visible ASCII")
    }
}

/// Whether the form of `request` has the token of the browser.
pub(super) fn is_valid(request: &Request, form: &Form) -> bool {
    let is_secure = request.header("x-forwarded-proto") == Some("https");
    let received = received(request, is_secure);
    received.is_some_and(|it| !it.is_empty() && it == form.get(FIELD))
}

/// Whether a browser says that a page of another origin sent the request. Older browsers say nothing.
pub(super) fn is_foreign(request: &Request) -> bool {
    let site = request.headers.get("sec-fetch-site");
    site.is_some_and(|site| site != "same-origin")
}

/// The token of the cookie, if it occurs once.
fn received(request: &Request, is_secure: bool) -> Option<&str> {
    let wanted = if is_secure { SECURE } else { INSECURE };
    let cookies = request.header(header::COOKIE.as_str())?.split(';');
    let pairs = cookies.filter_map(|cookie| cookie.trim().split_once('='));
    let mut found = pairs.filter(|(name, _)| *name == wanted);
    let (_, text) = found.next()?;
    found.next().is_none().then_some(text)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::Empty;

    use super::*;

    fn request(headers: &[(&'static str, &str)]) -> Request {
        let mut request = hyper::Request::new(Empty::<Bytes>::new());
        for (name, value) in headers {
            let value = HeaderValue::try_from(*value).expect("visible ASCII");
            request.headers_mut().append(*name, value);
        }
        Request::new(request)
    }

    #[test]
    fn a_browser_keeps_its_token() {
        let first = Token::of(&request(&[]));
        let cookie = format!("other=1; magnusapi-ops={}", first.text);
        assert_eq!(Token::of(&request(&[("cookie", &cookie)])).text, first.text);
        let cookie = first.cookie();
        let cookie = cookie.to_str().expect("visible ASCII");
        assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
    }

    #[test]
    fn over_https_the_cookie_is_bound_to_the_host() {
        let token = Token::of(&request(&[("x-forwarded-proto", "https")]));
        let cookie = token.cookie();
        let cookie = cookie.to_str().expect("visible ASCII");
        assert!(cookie.starts_with("__Host-magnusapi-ops="), "{cookie}");
        assert!(cookie.ends_with("; Secure"), "{cookie}");
    }
}
