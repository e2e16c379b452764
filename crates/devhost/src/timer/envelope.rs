//! The JSON that the host posts to start a timer's run. Pure.
//!
//! Source: Azure/azure-functions-host, `ScriptInvocationContextExtensions.cs`;
//! azure-webjobs-sdk-extensions, `TimerInfo.cs`.

use funcapp::Schedule;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::call::{Recorded, RetryContext, ScheduleStatus, TimerCall};

/// .NET's `default(DateTime)`: a timer that never ran.
const NEVER: &str = "0001-01-01T00:00:00+00:00";

/// The contents of an envelope besides the call itself.
pub(super) struct Context<'a> {
    pub(super) function: &'a str,
    pub(super) binding: &'a str,
    pub(super) schedule: &'a Schedule,
    pub(super) now: Timestamp,
    /// The input of a manual run.
    pub(super) input: Option<&'a str>,
    /// `LastUpdated` of a timer that never ran.
    pub(super) updated: Option<Timestamp>,
}

/// The body of an invocation.
pub(super) fn envelope(call: &TimerCall, context: &Context<'_>) -> Value {
    let timer = json!({
        "Schedule": {"AdjustForDST": !context.schedule.is_interval()},
        "ScheduleStatus": status(call.schedule_status, context),
        "IsPastDue": call.past_due,
    });
    let mut metadata = json!({
        "sys": {
            "MethodName": context.function,
            "UtcNow": format!("{}Z", civil(context.now)),
            "RandGuid": uuid::Uuid::new_v4().to_string(),
        },
    });
    if let Some(input) = context.input {
        // JSON in a string.
        metadata[context.binding] = json!(json!(input).to_string());
    }
    if let Some(retry) = call.retry {
        metadata["RetryContext"] = retry_context(retry);
    }
    json!({"Data": {context.binding: timer}, "Metadata": metadata})
}

/// There from the first attempt on. Later ones bring along the failure of the one before, with a
/// stack trace that makes the body a few kilobytes long.
fn retry_context(retry: RetryContext) -> Value {
    let frame = "   at Microsoft.Azure.WebJobs.Host.Executors.FunctionExecutor.InvokeAsync()\n";
    let exception = (retry.retry_count > 0).then(|| {
        json!({
            "ClassName": "Microsoft.Azure.WebJobs.Host.FunctionInvocationException",
            "Message": "Exception while executing function",
            "Data": null,
            "StackTraceString": frame.repeat(64),
        })
    });
    json!({
        "RetryCount": retry.retry_count,
        "MaxRetryCount": retry.max_retry_count,
        "Exception": exception,
        "Instance": null,
        "State": {},
    })
}

fn status(status: ScheduleStatus, context: &Context<'_>) -> Value {
    let recorded = match status {
        ScheduleStatus::Null => return Value::Null,
        ScheduleStatus::Never => Recorded {
            last: None,
            next: context.now,
        },
        ScheduleStatus::Past => made_up(context.schedule, context.now),
        ScheduleStatus::Recorded(recorded) => recorded,
    };
    status_json(recorded, context.updated)
}

/// The `ScheduleStatus` of a record. `LastUpdated` is `Last`, or `updated` where the timer
/// never ran.
pub(super) fn status_json(recorded: Recorded, updated: Option<Timestamp>) -> Value {
    let instant = |instant: Option<Timestamp>| instant.map_or(NEVER.to_owned(), offset);
    json!({
        "Last": instant(recorded.last),
        "Next": offset(recorded.next),
        "LastUpdated": instant(recorded.last.or(updated)),
    })
}

/// A run due at this second, and one an interval before.
fn made_up(schedule: &Schedule, now: Timestamp) -> Recorded {
    let next = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let last = match schedule.upcoming(now, 2)[..] {
        [first, second] => next.checked_sub(first.duration_until(second)).ok(),
        _ => None,
    };
    Recorded { last, next }
}

fn offset(instant: Timestamp) -> String {
    format!("{}+00:00", civil(instant))
}

/// `2026-09-14T03:15:00.0210034`: .NET counts in units of 100 ns and leaves out zeros at the end.
fn civil(instant: Timestamp) -> String {
    let ticks = instant.as_nanosecond() / 100 * 100;
    let instant = Timestamp::from_nanosecond(ticks).unwrap_or(instant);
    instant.strftime("%Y-%m-%dT%H:%M:%S%.f").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-09-14T03:15:00.0210034Z";

    fn of(call: TimerCall) -> Value {
        let schedule = Schedule::parse("0 15 3 * * *").expect("a schedule");
        let context = Context {
            function: "Nightly",
            binding: "timer",
            schedule: &schedule,
            now: NOW.parse().expect("an instant"),
            input: None,
            updated: None,
        };
        envelope(&call, &context)
    }

    #[test]
    fn scheduled_run() {
        let mut body = of(TimerCall::default());
        let guid = body["Metadata"]["sys"]["RandGuid"].take();
        assert_eq!(guid.as_str().map(str::len), Some(36));
        let expected = json!({
            "Data": {"timer": {
                "Schedule": {"AdjustForDST": true},
                "ScheduleStatus": {
                    "Last": "2026-09-13T03:15:00+00:00",
                    "Next": "2026-09-14T03:15:00+00:00",
                    "LastUpdated": "2026-09-13T03:15:00+00:00",
                },
                "IsPastDue": false,
            }},
            "Metadata": {"sys": {"MethodName": "Nightly", "UtcNow": NOW, "RandGuid": null}},
        });
        assert_eq!(body, expected);
    }
}
