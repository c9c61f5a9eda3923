//! From a pack and tables to findings: planning, running, counting.

mod answers;
mod apart;
mod compile;
mod counts;
mod dense_groups;
mod draft;
mod failure;
mod filling;
mod finding;
mod index;
mod kept;
mod kept_plans;
mod lanes;
mod late_sorts;
mod numbers;
mod outcome;
mod parts;
mod plan;
mod planner;
mod population;
mod reach;
mod row_checks;
mod run;
mod runtime;
mod scan;
mod session;
mod slot;
mod steps;
mod tally;
mod task_rows;
mod turns;
mod windows;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

pub use answers::{Answer, Answers, Reason};
pub use draft::{DraftAnswer, DraftCheck, DraftOutcome, DraftSettings};
pub use failure::{EngineError, Failure, FailureCause};
pub use finding::Finding;
pub use kept_plans::KeptPlans;
pub use outcome::{Outcome, StepProfile};
pub use plan::Prepared;
pub use reach::{Change, ReachMap, Reached, Subjects, columns_read};

use crate::figure::Labels;
use crate::pack::{Audience, Param};

/// What one run is asked to do.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The only date that rules may see.
    pub as_of: jiff::civil::Date,
    /// Who will read the findings; rules that are not for them do not run.
    pub audience: Audience,
    /// Only these rules, when given.
    pub only: Option<BTreeSet<String>>,
    /// Values for parameters, by rule and name.
    pub params: BTreeMap<(String, String), Param>,
    /// How the values of choices are called in sentences.
    pub labels: Labels,
    /// Bytes that rules may hold in memory together; beyond it they spill to disk where they can.
    pub memory_limit: usize,
    /// Time that one rule may take.
    pub time_limit: Duration,
    /// Rules that run at the same time.
    pub threads: usize,
    /// Rows of tables, as far as they are known before reading; they order joins.
    pub rows: BTreeMap<String, usize>,
    /// Keep plans with their figures for [`Outcome::profile`]; rules then run one after another.
    pub profile: bool,
    /// Plans of an earlier run, under the same [`KeptPlans::name`].
    pub plans: Option<Arc<KeptPlans>>,
}

impl Settings {
    /// Everything by default: every rule, half of the machine's memory, two minutes a rule, all cores.
    pub fn new(as_of: jiff::civil::Date, audience: Audience) -> Self {
        Self {
            as_of,
            audience,
            only: None,
            params: BTreeMap::new(),
            labels: Labels::new(),
            memory_limit: half_of_memory(),
            time_limit: Duration::from_mins(2),
            threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            rows: BTreeMap::new(),
            profile: false,
            plans: None,
        }
    }
}

/// Half of the memory that the machine (or the container's limit) has; 2 GiB where it does not say.
pub fn half_of_memory() -> usize {
    let machine = std::fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
            let kib: usize = line.split_whitespace().nth(1)?.parse().ok()?;
            Some(kib * 1024)
        });
    let container = std::fs::read_to_string("/sys/fs/cgroup/memory.max")
        .ok()
        .and_then(|text| text.trim().parse::<usize>().ok());
    let memory = match (machine, container) {
        (Some(machine), Some(container)) => machine.min(container),
        (Some(memory), None) | (None, Some(memory)) => memory,
        (None, None) => 4 << 30,
    };
    memory / 2
}
