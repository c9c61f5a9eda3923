//! How far projects have got that file no stage: shown by their own items and by rows that name them.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

/// The highest stage that rows of other tables show of projects left on disk, by the code's hash.
/// Two of a million codes share a hash once in thirty million runs.
#[derive(Debug)]
pub(crate) struct Reached {
    ranks: HashMap<u64, usize>,
    hasher: RandomState,
}

impl Reached {
    /// Nothing yet; `hasher` as codes are hashed elsewhere.
    pub fn new(hasher: RandomState) -> Self {
        Self {
            ranks: HashMap::new(),
            hasher,
        }
    }

    /// A project that files no stage.
    pub fn seek(&mut self, code: &str) {
        self.ranks.entry(self.hasher.hash_one(code)).or_insert(0);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ranks.is_empty()
    }

    /// A row shows a project to have got so far.
    pub fn show(&mut self, code: &str, rank: usize) {
        if let Some(reached) = self.ranks.get_mut(&self.hasher.hash_one(code)) {
            *reached = rank.max(*reached);
        }
    }

    /// The rank of a project.
    pub fn rank(&self, code: &str) -> usize {
        let rank = self.ranks.get(&self.hasher.hash_one(code));
        rank.copied().unwrap_or(0)
    }
}
