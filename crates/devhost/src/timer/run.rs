//! One run of a timer: envelope out, reply in, functionTimeout beside it.

use std::{sync::Arc, time::Instant};

use bytes::Bytes;
use funcapp::{Function, Retry, Schedule, TimerTrigger};
use jiff::Timestamp;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{
    envelope::{Context, envelope},
    reply::{self, Failure, TimerResult},
};
use crate::{
    call::{Framing, Recorded, RetryContext, ScheduleStatus, TimerCall},
    client::{Body, HOST_VERSION, Onward},
    log::Level,
    shared::Shared,
    wire::Headers,
};

/// A long body goes out in chunks of this size.
const CHUNK: usize = 4096;

/// The cause of a run.
#[derive(Clone, Copy)]
enum Origin<'a> {
    Schedule,
    /// With its input.
    Manual(Option<&'a str>),
}

/// Runs `function` once and waits for the end. The log gets the beginning, the reply's `Logs`, and
/// the end, all with the invocation's id.
pub(crate) async fn run(shared: &Arc<Shared>, function: &Function, call: TimerCall) -> TimerResult {
    let id = Uuid::new_v4().to_string();
    attempt(shared, function, call, Origin::Schedule, &id).await
}

/// Runs `function` as `POST /admin/functions/<name>` does; each attempt has an id of its
/// own.
pub(crate) async fn run_manually(shared: &Arc<Shared>, function: &Function, input: Option<String>) {
    let ids = || Uuid::new_v4().to_string();
    let origin = Origin::Manual(input.as_deref());
    retrying(function, shared, manual_call(shared, function), ids, origin).await;
}

/// Runs `function` by its schedule; all attempts share an id.
pub(super) async fn run_scheduled(shared: &Arc<Shared>, function: &Function, call: TimerCall) {
    let id = Uuid::new_v4().to_string();
    retrying(function, shared, call, || id.clone(), Origin::Schedule).await;
}

/// Runs `function` until it succeeds or its `retry` policy is used up.
async fn retrying(
    function: &Function,
    shared: &Arc<Shared>,
    call: TimerCall,
    ids: impl Fn() -> String,
    origin: Origin<'_>,
) {
    let Some(policy) = function.retry else {
        attempt(shared, function, call, origin, &ids()).await;
        return;
    };
    for retry_count in (0..).take_while(|retry| policy.allows(*retry)) {
        if retry_count > 0 {
            tokio::time::sleep(policy.wait_before(retry_count)).await;
        }
        let retry = Some(context(&policy, retry_count));
        let call = TimerCall { retry, ..call };
        let result = attempt(shared, function, call, origin, &ids()).await;
        if result.is_success() || shared.handler.has_stopped() || shared.stopping.is_cancelled() {
            return;
        }
    }
}

fn context(policy: &Retry, retry_count: u32) -> RetryContext {
    RetryContext {
        retry_count,
        max_retry_count: policy.max_retry_count.map_or(-1, i64::from),
    }
}

/// The call of `POST /admin/functions/<name>`, with the record of the timer's runs.
fn manual_call(shared: &Shared, function: &Function) -> TimerCall {
    let name = function.name.as_str();
    let schedule = shared
        .schedule(name)
        .filter(|schedule| !schedule.is_sub_minute())
        .filter(|_| function.timer().is_some_and(|timer| timer.use_monitor));
    let recorded = schedule.and_then(|schedule| {
        let first = || {
            let next = schedule.next_after(Timestamp::now())?;
            Some(Recorded { last: None, next })
        };
        shared.recorded(name).or_else(first)
    });
    TimerCall {
        framing: shared.framing,
        schedule_status: recorded.map_or(ScheduleStatus::Null, ScheduleStatus::Recorded),
        ..TimerCall::default()
    }
}

async fn attempt(
    shared: &Arc<Shared>,
    function: &Function,
    call: TimerCall,
    origin: Origin<'_>,
    invocation: &str,
) -> TimerResult {
    let name = function.name.as_str();
    let (Some(timer), Some(schedule)) = (function.timer(), shared.schedule(name)) else {
        return TimerResult::Failed {
            reason: Failure::NotATimer(name.to_owned()),
        };
    };
    let late = if call.past_due { ", past due" } else { "" };
    let text = format!("Executing 'Functions.{name}'{late}");
    shared
        .journal
        .function(name, invocation, Level::Information, text);
    let started = Instant::now();
    let body = body(shared, name, timer, schedule, &call, origin);
    let result = invoke(shared, function, call.framing, body, invocation).await;
    report(shared, name, invocation, &result, started);
    result
}

fn body(
    shared: &Shared,
    function: &str,
    timer: &TimerTrigger,
    schedule: &Schedule,
    call: &TimerCall,
    origin: Origin<'_>,
) -> Bytes {
    let (input, updated) = match origin {
        Origin::Schedule => (None, None),
        Origin::Manual(input) => (input, Some(shared.started)),
    };
    let context = Context {
        function,
        binding: &timer.binding,
        schedule,
        now: call.at.unwrap_or_else(Timestamp::now),
        input,
        updated,
    };
    envelope(call, &context).to_string().into()
}

async fn invoke(
    shared: &Arc<Shared>,
    function: &Function,
    framing: Framing,
    body: Bytes,
    invocation: &str,
) -> TimerResult {
    let failed = |reason| TimerResult::Failed { reason };
    if let Err(failure) = shared.handler.ready().await {
        return failed(Failure::HostStopped(failure.to_string()));
    }
    let name = function.name.as_str();
    let deadline = shared.deadline(name, invocation);
    let mut request = request(shared.handler.port, name, invocation, framing, body);
    let result = tokio::select! {
        result = exchange(shared, &mut request) => result,
        () = deadline.killed.cancelled() => Err("the handler was killed".to_owned()),
    };
    if deadline.over.is_cancelled() {
        // The run has failed. A handler that has responded since was not killed, and its Logs count.
        if let Ok(TimerResult::Succeeded { logs, .. }) = result {
            for line in &logs {
                shared.journal.user(name, invocation, line.as_str());
            }
        }
        let timeout = shared.app.host.function_timeout.unwrap_or_default();
        return failed(Failure::Timeout(timeout));
    }
    result.unwrap_or_else(|problem| failed(Failure::Connection(problem)))
}

fn request(port: u16, function: &str, invocation: &str, framing: Framing, body: Bytes) -> Onward {
    let mut headers = Headers::default();
    headers.push("Host", format!("127.0.0.1:{port}"));
    headers.push("X-Azure-Functions-HostVersion", HOST_VERSION);
    headers.push("X-Azure-Functions-InvocationId", invocation);
    headers.push("User-Agent", format!("Azure-Functions-Host/{HOST_VERSION}"));
    headers.push("Content-Type", "application/json; charset=utf-8");
    let body = match framing {
        Framing::Length => {
            headers.push("Content-Length", body.len().to_string());
            Body::Whole(body)
        }
        Framing::Chunked => {
            headers.push("Transfer-Encoding", "chunked");
            Body::Chunked(chunks(&body))
        }
    };
    Onward {
        method: "POST".to_owned(),
        head: format!("POST /{function} HTTP/1.1\r\n{}\r\n", headers.to_wire()),
        body,
        expects_continue: false,
    }
}

/// `body` in pieces, and the empty one that ends it.
fn chunks(body: &Bytes) -> mpsc::Receiver<Bytes> {
    let pieces: Vec<Bytes> = body.chunks(CHUNK).map(Bytes::copy_from_slice).collect();
    let (sender, receiver) = mpsc::channel(pieces.len() + 1);
    for piece in pieces.into_iter().chain([Bytes::new()]) {
        sender
            .try_send(piece)
            .expect("the channel has the capacity for every piece");
    }
    receiver
}

async fn exchange(shared: &Shared, request: &mut Onward) -> Result<TimerResult, String> {
    // functionTimeout is the only limit.
    let idle = std::time::Duration::MAX;
    let response = shared.client.send(request, idle).await;
    let mut response = response.map_err(|error| error.to_string())?;
    if let Err(result) = reply::check_status(response.head.status) {
        return Ok(result);
    }
    let body = response
        .body(idle)
        .await
        .map_err(|error| format!("the reply broke off: {error}"))?;
    let content_type = response.head.headers.get("content-type").map(str::to_owned);
    let status = response.head.status;
    response.finish();
    Ok(reply::meaning(status, content_type.as_deref(), &body))
}

fn report(shared: &Shared, name: &str, invocation: &str, result: &TimerResult, started: Instant) {
    let say = |level, text: String| shared.journal.function(name, invocation, level, text);
    let took = started.elapsed().as_millis();
    match result {
        TimerResult::Succeeded { logs, .. } => {
            for line in logs {
                shared.journal.user(name, invocation, line.as_str());
            }
            say(
                Level::Information,
                format!("Executed 'Functions.{name}' (Succeeded, {took} ms)"),
            );
        }
        TimerResult::Failed { reason } => {
            say(
                Level::Error,
                format!("Executed 'Functions.{name}' (Failed, {took} ms): {reason}"),
            );
        }
        TimerResult::Hang { reply } => {
            let text = format!(
                "Executed 'Functions.{name}' (HANGS): the handler returned {reply}. The real host \
                 would wait until functionTimeout and then kill the handler: return \
                 application/json and an object; {{}} is enough"
            );
            say(Level::Error, text);
        }
    }
}
