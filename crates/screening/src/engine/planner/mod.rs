//! Planning: every statement of a pack becomes a physical plan over slots, before any row is there.

mod by;
mod populations;
mod rules;
mod shared;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::sql::parser::Statement as BoundStatement;
use tokio::task::JoinSet;

use super::Settings;
use super::apart::PopulationParts;
use super::failure::{EngineError, pack_error};
use super::kept_plans::{StatementKey, statement_key};
use super::parts::Parts;
use super::plan::{Layout, PlannedPopulation, PlannedRule, Step, Work};
use super::scan::SlotTable;
use super::session::Session;
use super::slot::Slot;
use crate::TableDeclaration;
use crate::items::Items;
use crate::pack::{Pack, PackError, Param, Rule};
use crate::sql::{Bindings, Problem, Select};

/// A statement that is parsed and bound, on its way to a plan.
struct Statement {
    key: StatementKey,
    name: String,
    work: Work,
    reads: BTreeSet<String>,
    parts: Option<Arc<Parts>>,
    file: String,
    sql: String,
    line: usize,
}

/// What is known of a statement before it runs.
pub(super) struct Looked {
    key: StatementKey,
    plan: Look,
}

enum Look {
    /// To be planned.
    Anew(LogicalPlan),
    /// Planned in an earlier run.
    Kept(Arc<dyn ExecutionPlan>),
}

impl Looked {
    fn schema(&self) -> SchemaRef {
        match &self.plan {
            Look::Anew(plan) => Arc::clone(plan.schema().inner()),
            Look::Kept(plan) => plan.schema(),
        }
    }
}

type Planned = Result<Arc<dyn ExecutionPlan>, DataFusionError>;

/// Everything that planning gathers.
pub(super) struct Planner<'a> {
    pack: &'a Pack,
    items: Option<&'a Items>,
    settings: &'a Settings,
    session: &'a Session,
    /// Plans that are being made while further statements are read.
    plans: JoinSet<(usize, Planned)>,
    /// Plans of an earlier run, by statement.
    kept: BTreeMap<usize, Arc<dyn ExecutionPlan>>,
    functions: Option<TaskContext>,
    errors: Vec<PackError>,
    pub(super) tables: BTreeMap<String, Arc<Slot>>,
    /// Those and the shared ones.
    slots: Arc<BTreeMap<String, Arc<Slot>>>,
    /// Columns of the shared tables that are registered.
    shared: BTreeMap<String, SchemaRef>,
    statements: Vec<Statement>,
    /// The rules that run, with the parameters they run with.
    rules: Vec<Rule>,
}

/// Keys of a header that a row check's SQL stands in.
const ROW_CHECK_KEYS: &[&str] = &["flag_when", "figures"];

impl<'a> Planner<'a> {
    pub(super) fn new(
        pack: &'a Pack,
        items: Option<&'a Items>,
        settings: &'a Settings,
        session: &'a Session,
    ) -> Self {
        Self {
            pack,
            items,
            settings,
            session,
            plans: JoinSet::new(),
            kept: BTreeMap::new(),
            functions: settings.plans.is_some().then(|| session.functions()),
            slots: Arc::default(),
            errors: Vec::new(),
            tables: BTreeMap::new(),
            shared: BTreeMap::new(),
            statements: Vec::new(),
            rules: Vec::new(),
        }
    }

    /// The rules to run and the kinds of subjects they are counted over; their statements are on the way.
    pub(super) async fn plan(&mut self) -> (Vec<PlannedRule>, Vec<PlannedPopulation>) {
        self.register_tables();
        let rules: Vec<Rule> = self
            .pack
            .rules
            .iter()
            .filter(|rule| rule.audience.is_seen_by(self.settings.audience))
            .filter(|rule| {
                self.settings
                    .only
                    .as_ref()
                    .is_none_or(|only| only.contains(&rule.id))
            })
            .cloned()
            .map(|mut rule| {
                for ((id, name), value) in &self.settings.params {
                    if *id == rule.id {
                        rule.params.insert(name.clone(), value.clone());
                    }
                }
                rule
            })
            .collect();
        self.rules.clone_from(&rules);
        let selects = self.parse_queries(&rules);
        self.plan_shared(&rules, &selects).await;
        self.check_needs(&rules);
        if !self.errors.is_empty() {
            return (Vec::new(), Vec::new());
        }
        let mut layouts: BTreeMap<usize, Layout> = BTreeMap::new();
        for (index, select) in selects {
            if let Some(layout) = self.plan_query(index, &rules[index], &select).await {
                layouts.insert(index, layout);
            }
        }
        self.plan_row_checks(&rules, &mut layouts).await;
        let populations = self.plan_populations(&rules).await;
        let planned = rules
            .into_iter()
            .enumerate()
            .map(|(index, rule)| PlannedRule {
                rule: Arc::new(rule),
                layout: Arc::new(layouts.remove(&index).unwrap_or_default()),
            })
            .collect();
        (planned, populations)
    }

    /// All statements as steps, in order.
    pub(super) async fn steps(&mut self) -> Result<Vec<Step>, EngineError> {
        if !self.errors.is_empty() {
            // A table that cannot be planned is told of once, not for each of its readers.
            let mut told = BTreeSet::new();
            let mut errors = std::mem::take(&mut self.errors);
            errors.retain(|error| {
                told.insert((error.file.clone(), error.line, error.message.clone()))
            });
            return Err(EngineError::Pack(errors));
        }
        let mut plans = std::mem::take(&mut self.kept);
        let kept: BTreeSet<usize> = plans.keys().copied().collect();
        let mut errors = Vec::new();
        while let Some(done) = self.plans.join_next().await {
            let (index, plan) = done.map_err(|error| EngineError::Machine(error.to_string()))?;
            match plan {
                Ok(plan) => {
                    plans.insert(index, plan);
                }
                Err(error) => {
                    let apart = self.blamed_apart(index).await;
                    if !apart.is_empty() {
                        errors.extend(apart);
                        continue;
                    }
                    let statement = &self.statements[index];
                    errors.push(pack_error(
                        &statement.file,
                        &statement.sql,
                        statement.line,
                        &error,
                    ));
                }
            }
        }
        if !errors.is_empty() {
            errors.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
            return Err(EngineError::Pack(errors));
        }
        let statements = std::mem::take(&mut self.statements);
        let places: BTreeMap<String, usize> = statements
            .iter()
            .enumerate()
            .filter(|(_, statement)| matches!(statement.work, Work::Shared(_)))
            .map(|(index, statement)| (statement.name.clone(), index))
            .collect();
        let place = |table: &String| places.get(table).copied();
        Ok(statements
            .into_iter()
            .zip(plans)
            .map(|(statement, (index, plan))| (statement, plan, kept.contains(&index)))
            .map(|(statement, plan, is_kept)| Step {
                key: Some(statement.key),
                is_kept,
                reads: statement.reads.iter().filter_map(place).collect(),
                name: statement.name,
                work: statement.work,
                parts: statement.parts,
                plan: Some(plan),
            })
            .collect())
    }

    /// A statement that serves several rules cannot be planned: the rules that are to blame.
    async fn blamed_apart(&self, statement: usize) -> Vec<PackError> {
        let mut errors = Vec::new();
        let as_of = self.settings.as_of;
        match &self.statements[statement].work {
            Work::RowChecks(checks) => {
                for member in &checks.members {
                    let rule = &self.rules[*member];
                    if let Err(error) = checks.plan_alone(self.session, as_of, rule).await {
                        let (shown, line) = rule.header_of(ROW_CHECK_KEYS);
                        errors.push(pack_error(&rule.file, &shown, line, &error));
                    }
                }
            }
            Work::Population(_, subject) => {
                let counted = self.rules.iter();
                for rule in counted.filter(|rule| rule.subjects.contains(&subject.kind)) {
                    let parts = PopulationParts::of_applies(subject);
                    if let Err(error) = parts.check(self.session, as_of, rule).await {
                        let (shown, line) = rule.header_of(&["applies"]);
                        errors.push(pack_error(&rule.file, &shown, line, &error));
                    }
                }
            }
            _ => {}
        }
        errors
    }

    /// Takes a statement; its physical plan is made on another thread while the next is read.
    fn add(&mut self, plan: Look, statement: Statement) {
        let index = self.statements.len();
        self.statements.push(statement);
        match plan {
            Look::Kept(plan) => {
                self.kept.insert(index, plan);
            }
            Look::Anew(logical) => {
                let session = self.session.clone();
                self.plans
                    .spawn(async move { (index, session.physical(&logical).await) });
            }
        }
    }

    fn register_tables(&mut self) {
        for table in &self.pack.tables {
            let rows = self.settings.rows.get(&table.name).copied();
            let mut slot = Slot::new(&table.name, table.schema(), rows, &table.ordered_by);
            let has = |name: &str| table.columns.iter().any(|column| column.name == name);
            for subject in &self.pack.subjects {
                if let Some(number) = &subject.number
                    && has(&subject.id)
                {
                    slot = slot.with_numbers(number, &subject.id, &subject.table);
                }
            }
            let slot = Arc::new(slot);
            self.register(&table.name, &slot);
            self.tables.insert(table.name.clone(), slot);
        }
    }

    fn register(&mut self, name: &str, slot: &Arc<Slot>) {
        let table = Arc::new(SlotTable(Arc::clone(slot)));
        Arc::make_mut(&mut self.slots).insert(name.to_owned(), Arc::clone(slot));
        if let Err(error) = self.session.register(name, table) {
            self.errors.push(pack_error(name, "", 0, &error));
        }
    }

    /// What a statement yields: as an earlier run planned it, else looked up anew.
    async fn look(
        &mut self,
        file: &str,
        line: usize,
        sql: &str,
        select: &Select,
        params: &BTreeMap<String, Param>,
    ) -> Option<Looked> {
        let statement = self.bound(file, line, sql, select, params)?;
        let key = statement_key(&statement);
        if let (Some(plans), Some(functions)) = (&self.settings.plans, &self.functions)
            && let Some(plan) = plans.plan(&key, &self.slots, functions)
        {
            let plan = Look::Kept(plan);
            return Some(Looked { key, plan });
        }
        let plan = Look::Anew(self.planned(file, line, sql, statement).await?);
        Some(Looked { key, plan })
    }

    async fn logical(
        &mut self,
        file: &str,
        line: usize,
        sql: &str,
        select: &Select,
        params: &BTreeMap<String, Param>,
    ) -> Option<LogicalPlan> {
        let statement = self.bound(file, line, sql, select, params)?;
        self.planned(file, line, sql, statement).await
    }

    fn bound(
        &mut self,
        file: &str,
        line: usize,
        sql: &str,
        select: &Select,
        params: &BTreeMap<String, Param>,
    ) -> Option<BoundStatement> {
        let bindings = Bindings {
            as_of: self.settings.as_of,
            params,
        };
        match select.bind(&bindings) {
            Ok(statement) => Some(statement),
            Err(problem) => {
                self.refused(file, line, sql, problem);
                None
            }
        }
    }

    /// A statement that begins on `line` and is none that rules may use.
    fn refused(&mut self, file: &str, line: usize, sql: &str, problem: Problem) {
        let line = problem.line_in(sql, line);
        let text = problem.text;
        self.errors
            .push(PackError::new(file, line, text.zh, text.en));
    }

    async fn planned(
        &mut self,
        file: &str,
        line: usize,
        sql: &str,
        statement: BoundStatement,
    ) -> Option<LogicalPlan> {
        match self.session.logical(statement).await {
            Ok(plan) => Some(plan),
            Err(error) => {
                self.errors.push(pack_error(file, sql, line, &error));
                None
            }
        }
    }

    fn has_column(&self, table: &str, column: &str) -> bool {
        match (self.tables.get(table), self.shared.get(table)) {
            (Some(slot), _) => slot.schema().index_of(column).is_ok(),
            (None, Some(schema)) => schema.index_of(column).is_ok(),
            (None, None) => false,
        }
    }

    /// The columns of any table, as far as their names matter.
    fn declaration(&self, name: &str) -> Option<TableDeclaration> {
        if let Some(table) = self.pack.table(name) {
            return Some(table.clone());
        }
        let schema = self.shared.get(name)?;
        Some(TableDeclaration {
            name: name.to_owned(),
            columns: schema
                .fields()
                .iter()
                .map(|field| crate::ColumnDeclaration {
                    name: field.name().clone(),
                    kind: match field.data_type() {
                        DataType::Int64 => crate::ColumnType::Int,
                        _ => crate::ColumnType::Text,
                    },
                })
                .collect(),
            ordered_by: Vec::new(),
        })
    }
}
