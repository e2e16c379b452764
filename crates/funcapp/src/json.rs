//! JSON with the additions that the host's reader accepts: a byte order mark, comments, and a comma before a closing
//! bracket.
//!
//! Source: Newtonsoft.Json, which reads host.json, function.json and a handler's replies.

use serde_json::Value;

pub(crate) fn parse_json(bytes: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice(&strict(bytes))
}

/// The first JSON value in `bytes`: the host ignores the rest of a handler's reply.
pub fn parse_first_json(bytes: &[u8]) -> serde_json::Result<Value> {
    let bytes = strict(bytes);
    let mut values = serde_json::Deserializer::from_slice(&bytes).into_iter();
    values.next().unwrap_or(Ok(Value::Null))
}

/// `bytes` with spaces in place of comments and of last commas, so that a position in an error is
/// a position in `bytes`.
fn strict(bytes: &[u8]) -> Vec<u8> {
    let mut text = bytes
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(bytes)
        .to_vec();
    let mut last_comma = None;
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'/' if matches!(text.get(at + 1), Some(b'/' | b'*')) => {
                let end = at + comment(&text[at..]);
                blank(&mut text[at..end]);
                at = end;
                continue;
            }
            b'"' => {
                last_comma = None;
                at += string(&text[at..]);
                continue;
            }
            b',' => last_comma = Some(at),
            b']' | b'}' => {
                if let Some(comma) = last_comma.take() {
                    text[comma] = b' ';
                }
            }
            byte if byte.is_ascii_whitespace() => {}
            _ => last_comma = None,
        }
        at += 1;
    }
    text
}

/// The length of the comment that `text` begins with.
fn comment(text: &[u8]) -> usize {
    let end: &[u8] = if text[1] == b'*' { b"*/" } else { b"\n" };
    let found = text[2..].windows(end.len()).position(|part| part == end);
    found.map_or(text.len(), |position| 2 + position + end.len())
}

/// The length of the string that `text` begins with.
fn string(text: &[u8]) -> usize {
    let mut at = 1;
    while at < text.len() && text[at] != b'"' {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(text.len())
}

fn blank(text: &mut [u8]) {
    for byte in text.iter_mut().filter(|byte| **byte != b'\n') {
        *byte = b' ';
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn comments_last_commas_and_a_byte_order_mark_are_tolerated() {
        let text = "\u{feff}// a\n{/* \" */\"a\": [1, 2,], // b\n \"b\": \"/*\\\",]\", }";
        let value = parse_json(text.as_bytes()).expect("tolerated JSON");
        assert_eq!(value, json!({"a": [1, 2], "b": "/*\",]"}));
    }

    #[test]
    fn only_the_first_value_is_read() {
        let value = parse_first_json(b" {\"a\":1,} and more").expect("tolerated JSON");
        assert_eq!(value, json!({"a": 1}));
        assert_eq!(parse_first_json(b" ").expect("blanks"), Value::Null);
    }

    #[test]
    fn an_error_keeps_its_position() {
        let error = parse_json(b"{ // here\n \"a\": nonsense }").expect_err("not JSON");
        assert_eq!(error.line(), 2, "{error}");
        for broken in ["\"open", "/* open", "{\"a\\", "/"] {
            assert!(parse_json(broken.as_bytes()).is_err(), "{broken}");
        }
    }
}
