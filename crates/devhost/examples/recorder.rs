//! The handler of the life-cycle recordings: raw bytes on a socket, an order for each request.
//!
//! Two settings name its files: `REC_CONF` holds its orders in JSON, `REC_LOG` gets one JSON object a
//! line for each start, each request, and each connection that ends during a `delay`, of all its lives.
//!
//! - `start`, or `start.by_life.<number>`: `print` (below), `sleep` seconds before it listens,
//!   `exit` with this code, `signal` itself.
//! - `reply.<path>`: one order for all requests of this path, or a list of orders, one a request; the
//!   usual response follows. An order has `delay`, `kill` (SIGKILL), `exit`, `close` (`before` the
//!   response, `after` it, or `reset`), `raw` (the response's bytes), `status`, `headers`, `body` or
//!   `fill` (the length of a body), and `exit_after` with this code.
//! - It prints the body of a request for `/say`: a list of `text`, `hex`, or `n` times `fill`,
//!   each with `err` for stderr and `sleep` seconds after it.

use std::{
    env, fs,
    io::{self, Write as _},
    net::Ipv4Addr,
    process::{self, Command},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

#[tokio::main]
async fn main() -> io::Result<()> {
    let life = 1 + logged()?.iter().filter(|it| it["ev"] == "start").count();
    log(&json!({
        "ev": "start",
        "argv": env::args().collect::<Vec<_>>(),
        "cwd": env::current_dir()?,
        "env": env::vars().map(|(name, _)| name).collect::<Vec<_>>(),
        "status": fs::read_to_string("/proc/self/status")?,
        "stat": fs::read_to_string("/proc/self/stat")?,
    }))?;
    let orders = orders()?;
    let mut start = &orders["start"];
    if let Some(lives) = start.get("by_life") {
        let own = lives.get(life.to_string());
        start = own.unwrap_or(&lives["*"]);
    }
    print(&start["print"]).await?;
    tokio::time::sleep(seconds(&start["sleep"])).await;
    if let Some(signal) = start["signal"].as_i64() {
        kill(signal).await;
    }
    if let Some(code) = code(&start["exit"]) {
        process::exit(code);
    }
    let port = env::var("FUNCTIONS_CUSTOMHANDLER_PORT").unwrap_or_default();
    let port: u16 = port.parse().map_err(io::Error::other)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        // A connection that breaks is one that a host may break.
        tokio::spawn(async move { drop(serve(stream).await) });
    }
}

async fn serve(mut stream: TcpStream) -> io::Result<()> {
    let mut bytes = Vec::new();
    loop {
        let head = read_until(&mut stream, &mut bytes, |bytes| {
            find(bytes, b"\r\n\r\n").map(|at| at + 4)
        })
        .await?;
        let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
        let end = read_until(&mut stream, &mut bytes, |bytes| {
            end_of_body(&text, bytes, head)
        })
        .await?;
        let body = String::from_utf8_lossy(&bytes[head..end]).into_owned();
        bytes.drain(..end);
        let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
        let order = record(&text, &path, &body)?;
        if path == "/say" {
            print(&serde_json::from_str(&body)?).await?;
        }
        if !obey(&mut stream, &order).await? {
            return Ok(());
        }
    }
}

/// Executes `order`, and returns whether the connection continues.
async fn obey(stream: &mut TcpStream, order: &Value) -> io::Result<bool> {
    let mut byte = [0];
    tokio::select! {
        biased;
        () = tokio::time::sleep(seconds(&order["delay"])) => {}
        Ok(0) | Err(_) = stream.peek(&mut byte) => {
            log(&json!({"ev": "gone"}))?;
            return Ok(false);
        }
    }
    if order["kill"] == true {
        kill(9).await;
    }
    if let Some(code) = code(&order["exit"]) {
        process::exit(code);
    }
    match order["close"].as_str() {
        Some("before") => return Ok(false),
        Some("reset") => return stream.set_zero_linger().map(|()| false),
        _ => {}
    }
    let response = match order["raw"].as_str() {
        Some(raw) => raw.to_owned(),
        None => response(order),
    };
    stream.write_all(response.as_bytes()).await?;
    if let Some(code) = code(&order["exit_after"]) {
        tokio::time::sleep(Duration::from_millis(50)).await;
        process::exit(code);
    }
    Ok(order["close"] != "after")
}

fn response(order: &Value) -> String {
    let filled = order["fill"]
        .as_u64()
        .and_then(|count| Some("x".repeat(count.try_into().ok()?)));
    let body = filled.as_deref().or(order["body"].as_str()).unwrap_or("{}");
    let usual = json!({"Content-Type": "application/json"});
    let headers = order.get("headers").unwrap_or(&usual).as_object();
    let lines = headers
        .into_iter()
        .flatten()
        .map(|(name, value)| format!("{name}: {}\r\n", value.as_str().unwrap_or_default()));
    format!(
        "HTTP/1.1 {} X\r\n{}Content-Length: {}\r\n\r\n{body}",
        order["status"].as_i64().unwrap_or(200),
        lines.collect::<String>(),
        body.len()
    )
}

/// Writes a request down; the order for it.
fn record(head: &str, path: &str, body: &str) -> io::Result<Value> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let earlier = logged()?.iter().filter(|it| it["path"] == path).count();
    log(&json!({"ev": "request", "path": path, "head": head, "body": body}))?;
    let order = orders()?["reply"][path].take();
    Ok(match order {
        Value::Array(mut orders) if earlier < orders.len() => orders[earlier].take(),
        Value::Array(_) | Value::Null => json!({}),
        order => order,
    })
}

fn orders() -> io::Result<Value> {
    let text = fs::read(env::var_os("REC_CONF").unwrap_or_default())?;
    Ok(serde_json::from_slice(&text)?)
}

fn logged() -> io::Result<Vec<Value>> {
    match fs::read_to_string(env::var_os("REC_LOG").unwrap_or_default()) {
        Ok(text) => Ok(text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn log(event: &Value) -> io::Result<()> {
    let mut event = event.clone();
    event["pid"] = json!(process::id());
    let mut file = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(env::var_os("REC_LOG").unwrap_or_default())?;
    file.write_all(format!("{event}\n").as_bytes())
}

async fn print(parts: &Value) -> io::Result<()> {
    let one = std::slice::from_ref(parts);
    let parts = parts.as_array().map_or(one, Vec::as_slice);
    for part in parts {
        let bytes = match (part["text"].as_str(), part["hex"].as_str()) {
            (Some(text), _) => text.as_bytes().to_vec(),
            (None, Some(hex)) => from_hex(hex),
            (None, None) => {
                let count = part["n"].as_u64().unwrap_or_default();
                let count = usize::try_from(count).map_err(io::Error::other)?;
                part["fill"]
                    .as_str()
                    .unwrap_or_default()
                    .repeat(count)
                    .into_bytes()
            }
        };
        if part["err"].is_null() {
            io::stdout().write_all(&bytes)?;
            io::stdout().flush()?;
        } else {
            io::stderr().write_all(&bytes)?;
        }
        tokio::time::sleep(seconds(&part["sleep"])).await;
    }
    Ok(())
}

fn from_hex(hex: &str) -> Vec<u8> {
    let bytes = (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[at * 2..][..2], 16));
    bytes.flatten().collect()
}

async fn kill(signal: i64) {
    let kill = Command::new("sh")
        .args(["-c", &format!("kill -{signal} {}", process::id())])
        .status();
    drop(kill);
    std::future::pending::<()>().await;
}

fn seconds(value: &Value) -> Duration {
    Duration::from_secs_f64(value.as_f64().unwrap_or_default())
}

fn code(value: &Value) -> Option<i32> {
    value.as_i64().and_then(|code| code.try_into().ok())
}

async fn read_until(
    stream: &mut TcpStream,
    bytes: &mut Vec<u8>,
    end: impl Fn(&[u8]) -> Option<usize>,
) -> io::Result<usize> {
    loop {
        if let Some(end) = end(bytes) {
            return Ok(end);
        }
        if stream.read_buf(bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn end_of_body(head: &str, bytes: &[u8], begin: usize) -> Option<usize> {
    let head = head.to_ascii_lowercase();
    if head.contains("\r\ntransfer-encoding: chunked") {
        return find(&bytes[begin - 2..], b"\r\n0\r\n\r\n").map(|at| begin - 2 + at + 7);
    }
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.and_then(|it| it.parse().ok()).unwrap_or_default();
    (bytes.len() >= begin + length).then_some(begin + length)
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}
