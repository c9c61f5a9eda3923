//! What was worked out from the read model, and holds until something happens.
//!
//! Everything that is remembered anywhere holds by the same two things: how far the ledger is, and which half minute the
//! clock shows. So what was made of other remembered values is never older than they are; what somebody has just done
//! everybody sees at once; and what a text says of "today" changes at midnight, since a day begins with a half minute.
//! Whoever asks for something is part of its key, as far as it depends on them: what they may see and what they read.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use crate::platform::Platform;

/// How long it holds where nothing happens, in milliseconds: how long there is until a deadline, and what was erased from
/// the vault, is never older.
const LONGEST: i64 = 30_000;

/// Values that were worked out from the read model, by what they are of.
pub struct Remembered<K, V> {
    known: Mutex<Known<K, V>>,
    most: usize,
    weigh: fn(&V) -> usize,
}

struct Known<K, V> {
    at: Moment,
    weight: usize,
    of: HashMap<K, V>,
}

/// What everything that is remembered holds by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Moment {
    position: u64,
    half_minute: i64,
}

impl Moment {
    fn of(platform: &Platform) -> Self {
        Self {
            position: platform.position(),
            half_minute: platform.clock().now().as_millisecond().div_euclid(LONGEST),
        }
    }
}

impl<K: Eq + Hash, V: Clone> Remembered<K, V> {
    /// None yet, and never more than `most`.
    pub fn new(most: usize) -> Self {
        Self::weighing(most, |_| 1)
    }

    /// None yet, and never so many that they weigh more than `most` together, such as bytes.
    pub fn weighing(most: usize, weigh: fn(&V) -> usize) -> Self {
        // As nothing was remembered yet, any moment does.
        let at = Moment {
            position: 0,
            half_minute: 0,
        };
        let known = Known {
            at,
            weight: 0,
            of: HashMap::new(),
        };
        Self {
            known: Mutex::new(known),
            most,
            weigh,
        }
    }

    /// The value of `key`, worked out by `read` unless it is known.
    ///
    /// # Errors
    /// Whatever `read` gives.
    pub fn of<E>(
        &self,
        platform: &Platform,
        key: K,
        read: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, E> {
        // Before anything is read: what happens meanwhile is not taken for known.
        let now = Moment::of(platform);
        if let Some(value) = self.known(now, &key) {
            return Ok(value);
        }
        let value = read()?;
        self.keep(now, key, &value);
        Ok(value)
    }

    /// The same where working it out waits for something.
    ///
    /// # Errors
    /// Whatever `read` gives.
    pub async fn of_what_waits<E>(
        &self,
        platform: &Platform,
        key: K,
        read: impl Future<Output = Result<V, E>>,
    ) -> Result<V, E> {
        let now = Moment::of(platform);
        if let Some(value) = self.known(now, &key) {
            return Ok(value);
        }
        let value = read.await?;
        self.keep(now, key, &value);
        Ok(value)
    }

    fn known(&self, now: Moment, key: &K) -> Option<V> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // Backwards too: a clock may be set back.
        if known.at != now {
            known.forget();
            known.at = now;
        }
        known.of.get(key).cloned()
    }

    fn keep(&self, then: Moment, key: K, value: &V) {
        let weight = (self.weigh)(value);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.at != then || weight > self.most {
            return;
        }
        if known.weight + weight > self.most {
            known.forget();
        }
        known.weight += weight;
        // Two may have worked it out at the same time.
        if let Some(other) = known.of.insert(key, value.clone()) {
            known.weight -= (self.weigh)(&other);
        }
    }
}

impl<K, V> Known<K, V> {
    fn forget(&mut self) {
        self.of.clear();
        self.weight = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Moment = Moment {
        position: 7,
        half_minute: 3,
    };

    fn texts(most: usize) -> Remembered<u32, String> {
        Remembered::weighing(most, String::len)
    }

    fn weight(of: &Remembered<u32, String>) -> usize {
        let known = of.known.lock().unwrap();
        let weight = known.of.values().map(String::len).sum();
        assert_eq!(known.weight, weight);
        weight
    }

    #[test]
    fn what_is_known_is_forgotten_when_the_ledger_goes_on_and_when_half_a_minute_is_over() {
        let of = texts(100);
        for later in [
            Moment { position: 8, ..AT },
            Moment {
                half_minute: 4,
                ..AT
            },
            // The clock was set back.
            Moment {
                half_minute: 2,
                ..AT
            },
        ] {
            assert_eq!(of.known(AT, &1), None);
            of.keep(AT, 1, &"one".to_owned());
            assert_eq!(of.known(AT, &1).as_deref(), Some("one"));
            assert_eq!(of.known(later, &1), None);
            // What was begun before is too late.
            of.keep(AT, 1, &"one".to_owned());
            assert_eq!(of.known(later, &1), None);
        }
    }

    #[test]
    fn it_never_weighs_more_than_it_may() {
        let of = texts(10);
        assert_eq!(of.known(AT, &0), None);
        for number in 0..100_u32 {
            of.keep(AT, number % 7, &"x".repeat(number as usize % 13));
            assert!(weight(&of) <= 10);
        }
        of.keep(AT, 8, &"x".repeat(11));
        assert_eq!(of.known(AT, &8), None);
        of.keep(AT, 9, &"x".repeat(10));
        assert_eq!(of.known(AT, &9).map(|text| text.len()), Some(10));
    }
}
