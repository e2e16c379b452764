//! Rewrites a request's path for the handler, as the host does. Pure.
//!
//! Source: ASP.NET Core's `UrlDecoder` and `PathNormalizer` (the server decodes a path and resolves
//! its dots) and `PathString.ToUriComponent` (the proxy encodes it again).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The characters that a path has unescaped.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/')
    .remove(b':')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=');

/// The characters that a query has escaped, besides a `%` that is not an escape.
const QUERY: &[u8] = b"#\"<>{}|^`\\";

/// The path as routes are compared with it: decoded, but for `%2F` and for bytes that are not
/// UTF-8, and without `.` and `..`. `None` where it holds a NUL.
pub(super) fn decoded(raw: &str) -> Option<String> {
    let mut path = String::new();
    let mut rest = raw;
    while let Some(at) = rest.find('%') {
        path.push_str(&rest[..at]);
        let escapes = &rest[at..][..escapes(&rest[at..])];
        path.push_str(&decode_run(escapes));
        // A lone `%` is a literal.
        let taken = escapes.len().max(1);
        if escapes.is_empty() {
            path.push('%');
        }
        rest = &rest[at + taken..];
    }
    path.push_str(rest);
    (!path.contains('\0')).then(|| without_dots(&path))
}

/// `decoded` as the handler gets it.
pub(super) fn encoded(decoded: &str) -> String {
    utf8_percent_encode(decoded, PATH).to_string()
}

/// The query, `?` included, as the handler gets it.
pub(super) fn query(raw: &str) -> String {
    let bytes = raw.as_bytes();
    let mut query = String::new();
    for (at, byte) in bytes.iter().enumerate() {
        let stray = *byte == b'%' && escapes(&raw[at..]) == 0;
        if stray || QUERY.contains(byte) {
            query.push_str(percent_encoding::percent_encode_byte(*byte));
        } else {
            query.push(char::from(*byte));
        }
    }
    query
}

/// The length of the escapes such as `%C3%A4` that `text` begins with.
fn escapes(text: &str) -> usize {
    let is_escape = |escape: &[u8]| {
        escape.len() == 3 && escape[0] == b'%' && escape[1..].iter().all(u8::is_ascii_hexdigit)
    };
    let count = text
        .as_bytes()
        .chunks(3)
        .take_while(|escape| is_escape(escape))
        .count();
    count * 3
}

/// The characters of a run of escapes. A slash and invalid UTF-8 stay escaped.
fn decode_run(run: &str) -> String {
    let mut text = String::new();
    let mut rest = run;
    while !rest.is_empty() {
        let longest = (3..=rest.len().min(12)).step_by(3).find_map(|length| {
            let character = percent_decode_str(&rest[..length]).decode_utf8().ok()?;
            (character.chars().count() == 1 && character != "/").then_some((length, character))
        });
        let (taken, character) = longest.unwrap_or((3, rest[..3].into()));
        text.push_str(&character);
        rest = &rest[taken..];
    }
    text
}

fn without_dots(path: &str) -> String {
    if !path.contains("/.") {
        return path.to_owned();
    }
    let mut segments: Vec<&str> = Vec::new();
    let mut parts = path.split('/').skip(1).peekable();
    while let Some(part) = parts.next() {
        match part {
            ".." => drop(segments.pop()),
            "." => {}
            _ => {
                segments.push(part);
                continue;
            }
        }
        if parts.peek().is_none() {
            segments.push("");
        }
    }
    format!("/{}", segments.join("/"))
}
