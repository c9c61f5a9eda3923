//! Rules as they were planned, kept for the next run of the same rules: planning takes longer than running. Holds no
//! rows.

use std::collections::{BTreeSet, VecDeque};

use jiff::civil::Date;
use kandeng_screening::{EngineError, Prepared};

/// Kept at once. What is filed at one time is mostly of a few kinds, and a new filing reaches all rules.
const MOST: usize = 4;

/// Plans of runs of some rules as of a day, the newest run first.
#[derive(Default)]
pub(super) struct Planned(VecDeque<(Date, BTreeSet<String>, Prepared)>);

impl Planned {
    /// Takes the plan of these rules as of a day, or makes it.
    pub fn take(
        &mut self,
        as_of: Date,
        rules: &BTreeSet<String>,
        plan: impl FnOnce() -> Result<Prepared, EngineError>,
    ) -> Result<Prepared, EngineError> {
        self.0.retain(|(day, ..)| *day == as_of);
        let place = self.0.iter().position(|(_, known, _)| known == rules);
        match place.and_then(|place| self.0.remove(place)) {
            Some((.., prepared)) => Ok(prepared),
            None => plan(),
        }
    }

    /// Keeps a plan of which everything has run to the end: what has not may hold rows still.
    pub fn keep(&mut self, as_of: Date, rules: BTreeSet<String>, prepared: Prepared) {
        self.0.truncate(MOST - 1);
        self.0.push_front((as_of, rules, prepared));
    }
}

impl Drop for Planned {
    fn drop(&mut self) {
        // Each has threads that are waited for, which may not be done where others wait.
        let plans = std::mem::take(&mut self.0);
        if !plans.is_empty() {
            std::thread::spawn(move || drop(plans));
        }
    }
}
