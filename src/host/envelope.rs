//! The JSON that the host posts to a timer function.
//!
//! Variants in the host's source and in recordings (`DefaultHttpWorkerService.cs`, `TimerInfo.cs`):
//! `ScheduleStatus` is null for schedules of less than a minute, dates of year 1 with and without an offset
//! mean "never", and retries and later hosts add members.
//!
//! A run by hand (`POST /admin/functions/<name>`) has the schedule's status too, with the next occurrence. Its
//! mark is a member of `Metadata` with the binding's name, which is the input as JSON in a string. Without an
//! input there is no mark.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use thiserror::Error;

use super::Invocation;

/// The body is not an envelope.
#[derive(Debug, Error)]
#[error(
    "the body is not a timer envelope ({0}); the Functions host posts {{\"Data\":…,\"Metadata\":…}}"
)]
pub struct EnvelopeError(#[from] serde_json::Error);

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Envelope {
    data: Option<Map<String, Value>>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Metadata {
    sys: Option<Sys>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Sys {
    utc_now: Option<Value>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct TimerInfo {
    schedule_status: Option<ScheduleStatus>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct ScheduleStatus {
    next: Option<Value>,
}

/// Parses the envelope of a call of `function`. An empty body is an empty envelope, so that a person can call
/// the handler by hand without one.
///
/// # Errors
/// [`EnvelopeError`] if the body is not JSON, or not an object.
pub fn parse(function: &str, id: &str, body: &[u8]) -> Result<Invocation, EnvelopeError> {
    let envelope: Envelope = match body {
        [] => Envelope::default(),
        // A map first, because serde accepts an array for a structure too.
        body => {
            let members: Map<String, Value> = serde_json::from_slice(body)?;
            serde_json::from_value(Value::Object(members))?
        }
    };
    let data = envelope.data.unwrap_or_default();
    let metadata = envelope.metadata.unwrap_or_default();
    let is_by_hand = data
        .keys()
        .any(|binding| metadata.others.contains_key(binding));
    let timer = timer_info(&data)?;
    let status = timer.schedule_status.unwrap_or_default();
    let next = status.next.as_ref().filter(|_| !is_by_hand);
    let sys = metadata.sys.unwrap_or_default();
    Ok(Invocation {
        function: function.to_owned(),
        id: id.to_owned(),
        scheduled: next.and_then(instant),
        called: sys.utc_now.as_ref().and_then(instant),
    })
}

/// The timer is the only member of `Data`; its name is the binding's. The host encodes a value that is not an
/// object as JSON in a string.
fn timer_info(data: &Map<String, Value>) -> Result<TimerInfo, EnvelopeError> {
    match data.values().next() {
        None | Some(Value::Null) => Ok(TimerInfo::default()),
        Some(Value::String(encoded)) => Ok(serde_json::from_str(encoded)?),
        Some(value) => Ok(TimerInfo::deserialize(value)?),
    }
}

/// An instant, or `None` for "never" and for a malformed date: a date alone must not fail a call.
fn instant(value: &Value) -> Option<Timestamp> {
    let text = value.as_str()?;
    let instant = text
        .parse::<Timestamp>()
        .or_else(|_| format!("{text}Z").parse());
    instant.ok().filter(|instant| *instant > YEAR_TWO)
}

/// .NET's `default(DateTime)` is the first instant of year 1, with any offset.
const YEAR_TWO: Timestamp = Timestamp::constant(-62_104_060_800, 0);

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &str) -> Invocation {
        parse("scale", "id", body.as_bytes()).expect(body)
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn a_full_envelope_is_parsed() {
        let invocation = parsed(
            r#"{"Data":{"timer":{"Schedule":{"AdjustForDST":true},
                "ScheduleStatus":{"Last":"2026-09-13T03:15:00.0042111+00:00",
                    "Next":"2026-09-14T03:15:00+00:00","LastUpdated":"2026-09-13T03:15:00+00:00"},
                "IsPastDue":true}},
              "Metadata":{"sys":{"MethodName":"scale","UtcNow":"2026-09-14T03:15:00.0210034Z",
                "RandGuid":"4ad7c4a5"},"RetryContext":{"RetryCount":2,"MaxRetryCount":5,
                "Exception":{}}}}"#,
        );
        assert_eq!(
            invocation,
            Invocation {
                function: "scale".into(),
                id: "id".into(),
                scheduled: Some(at("2026-09-14T03:15:00Z")),
                called: Some(at("2026-09-14T03:15:00.0210034Z")),
            }
        );
    }

    #[test]
    fn a_recorded_envelope_with_a_null_status_is_parsed() {
        let invocation = parsed(
            r#"{"Data":{"timer":{"Schedule":{"AdjustForDST":true},"ScheduleStatus":null,
                "IsPastDue":false}},"Metadata":{"sys":{"MethodName":"azure",
                "UtcNow":"2023-09-07T11:40:45.004275Z","RandGuid":"x"}}}"#,
        );
        assert_eq!(invocation.scheduled, None);
        assert_eq!(invocation.called, Some(at("2023-09-07T11:40:45.004275Z")));
    }

    #[test]
    fn a_run_by_hand_has_no_occurrence() {
        let status = r#"{"ScheduleStatus":{"Last":"2026-11-29T18:01:00+00:00",
            "Next":"2026-11-29T18:02:00+00:00"},"IsPastDue":false}"#;
        let sys = r#""sys":{"UtcNow":"2026-11-29T18:01:53.7804441Z"}"#;
        for (input, scheduled) in [
            (r#""timer":"\"\"","#, None),
            (r#""timer":"\"hello\"","#, None),
            ("", Some(at("2026-11-29T18:02:00Z"))),
            (r#""other":"\"\"","#, Some(at("2026-11-29T18:02:00Z"))),
        ] {
            let invocation = parsed(&format!(
                r#"{{"Data":{{"timer":{status}}},"Metadata":{{{input}{sys}}}}}"#
            ));
            assert_eq!(invocation.scheduled, scheduled, "{input}");
        }
    }

    #[test]
    fn dates_of_year_one_and_malformed_dates_mean_never() {
        for never in [
            "0001-01-01T00:00:00+00:00",
            "0001-01-01T00:00:00",
            "0001-01-01T00:00:00-08:00",
            "0001-01-01T00:00:00Z",
            "nonsense",
        ] {
            let invocation = parsed(&format!(
                r#"{{"Data":{{"t":{{"ScheduleStatus":{{"Next":"{never}"}}}}}}}}"#
            ));
            assert_eq!(invocation.scheduled, None, "{never}");
        }
    }

    #[test]
    fn unknown_missing_and_encoded_members_are_accepted() {
        for body in [
            "",
            "{}",
            r#"{"New":1,"Data":{}}"#,
            r#"{"Data":{"timer":null},"Metadata":{"sys":{}}}"#,
            r#"{"Data":null,"Metadata":null}"#,
            r#"{"Data":{"timer":{"IsPastDue":null}},"Metadata":{"sys":null,"RetryContext":null}}"#,
        ] {
            assert_eq!(parsed(body).scheduled, None, "{body}");
        }
        let encoded = r#"{"Data":{"timer":"{\"ScheduleStatus\":{\"Next\":\"2026-11-24T02:00:00Z\"},\"More\":[1]}"}}"#;
        let occurrence = Some(at("2026-11-24T02:00:00Z"));
        assert_eq!(parsed(encoded).scheduled, occurrence);
    }

    #[test]
    fn bodies_that_are_not_envelopes_are_rejected() {
        for body in ["[]", "{", "null", "\"x\"", r#"{"Data":{"timer":"x"}}"#] {
            assert!(parse("scale", "id", body.as_bytes()).is_err(), "{body}");
        }
    }
}
