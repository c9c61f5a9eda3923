//! What one changed filing can affect: which rules, and what they say of which subjects.
//!
//! An answer is a promise: outside of it no finding and no answer changes. It may name more than
//! changes in the end, never less. Nothing is screened here.

mod reading;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::compute::concat_batches;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::physical_plan::execution_plan::reset_plan_states;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::sql::parser::DFParser;
use futures::StreamExt;

use crate::engine::failure::EngineError;
use crate::engine::lanes::Lanes;
use crate::engine::scan::SlotTable;
use crate::engine::session::Session;
use crate::engine::slot::Slot;
use crate::engine::task_rows::TaskRows;
use crate::items::Items;
use crate::pack::{Pack, Reach, Subject};
use crate::{TableSource, Tables};
use reading::Reading;

/// The number of a row in its table: it says where the row stands and nothing about it.
const ROW_NO: &str = "row_no";

/// Subjects of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subjects {
    /// All there are.
    Every,
    /// These, by the ids that findings name.
    These(BTreeSet<String>),
}

impl Subjects {
    /// Whether a subject is among them.
    pub fn contains(&self, subject: &str) -> bool {
        match self {
            Self::Every => true,
            Self::These(subjects) => subjects.contains(subject),
        }
    }
}

/// A rule that a change can affect, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The rule.
    pub rule: String,
    /// The kind of subject.
    pub subject_kind: String,
    /// What it says of these may be another thing now.
    pub subjects: Subjects,
}

/// What changed about one filing: who it was and is, and which columns hold something else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Its ids, before and after.
    pub ids: BTreeSet<String>,
    /// Its villages, before and after.
    pub villages: BTreeSet<String>,
    /// Its owners' keys, before and after.
    pub owners: BTreeSet<String>,
    /// Tables that changed, with the columns that did; all of them where rows came or went.
    pub columns: BTreeMap<String, BTreeSet<String>>,
}

/// Knows of every rule of a pack what it reads and how far it reaches.
pub struct ReachMap {
    filing: Subject,
    subjects: Vec<Subject>,
    rules: Vec<Reading>,
    /// Id, village and owner of every filing in a table.
    keys: Arc<dyn ExecutionPlan>,
    session: Session,
    env: Arc<RuntimeEnv>,
    lanes: Lanes,
    declared: BTreeMap<String, Vec<String>>,
}

/// One filing's keys.
struct Keys {
    id: String,
    village: Option<String>,
    owner: Option<String>,
}

/// The columns of the input that a rule names, by table, through the shared tables down to those of the input; none
/// where the pack has no such rule. By its words: columns that a statement carries along with `*` are not among them.
pub fn columns_read(
    pack: &Pack,
    items: Option<&Items>,
    rule: &str,
) -> BTreeMap<String, BTreeSet<String>> {
    let rule = pack.rules.iter().find(|known| known.id == rule);
    rule.map_or_else(BTreeMap::new, |rule| {
        Reading::of(pack, items, rule).columns(pack)
    })
}

impl ReachMap {
    /// Reads a pack whose filings are the subjects of `kind`.
    ///
    /// # Errors
    /// When the pack has no such subject, or the village or the owner it declares for them is no SQL
    /// over their table.
    pub fn new(pack: &Pack, items: Option<&Items>, kind: &str) -> Result<Self, EngineError> {
        let filing = pack
            .subject(kind)
            .cloned()
            .ok_or_else(|| EngineError::Machine(format!("pack.toml declares no `{kind}`")))?;
        let env = Arc::new(RuntimeEnv::default());
        let session = Session::for_tasks(&env);
        let table = pack.table(&filing.table).ok_or_else(|| {
            EngineError::Machine(format!("{} is no table of the input", filing.table))
        })?;
        let slot = Slot::new(&table.name, table.schema(), None, &[]);
        session.register(&table.name, Arc::new(SlotTable(Arc::new(slot))))?;
        let key = |sql: &Option<String>| sql.clone().unwrap_or_else(|| "null".to_owned());
        // Findings name a subject as people know it.
        let name = filing.label.as_ref().unwrap_or(&filing.id);
        let sql = format!(
            "select cast(\"{}\" as varchar) as id, cast(({}) as varchar) as village, cast(({}) as varchar) as owner from {}",
            name,
            key(&filing.village),
            key(&filing.owner),
            filing.table
        );
        let lanes = Lanes::new(1)?;
        let statement = DFParser::parse_sql(&sql)?.pop_front();
        let statement =
            statement.ok_or_else(|| EngineError::Machine(format!("no statement: {sql}")))?;
        let keys = lanes.run(|runtime| {
            runtime.block_on(async {
                let logical = session.logical(statement).await?;
                session.physical(&logical).await
            })
        })?;
        let rules = pack.rules.iter().map(|rule| Reading::of(pack, items, rule));
        Ok(Self {
            rules: rules.collect(),
            subjects: pack.subjects.clone(),
            filing,
            keys,
            session,
            env,
            lanes,
            declared: pack
                .tables
                .iter()
                .map(|table| {
                    let columns = table.columns.iter().map(|column| column.name.clone());
                    (table.name.clone(), columns.collect())
                })
                .collect(),
        })
    }

    /// Whether a rule reads a table of the input, by whatever way.
    pub fn reads(&self, rule: &str, table: &str) -> bool {
        let mut readings = self.rules.iter();
        readings.any(|reading| reading.rule == rule && reading.tables.contains(table))
    }

    /// What changed about a filing. Both sides hold its rows alone, in all tables it has rows in; a
    /// side without any is a filing that was not there before, or is not any more.
    ///
    /// # Errors
    /// When a table cannot be read.
    pub fn change(&self, before: &Tables, after: &Tables) -> Result<Change, EngineError> {
        let mut change = Change::default();
        for side in [before, after] {
            for keys in self.keys(side)? {
                change.ids.insert(keys.id);
                change.villages.extend(keys.village);
                change.owners.extend(keys.owner);
            }
        }
        for (table, columns) in &self.declared {
            let rows = |side: &Tables| read_all(table, side.get(table));
            let changed = changed_columns(columns, rows(before)?.as_ref(), rows(after)?.as_ref());
            if !changed.is_empty() {
                change.columns.insert(table.clone(), changed);
            }
        }
        Ok(change)
    }

    /// The rules that a change can affect, and on which subjects. `all` holds the table of all
    /// filings, with or without the change.
    ///
    /// # Errors
    /// When the table of filings cannot be read.
    pub fn reached(&self, change: &Change, all: &Tables) -> Result<Vec<Reached>, EngineError> {
        let affected: Vec<&Reading> = self
            .rules
            .iter()
            .filter(|rule| rule.reads(change, &self.declared))
            .collect();
        let mut neighbours: BTreeMap<Reach, BTreeSet<String>> = BTreeMap::new();
        let looks_further = |rule: &&Reading| matches!(rule.reach, Reach::Village | Reach::Owner);
        if affected.iter().any(looks_further) {
            for reach in [Reach::Record, Reach::Village, Reach::Owner] {
                neighbours.insert(reach, change.ids.clone());
            }
            for keys in self.keys(all)? {
                let is_in = |known: &BTreeSet<String>, key: &Option<String>| {
                    key.as_ref().is_some_and(|key| known.contains(key))
                };
                for (reach, near) in [
                    (Reach::Village, is_in(&change.villages, &keys.village)),
                    (Reach::Owner, is_in(&change.owners, &keys.owner)),
                ] {
                    if near && let Some(subjects) = neighbours.get_mut(&reach) {
                        subjects.insert(keys.id.clone());
                    }
                }
            }
        }
        neighbours.insert(Reach::Record, change.ids.clone());
        let mut reached = Vec::new();
        for rule in affected {
            for kind in &rule.kinds {
                reached.push(Reached {
                    rule: rule.rule.clone(),
                    subject_kind: kind.clone(),
                    subjects: self.subjects(rule.reach, kind, change, &neighbours),
                });
            }
        }
        Ok(reached)
    }

    fn subjects(
        &self,
        reach: Reach,
        kind: &str,
        change: &Change,
        neighbours: &BTreeMap<Reach, BTreeSet<String>>,
    ) -> Subjects {
        let Some(subject) = self.subjects.iter().find(|subject| subject.kind == kind) else {
            return Subjects::Every;
        };
        // What a village or an owner is told apart by, in the subject's own table.
        let key = match reach {
            Reach::Record => Some(&subject.id),
            Reach::Village => subject.village.as_ref(),
            Reach::Owner => subject.owner.as_ref(),
            Reach::County => None,
        };
        match (key, neighbours.get(&reach)) {
            (Some(_), Some(subjects)) if kind == self.filing.kind => {
                Subjects::These(subjects.clone())
            }
            // The subject is the owner, or the village, itself.
            (Some(key), _) if kind != self.filing.kind && *key == subject.id => match reach {
                Reach::Owner => Subjects::These(change.owners.clone()),
                Reach::Village => Subjects::These(change.villages.clone()),
                Reach::Record | Reach::County => Subjects::Every,
            },
            _ => Subjects::Every,
        }
    }

    fn keys(&self, tables: &Tables) -> Result<Vec<Keys>, EngineError> {
        let context = Arc::new(TaskRows::of(tables)).context(self.session.config(), &self.env);
        let plan = reset_plan_states(Arc::clone(&self.keys))?;
        self.lanes.run(|runtime| {
            runtime.block_on(async {
                let mut stream = execute_stream(plan, context)?;
                let mut all = Vec::new();
                while let Some(batch) = stream.next().await {
                    add_keys(&batch?, &mut all);
                }
                Ok(all)
            })
        })
    }
}

fn add_keys(batch: &RecordBatch, all: &mut Vec<Keys>) {
    let texts = |column: usize| {
        datafusion::arrow::compute::cast(
            batch.column(column),
            &datafusion::arrow::datatypes::DataType::Utf8,
        )
    };
    let (Ok(ids), Ok(villages), Ok(owners)) = (texts(0), texts(1), texts(2)) else {
        return;
    };
    let at = |column: &Arc<dyn Array>, row: usize| {
        column
            .is_valid(row)
            .then(|| column.as_string::<i32>().value(row).to_owned())
    };
    for row in 0..batch.num_rows() {
        if let Some(id) = at(&ids, row) {
            all.push(Keys {
                id,
                village: at(&villages, row),
                owner: at(&owners, row),
            });
        }
    }
}

/// All rows of a table; none when it is not there or empty.
fn read_all(
    name: &str,
    source: Option<&Arc<dyn TableSource>>,
) -> Result<Option<RecordBatch>, EngineError> {
    let Some(source) = source else {
        return Ok(None);
    };
    let unreadable = |source| EngineError::Table {
        table: name.to_owned(),
        source,
    };
    let schema = source.schema();
    let columns: Vec<usize> = (0..schema.fields().len()).collect();
    let batches = source
        .read(&columns)
        .and_then(Iterator::collect::<Result<Vec<RecordBatch>, _>>)
        .map_err(unreadable)?;
    let all = concat_batches(&schema, &batches).map_err(|error| unreadable(error.into()))?;
    Ok((all.num_rows() > 0).then_some(all))
}

/// Columns that hold something else; all, where rows came or went. The number of a row in its table
/// says where it stands and nothing about it.
fn changed_columns(
    declared: &[String],
    before: Option<&RecordBatch>,
    after: Option<&RecordBatch>,
) -> BTreeSet<String> {
    let columns = declared.iter().filter(|column| *column != ROW_NO);
    let (before, after) = match (before, after) {
        (None, None) => return BTreeSet::new(),
        (Some(before), Some(after)) if before.num_rows() == after.num_rows() => (before, after),
        _ => return columns.cloned().collect(),
    };
    columns
        .filter(
            |column| match (before.column_by_name(column), after.column_by_name(column)) {
                (Some(one), Some(other)) => one != other,
                (None, Some(one)) | (Some(one), None) => one.null_count() < one.len(),
                (None, None) => false,
            },
        )
        .cloned()
        .collect()
}
