//! A Functions host that is too old to proxy posts each HTTP request as an envelope.

use serde_json::{Value, json};

use crate::harness::{Program, send_raw, with_program};

/// The recorded envelope of host 4.1037 without proxying for `GET /item/7`.
const ENVELOPE: &str = r#"{"Data":{"req":{"Url":"http://shop.example/item/7","Method":"GET","Query":{},"Headers":{"Host":["shop.example"]},"Params":{"id":"7"},"Identities":[]}},"Metadata":{"id":"\"7\"","Query":{},"Headers":{"Host":"shop.example"},"sys":{"MethodName":"item","UtcNow":"2026-11-29T18:00:00.0156989Z","RandGuid":"4ad7c4a5"}}}"#;

const INVOCATION: &str = "f1f0b8f2-4a55-4b0e-9d53-5d1a4a1a9f10";

fn request(function: &str, more: &str) -> String {
    format!(
        "POST /{function} HTTP/1.1\r\nHost: 127.0.0.1:41877\r\n\
         X-Azure-Functions-HostVersion: 4.1036.0.0\r\n\
         X-Azure-Functions-InvocationId: {INVOCATION}\r\n\
         User-Agent: Azure-Functions-Host/4.1036.0.0\r\n{more}Transfer-Encoding: chunked\r\n\
         Content-Type: application/json; charset=utf-8\r\n\r\n{:x}\r\n{ENVELOPE}\r\n0\r\n\r\n",
        ENVELOPE.len()
    )
}

#[test]
fn an_envelope_gets_501_with_the_required_version() {
    with_program(async |program: Program| {
        for (function, _) in magnusapi::app::HTTP_FUNCTIONS {
            let response = send_raw(program.address(), request(function, "").as_bytes()).await;
            assert_eq!(response.status, 200, "{function}: {}", response.text);
            let body = response.text.split("\r\n\r\n").nth(1).expect("a body");
            let reply: Value = serde_json::from_str(body).expect("an object");
            let response = &reply["Outputs"]["res"];
            assert_eq!(response["statusCode"], 501, "{reply}");
            let problem = response["body"].as_str().expect("a text");
            let problem: Value = serde_json::from_str(problem).expect("a problem");
            assert_eq!(problem["type"], "urn:magnusapi:problem:host-does-not-proxy");
            assert_eq!(problem["instance"], format!("urn:uuid:{INVOCATION}"));
            let detail = problem["detail"].as_str().expect("a text");
            assert!(
                detail.contains("4.1036.0.0") && detail.contains("4.1040"),
                "{detail}"
            );
        }
        program.error_line(|line| line.contains("4.1040")).await;
    });
}

#[test]
fn a_client_cannot_imitate_a_host_that_does_not_proxy() {
    with_program(async |program: Program| {
        for more in [
            "X-Forwarded-Host: shop.example\r\n",
            "x-ms-invocation-id: 1\r\n",
        ] {
            let response = send_raw(program.address(), request("item", more).as_bytes()).await;
            assert_eq!(response.status, 422, "{}", response.text);
        }
    });
}

#[test]
fn health_has_the_version_of_the_host() {
    with_program(async |program: Program| {
        let version = |response: Value| response["checks"]["host:version"][0].clone();
        let ask = |version: &str| {
            let request = program.request(reqwest::Method::GET, "/health");
            request.header("X-Azure-Functions-HostVersion", version)
        };
        let response = crate::harness::Response::to(ask("4.1052.200.0")).await;
        let found = version(response.json());
        assert_eq!(found["observedValue"], "4.1052.200.0");
        assert_eq!(found["status"], "ok");
        let forged = crate::harness::Response::to(ask("<b>4</b>")).await;
        assert_eq!(version(forged.json()), json!(null));
        assert_eq!(version(program.get("/health").await.json()), json!(null));
    });
}
