//! Time and ids as arguments: the only place that asks the machine for either.
//!
//! A test that sets the clock sees a year go by in a second, and what sleeps wakes in order.

use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

/// What time it is, and waiting for a time.
pub trait Clock: Send + Sync {
    /// Now, to the millisecond.
    fn now(&self) -> Timestamp;

    /// Ready once it is `at` or later.
    fn sleep_until(&self, at: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        millis(Timestamp::now())
    }

    fn sleep_until(&self, at: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            // The machine's clock may be set while this sleeps: look again at least every minute.
            loop {
                let left = at.as_millisecond() - self.now().as_millisecond();
                if left <= 0 {
                    return;
                }
                let left = Duration::from_millis(left as u64).min(Duration::from_mins(1));
                tokio::time::sleep(left).await;
            }
        })
    }
}

/// A clock that stands until it is set.
#[derive(Debug)]
pub struct SetClock(watch::Sender<Timestamp>);

impl SetClock {
    /// A clock that stands at `at`.
    pub fn at(at: Timestamp) -> Self {
        Self(watch::Sender::new(millis(at)))
    }

    /// Sets the clock, also back; whoever waits for a time that has come wakes.
    pub fn set(&self, at: Timestamp) {
        self.0.send_replace(millis(at));
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    fn sleep_until(&self, at: Timestamp) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let mut now = self.0.subscribe();
        Box::pin(async move {
            // Cannot fail: the sender is borrowed for as long as this waits.
            let _ = now.wait_for(|now| *now >= at).await;
        })
    }
}

/// Events are kept to the millisecond, so what is decided on must be too.
fn millis(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

/// Where new ids come from.
pub trait Ids: Send + Sync {
    /// An id that nobody has had: a UUID of version 7, so that ids made later sort later.
    fn next(&self, at: Timestamp) -> Uuid;
}

/// Random ids.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomIds;

impl Ids for RandomIds {
    fn next(&self, at: Timestamp) -> Uuid {
        let random = *Uuid::new_v4().as_bytes();
        let mut ten = [0; 10];
        ten.copy_from_slice(&random[..10]);
        version_7(at, &ten)
    }
}

/// Ids that count up, so that a test reads the same every time.
#[derive(Debug, Default)]
pub struct CountedIds(Mutex<u64>);

impl Ids for CountedIds {
    fn next(&self, at: Timestamp) -> Uuid {
        let mut count = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *count += 1;
        let mut ten = [0; 10];
        ten[2..].copy_from_slice(&count.to_be_bytes());
        version_7(at, &ten)
    }
}

fn version_7(at: Timestamp, random: &[u8; 10]) -> Uuid {
    let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid()
}
