//! Rows that belong to one task and not to the plan: so that one plan serves many tasks at once.
//! They travel in the task's context, where scans look for them before they look into their slot.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use datafusion::execution::{SessionState, TaskContext};

use crate::{TableSource, Tables};

/// The rows of one task, by table.
pub(crate) struct TaskRows {
    tables: RwLock<BTreeMap<String, Arc<dyn TableSource>>>,
}

impl TaskRows {
    /// The tables that the task starts with.
    pub(crate) fn new(tables: &Tables) -> Self {
        let given = tables
            .names()
            .filter_map(|name| Some((name.to_owned(), Arc::clone(tables.get(name)?))));
        Self {
            tables: RwLock::new(given.collect()),
        }
    }

    /// A context for plans of `state` that finds these rows. Plans hold their functions themselves,
    /// so it carries none: copying them would cost more than many a statement.
    pub(crate) fn context(self: &Arc<Self>, state: &SessionState) -> Arc<TaskContext> {
        Arc::new(TaskContext::new(
            None,
            String::new(),
            state.config().clone().with_extension(Arc::clone(self)),
            HashMap::new(),
            HashMap::new(),
            HashMap::new(),
            HashMap::new(),
            Arc::clone(state.runtime_env()),
        ))
    }

    /// Adds a table that the task has made.
    pub(crate) fn insert(&self, name: &str, source: Arc<dyn TableSource>) {
        self.tables
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned(), source);
    }

    /// The task's own rows of a table, if it has any.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<dyn TableSource>> {
        // A map that a panic left behind is whole: one insert is one step.
        self.tables
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }
}
