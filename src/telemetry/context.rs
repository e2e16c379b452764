//! What a log line should say about the work it was written for.

use std::future::Future;

tokio::task_local! {
    static CURRENT: Option<Context>;
}

/// The invocation that a task works for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The host's invocation id, or one of our own making.
    pub invocation_id: String,
    /// W3C trace context of the caller, or one of our own making.
    pub traceparent: String,
    /// The function's name, as its folder has it.
    pub function: &'static str,
}

impl Context {
    /// Runs `work` as part of this invocation.
    pub fn scope<F: Future>(self, work: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(Some(self), work)
    }

    /// Gives `work` the context of the task that calls this, for a task of its own.
    pub fn inherited<F: Future>(work: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(Context::current(), work)
    }

    /// Runs `work` as part of no invocation: it outlives the one that begins it.
    pub fn outside<F: Future>(work: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(None, work)
    }

    /// The context of the task that calls this, if it has one.
    pub fn current() -> Option<Context> {
        CURRENT.try_with(Option::clone).ok().flatten()
    }
}

/// A `traceparent` to go on with: the caller's where it is well-formed (W3C Trace Context,
/// section 3.2), else a new one, unsampled.
pub fn traceparent(received: Option<&str>) -> String {
    match received {
        Some(value) if is_traceparent(value) => value.to_owned(),
        _ => {
            let trace = uuid::Uuid::new_v4().simple();
            let (span, _) = uuid::Uuid::new_v4().as_u64_pair();
            format!("00-{trace}-{span:016x}-00")
        }
    }
}

fn is_traceparent(value: &str) -> bool {
    let parts: Vec<&str> = value.split('-').collect();
    let is_hex = |part: &str, length: usize| {
        part.len() == length
            && part
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_zero = |part: &str| part.bytes().all(|byte| byte == b'0');
    matches!(parts[..], [version, trace, span, flags]
        if version == "00"
            && is_hex(trace, 32)
            && !is_zero(trace)
            && is_hex(span, 16)
            && !is_zero(span)
            && is_hex(flags, 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_traceparent_is_kept_and_a_bad_one_replaced() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(traceparent(Some(good)), good);
        for bad in [
            "",
            "00-4bf92f35-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            let made = traceparent(Some(bad));
            assert_ne!(made, bad);
            assert!(is_traceparent(&made), "{made}");
        }
    }
}
