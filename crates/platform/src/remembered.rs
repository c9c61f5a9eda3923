//! What was worked out from the read model, and holds until something happens.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use kandeng_ledger::StoreError;

use crate::platform::Platform;

/// How long it holds where nothing happens: what is said of "today" and of what was erased from the ledger itself is
/// never older.
const LONGEST: Duration = Duration::from_secs(30);

/// Values that were worked out from the read model, by what they are of. All of them are forgotten when the ledger
/// goes on, so that everybody sees what they have just done.
pub struct Remembered<K, V> {
    known: Mutex<Known<K, V>>,
    most: usize,
}

struct Known<K, V> {
    position: u64,
    since: Instant,
    of: HashMap<K, V>,
}

impl<K: Eq + Hash, V: Clone> Remembered<K, V> {
    /// None yet, and never more than `most`.
    pub fn new(most: usize) -> Self {
        let known = Known {
            position: 0,
            since: Instant::now(),
            of: HashMap::new(),
        };
        Self {
            known: Mutex::new(known),
            most,
        }
    }

    /// The value of `key`, worked out by `read` unless it is known.
    ///
    /// # Errors
    /// When the database fails, and whatever `read` gives.
    pub fn of<E: From<StoreError>>(
        &self,
        platform: &Platform,
        key: K,
        read: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, E> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // Before anything is read: what happens meanwhile is not taken for known.
        let position = platform.position()?;
        if let Some(value) = known().at(position).get(&key) {
            return Ok(value.clone());
        }
        let value = read()?;
        let mut known = known();
        if known.position == position {
            if known.of.len() >= self.most {
                known.of.clear();
            }
            known.of.insert(key, value.clone());
        }
        Ok(value)
    }
}

impl<K, V> Known<K, V> {
    /// What is known at a position.
    fn at(&mut self, position: u64) -> &mut HashMap<K, V> {
        // Backwards too: a read model that is made anew starts from nothing.
        if self.position != position || self.since.elapsed() > LONGEST {
            self.of.clear();
            self.position = position;
            self.since = Instant::now();
        }
        &mut self.of
    }
}
