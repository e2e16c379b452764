//! The creations that are under way, which decide how long the next batch waits for more.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;
use tokio::sync::mpsc::Receiver;

/// The creations of the statements that are under way.
#[derive(Default)]
pub(super) struct Load {
    creations: AtomicUsize,
    ended: Notify,
}

impl Load {
    /// Adds creations to a batch until it is as large as the statements that are under way, or has `limit` creations,
    /// or these statements have ended, or `patience` has. The server flushes one statement after the other, so a small
    /// one would only delay the creations after it.
    pub(super) async fn outgrow<T>(
        &self,
        queue: &mut Receiver<T>,
        batch: &mut Vec<T>,
        limit: usize,
        patience: impl Future<Output = ()>,
    ) {
        let mut patience = pin!(patience);
        while batch.len() < self.creations.load(Ordering::Relaxed).min(limit) {
            let capacity = limit - batch.len();
            tokio::select! {
                received = queue.recv_many(batch, capacity) => {
                    if received == 0 {
                        return;
                    }
                }
                () = self.ended.notified() => {}
                () = &mut patience => return,
            }
        }
    }

    /// Counts the creations of a statement until the returned value is dropped.
    pub(super) fn add(self: &Arc<Load>, creations: usize) -> Running {
        self.creations.fetch_add(creations, Ordering::Relaxed);
        Running {
            load: self.clone(),
            creations,
        }
    }
}

/// A statement that is under way.
pub(super) struct Running {
    load: Arc<Load>,
    creations: usize,
}

impl Drop for Running {
    fn drop(&mut self) {
        let creations = &self.load.creations;
        creations.fetch_sub(self.creations, Ordering::Relaxed);
        self.load.ended.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use futures_util::FutureExt;
    use tokio::sync::mpsc::{Sender, channel};

    use super::*;

    /// A batch of one creation and the queue behind it.
    struct Stage {
        load: Arc<Load>,
        sender: Sender<u8>,
        queue: Receiver<u8>,
        batch: Vec<u8>,
    }

    impl Stage {
        fn new() -> Stage {
            let (sender, queue) = channel(16);
            Stage {
                load: Arc::default(),
                sender,
                queue,
                batch: vec![0],
            }
        }

        fn arrive(&self, creations: u8) {
            for _ in 0..creations {
                self.sender.try_send(1).expect("the queue has space");
            }
        }

        /// Whether a batch of at most 4 creations is complete, without a limit of time.
        fn is_complete(&mut self) -> bool {
            let load = self.load.clone();
            let grown = load.outgrow(&mut self.queue, &mut self.batch, 4, pending());
            grown.now_or_never().is_some()
        }
    }

    #[test]
    fn a_batch_beside_no_statement_does_not_wait() {
        let mut stage = Stage::new();
        stage.arrive(1);
        assert!(stage.is_complete());
        assert_eq!(stage.batch.len(), 1);
    }

    #[test]
    fn a_batch_waits_until_it_is_as_large_as_the_statements_under_way() {
        let mut stage = Stage::new();
        let _running = [stage.load.add(1), stage.load.add(2)];
        stage.arrive(1);
        assert!(!stage.is_complete());
        stage.arrive(1);
        assert!(stage.is_complete());
        assert_eq!(stage.batch.len(), 3);
    }

    #[test]
    fn a_batch_waits_for_no_more_than_the_largest_statement() {
        let mut stage = Stage::new();
        let _running = stage.load.add(9);
        stage.arrive(6);
        assert!(stage.is_complete());
        assert_eq!(stage.batch.len(), 4);
    }

    #[test]
    fn a_batch_waits_no_longer_than_the_statements_under_way() {
        let mut stage = Stage::new();
        let running = stage.load.add(3);
        assert!(!stage.is_complete());
        drop(running);
        assert!(stage.is_complete());
    }

    #[test]
    fn a_batch_does_not_wait_for_a_statement_that_hangs() {
        let mut stage = Stage::new();
        let _running = stage.load.add(3);
        let load = stage.load.clone();
        let grown = load.outgrow(&mut stage.queue, &mut stage.batch, 4, ready(()));
        assert!(grown.now_or_never().is_some());
    }
}
