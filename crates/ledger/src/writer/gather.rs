//! What shares a commit: everything that waits, and for a moment what is about to come back.
//!
//! Writers whose append was answered mostly send the next one at once. A batch that started with the first of
//! them would leave the others to the commit after it, and a disk's sync costs the same for one entry as for
//! hundreds. So the writer waits for as many as are about, as long as that pays: a fraction of what a commit
//! takes, and not at all when nobody else is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread::Thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{self, error::TryRecvError};

use super::{Cosigned, Job, Request};

/// The most appends that share one commit, and the most bytes.
const BATCH_APPENDS: usize = 512;
const BATCH_BYTES: usize = 4 << 20;

/// The longest time that a batch waits for those who may come back, and how long it waits for the next one.
const PATIENCE: Duration = Duration::from_millis(2);
const NEXT: Duration = Duration::from_micros(100);

/// Counts the appends that were ever sent, and wakes the writer when as many have come as it waits for. One
/// wake for all of them, where the queue would give one for each.
#[derive(Default)]
pub(crate) struct Bell {
    sent: AtomicU64,
    wanted: AtomicU64,
    writer: std::sync::OnceLock<Thread>,
}

impl Bell {
    /// An append was sent.
    pub(crate) fn ring(&self) {
        let sent = self.sent.fetch_add(1, SeqCst) + 1;
        if sent == self.wanted.load(SeqCst)
            && let Some(writer) = self.writer.get()
        {
            writer.unpark();
        }
    }

    /// Waits on the writer's thread until `wanted` were sent, for no longer than `most`.
    fn wait(&self, wanted: u64, most: Duration) {
        self.wanted.store(wanted, SeqCst);
        let until = Instant::now() + most;
        // Whoever sent the last one before the line above is seen here; whoever does so later sees `wanted`.
        while self.sent.load(SeqCst) < wanted {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            // Wakes that were meant for another wait only look once more.
            std::thread::park_timeout(left);
        }
    }
}

/// The queue, and what was taken from it.
pub(super) struct Gather {
    queue: mpsc::Receiver<Job>,
    bell: Arc<Bell>,
    /// Appends that were ever taken from the queue.
    taken: u64,
    appends: Vec<Request>,
    bytes: usize,
    cosigned: Vec<Cosigned>,
    /// How many writers are about: those answered last, and those that came while they waited.
    about: usize,
    /// How long the last batch took.
    took: Duration,
}

impl Gather {
    /// Called on the writer's thread.
    pub(super) fn new(queue: mpsc::Receiver<Job>, bell: Arc<Bell>) -> Self {
        bell.writer.get_or_init(std::thread::current);
        Self {
            queue,
            bell,
            taken: 0,
            appends: Vec::new(),
            bytes: 0,
            cosigned: Vec::new(),
            about: 0,
            took: Duration::ZERO,
        }
    }

    /// The next batch of appends, and what else was asked; nothing once nobody can send any more.
    pub(super) fn next(&mut self) -> Option<(Vec<Request>, Vec<Cosigned>)> {
        if self.appends.is_empty() && self.cosigned.is_empty() {
            let first = self.queue.blocking_recv()?;
            self.take(first);
        }
        self.drain();
        if !self.appends.is_empty() {
            self.await_others();
        }
        self.bytes = 0;
        Some((
            std::mem::take(&mut self.appends),
            std::mem::take(&mut self.cosigned),
        ))
    }

    /// Notes that a batch of `count` appends took that long. Called before they are answered: whoever waits at
    /// this moment is not one of them.
    pub(super) fn done(&mut self, count: usize, took: Duration) {
        self.drain();
        self.about = count + self.appends.len();
        self.took = took;
    }

    fn await_others(&mut self) {
        let until = Instant::now() + (self.took / 2).min(PATIENCE);
        let next = (self.took / 8).max(NEXT);
        while self.appends.len() < self.about && !self.full() && Instant::now() < until {
            let before = self.appends.len();
            let missing = self.about - before;
            self.bell.wait(self.taken + missing as u64, next);
            self.drain();
            // Whoever is not back by now has something else to do.
            if self.appends.len() == before {
                return;
            }
        }
    }

    fn full(&self) -> bool {
        self.appends.len() >= BATCH_APPENDS || self.bytes >= BATCH_BYTES
    }

    fn drain(&mut self) {
        while !self.full() {
            match self.queue.try_recv() {
                Ok(job) => self.take(job),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return,
            }
        }
    }

    fn take(&mut self, job: Job) {
        match job {
            Job::Append(request) => {
                self.taken += 1;
                self.bytes += request.bytes();
                self.appends.push(request);
            }
            Job::Cosigned(cosigned) => self.cosigned.push(cosigned),
        }
    }
}
