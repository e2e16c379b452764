//! The invocation that a log line belongs to.

use uuid::Uuid;

use super::Traceparent;

tokio::task_local! {
    static CURRENT: Option<Context>;
}

/// The invocation that a task works for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The host's invocation id, or one that this program made.
    pub invocation_id: Uuid,
    pub traceparent: Traceparent,
    /// The function, by the name of its folder.
    pub function: &'static str,
    /// The method of the request.
    pub method: &'static str,
    /// The template of the request's path, without its first slash.
    pub path: &'static str,
}

impl Context {
    /// Runs `work` as part of this invocation.
    pub fn scope<F: Future>(self, work: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(Some(self), work)
    }

    /// Gives `work`, which another task will run, the context of the current task.
    pub fn inherited<F: Future>(work: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(Context::current(), work)
    }

    /// Runs `work` outside of every invocation: it outlives the one that starts it.
    pub fn outside<F: Future>(work: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(None, work)
    }

    /// The context of the current task, if it has one.
    pub fn current() -> Option<Context> {
        CURRENT.try_with(|context| *context).ok().flatten()
    }
}
