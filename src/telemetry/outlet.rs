//! A stream with a thread of its own that writes to it. So a reader that stops reading does not block the
//! program.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// Maximum number of queued bytes: some two thousand lines.
const LIMIT: usize = 1024 * 1024;

/// The queue in front of one stream. Clones share it.
#[derive(Clone)]
pub(super) struct Outlet {
    queue: Arc<Queue>,
}

struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    emptied: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    is_writing: bool,
    dropped: u64,
}

impl Outlet {
    /// Starts the thread that writes to `stream`. It writes to a duplicate of the descriptor, because it would
    /// keep the lock of the standard library's handle while it waits for a reader.
    pub(super) fn start(stream: impl AsFd) -> std::io::Result<Outlet> {
        let stream: OwnedFd = stream.as_fd().try_clone_to_owned()?;
        let queue = Arc::new(Queue {
            state: Mutex::default(),
            filled: Condvar::new(),
            emptied: Condvar::new(),
        });
        let outlet = Outlet { queue };
        let writer = outlet.clone();
        thread::Builder::new()
            .name("log writer".into())
            .spawn(move || writer.write(File::from(stream)))?;
        Ok(outlet)
    }

    /// Queues a line and returns true, or counts it as dropped if the queue is full. Never waits for the
    /// reader.
    pub(super) fn push(&self, line: &[u8]) -> bool {
        let mut state = self.state();
        if !state.waiting.is_empty() && state.waiting.len() + line.len() > LIMIT {
            state.dropped += 1;
            return false;
        }
        state.waiting.extend_from_slice(line);
        drop(state);
        self.queue.filled.notify_one();
        true
    }

    /// The number of lines that were dropped since the last call.
    pub(super) fn take_dropped(&self) -> u64 {
        std::mem::take(&mut self.state().dropped)
    }

    /// Adds the number again, because its report could not be queued.
    pub(super) fn return_dropped(&self, lines: u64) {
        self.state().dropped += lines;
    }

    /// Waits until everything is written, or until the deadline.
    pub(super) fn flush(&self, deadline: Instant) {
        let remaining = deadline.saturating_duration_since(Instant::now());
        let is_busy = |state: &mut State| state.is_writing || !state.waiting.is_empty();
        // After a poisoned lock or a timeout, the process ends as well.
        let _ = self
            .queue
            .emptied
            .wait_timeout_while(self.state(), remaining, is_busy);
    }

    /// Writes queued lines for the lifetime of the process. Lines for a closed stream are lost.
    fn write(&self, mut stream: File) {
        let mut lines = Vec::new();
        loop {
            let state = self.state();
            let state = self
                .queue
                .filled
                .wait_while(state, |state| state.waiting.is_empty());
            let mut state = state.expect(UNPOISONED);
            std::mem::swap(&mut lines, &mut state.waiting);
            state.is_writing = true;
            drop(state);
            let _ = stream.write_all(&lines);
            lines.clear();
            lines.shrink_to(CAPACITY);
            self.state().is_writing = false;
            self.queue.emptied.notify_all();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.queue.state.lock().expect(UNPOISONED)
    }
}

/// Queues each piece as one line, or drops it. It never fails.
impl Write for Outlet {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

const UNPOISONED: &str = "nothing panics while it holds this lock";

/// Capacity of the writer's buffer after a burst.
const CAPACITY: usize = 64 * 1024;

/// Time that the end of the process waits for the readers of its logs.
pub(super) const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn lines_above_the_limit_are_dropped_and_counted_and_queued_lines_arrive() {
        let (mut reader, writer) = std::io::pipe().expect("a pipe can be made");
        let outlet = Outlet::start(&writer).expect("a thread can be started");
        drop(writer);
        let line = [b'x'; 4096];
        let queued = (0..2000).filter(|_| outlet.push(&line)).count();
        assert!(queued < 2000);
        assert_eq!(outlet.take_dropped(), 2000 - queued as u64);
        assert_eq!(outlet.take_dropped(), 0);
        let mut received = vec![0; queued * line.len()];
        reader
            .read_exact(&mut received)
            .expect("the queued lines arrive");
        outlet.flush(Instant::now() + Duration::from_secs(30));
        assert!(outlet.push(&line));
    }
}
