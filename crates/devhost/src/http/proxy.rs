//! The request itself, sent on (`enableProxyingHttpRequest`).
//!
//! Source: Azure/azure-functions-host, `DefaultHttpProxyService.cs`, `RetryProxyHandler.cs`,
//! `ScriptInvocationRequestTransformer.cs`; YARP's `RequestUtilities`; .NET's `HttpConnection.cs`.

use std::{net::IpAddr, sync::Arc, time::Duration};

use super::path;
use crate::{
    client::{Body, Client, Failure, HOST_VERSION, Onward, Reply},
    wire::{Framing, Headers, Request},
};

/// Tries of one request, 50 to 250 ms apart.
const TRIES: u32 = 10;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// How often each try is sent where the handler closes the connection without a byte, and the
/// request has no content.
const SENDS: u32 = 4;

/// Headers that the host removes from a request.
const DROPPED: [&str; 11] = [
    "connection",
    "forwarded",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
    "x-forwarded-prefix",
];
/// Headers that the host removes from a response.
pub(super) const DROPPED_FROM_RESPONSES: [&str; 7] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];
/// Headers that .NET keeps with the content: with one of them a request has content.
const CONTENT: [&str; 9] = [
    "allow",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-location",
    "content-md5",
    "content-range",
    "content-type",
    "expires",
];

/// The request that the handler gets; its body is `body`. `None` where a header is not ASCII:
/// .NET's client refuses to send it.
pub(super) fn onward(
    request: &Request,
    decoded: &str,
    body: Body,
    port: u16,
    invocation: &str,
    peer: IpAddr,
) -> Option<Onward> {
    let mut headers = headers(request, port, invocation, peer);
    let mut body = body;
    if let Body::None = body
        && request.headers.iter().any(|(name, _)| is_content(name))
    {
        body = Body::Whole(bytes::Bytes::new());
        headers.push("Content-Length", "0");
    } else if let Body::None = body
        && !matches!(
            request.method.as_str(),
            "GET" | "HEAD" | "CONNECT" | "OPTIONS" | "DELETE"
        )
    {
        headers.push("Content-Length", "0");
    }
    if request.framing == Framing::Chunked {
        headers.push("Transfer-Encoding", "chunked");
    }
    let target = path::encoded(decoded) + &path::query(&request.query);
    let lines = headers.to_wire();
    lines.is_ascii().then(|| Onward {
        head: format!("{} {target} HTTP/1.1\r\n{lines}\r\n", request.method),
        method: request.method.clone(),
        expects_continue: headers.get("expect").is_some_and(|it| it == "100-continue"),
        body,
    })
}

/// Sends `request` until a response's head comes, or the tries are used up: `RetryProxyHandler`
/// takes every failure for one of the connection, also where the handler had the whole request.
/// `resent` gets the failure before each further time that the handler may see the request.
pub(super) async fn exchange(
    client: Arc<Client>,
    mut request: Onward,
    idle: Duration,
    resent: impl Fn(String),
) -> Result<Reply, String> {
    let mut pauses = pauses();
    let mut sends = SENDS;
    loop {
        sends -= 1;
        let error = match client.send(&mut request, idle).await {
            Ok(reply) => return check(reply),
            Err(error @ Failure::Idle(_)) => return Err(error.to_string()),
            Err(error) => error,
        };
        let at_once =
            sends > 0 && matches!(error, Failure::Closed) && matches!(request.body, Body::None);
        if !at_once {
            let pause = pauses.next().ok_or_else(|| error.to_string())?;
            tokio::time::sleep(pause).await;
            sends = SENDS;
        }
        if error.came_late() && !matches!(request.body, Body::Consumed) {
            resent(error.to_string());
        }
    }
}

/// How long it takes until a request that cannot be sent has failed.
pub(super) fn all_pauses() -> Duration {
    pauses().sum()
}

fn pauses() -> impl Iterator<Item = Duration> {
    (1..TRIES).map(|number| (FIRST_PAUSE * number).min(LONGEST_PAUSE))
}

/// Refuses what Kestrel cannot send to the client.
fn check(reply: Reply) -> Result<Reply, String> {
    let head = &reply.head;
    if let Some((name, _)) = head.headers.iter().find(|(_, value)| !value.is_ascii()) {
        return Err(format!("the response's header {name} is not ASCII"));
    }
    let lengths: Vec<&str> = head.headers.all("content-length").collect();
    let is_length = matches!(lengths[..], [] | [_])
        && lengths.iter().all(|length| length.parse::<u64>().is_ok());
    if !is_length {
        return Err(format!(
            "the response's Content-Length is {}",
            lengths.join(", ")
        ));
    }
    if head.status == 101 || (head.status == 204 && !matches!(lengths[..], [] | ["0"])) {
        return Err(format!("a response with {} has no body", head.status));
    }
    Ok(reply)
}

fn headers(request: &Request, port: u16, invocation: &str, peer: IpAddr) -> Headers {
    let mut headers = joined(&request.headers);
    let host = headers.get("host").unwrap_or_default().to_owned();
    let upgrades = headers.lists("connection", "upgrade")
        && headers
            .get("upgrade")
            .is_some_and(|it| it.eq_ignore_ascii_case("websocket"));
    for name in DROPPED {
        headers.remove(name);
    }
    if upgrades {
        headers.push("Connection", "Upgrade");
        headers.push("Upgrade", "websocket");
    }
    if !host.starts_with("xn--") {
        headers.set("Host", format!("127.0.0.1:{port}"));
    }
    headers.set("X-Azure-Functions-HostVersion", HOST_VERSION);
    headers.set("X-Azure-Functions-InvocationId", invocation);
    headers.set("x-ms-invocation-id", invocation);
    headers.set("X-Forwarded-For", peer.to_string());
    headers.set("X-Forwarded-Host", host);
    headers.set("X-Forwarded-Proto", "http");
    headers
}

/// Each header once, with all its values.
fn joined(headers: &Headers) -> Headers {
    let mut joined = Headers::default();
    for (name, _) in headers.iter() {
        if joined.get(name).is_some() {
            continue;
        }
        let separator = match name.to_ascii_lowercase().as_str() {
            "cookie" => "; ",
            "user-agent" => " ",
            _ => ", ",
        };
        let values: Vec<&str> = headers.all(name).collect();
        joined.push(name, values.join(separator));
    }
    joined
}

fn is_content(name: &str) -> bool {
    name.eq_ignore_ascii_case("last-modified")
        || CONTENT
            .iter()
            .any(|content| content.eq_ignore_ascii_case(name))
}
