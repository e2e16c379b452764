//! Request paths as the Functions host passes them on.
//!
//! The host decodes a path, resolves its dot segments, and encodes it again; recordings show how. This
//! server does the same, so a path means the same with and without a host. A second normalization changes
//! nothing.

use std::borrow::Cow;

use percent_encoding::percent_encode_byte;

/// A path that the host rejects too.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadPath;

/// Decodes `path` except for `%2F`, resolves its dot segments, and encodes it.
///
/// # Errors
/// The path has `%00`, or a byte outside of ASCII.
pub(super) fn normalize(path: &str) -> Result<Cow<'_, str>, BadPath> {
    if is_normal(path) {
        return Ok(Cow::Borrowed(path));
    }
    if !path.is_ascii() {
        return Err(BadPath);
    }
    let path = decode(path)?;
    let mut segments: Vec<&str> = Vec::new();
    let mut ends_in_folder = false;
    for segment in path.split('/').skip(1) {
        ends_in_folder = matches!(segment, "." | "..");
        match segment {
            "." => {}
            ".." => drop(segments.pop()),
            _ => segments.push(segment),
        }
    }
    if ends_in_folder {
        segments.push("");
    }
    let mut normal = String::with_capacity(path.len() + 8);
    for segment in segments {
        normal.push('/');
        encode(segment, &mut normal);
    }
    if normal.is_empty() {
        normal.push('/');
    }
    Ok(Cow::Owned(normal))
}

/// Whether the path is normal already, like nearly every path.
fn is_normal(path: &str) -> bool {
    path.starts_with('/') && !path.contains("/.") && path.bytes().all(is_plain)
}

/// Whether a byte of a path needs no encoding: RFC 3986's `pchar`, and the slash.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@".contains(&byte)
}

/// Decodes percent-encoded bytes, except for a slash and for bytes that are not UTF-8.
fn decode(path: &str) -> Result<String, BadPath> {
    let mut decoded: Vec<u8> = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        match encoded(rest) {
            Some(0) => return Err(BadPath),
            Some(byte) if byte != b'/' => {
                decoded.push(byte);
                rest = &rest[3..];
            }
            _ => {
                decoded.push(first);
                rest = after;
            }
        }
    }
    let mut text = String::with_capacity(decoded.len());
    for chunk in decoded.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(percent_encode_byte(*byte));
        }
    }
    Ok(text)
}

/// The byte whose encoded form is at the start of `bytes`.
fn encoded(bytes: &[u8]) -> Option<u8> {
    let [b'%', digits @ ..] = bytes else {
        return None;
    };
    let digits = digits
        .get(..2)
        .filter(|it| it.iter().all(u8::is_ascii_hexdigit))?;
    let digits = std::str::from_utf8(digits).ok()?;
    u8::from_str_radix(digits, 16).ok()
}

fn encode(segment: &str, encoded: &mut String) {
    for byte in segment.bytes() {
        if is_plain(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(percent_encode_byte(byte));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Paths as clients sent them and as the recorded host 4.1037 passed them on.
    const RECORDED: &[(&str, &str)] = &[
        ("/items/a%2Fb", "/items/a%252Fb"),
        ("/items/a%2fb", "/items/a%252fb"),
        ("/items/a%20b", "/items/a%20b"),
        ("/items/a%25b", "/items/a%25b"),
        ("/items/a%2541", "/items/a%2541"),
        ("/items/%252e%252e/item", "/items/%252e%252e/item"),
        ("/items/a%252Fb", "/items/a%252Fb"),
        ("/items/a%3Fb=1", "/items/a%3Fb=1"),
        ("/items/a%0D%0AX-Evil:%201", "/items/a%0D%0AX-Evil:%201"),
        ("/items/%c3%a4", "/items/%C3%A4"),
        ("/items/%FF", "/items/%25FF"),
        ("/items/b/", "/items/b/"),
        ("/items/", "/items/"),
        ("/items/./b", "/items/b"),
        ("/items/a/../b", "/items/b"),
        ("/items/../item/9", "/item/9"),
        ("/items/a/%2e%2e/b", "/items/b"),
        ("/items/%2e%2e/item/9", "/item/9"),
        ("/item/%2e", "/item/"),
        ("/items/b;p=1", "/items/b;p=1"),
        ("/items/a+b", "/items/a+b"),
        ("/items/:@!$&'()*,=", "/items/:@!$&'()*,="),
        ("/items/~-._", "/items/~-._"),
        ("/items/%7E%41%2D", "/items/~A-"),
        ("/items/[a]", "/items/%5Ba%5D"),
        ("/items/a|b", "/items/a%7Cb"),
        ("/items/a\\b", "/items/a%5Cb"),
        ("/items/a%5Cb", "/items/a%5Cb"),
        ("/items/a^b`c<d>", "/items/a%5Eb%60c%3Cd%3E"),
        ("/ITEMS/B", "/ITEMS/B"),
        ("/items/%zz", "/items/%25zz"),
        ("/items/a%", "/items/a%25"),
        ("/it%65m/7", "/item/7"),
        ("/item/%31", "/item/1"),
    ];

    #[test]
    fn paths_are_normalized_like_the_host_does() {
        for (sent, passed_on) in RECORDED {
            assert_eq!(normalize(sent).as_deref(), Ok(*passed_on), "{sent}");
        }
    }

    #[test]
    fn a_second_normalization_changes_nothing() {
        for (_, normal) in RECORDED {
            assert_eq!(normalize(normal).as_deref(), Ok(*normal));
        }
    }

    #[test]
    fn dot_segments_never_leave_the_root() {
        for path in ["/..", "/../../item/..", "/%2e%2E/", "/."] {
            assert_eq!(normalize(path).as_deref(), Ok("/"), "{path}");
        }
    }

    #[test]
    fn nul_and_bytes_outside_of_ascii_are_rejected() {
        for path in ["/items/a%00b", "/items/ä"] {
            assert_eq!(normalize(path), Err(BadPath), "{path}");
        }
    }
}
