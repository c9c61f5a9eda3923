//! Rows that belong to one task and not to the plan: so that one plan serves many tasks at once.
//! They travel in the task's context, where scans look for them before they look into their slot.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use datafusion::execution::TaskContext;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::prelude::SessionConfig;

use super::numbers::{Numbering, texts};
use super::slot::{Rows, Slot};
use crate::{SourceError, Tables};

/// The rows of one task, by table.
#[derive(Default)]
pub(crate) struct TaskRows {
    tables: RwLock<BTreeMap<String, Arc<Rows>>>,
}

impl TaskRows {
    /// The tables that the task starts with. In tables of `numbered` ids of subjects get their numbers,
    /// also where the rows stay in the slot.
    pub(crate) fn new(tables: &Tables, numbered: &[Arc<Slot>]) -> Result<Self, SourceError> {
        let mut given: BTreeMap<String, Rows> = tables
            .names()
            .filter_map(|name| {
                let source = Arc::clone(tables.get(name)?);
                Some((name.to_owned(), Rows::of(source)))
            })
            .collect();
        let mut ids = BTreeMap::new();
        for number in numbered.iter().filter_map(|slot| slot.number()) {
            let subject = (number.table.as_str(), number.id.as_str());
            if let Some(source) = tables.get(&number.table)
                && !ids.contains_key(&subject)
            {
                let column = source.schema().index_of(&number.id)?;
                let batches = source.read(&[column])?;
                let read: Result<Vec<_>, SourceError> =
                    batches.map(|batch| texts(batch?.column(0))).collect();
                ids.insert(subject, read?);
            }
        }
        let numberings: BTreeMap<_, _> = ids
            .iter()
            .map(|(subject, ids)| (*subject, Numbering::of(ids)))
            .collect();
        for slot in numbered {
            let Some(number) = slot.number() else {
                continue;
            };
            let Some(numbering) = numberings.get(&(number.table.as_str(), number.id.as_str()))
            else {
                continue;
            };
            if !given.contains_key(slot.name())
                && let Some(lasting) = slot.rows()
            {
                let rows = Rows::of(Arc::clone(&lasting.source));
                given.insert(slot.name().to_owned(), rows);
            }
            if let Some(rows) = given.get_mut(slot.name())
                && let Ok(column) = rows.source.schema().index_of(&number.id)
            {
                rows.numbers = Some(numbering.number(rows.source.read(&[column])?)?);
            }
        }
        let given = given.into_iter().map(|(name, rows)| (name, Arc::new(rows)));
        Ok(Self {
            tables: RwLock::new(given.collect()),
        })
    }

    /// Tables whose ids nobody asks to have numbered.
    pub(crate) fn of(tables: &Tables) -> Self {
        let given = tables.names().filter_map(|name| {
            let rows = Rows::of(Arc::clone(tables.get(name)?));
            Some((name.to_owned(), Arc::new(rows)))
        });
        Self {
            tables: RwLock::new(given.collect()),
        }
    }

    /// A context for plans that finds these rows. Plans hold their functions themselves, so it carries
    /// none: copying them would cost more than many a statement.
    pub(crate) fn context(
        self: &Arc<Self>,
        config: &SessionConfig,
        env: &Arc<RuntimeEnv>,
    ) -> Arc<TaskContext> {
        Arc::new(TaskContext::new(
            None,
            String::new(),
            config.clone().with_extension(Arc::clone(self)),
            HashMap::new(),
            HashMap::new(),
            HashMap::new(),
            HashMap::new(),
            Arc::clone(env),
        ))
    }

    /// Adds a table that the task has made.
    pub(crate) fn insert(&self, name: &str, rows: Rows) {
        self.tables
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned(), Arc::new(rows));
    }

    /// The task's own rows of a slot, or those that it was filled with.
    pub(crate) fn get(&self, slot: &Slot) -> Option<Arc<Rows>> {
        // A map that a panic left behind is whole: one insert is one step.
        let own = self
            .tables
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(slot.name())
            .cloned();
        own.or_else(|| slot.rows())
    }

    /// The rows of a slot as a task with this context finds them.
    pub(crate) fn rows_of(slot: &Slot, context: &TaskContext) -> Option<Arc<Rows>> {
        match context.session_config().get_extension::<Self>() {
            Some(own) => own.get(slot),
            None => slot.rows(),
        }
    }
}
