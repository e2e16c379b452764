//! One recorded exchange.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

const RECORDINGS: &str = include_str!("proxying.jsonl");

/// The bytes that were sent, those that the handler got and sent, and those that the client got.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) sent: Vec<Step>,
    /// The requests at the handler, one by one.
    pub(crate) handler_got: Vec<Got>,
    pub(crate) script: Script,
    pub(crate) client_got: Vec<u8>,
    pub(crate) client_end: String,
    pub(crate) seconds: f64,
}

/// A request at the handler.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) raw: Vec<u8>,
    /// Whether the body was read to its end.
    pub(crate) is_whole: bool,
}

/// The handler's response to a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    pub(crate) before_the_body: Vec<Step>,
    pub(crate) leaves_the_body: bool,
    /// `None` is the usual response.
    pub(crate) steps: Option<Vec<Step>>,
    pub(crate) only_the_first: Option<usize>,
    /// How long nothing listens.
    pub(crate) refuses: Option<Duration>,
}

/// One step of the client or of the handler.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Send(Vec<u8>),
    Sleep(Duration),
    /// Until this many responses are there.
    AwaitResponses(usize, Duration),
    AwaitBytes(usize, Duration),
    /// Until the other side is gone.
    AwaitEnd(Duration),
    HalfClose,
    Close,
    Reset,
    Exit,
    Nothing,
}

impl Case {
    pub(crate) fn is_head(&self) -> bool {
        let is_head = |step: &Step| matches!(step, Step::Send(data) if data.starts_with(b"HEAD "));
        self.sent.iter().any(is_head)
    }

    pub(crate) fn ends_the_process(&self) -> bool {
        let steps = self.script.steps.iter().flatten();
        steps.into_iter().any(|step| matches!(step, Step::Exit))
    }
}

/// The recorded cases with this route prefix.
pub(crate) fn all(prefix: &str) -> Vec<Case> {
    let lines = RECORDINGS
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    let lines: Vec<Value> = lines
        .filter(|line: &Value| line["prefix"] == prefix)
        .collect();
    lines.iter().map(case).collect()
}

fn case(line: &Value) -> Case {
    let sent = match &line["sent"] {
        Value::Array(steps) => steps.iter().map(step).collect(),
        one => vec![Step::Send(bytes(one))],
    };
    let handler_got = array(&line["handler_got"]).iter().flat_map(requests);
    Case {
        name: line["case"].as_str().expect("a name").to_owned(),
        sent,
        handler_got: handler_got.collect(),
        script: script(&line["handler_sent"]),
        client_got: bytes(&line["client_got"]),
        client_end: line["client_end"].as_str().unwrap_or_default().to_owned(),
        seconds: line["seconds"].as_f64().unwrap_or_default(),
    }
}

fn requests(got: &Value) -> Vec<Got> {
    let times = got["times"].as_u64().unwrap_or(1);
    let got = Got {
        raw: bytes(&got["raw"]),
        is_whole: got["read"].is_null(),
    };
    (0..times).map(|_| got.clone()).collect()
}

fn script(sent: &Value) -> Script {
    let steps = |value: &Value| {
        value
            .as_array()
            .map(|steps| steps.iter().map(step).collect())
    };
    let refuses = sent["refuses connections for"].as_str();
    Script {
        before_the_body: steps(&sent["before_the_body_is_read"]).unwrap_or_default(),
        leaves_the_body: sent["reads_the_body"] == false,
        steps: steps(&sent["answers"]),
        only_the_first: sent["only_the_first"]
            .as_u64()
            .map(|n| usize::try_from(n).expect("few")),
        refuses: refuses.map(|time| {
            let seconds = time.trim_end_matches(" s").parse().unwrap_or(60.0);
            Duration::from_secs_f64(seconds)
        }),
    }
}

fn step(value: &Value) -> Step {
    let Value::Array(parts) = value else {
        return Step::Send(bytes(value));
    };
    let verb = parts[0].as_str().expect("a verb");
    let number = |index: usize| parts.get(index).and_then(Value::as_f64).unwrap_or_default();
    let seconds = |index| Duration::from_secs_f64(number(index));
    let count = |index: usize| {
        usize::try_from(parts[index].as_u64().unwrap_or_default()).expect("a small number")
    };
    match verb {
        "sleep" => Step::Sleep(seconds(1)),
        "waitresp" => Step::AwaitResponses(count(1), seconds(2)),
        "waitbytes" => Step::AwaitBytes(count(1), seconds(2)),
        "watch" => Step::AwaitEnd(seconds(1)),
        "shut" => Step::HalfClose,
        "close" => Step::Close,
        "rst" => Step::Reset,
        "exit" => Step::Exit,
        "mark" => Step::Nothing,
        "raw" => Step::Send(bytes(&parts[1])),
        "b64" => Step::Send(decoded(parts[1].as_str().expect("base64"))),
        "json" => Step::Send(json_response(&parts[1])),
        "fill" => Step::Send(vec![b'x'; count(1)]),
        words => Step::Send(described(words)),
    }
}

/// `5000000 times x`, perhaps in chunks.
fn described(words: &str) -> Vec<u8> {
    let count = words
        .split(' ')
        .next()
        .and_then(|count| count.parse::<usize>().ok());
    let data = vec![b'x'; count.unwrap_or_else(|| panic!("unknown step: {words}"))];
    if !words.contains("chunks") {
        return data;
    }
    let chunks = data
        .chunks(65_536)
        .flat_map(|data| [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat());
    chunks.chain(*b"0\r\n\r\n").collect()
}

/// The recorder's response where a script says `json`, and by default.
pub(crate) fn json_response(value: &Value) -> Vec<u8> {
    // Python's spelling, with a space after the colon.
    let body = value.to_string().replace(':', ": ");
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A text with its runs written out, or base64.
pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => expanded(text).into_bytes(),
        _ => decoded(value["b64"].as_str().unwrap_or_default()),
    }
}

fn decoded(text: &str) -> Vec<u8> {
    STANDARD.decode(text).expect("base64")
}

/// `text` with `<x*5000>` written out, and the keys put in.
fn expanded(text: &str) -> String {
    let mut text = text.to_owned();
    for (name, key) in super::stage::KEYS {
        text = text.replace(&format!("<{name}-key>"), key);
    }
    let mut expanded = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('<') {
        expanded.push_str(before);
        let run = after.split_once('>').and_then(|(inner, tail)| {
            let (unit, count) = inner.rsplit_once('*')?;
            Some((unit.repeat(count.parse().ok()?), tail))
        });
        if let Some((run, tail)) = run {
            expanded.push_str(&run);
            rest = tail;
        } else {
            expanded.push('<');
            rest = after;
        }
    }
    expanded + rest
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
