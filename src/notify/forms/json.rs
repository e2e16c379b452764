//! The JSON form, and its signature.
//!
//! The signature is the HMAC-SHA-256 of the timestamp, a full stop, and the body, in hexadecimal digits. A
//! receiver rejects old timestamps, so that a copied request cannot be repeated later.

use std::fmt::Write;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use ring::hmac;
use serde_json::Value;

use crate::notify::message::Message;
use crate::notify::settings::Secret;
use crate::notify::transport::Post;

const CONTENT_TYPE: &str = "application/json";

static ID: HeaderName = HeaderName::from_static("x-magnusapi-id");
static TIMESTAMP: HeaderName = HeaderName::from_static("x-magnusapi-timestamp");
static SIGNATURE: HeaderName = HeaderName::from_static("x-magnusapi-signature");

pub(super) fn unsigned(body: &Value) -> Post {
    Post {
        headers: HeaderMap::new(),
        content_type: CONTENT_TYPE,
        body: body.to_string(),
    }
}

pub(super) fn signed(message: &Message, secret: Option<&Secret>, now: Timestamp) -> Post {
    let body = serde_json::to_string(message).expect("texts and instants always serialize");
    let timestamp = now.as_second().to_string();
    let mut headers = HeaderMap::new();
    let mut insert = |name: &HeaderName, value: &str| {
        let value = HeaderValue::from_str(value).expect("it has letters, digits and hyphens");
        headers.insert(name, value);
    };
    insert(&ID, &message.id);
    insert(&TIMESTAMP, &timestamp);
    if let Some(secret) = secret {
        let signature = signature(secret.bytes(), &timestamp, &body);
        insert(&SIGNATURE, &format!("v1={signature}"));
    }
    Post {
        headers,
        content_type: CONTENT_TYPE,
        body,
    }
}

fn signature(secret: &[u8], timestamp: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let tag = hmac::sign(&key, format!("{timestamp}.{body}").as_bytes());
    tag.as_ref().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string never fails");
        text
    })
}
