//! The turns of the ranges of a table: sessions read ranges at the same time, and store them in their order.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// The first turn is that of range 0.
#[derive(Default)]
pub(super) struct Turns(Mutex<State>);

#[derive(Default)]
struct State {
    /// The range whose turn it is.
    current: usize,
    /// The ranges that wait for their turn, and how they learn of it.
    waiting: BTreeMap<usize, oneshot::Sender<()>>,
}

impl Turns {
    /// Returns when it is the turn of this range. Each range waits once.
    pub(super) async fn wait_for(&self, range: usize) {
        let turn = {
            let mut state = self.state();
            if state.current == range {
                return;
            }
            let (sender, receiver) = oneshot::channel();
            state.waiting.insert(range, sender);
            receiver
        };
        turn.await
            .expect("a turn comes, or is awaited until it is dropped");
    }

    /// Passes the turn on to the next range, and wakes its session alone.
    pub(super) fn pass_on(&self) {
        let mut state = self.state();
        state.current += 1;
        let next = state.current;
        if let Some(waiting) = state.waiting.remove(&next) {
            // Its session has ended if there is no receiver.
            let _ = waiting.send(());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll, Wake, Waker};

    use super::*;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn only_the_session_whose_turn_it_is_wakes() {
        let turns = Turns::default();
        let wakes: [Arc<Wakes>; 3] = std::array::from_fn(|_| Arc::default());
        let count = || wakes.each_ref().map(|it| it.0.load(Ordering::Relaxed));
        let [first, second, third] = wakes.clone().map(Waker::from);
        let poll = |waker: &Waker, turn: std::pin::Pin<&mut dyn Future<Output = ()>>| {
            turn.poll(&mut Context::from_waker(waker))
        };
        let mut turn_of_3 = pin!(turns.wait_for(3));
        let mut turn_of_2 = pin!(turns.wait_for(2));
        assert_eq!(poll(&first, pin!(turns.wait_for(0))), Poll::Ready(()));
        assert_eq!(poll(&third, turn_of_3.as_mut()), Poll::Pending);
        assert_eq!(poll(&second, turn_of_2.as_mut()), Poll::Pending);
        turns.pass_on();
        assert_eq!(count(), [0, 0, 0]);
        assert_eq!(poll(&first, pin!(turns.wait_for(1))), Poll::Ready(()));
        turns.pass_on();
        assert_eq!(count(), [0, 1, 0]);
        assert_eq!(poll(&second, turn_of_2.as_mut()), Poll::Ready(()));
        turns.pass_on();
        assert_eq!(count(), [0, 1, 1]);
        assert_eq!(poll(&third, turn_of_3.as_mut()), Poll::Ready(()));
    }
}
