//! A custom handler that the tests control.
//!
//! Settings control its start:
//!
//! - `STARTS`: a file to which each start appends a line with its process id.
//! - `LIVES`: one word per start, separated by commas: `ok`, an exit code, `mute` (never
//!   listens), `late` (binds after 300 ms). The last one holds for all further starts.
//! - `SAY`: lines for stderr at the start, separated by `|`.
//!
//! The path of a request selects the response; other requests are echoed:
//!
//! - `/slow` (responds after 60 s), `/pause` (responds after 300 ms), `/slow-once` (responds at once in
//!   any life but the first), `/hangs` (one chunk, then nothing), `/stream` (the request's body as it
//!   comes), `/status/<code>`, `/twice` (two chunks and then the connection breaks).
//! - `POST /Timer<Reply>`: a reply to a timer, see [`timer`].

use std::{env, fs, io::Write as _, net::Ipv4Addr, process, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Request, Response,
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};

type Error = Box<dyn std::error::Error + Send + Sync>;
type Body = UnsyncBoxBody<Bytes, Error>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    for line in setting("SAY").split('|').filter(|line| !line.is_empty()) {
        eprintln!("{line}");
    }
    let life = life()?;
    if let Ok(code) = life.parse() {
        process::exit(code);
    }
    if life == "mute" {
        return std::future::pending().await;
    }
    if life == "late" {
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let port: u16 = setting("FUNCTIONS_CUSTOMHANDLER_PORT").parse()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("listening");
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(serve(stream));
    }
}

fn setting(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

/// Which of its lives this is, and how that one goes.
fn life() -> Result<String, Error> {
    let file = setting("STARTS");
    if file.is_empty() {
        return Ok("ok".to_owned());
    }
    let mut starts = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(&file)?;
    writeln!(starts, "{}", process::id())?;
    let count = fs::read_to_string(&file)?.lines().count();
    let lives = setting("LIVES");
    Ok(lives
        .split(',')
        .take(count)
        .last()
        .unwrap_or("ok")
        .to_owned())
}

async fn serve(stream: TcpStream) {
    let service = service_fn(respond);
    // A failing service breaks the connection, which some paths need.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn respond(request: Request<Incoming>) -> Result<Response<Body>, Error> {
    let path = request.uri().path().to_owned();
    if let Some(reply) = path.strip_prefix("/Timer") {
        return timer(reply, request).await;
    }
    match path
        .trim_start_matches('/')
        .split_once('/')
        .unwrap_or((&path[1..], ""))
    {
        ("status", code) => Ok(Response::builder()
            .status(code)
            .body(whole("as requested"))?),
        ("slow", _) => {
            let _told = OnDrop("request gave up");
            tokio::time::sleep(Duration::from_mins(1)).await;
            Ok(Response::new(whole("at last")))
        }
        ("pause", _) => {
            println!("pausing a request");
            tokio::time::sleep(Duration::from_millis(300)).await;
            Ok(Response::new(whole("after a pause")))
        }
        ("slow-once", _) => {
            let starts = fs::read_to_string(setting("STARTS"))?;
            if starts.lines().count() == 1 {
                tokio::time::sleep(Duration::from_mins(1)).await;
            }
            Ok(Response::new(whole("a later life")))
        }
        ("hangs", _) => {
            let chunk = Ok(Frame::data(Bytes::from_static(b"one")));
            let rest = stream::once(std::future::pending());
            let body = stream::once(async { chunk }).chain(rest);
            Ok(Response::new(StreamBody::new(body).boxed_unsync()))
        }
        ("stream", _) => Ok(Response::new(
            request.into_body().map_err(Into::into).boxed_unsync(),
        )),
        ("twice", _) => Ok(Response::new(broken())),
        _ => echo(request).await,
    }
}

/// Prints its text when it goes: hyper drops a request's work when its client is gone.
struct OnDrop(&'static str);

impl Drop for OnDrop {
    fn drop(&mut self) {
        println!("{}", self.0);
    }
}

fn whole(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).map_err(Into::into).boxed_unsync()
}

fn broken() -> Body {
    let chunk = |text: &'static str| Ok(Frame::data(Bytes::from_static(text.as_bytes())));
    let chunks = stream::iter([chunk("one"), chunk("two")]);
    // hyper sends its buffer only while it waits for more.
    let end = stream::once(async {
        tokio::task::yield_now().await;
        Err("enough".into())
    });
    StreamBody::new(chunks.chain(end)).boxed_unsync()
}

/// The request line, the headers, an empty line and the body.
async fn echo(request: Request<Incoming>) -> Result<Response<Body>, Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let mut lines = vec![format!("{} {}", parts.method, parts.uri)];
    for (name, value) in &parts.headers {
        lines.push(format!("{name}: {}", value.to_str()?));
    }
    let body = String::from_utf8_lossy(&body);
    let text = format!("{}\n\n{body}", lines.join("\n"));
    Ok(Response::builder()
        .header("x-handler", "echo")
        .header("keep-alive", "timeout=5")
        .header("set-cookie", "a=1")
        .header("set-cookie", "b=2")
        .body(whole(text))?)
}

/// Responds to an invocation of the timer `Timer<reply>`.
async fn timer(reply: &str, request: Request<Incoming>) -> Result<Response<Body>, Error> {
    let headers = request.headers().clone();
    let body = request.into_body().collect().await?.to_bytes();
    let json = |text: String| {
        let response = Response::builder().header("content-type", "application/json");
        Ok(response.body(whole(text))?)
    };
    let bare = |status: u16, text: &'static str| {
        Ok(Response::builder().status(status).body(whole(text))?)
    };
    match reply {
        "Ok" => {
            println!("timer ran");
            let logs = [
                header(&headers, "transfer-encoding"),
                header(&headers, "content-length"),
            ];
            let body = String::from_utf8_lossy(&body);
            json(json!({"Logs": logs, "ReturnValue": body, "Outputs": {"out": "test"}}).to_string())
        }
        "Bare" => json("{}".to_owned()),
        "Pause" => {
            tokio::time::sleep(Duration::from_millis(300)).await;
            json("{}".to_owned())
        }
        "Null" => json("null".to_owned()),
        "Broken" => json("{\"Logs\":".to_owned()),
        "Array" => json("[]".to_owned()),
        "Empty" => bare(200, ""),
        "NoContent" => bare(204, ""),
        "Text" => bare(200, "done"),
        "Failure" => bare(500, "{\"Logs\":[\"lost\"]}"),
        "Redirect" => bare(302, ""),
        "Reset" => Err("no reply".into()),
        "Exit" => process::exit(7),
        "Slow" => {
            tokio::time::sleep(Duration::from_mins(1)).await;
            json("{}".to_owned())
        }
        // Fails until its third attempt.
        "Retried" if String::from_utf8_lossy(&body).contains("\"RetryCount\":2") => {
            json("{\"Logs\":[\"third time\"]}".to_owned())
        }
        _ => bare(500, ""),
    }
}

fn header(headers: &hyper::HeaderMap, name: &str) -> String {
    let value = headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("none");
    format!("{name}: {value}")
}
