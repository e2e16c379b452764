//! The request rebuilt, the answer buffered (`enableForwardingHttpRequest`).
//!
//! Source: Azure/azure-functions-host, `HttpRequestExtensions.cs` (`ToHttpRequestMessage`),
//! `DefaultHttpWorkerService.cs`.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::{
    HeaderMap, Request, Response, Uri,
    body::Incoming,
    header::{
        ALLOW, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_RANGE,
        EXPIRES, HeaderValue, LAST_MODIFIED, TRANSFER_ENCODING, USER_AGENT,
    },
};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::{
    client::{Body, HOST_VERSION, client_error, whole},
    shared::Shared,
};

/// What a URI's path may not hold as it is. `%`, `?` and `#` are not among it: they come out of
/// the path's decoding, and .NET's `Uri` reads them as its own.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'|');
/// What a rebuilt query may not hold as it is; the comma between merged values stays.
const QUERY: &AsciiSet = &PATH
    .add(b'%')
    .add(b'&')
    .add(b'+')
    .add(b'=')
    .add(b'#')
    .add(b'\'');

/// Rebuilds `request`, sends it, and reads the whole answer. It goes on when the client goes away:
/// the real host passes no cancellation on either.
pub(super) async fn forward(
    shared: &Arc<Shared>,
    invocation: &str,
    request: Request<Incoming>,
) -> Result<Response<Body>, String> {
    let onward = rebuild(shared.handler.port, invocation, request).await?;
    let shared = shared.clone();
    let exchange = tokio::spawn(async move {
        shared
            .within_function_timeout(exchange(&shared, onward))
            .await
    });
    exchange
        .await
        .map_err(|error| format!("the exchange broke off: {error}"))??
}

async fn exchange(shared: &Shared, onward: Request<Body>) -> Result<Response<Body>, String> {
    let response = shared
        .plain_client
        .request(onward)
        .await
        .map_err(|error| client_error(&error))?;
    let (mut parts, body) = response.into_parts();
    let body = body
        .collect()
        .await
        .map_err(|error| format!("the answer broke off: {error}"))?;
    parts.headers.remove(TRANSFER_ENCODING);
    parts.headers.remove("connection");
    Ok(Response::from_parts(parts, whole(body.to_bytes())))
}

async fn rebuild(
    port: u16,
    invocation: &str,
    request: Request<Incoming>,
) -> Result<Request<Body>, String> {
    let (parts, body) = request.into_parts();
    let path_and_query = path_and_query(&parts.uri);
    let uri = format!("http://127.0.0.1:{port}{path_and_query}");
    let has_length = parts
        .headers
        .get(CONTENT_LENGTH)
        .is_some_and(|length| length != "0");
    let body = if has_length {
        body.collect()
            .await
            .map_err(|error| format!("the body broke off: {error}"))?
            .to_bytes()
    } else {
        Bytes::new()
    };
    let mut onward = Request::new(whole(body));
    *onward.method_mut() = parts.method;
    *onward.uri_mut() = uri
        .parse::<Uri>()
        .map_err(|error| format!("cannot rebuild {path_and_query}: {error}"))?;
    *onward.headers_mut() = headers(parts.headers, invocation);
    Ok(onward)
}

/// The path decoded once (except `%2F`), the query parsed and put together again.
fn path_and_query(uri: &Uri) -> String {
    let path = uri.path().replace("%2F", "%252F").replace("%2f", "%252f");
    let path = percent_decode_str(&path).decode_utf8_lossy();
    let mut target = utf8_percent_encode(&path, PATH).to_string();
    if let Some(query) = uri.query().filter(|query| !query.is_empty()) {
        target.push('?');
        target.push_str(&rebuilt_query(query));
    }
    // The rest is a fragment, which is not sent.
    target.split('#').next().unwrap_or_default().to_owned()
}

/// One pair per name, in the order of their first use: values joined by commas, `flag` as `flag=`.
fn rebuilt_query(query: &str) -> String {
    let mut pairs: Vec<(String, Vec<String>)> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name), decoded(value));
        match pairs
            .iter_mut()
            .find(|(other, _)| other.eq_ignore_ascii_case(&name))
        {
            Some((_, values)) => values.push(value),
            None => pairs.push((name, vec![value])),
        }
    }
    let encoded = |text: &str| utf8_percent_encode(text, QUERY).to_string();
    let pairs = pairs.iter().map(|(name, values)| {
        let values: Vec<String> = values.iter().map(|value| encoded(value)).collect();
        format!("{}={}", encoded(name), values.join(","))
    });
    pairs.collect::<Vec<_>>().join("&")
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}

/// All headers, the public `Host` too, without the content headers that .NET keeps elsewhere.
fn headers(mut headers: HeaderMap, invocation: &str) -> HeaderMap {
    for name in [
        ALLOW,
        CONTENT_ENCODING,
        CONTENT_LANGUAGE,
        CONTENT_LOCATION,
        CONTENT_RANGE,
        EXPIRES,
    ] {
        headers.remove(name);
    }
    for name in ["content-disposition", "content-md5"] {
        headers.remove(name);
    }
    headers.remove(LAST_MODIFIED);
    headers.remove(TRANSFER_ENCODING);
    let agent = headers
        .get(USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or_default();
    let agent = format!("{agent} Azure-Functions-Host/{HOST_VERSION}");
    let text = |text: &str| HeaderValue::from_str(text).expect("agents and ids are visible ASCII");
    headers.insert(USER_AGENT, text(agent.trim_start()));
    headers.insert("x-azure-functions-invocationid", text(invocation));
    headers.insert("x-azure-functions-hostversion", text(HOST_VERSION));
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_and_query_are_rebuilt_with_their_losses() {
        for (sent, rebuilt) in [
            (
                "/api/items/7?tag=a&tag=b&full",
                "/api/items/7?tag=a,b&full=",
            ),
            ("/a?Tag=a&tAG=b", "/a?Tag=a,b"),
            ("/a%20b/%C3%A4", "/a%20b/%C3%A4"),
            ("/a%2Fb%2fc", "/a%2Fb%2fc"),
            ("/a%3Fb", "/a?b"),
            ("/a%23b", "/a"),
            ("/a%2541", "/a%41"),
            ("/a?q=x+y%26z", "/a?q=x%20y%26z"),
            ("/a?", "/a"),
        ] {
            let uri: Uri = sent.parse().expect("a target");
            assert_eq!(path_and_query(&uri), rebuilt, "{sent}");
        }
    }
}
