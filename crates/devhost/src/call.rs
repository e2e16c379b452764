//! The parameters of a timer's run.

use jiff::Timestamp;

/// One invocation of a timer. The default is that of a scheduled run: chunked, a
/// run recorded, on time, no retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimerCall {
    /// How the body is framed.
    pub framing: Framing,
    /// `ScheduleStatus` in the envelope.
    pub schedule_status: ScheduleStatus,
    /// `IsPastDue`: the host was not there when the run was due.
    pub past_due: bool,
    /// `Metadata.RetryContext`, on retries only.
    pub retry: Option<RetryContext>,
    /// The instant in the envelope, in place of now: `UtcNow`, and the instants made up around it.
    pub at: Option<Timestamp>,
}

/// How a timer's body is framed. A handler must read both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// `Transfer-Encoding: chunked`, as in Azure.
    Chunked,
    /// `Content-Length`, as under `func`.
    Length,
}

/// The contents of `ScheduleStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleStatus {
    /// `Last` and `LastUpdated` are `0001-01-01T00:00:00+00:00`: the timer never ran.
    Never,
    /// `null`: the timer is not monitored, or fires more often than once a minute.
    Null,
    /// A run one interval ago, and one due now, made up from the schedule.
    Past,
    /// These instants.
    Recorded(Recorded),
}

/// The record of a timer's runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// When it last ran, if it ever did.
    pub last: Option<Timestamp>,
    /// When it is due; during a run, the occurrence that is being run.
    pub next: Timestamp,
}

/// `Metadata.RetryContext`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryContext {
    /// Which retry this is, counted from 1.
    pub retry_count: u32,
    /// How many there may be; -1 is for ever.
    pub max_retry_count: i64,
}

impl Default for TimerCall {
    fn default() -> Self {
        Self {
            framing: Framing::Chunked,
            schedule_status: ScheduleStatus::Past,
            past_due: false,
            retry: None,
            at: None,
        }
    }
}
