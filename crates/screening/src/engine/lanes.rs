//! As many runtimes as checks may run at a time. Whoever has waited longest gets the next one.
//!
//! A runtime has no thread of its own: it runs on the thread of whoever asked, so that a check costs
//! neither a thread nor a hand-over.

use std::collections::VecDeque;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::runtime::Runtime;

use super::failure::EngineError;

/// The runtimes, and who waits for one.
pub(super) struct Lanes {
    state: Mutex<State>,
}

struct State {
    idle: Vec<Runtime>,
    waiting: VecDeque<SyncSender<Runtime>>,
}

impl Lanes {
    pub(super) fn new(count: usize) -> Result<Self, EngineError> {
        let idle = (0..count.max(1))
            .map(|_| {
                tokio::runtime::Builder::new_current_thread()
                    .enable_time()
                    .build()
                    .map_err(|error| EngineError::Machine(error.to_string()))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            state: Mutex::new(State {
                idle,
                waiting: VecDeque::new(),
            }),
        })
    }

    /// Does some work on a runtime, after all who asked before.
    pub(super) fn run<T>(&self, work: impl FnOnce(&Runtime) -> T) -> T {
        let lane = Lane {
            runtime: Some(self.take()),
            lanes: self,
        };
        // Cannot fail: only dropping the lane takes its runtime.
        #[expect(clippy::expect_used)]
        work(lane.runtime.as_ref().expect("a lane with its runtime"))
    }

    fn take(&self) -> Runtime {
        loop {
            let turn = {
                let mut state = self.lock();
                if let Some(runtime) = state.idle.pop() {
                    return runtime;
                }
                let (give, turn) = sync_channel(1);
                state.waiting.push_back(give);
                turn
            };
            // Fails only if the sender was dropped unused, which nothing does; then ask again.
            if let Ok(runtime) = turn.recv() {
                return runtime;
            }
        }
    }

    fn give(&self, mut runtime: Runtime) {
        let mut state = self.lock();
        while let Some(next) = state.waiting.pop_front() {
            match next.send(runtime) {
                Ok(()) => return,
                Err(unsent) => runtime = unsent.0,
            }
        }
        state.idle.push(runtime);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere cannot leave the two lists half-changed: nothing here panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A server may let go of the last check while it answers a request, where dropping a runtime
/// otherwise panics.
impl Drop for Lanes {
    fn drop(&mut self) {
        for runtime in self.lock().idle.drain(..) {
            runtime.shutdown_background();
        }
    }
}

/// A runtime that goes back when its work is done, or panics.
struct Lane<'a> {
    runtime: Option<Runtime>,
    lanes: &'a Lanes,
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            self.lanes.give(runtime);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn no_more_work_at_a_time_than_there_are_lanes() {
        let lanes = Lanes::new(2).unwrap();
        let (now, most, done) = (
            AtomicUsize::new(0),
            AtomicUsize::new(0),
            AtomicUsize::new(0),
        );
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        lanes.run(|_| {
                            most.fetch_max(
                                now.fetch_add(1, Ordering::SeqCst) + 1,
                                Ordering::SeqCst,
                            );
                            std::thread::yield_now();
                            now.fetch_sub(1, Ordering::SeqCst);
                        });
                        done.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(done.into_inner(), 800);
        assert!(most.into_inner() <= 2);
    }

    #[test]
    fn a_panic_gives_its_lane_back() {
        let lanes = Lanes::new(1).unwrap();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            lanes.run(|_| panic!("on purpose"));
        }));
        assert!(panicked.is_err());
        assert_eq!(lanes.run(|runtime| runtime.block_on(async { 7 })), 7);
    }
}
