//! Messages in a form in which they can be compared: headers sorted, without case, and without
//! what differs between any two runs.

/// A request or a response.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message {
    start: String,
    headers: Vec<String>,
    body: Vec<u8>,
}

/// The values of a run in place of placeholders.
pub(crate) struct Placeholders {
    pub(crate) port: u16,
}

impl Message {
    /// A request as the recorder got it, or as it was recorded. A body that was not read to its
    /// end, or was cut in the recording, does not count.
    pub(crate) fn request(raw: &[u8], with_body: bool, placeholders: &Placeholders) -> Self {
        let mut message = Self::parse(raw, placeholders);
        if !with_body {
            message.body.clear();
        } else if message.body.len() > 10_000 {
            message.body.truncate(8);
        } else if let Some(cut) = find(&message.body, b"<... the request has ") {
            message.body.truncate(cut.min(8));
        }
        message
    }

    /// The responses that `bytes` consist of, those of 1xx among them; the rest that is not a whole
    /// response is one, too.
    pub(crate) fn responses(
        mut bytes: &[u8],
        is_head: bool,
        placeholders: &Placeholders,
    ) -> Vec<Self> {
        let mut responses = Vec::new();
        while !bytes.is_empty() {
            let length = response_length(bytes, is_head).unwrap_or(bytes.len());
            responses.push(Self::parse(&bytes[..length], placeholders));
            bytes = &bytes[length..];
        }
        responses
    }

    fn parse(raw: &[u8], placeholders: &Placeholders) -> Self {
        let end = find(raw, b"\r\n\r\n").unwrap_or(raw.len());
        let head = String::from_utf8_lossy(&raw[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let start = lines.next().unwrap_or_default().to_owned();
        let mut headers: Vec<String> = lines
            .filter_map(|line| header(line, placeholders))
            .collect();
        headers.sort();
        let body = raw[(end + 4).min(raw.len())..].to_vec();
        Self {
            start,
            headers,
            body,
        }
    }
}

/// A header line without case and without what differs; `None` for one that does not count.
fn header(line: &str, placeholders: &Placeholders) -> Option<String> {
    let (name, value) = line.split_once(':').unwrap_or((line, ""));
    let name = name.to_ascii_lowercase();
    let value = value.trim().replace(
        &format!("127.0.0.1:{}", placeholders.port),
        "127.0.0.1:<port>",
    );
    let value = match name.as_str() {
        "date" | "server" => return None,
        "x-azure-functions-invocationid" | "x-ms-invocation-id" => "<uuid>".to_owned(),
        "x-azure-functions-hostversion" => "<version>".to_owned(),
        _ => value,
    };
    Some(format!("{name}: {value}"))
}

impl std::fmt::Display for Message {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body = String::from_utf8_lossy(&self.body[..self.body.len().min(120)]).into_owned();
        write!(
            formatter,
            "{} | {} | {body:?}",
            self.start,
            self.headers.join("; ")
        )
    }
}

/// How many whole responses `bytes` begin with.
pub(crate) fn count_responses(mut bytes: &[u8], is_head: bool) -> usize {
    let mut count = 0;
    while let Some(length) = response_length(bytes, is_head) {
        count += usize::from(!bytes.starts_with(b"HTTP/1.1 1"));
        bytes = &bytes[length..];
    }
    count
}

/// The length of the whole response that `bytes` begin with.
fn response_length(bytes: &[u8], is_head: bool) -> Option<usize> {
    let head = find(bytes, b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let value = |name: &str| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.map(str::trim)
    };
    let status = text.split(' ').nth(1).unwrap_or_default();
    if is_head || status.starts_with('1') || matches!(status, "204" | "304") {
        return Some(head);
    }
    if value("transfer-encoding") == Some("chunked") {
        let end = find(&bytes[head - 2..], b"\r\n0\r\n\r\n")? + head - 2;
        return Some(end + 7);
    }
    let length: usize = value("content-length")?.parse().ok()?;
    (bytes.len() >= head + length).then_some(head + length)
}

pub(crate) fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}
