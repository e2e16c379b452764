//! `POST /admin/functions/<name>`: a run by hand.
//!
//! Source: Azure/azure-functions-host, `FunctionsController.cs` (`Invoke`).

use std::sync::Arc;

use funcapp::AuthLevel;
use http_body_util::{BodyExt as _, Limited};
use hyper::{Method, Request, Response, StatusCode, body::Incoming};
use serde_json::Value;

use super::{empty, keys, text};
use crate::{client::Body, shared::Shared, timer};

/// The largest body that is read; it is only looked at, never passed on.
const MOST: usize = 1 << 20;

/// Starts a run and answers 202 at once; how it ends stands in the log only. It does not wait for
/// a run by the schedule: the real host's manual runs overlap those, too.
pub(super) async fn answer(shared: &Arc<Shared>, request: Request<Incoming>) -> Response<Body> {
    let opens = keys::opens(
        &shared.keys,
        AuthLevel::Admin,
        request.uri(),
        request.headers(),
    );
    if shared.enable_auth && !opens {
        return empty(StatusCode::UNAUTHORIZED);
    }
    let name = request.uri().path().strip_prefix("/admin/functions/");
    let function = match name {
        Some(name) if request.method() == Method::POST => {
            shared.function(name.trim_end_matches('/'))
        }
        _ => None,
    };
    let Some(function) = function.cloned() else {
        return empty(StatusCode::NOT_FOUND);
    };
    if !is_json(request).await {
        return empty(StatusCode::BAD_REQUEST);
    }
    if function.timer().is_none() {
        let problem = "this host runs only timers by hand; send the function a request instead\n";
        return text(StatusCode::NOT_IMPLEMENTED, "text/plain", problem);
    }
    let shared = shared.clone();
    tokio::spawn(async move {
        let call = timer::manual_call(&shared, &function);
        timer::run_with_retries(&shared, &function, call).await;
    });
    empty(StatusCode::ACCEPTED)
}

async fn is_json(request: Request<Incoming>) -> bool {
    match Limited::new(request.into_body(), MOST).collect().await {
        Ok(body) => serde_json::from_slice::<Value>(&body.to_bytes()).is_ok(),
        Err(_) => false,
    }
}
