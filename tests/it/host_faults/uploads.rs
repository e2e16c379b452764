//! Rejected uploads. The host passes a response on only after it has sent the whole body, so the program must read
//! the whole body of a request that it rejects.

use std::time::Duration;

use devhost::{Host, Keys};
use futures_util::future::join_all;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::creation;
use crate::harness::{AppFolder, Database, Response, client, run, start};

/// An upload and its status.
struct Upload {
    status: u16,
    request: &'static str,
    headers: &'static str,
    body: Vec<u8>,
}

const JSON: &str = "Content-Type: application/json\r\n";

fn upload(status: u16, request: &'static str, headers: &'static str, body: &str) -> Upload {
    // JSON may end with white space: the body needs many pieces, and is not too large.
    let body = format!("{body:<60000}").into_bytes();
    Upload {
        status,
        request,
        headers,
        body,
    }
}

/// Uploads that the program rejects, one for each reason.
fn rejected() -> Vec<Upload> {
    let item = r#"{"name": "new"}"#;
    let large = " ".repeat(100_000);
    vec![
        upload(413, "POST /item", JSON, &large),
        upload(413, "PATCH /item/1", JSON, &large),
        upload(413, "POST /scale/hold", JSON, &large),
        upload(415, "POST /item", "Content-Type: text/plain\r\n", item),
        upload(
            415,
            "POST /item",
            "Content-Type: application/json\r\nContent-Encoding: gzip\r\n",
            item,
        ),
        upload(400, "POST /item", JSON, r#"{"name": nonsense"#),
        upload(400, "POST /item?page=2", JSON, item),
        upload(400, "PATCH /item/x", JSON, item),
        upload(
            400,
            "POST /item",
            "Content-Type: application/json\r\nIdempotency-Key: two words\r\n",
            item,
        ),
        upload(404, "PATCH /item/4711", JSON, item),
        upload(405, "PUT /item", JSON, item),
        upload(409, "POST /item", JSON, r#"{"name": "taken"}"#),
        upload(422, "POST /item", JSON, r#"{"name": ""}"#),
    ]
}

/// Sends it, with a length or in chunks, at once or in eight pieces, and returns the response.
async fn sent(host: &Host, upload: &Upload, in_chunks: bool, slowly: bool) -> String {
    let Upload {
        request,
        headers,
        body,
        ..
    } = upload;
    let (framing, body) = if in_chunks {
        ("Transfer-Encoding: chunked".to_owned(), chunked(body))
    } else {
        (format!("Content-Length: {}", body.len()), body.clone())
    };
    let head = format!(
        "{request} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n{headers}{framing}\r\n\r\n"
    );
    let socket = TcpStream::connect(host.address()).await;
    let mut socket = socket.expect("the host listens");
    let written = socket.write_all(head.as_bytes()).await;
    written.expect("the host reads");
    let pieces = if slowly { 8 } else { 1 };
    for piece in body.chunks(body.len().div_ceil(pieces)) {
        if slowly {
            // The test needs this pace.
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        socket.write_all(piece).await.expect("the host reads");
    }
    let mut response = Vec::new();
    socket.read_to_end(&mut response).await.expect("a response");
    String::from_utf8_lossy(&response).into_owned()
}

fn chunked(body: &[u8]) -> Vec<u8> {
    let chunks = body
        .chunks(4096)
        .flat_map(|data| [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat());
    chunks.chain(*b"0\r\n\r\n").collect()
}

/// Sends each upload in each way, and checks its status and whether the program rejected it.
async fn assert_all_are_rejected(host: &Host, uploads: &[Upload], by_the_program: bool) {
    let ways = [(false, false), (false, true), (true, false), (true, true)];
    let sendings = uploads.iter().flat_map(|upload| {
        ways.map(|(in_chunks, slowly)| async move {
            let response = sent(host, upload, in_chunks, slowly).await;
            let case = format!(
                "{} {}in chunks {in_chunks}, slowly {slowly}: {response}",
                upload.request, upload.headers
            );
            let expected = format!("HTTP/1.1 {} ", upload.status);
            assert!(response.starts_with(&expected), "{case}");
            assert_eq!(response.contains("problem+json"), by_the_program, "{case}");
        })
    });
    join_all(sendings).await;
}

#[test]
fn an_upload_that_the_program_rejects_gets_its_problem_at_any_pace() {
    run(async {
        let (app, database) = (AppFolder::new(), Database::migrated());
        let host = start(app.on(&database)).await;
        let made = creation(&client(), &host.url(), "taken");
        assert_eq!(Response::to(made).await.status, 201);
        assert_all_are_rejected(&host, &rejected(), true).await;
        let items = client().get(format!("{}/item", host.url()));
        let items = Response::to(items).await.json();
        assert_eq!(items["data"].as_array().map(Vec::len), Some(1), "{items}");
        host.shutdown().await;
    });
}

#[test]
fn an_upload_that_the_host_rejects_gets_its_status_at_any_pace() {
    run(async {
        let (app, database) = (AppFolder::new(), Database::migrated());
        let mut options = app.on(&database);
        options.keys = Some(Keys::random());
        let host = start(options).await;
        let hold = json!({"target": "web"}).to_string();
        let uploads = [
            upload(401, "POST /scale/hold", JSON, &hold),
            upload(404, "POST /nowhere", JSON, &hold),
        ];
        assert_all_are_rejected(&host, &uploads, false).await;
        host.shutdown().await;
    });
}
