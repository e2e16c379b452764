//! A request's head, by Kestrel's rules.
//!
//! Source: ASP.NET Core, `HttpParser.cs`, `Http1Connection.cs`, `Http1MessageBody.cs`,
//! `HttpUtilities.cs` and `KestrelServerLimits.cs`.

use bytes::Bytes;
use tokio::io::AsyncRead;

use super::{Framing, HeadError, Headers, Source};

/// The longest request line, in bytes.
const MOST_LINE: usize = 8 * 1024;
/// All headers together, in bytes.
const MOST_HEADERS: usize = 32 * 1024;
const MOST_HEADER_COUNT: usize = 100;

/// The head of a request that Kestrel accepts.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The raw path, `/` first, or `*`.
    pub(crate) path: String,
    /// The raw query, `?` included; empty where there is none.
    pub(crate) query: String,
    pub(crate) headers: Headers,
    pub(crate) framing: Framing,
    /// Whether the client speaks HTTP/1.0, and so knows no chunks.
    pub(crate) is_http10: bool,
    /// Whether the connection stays open for another request.
    pub(crate) keep_alive: bool,
}

/// Why a connection has no further request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoRequest {
    /// The client has closed it.
    Closed,
    /// The server responds with this status and closes it.
    Refused(u16),
}

impl Request {
    /// The next request on `source`.
    pub(crate) async fn read<R: AsyncRead + Unpin>(
        source: &mut Source<R>,
    ) -> Result<Self, NoRequest> {
        let lines = source.head(MOST_LINE, MOST_HEADERS).await;
        let lines = lines.map_err(|error| match error {
            HeadError::Closed | HeadError::Broken(_) => NoRequest::Closed,
            HeadError::LongStart => NoRequest::Refused(414),
            HeadError::LongHeaders => NoRequest::Refused(431),
        })?;
        Self::parse(&lines).map_err(NoRequest::Refused)
    }

    fn parse(lines: &[Bytes]) -> Result<Self, u16> {
        let (first, rest) = lines.split_first().ok_or(400_u16)?;
        let (method, target, is_http10) = request_line(first)?;
        if rest.len() > MOST_HEADER_COUNT {
            return Err(431);
        }
        let mut headers = Headers::default();
        for line in rest {
            let (name, value) = header(line).ok_or(400_u16)?;
            headers.push(name, value);
        }
        let host = host(&headers, is_http10)?;
        let (path, query) = split_target(&method, &target, &host).ok_or(400_u16)?;
        let (framing, ambiguous) = framing(&mut headers)?;
        let keep_alive = if is_http10 {
            headers.lists("connection", "keep-alive")
        } else {
            !headers.lists("connection", "close")
        };
        Ok(Self {
            method,
            path,
            query,
            headers,
            framing,
            is_http10,
            keep_alive: keep_alive && !ambiguous,
        })
    }
}

fn request_line(line: &[u8]) -> Result<(String, String, bool), u16> {
    let line = std::str::from_utf8(line)
        .ok()
        .filter(|line| line.is_ascii())
        .ok_or(400_u16)?;
    let [method, target, version] = line.split(' ').collect::<Vec<_>>()[..] else {
        return Err(400);
    };
    let is_http10 = match version {
        "HTTP/1.1" => false,
        "HTTP/1.0" => true,
        _ if version.starts_with("HTTP/") => return Err(505),
        _ => return Err(400),
    };
    if !is_token(method) || target.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(400);
    }
    Ok((known_method(method), target.to_owned(), is_http10))
}

/// The methods that .NET knows come out in capitals, whatever case they came in.
fn known_method(method: &str) -> String {
    let known = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT",
    ];
    let found = known
        .iter()
        .find(|known| known.eq_ignore_ascii_case(method));
    found.map_or(method, |known| known).to_owned()
}

/// A header's name and its value, which must be UTF-8; `None` for a line that is not a header.
fn header(line: &[u8]) -> Option<(String, String)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = std::str::from_utf8(&line[..colon])
        .ok()
        .filter(|name| is_token(name))?;
    let value = std::str::from_utf8(&line[colon + 1..])
        .ok()?
        .trim_matches([' ', '\t']);
    (!value.contains(['\0', '\r'])).then(|| (name.to_owned(), value.to_owned()))
}

fn is_token(text: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token)
}

fn host(headers: &Headers, is_http10: bool) -> Result<String, u16> {
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]%~!$&'()*+,;=".contains(&byte);
    match headers.all("host").collect::<Vec<_>>()[..] {
        [] if is_http10 => Ok(String::new()),
        [host] if host.bytes().all(is_host) => Ok(host.to_owned()),
        _ => Err(400),
    }
}

/// The path and the query of the target, which is a path, `*` for OPTIONS, or a URL of this host.
fn split_target(method: &str, target: &str, host: &str) -> Option<(String, String)> {
    let target = if target.starts_with('/') || (target == "*" && method == "OPTIONS") {
        target
    } else {
        let (_, rest) = target.split_once("://")?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        authority.eq_ignore_ascii_case(host).then_some(target)?
    };
    let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
    let path = if path.is_empty() { "/" } else { path };
    Some((path.to_owned(), query.to_owned()))
}

/// How the body is framed, and whether the headers contradict each other: the length then goes on
/// as `X-Content-Length`.
fn framing(headers: &mut Headers) -> Result<(Framing, bool), u16> {
    let codings: Vec<&str> = headers
        .all("transfer-encoding")
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let lengths: Vec<String> = headers.all("content-length").map(str::to_owned).collect();
    if let Some(last) = codings.last() {
        if !last.eq_ignore_ascii_case("chunked") {
            return Err(400);
        }
        headers.remove("content-length");
        for length in &lengths {
            headers.push("X-Content-Length", length.as_str());
        }
        return Ok((Framing::Chunked, !lengths.is_empty()));
    }
    let length = match &lengths[..] {
        [] => return Ok((Framing::None, false)),
        // An Int64 with its sign.
        [length] => length
            .parse::<i64>()
            .ok()
            .and_then(|length| u64::try_from(length).ok()),
        _ => None,
    };
    let length = length.ok_or(400_u16)?;
    headers.set("Content-Length", length.to_string());
    Ok((Framing::Length(length), false))
}
