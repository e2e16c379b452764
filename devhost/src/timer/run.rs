//! One run of a timer: envelope out, reply in, functionTimeout beside it.

use std::time::Instant;

use bytes::Bytes;
use funcapp::{Function, Schedule, TimerTrigger};
use futures_util::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::{
    Request,
    body::Frame,
    header::{CONTENT_TYPE, HOST, USER_AGENT},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    envelope::envelope,
    reply::{self, Failure, TimerResult},
};
use crate::{
    call::{Framing, RetryContext, ScheduleStatus, TimerCall},
    client::{Body, HOST_VERSION, client_error, whole},
    log::Level,
    shared::Shared,
};

/// Runs `function` once and waits for the end. The log gets the beginning, the reply's `Logs`, and
/// the end, all with the invocation's id.
pub(crate) async fn run(shared: &Shared, function: &Function, call: TimerCall) -> TimerResult {
    let name = function.name.as_str();
    let (Some(timer), Some(schedule)) = (function.timer(), shared.schedule(name)) else {
        return TimerResult::Failed {
            reason: Failure::NotATimer(name.to_owned()),
        };
    };
    let invocation = Uuid::new_v4().to_string();
    let late = if call.past_due { ", past due" } else { "" };
    let text = format!("Executing 'Functions.{name}'{late}");
    shared
        .journal
        .function(name, &invocation, Level::Information, text);
    let started = Instant::now();
    let result = invoke(shared, function, timer, schedule, &call, &invocation).await;
    report(shared, name, &invocation, &result, started);
    result
}

/// Runs `function` until it succeeds or its `retry` policy is used up; the last result.
pub(crate) async fn run_with_retries(
    shared: &Shared,
    function: &Function,
    call: TimerCall,
) -> TimerResult {
    let mut result = run(shared, function, call).await;
    let Some(policy) = function.retry else {
        return result;
    };
    let max_retry_count = policy.max_retry_count.map_or(-1, i64::from);
    for retry_count in (1..).take_while(|retry| policy.allows(*retry)) {
        if result.is_success() || shared.handler.has_stopped() {
            break;
        }
        tokio::time::sleep(policy.wait_before(retry_count)).await;
        let retry = Some(RetryContext {
            retry_count,
            max_retry_count,
        });
        result = run(shared, function, TimerCall { retry, ..call }).await;
    }
    result
}

/// The call that `POST /admin/functions/<name>` makes.
pub(crate) fn manual_call(shared: &Shared, function: &Function) -> TimerCall {
    let name = function.name.as_str();
    let monitored = function.timer().is_some_and(|timer| timer.use_monitor)
        && shared
            .schedule(name)
            .is_some_and(|schedule| !schedule.is_sub_minute());
    let schedule_status = if monitored {
        ScheduleStatus::Past
    } else {
        ScheduleStatus::Null
    };
    TimerCall {
        framing: shared.framing,
        schedule_status,
        past_due: false,
        retry: None,
        at: None,
    }
}

async fn invoke(
    shared: &Shared,
    function: &Function,
    timer: &TimerTrigger,
    schedule: &Schedule,
    call: &TimerCall,
    invocation: &str,
) -> TimerResult {
    let failed = |reason| TimerResult::Failed { reason };
    if let Err(failure) = shared.handler.ready().await {
        return failed(Failure::HostStopped(failure.to_string()));
    }
    let body = envelope(
        function.name.as_str(),
        &timer.binding,
        schedule,
        call,
        call.at.unwrap_or_else(Timestamp::now),
    );
    let request = request(
        shared,
        function.name.as_str(),
        invocation,
        call.framing,
        &body,
    );
    match shared
        .within_function_timeout(exchange(shared, function, request))
        .await
    {
        Ok(Ok(result)) => result,
        Ok(Err(problem)) => failed(Failure::Connection(problem)),
        Err(_) => failed(Failure::Timeout(
            shared.app.host.function_timeout.unwrap_or_default(),
        )),
    }
}

fn request(
    shared: &Shared,
    function: &str,
    invocation: &str,
    framing: Framing,
    body: &serde_json::Value,
) -> Request<Body> {
    let port = shared.handler.port;
    let body = Bytes::from(body.to_string());
    let body = match framing {
        Framing::Length => whole(body),
        // A stream has no length, so it goes in chunks.
        Framing::Chunked => {
            let frame = Ok::<_, hyper::Error>(Frame::data(body));
            StreamBody::new(stream::iter([frame])).boxed_unsync()
        }
    };
    Request::post(format!("http://127.0.0.1:{port}/{function}"))
        .header(HOST, format!("127.0.0.1:{port}"))
        .header(USER_AGENT, format!("Azure-Functions-Host/{HOST_VERSION}"))
        .header("X-Azure-Functions-HostVersion", HOST_VERSION)
        .header("X-Azure-Functions-InvocationId", invocation)
        .header(CONTENT_TYPE, "application/json; charset=utf-8")
        .body(body)
        .expect("a function's name and a guid are fit for a path and a header")
}

async fn exchange(
    shared: &Shared,
    function: &Function,
    request: Request<Body>,
) -> Result<TimerResult, String> {
    let response = shared
        .plain_client
        .request(request)
        .await
        .map_err(|error| client_error(&error))?;
    let (parts, body) = response.into_parts();
    if let Err(result) = reply::judge_status(parts.status) {
        return Ok(result);
    }
    let body = body
        .collect()
        .await
        .map_err(|error| format!("the reply broke off: {error}"))?;
    let content_type = parts.headers.get(CONTENT_TYPE);
    Ok(reply::judge(
        parts.status,
        content_type,
        &body.to_bytes(),
        &function.outputs,
    ))
}

fn report(shared: &Shared, name: &str, invocation: &str, result: &TimerResult, started: Instant) {
    let say = |level, text: String| shared.journal.function(name, invocation, level, text);
    let took = started.elapsed().as_millis();
    match result {
        TimerResult::Succeeded { logs, .. } => {
            for line in logs {
                say(Level::Information, line.clone());
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
                "Executed 'Functions.{name}' (HANGS): the handler answered {reply}. The real host \
                 would wait until functionTimeout and then kill the handler: answer with \
                 application/json and an object, {{}} is enough"
            );
            say(Level::Error, text);
        }
    }
}
