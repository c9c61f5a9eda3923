//! How long somebody waits before trying to sign in again: longer with each failure, for the account that is tried
//! and for the address it is tried from. Kept by each node for itself, since it is no record of anything.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Failures that cost nothing: people mistype.
const FREE: u32 = 3;

/// Failures from one address that cost nothing: an office has one address.
const FREE_OF_ADDRESS: u32 = 20;

/// The longest wait, in seconds.
const LONGEST: i64 = 15 * 60;

/// Failures are forgotten after this time without another.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(24);

/// The most accounts and addresses that are remembered. Beyond it the oldest are forgotten.
const MOST: usize = 20_000;

/// Whose failures are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Of {
    /// A name to sign in by, whether or not there is one: as it is compared.
    Login(String),
    /// An address.
    Address(String),
}

impl Of {
    fn free(&self) -> u32 {
        match self {
            Self::Login(_) => FREE,
            Self::Address(_) => FREE_OF_ADDRESS,
        }
    }
}

#[derive(Clone, Copy)]
struct Failures {
    times: u32,
    last: Timestamp,
}

/// Failures by account and address.
#[derive(Default)]
pub(super) struct Delays(Mutex<HashMap<Of, Failures>>);

impl Delays {
    /// How long somebody has yet to wait; nothing when they may try now.
    pub(super) fn wait(&self, of: &Of, now: Timestamp) -> Option<SignedDuration> {
        let all = self.lock();
        let failures = all.get(of)?;
        let ready = failures
            .last
            .saturating_add(pause(of, failures.times))
            .ok()?;
        (ready > now).then(|| now.duration_until(ready))
    }

    /// One more failure; how many in a row by now.
    pub(super) fn failed(&self, of: Of, now: Timestamp) -> u32 {
        let mut all = self.lock();
        if all.len() >= MOST {
            // Whoever failed lately stays.
            let mut times: Vec<Timestamp> = all.values().map(|failures| failures.last).collect();
            times.sort_unstable();
            let middle = times[times.len() / 2];
            all.retain(|_, failures| failures.last > middle);
        }
        let failures = all.entry(of).or_insert(Failures {
            times: 0,
            last: now,
        });
        if failures.last.duration_until(now) > FORGOTTEN {
            failures.times = 0;
        }
        failures.times = failures.times.saturating_add(1);
        failures.last = now;
        failures.times
    }

    /// It worked: the account's failures count no more.
    pub(super) fn forget(&self, of: &Of) {
        self.lock().remove(of);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Of, Failures>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 1, 2, 4 … seconds after those that are free.
fn pause(of: &Of, times: u32) -> SignedDuration {
    let beyond = times.saturating_sub(of.free());
    let seconds = match beyond {
        0 => 0,
        _ => 1_i64
            .checked_shl(beyond - 1)
            .filter(|seconds| *seconds > 0)
            .unwrap_or(LONGEST),
    };
    SignedDuration::from_secs(seconds.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_800_000_000 + seconds)
    }

    #[test]
    fn waiting_doubles_with_each_failure_and_has_an_end() {
        let delays = Delays::default();
        let of = Of::Login("a".to_owned());
        let mut waits = Vec::new();
        for _ in 0..70 {
            delays.failed(of.clone(), at(0));
            waits.push(delays.wait(&of, at(0)).map_or(0, |wait| wait.as_secs()));
        }
        assert_eq!(waits[..8], [0, 0, 0, 1, 2, 4, 8, 16]);
        assert_eq!(waits[69], LONGEST);
        assert!(delays.wait(&of, at(LONGEST)).is_none());
        delays.forget(&of);
        assert!(delays.wait(&of, at(0)).is_none());
    }

    #[test]
    fn an_office_with_one_address_is_not_locked_out_by_a_few_who_mistype() {
        let delays = Delays::default();
        let of = Of::Address("192.0.2.1".to_owned());
        for _ in 0..FREE_OF_ADDRESS {
            delays.failed(of.clone(), at(0));
        }
        assert!(delays.wait(&of, at(0)).is_none());
        delays.failed(of.clone(), at(0));
        assert!(delays.wait(&of, at(0)).is_some());
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_newest_stays() {
        let delays = Delays::default();
        for number in 0..(MOST as i64 + 100) {
            delays.failed(Of::Login(number.to_string()), at(number));
        }
        assert!(delays.lock().len() <= MOST);
        let newest = Of::Login((MOST + 99).to_string());
        assert!(delays.lock().contains_key(&newest));
    }

    #[test]
    fn failures_of_yesterday_are_forgotten() {
        let delays = Delays::default();
        let of = Of::Login("a".to_owned());
        for _ in 0..10 {
            delays.failed(of.clone(), at(0));
        }
        assert_eq!(delays.failed(of, at(25 * 3_600)), 1);
    }
}
