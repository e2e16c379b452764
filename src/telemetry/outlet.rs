//! A stream that is written to from a thread of its own, so that a reader that stops reading stops
//! nothing else.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes that wait for a reader at most: some two thousand lines.
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
    /// Starts the thread that writes to `stream`. It writes to a duplicate of the descriptor and not
    /// through the standard library's handle, whose lock it would keep while it waits for a reader.
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

    /// Queues a line, or counts it as dropped where the queue is full. Never waits for the reader.
    /// Returns whether the line was queued.
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

    /// The lines that were dropped since the last call.
    pub(super) fn take_dropped(&self) -> u64 {
        std::mem::take(&mut self.state().dropped)
    }

    /// Counts dropped lines again, whose report could not be queued.
    pub(super) fn return_dropped(&self, lines: u64) {
        self.state().dropped += lines;
    }

    /// Waits until everything is written, or until the deadline.
    pub(super) fn flush(&self, deadline: Instant) {
        let remaining = deadline.saturating_duration_since(Instant::now());
        let is_busy = |state: &mut State| state.is_writing || !state.waiting.is_empty();
        // A poisoned lock or a timeout: the process ends all the same.
        let _ = self
            .queue
            .emptied
            .wait_timeout_while(self.state(), remaining, is_busy);
    }

    /// Writes what is queued, for as long as the process lives. A stream that is closed takes
    /// nothing any more, and the lines for it are lost.
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
            lines.shrink_to(KEPT);
            self.state().is_writing = false;
            self.queue.emptied.notify_all();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.queue.state.lock().expect(UNPOISONED)
    }
}

/// Queues each piece as one line, or drops it. It never fails, and there is nothing to flush.
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

/// Capacity that the writer keeps after a burst.
const KEPT: usize = 64 * 1024;

/// Time that the end of the process waits for the readers of its logs.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn unread_lines_are_dropped_and_counted_and_what_was_queued_arrives() {
        let (mut reader, writer) = std::io::pipe().expect("a pipe can be made");
        let outlet = Outlet::start(&writer).expect("a thread can be started");
        drop(writer);
        let line = [b'x'; 4096];
        let queued = (0..2000).filter(|_| outlet.push(&line)).count();
        assert!(queued < 2000);
        assert_eq!(outlet.take_dropped(), 2000 - queued as u64);
        assert_eq!(outlet.take_dropped(), 0);
        let mut received = vec![0; queued * line.len()];
        reader.read_exact(&mut received).expect("all of it comes");
        outlet.flush(Instant::now() + Duration::from_secs(30));
        assert!(outlet.push(&line));
    }
}
