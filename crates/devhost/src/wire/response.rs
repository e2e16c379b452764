//! A response's head, by the rules of .NET's client; the host's own responses.
//!
//! Source: .NET, `HttpConnection.cs` (`ParseStatusLine`, `ParseHeaderNameValue`).

use bytes::Bytes;
use tokio::io::AsyncRead;

use super::{Framing, HeadError, Headers, Source};

/// `MaxResponseHeadersLength`.
const MOST: usize = 64 * 1024;

/// The head of a handler's response.
#[derive(Debug)]
pub(crate) struct ResponseHead {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) headers: Headers,
    pub(crate) framing: Framing,
    pub(crate) keep_alive: bool,
}

/// A response of the host itself.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: Bytes,
}

impl Response {
    pub(crate) fn empty(status: u16) -> Self {
        let (headers, body) = (Headers::default(), Bytes::new());
        Self {
            status,
            headers,
            body,
        }
    }

    pub(crate) fn text(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let mut headers = Headers::default();
        headers.push("Content-Type", content_type);
        let body = body.into();
        Self {
            status,
            headers,
            body,
        }
    }
}

impl ResponseHead {
    /// The head on `source`, of the response to `method`. Those of 1xx before it are skipped.
    pub(crate) async fn read<R: AsyncRead + Unpin>(
        source: &mut Source<R>,
        method: &str,
    ) -> Result<Self, HeadError> {
        loop {
            let lines = source.head(MOST, MOST).await?;
            let head = Self::parse(&lines, method).map_err(|problem| {
                HeadError::Broken(std::io::Error::new(
                    std::io::ErrorKind::InvalidData,
                    problem,
                ))
            })?;
            if head.status == 101 || !(100..200).contains(&head.status) {
                return Ok(head);
            }
        }
    }

    fn parse(lines: &[Bytes], method: &str) -> Result<Self, String> {
        let text = |line: &Bytes| {
            line.iter()
                .map(|byte| char::from(*byte))
                .collect::<String>()
        };
        let first = lines.first().map(text).unwrap_or_default();
        let (status, reason) =
            status_line(&first).ok_or_else(|| format!("an invalid status line: '{first}'"))?;
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in lines.iter().skip(1).map(text) {
            if let (true, Some((_, value))) = (line.starts_with([' ', '\t']), headers.last_mut()) {
                *value = format!("{value}   {}", line.trim());
                continue;
            }
            let (name, value) = line
                .split_once(':')
                .ok_or_else(|| format!("an invalid header line: '{line}'"))?;
            headers.push((
                name.trim_end().to_owned(),
                value.trim_matches([' ', '\t']).to_owned(),
            ));
        }
        let mut all = Headers::default();
        for (name, value) in headers {
            all.push(name, value);
        }
        Ok(Self {
            status,
            reason: reason.unwrap_or_else(|| standard_reason(status).to_owned()),
            framing: framing(status, method, &all),
            keep_alive: first.starts_with("HTTP/1.1") && !all.lists("connection", "close"),
            headers: all,
        })
    }
}

fn status_line(line: &str) -> Option<(u16, Option<String>)> {
    let (version, rest) = line.split_once(' ')?;
    let status = rest.get(..3)?;
    let is_status = matches!(version, "HTTP/1.1" | "HTTP/1.0")
        && status.bytes().all(|byte| byte.is_ascii_digit());
    let reason = match rest.get(3..)? {
        "" => None,
        reason => Some(reason.strip_prefix(' ')?.to_owned()),
    };
    is_status.then_some((status.parse().ok()?, reason))
}

fn framing(status: u16, method: &str, headers: &Headers) -> Framing {
    if method == "HEAD" || matches!(status, 100..200 | 204 | 304) {
        Framing::None
    } else if headers.lists("transfer-encoding", "chunked") {
        Framing::Chunked
    } else {
        let length = headers
            .get("content-length")
            .and_then(|length| length.parse().ok());
        length.map_or(Framing::UntilEnd, Framing::Length)
    }
}

/// The reason phrase for a response of the host, and for a status without one.
pub(super) fn standard_reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        202 => "Accepted",
        204 => "No Content",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}

impl Response {
    pub(crate) fn reason(&self) -> &'static str {
        standard_reason(self.status)
    }
}
