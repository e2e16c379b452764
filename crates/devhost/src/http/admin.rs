//! `/admin`: the functions, their errors, and manual runs. `/runtime/webhooks`, which has none here.
//!
//! Source: Azure/azure-functions-host, `FunctionsController.cs`, `HostController.cs`.

use std::sync::Arc;

use funcapp::AuthLevel;
use serde_json::{Map, Value, json};

use super::keys;
use crate::{
    client::HOST_VERSION,
    shared::Shared,
    timer,
    wire::{Request, Response},
};

/// A path that the host keeps for itself.
pub(super) enum Admin<'a> {
    HostStatus,
    Functions,
    Function(&'a str),
    FunctionStatus(&'a str),
    Webhook,
}

impl<'a> Admin<'a> {
    /// The meaning of `path`. Another path below `/admin` or `/runtime` is like any other path.
    pub(super) fn of(path: &'a str) -> Option<Self> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let is = |part: &str, name: &str| part.eq_ignore_ascii_case(name);
        match parts[..] {
            [admin, host, status]
                if is(admin, "admin") && is(host, "host") && is(status, "status") =>
            {
                Some(Self::HostStatus)
            }
            [admin, functions, ref rest @ ..]
                if is(admin, "admin") && is(functions, "functions") =>
            {
                match rest {
                    [] => Some(Self::Functions),
                    [name] => Some(Self::Function(name)),
                    [name, status] if is(status, "status") => Some(Self::FunctionStatus(name)),
                    _ => None,
                }
            }
            [runtime, webhooks, _, ..] if is(runtime, "runtime") && is(webhooks, "webhooks") => {
                Some(Self::Webhook)
            }
            _ => None,
        }
    }
}

/// The response to `request`, whose body is `body`.
pub(super) fn reply(
    shared: &Arc<Shared>,
    admin: &Admin<'_>,
    request: &Request,
    body: &[u8],
) -> Response {
    if !keys::opens(shared, "", AuthLevel::Admin, request) {
        let mut response = Response::empty(401);
        response.headers.push("WWW-Authenticate", "Bearer");
        return response;
    }
    match (admin, request.method.as_str()) {
        (Admin::HostStatus, "GET") => {
            json_response(&json!({"state": "Running", "version": HOST_VERSION}))
        }
        (Admin::Functions, "GET") => {
            let all = shared.app.functions.iter();
            json_response(
                &all.map(|function| summary(shared, function.name.as_str()))
                    .collect(),
            )
        }
        (Admin::Function(name), "GET") => match shared.known(name) {
            Some(name) => json_response(&summary(shared, &name)),
            None => Response::empty(404),
        },
        (Admin::FunctionStatus(name), "GET") => match shared.known(name) {
            Some(name) => json_response(&status(shared, &name)),
            None => Response::empty(404),
        },
        (Admin::Function(name), "POST") => match shared.known(name) {
            Some(name) => Response::empty(run(shared, &name, request, body)),
            None => Response::empty(404),
        },
        _ => Response::empty(404),
    }
}

/// Starts a run and returns 202 at once, or reports the fault in the request. Only the log shows the result of the run.
/// It does not wait for a scheduled run, and it starts nothing where
/// the function is in error.
fn run(shared: &Arc<Shared>, name: &str, request: &Request, body: &[u8]) -> u16 {
    let content_type = request.headers.get("content-type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return 415;
    }
    let Ok(members) = serde_json::from_slice::<Map<String, Value>>(body) else {
        return 400;
    };
    let input = match members.get("input") {
        None | Some(Value::Null) => None,
        Some(Value::String(input)) => Some(input.clone()),
        Some(_) => return 400,
    };
    if let Some(function) = shared.runnable(name).cloned() {
        let shared = shared.clone();
        tokio::spawn(async move {
            timer::run_manually(&shared, &function, input).await;
        });
    }
    202
}

fn summary(shared: &Shared, name: &str) -> Value {
    let active = shared
        .active
        .iter()
        .any(|function| function.name.as_str() == name);
    json!({"name": name, "isDisabled": !active && !shared.is_in_error(name)})
}

fn status(shared: &Shared, name: &str) -> Value {
    let faults = shared.faults.iter().filter(|fault| fault.function == name);
    let errors: Vec<String> = faults.map(ToString::to_string).collect();
    if errors.is_empty() {
        json!({})
    } else {
        json!({"errors": errors})
    }
}

fn json_response(value: &Value) -> Response {
    Response::text(200, "application/json; charset=utf-8", value.to_string())
}
