//! Planning: every statement of a pack becomes a physical plan over slots, before any row is there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::DataFusionError;
use datafusion::datasource::ViewTable;
use datafusion::execution::memory_pool::{FairSpillPool, MemoryPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use tokio::task::JoinSet;

use super::Settings;
use super::compile::{Child, NeedKind, Population, row_checks_sql};
use super::counts::key_column;
use super::failure::{EngineError, pack_error};
use super::scan::SlotTable;
use super::session::Session;
use super::slot::Slot;
use crate::items::Items;
use crate::pack::{Body, Pack, PackError, Param, Rule, Subject};
use crate::sql::{Bindings, Select};
use crate::{TableDeclaration, says};

/// A pack planned for one kind of run. Running it again with other tables costs no planning.
pub struct Prepared {
    pub(super) runtime: tokio::runtime::Runtime,
    pub(super) session: Session,
    pub(super) env: Arc<RuntimeEnv>,
    pub(super) settings: Settings,
    pub(super) tables: BTreeMap<String, Arc<Slot>>,
    pub(super) steps: Vec<Step>,
    pub(super) rules: Vec<PlannedRule>,
    pub(super) populations: Vec<PlannedPopulation>,
}

/// One statement of the run.
pub(super) struct Step {
    pub name: String,
    pub work: Work,
    /// None for steps that are no statement.
    pub plan: Option<Arc<dyn ExecutionPlan>>,
    /// Steps whose tables this one reads.
    pub reads: Vec<usize>,
}

/// What becomes of a step's rows.
#[derive(Clone)]
pub(super) enum Work {
    /// They fill a table that other steps read.
    Shared(Arc<Slot>),
    /// They are findings of a rule.
    Rule(usize),
    /// They are findings of several row checks.
    RowChecks(RowChecks),
    /// They are the subjects of a kind.
    Population(usize, Subject),
    /// A child table is counted for a kind of subject.
    Counting(Arc<Counting>),
}

impl Work {
    /// The rules that have no answer when this fails. Those that read a shared table fail by themselves.
    pub(super) fn rules(&self, populations: &[PlannedPopulation]) -> Vec<usize> {
        match self {
            Self::Shared(_) => Vec::new(),
            Self::Rule(rule) => vec![*rule],
            Self::RowChecks(checks) => checks.members.clone(),
            Self::Population(place, _) => {
                let counted = populations[*place].rules.iter();
                counted.map(|(rule, _)| *rule).collect()
            }
            Self::Counting(counting) => {
                let population = &populations[counting.population];
                let needing = population
                    .rules
                    .iter()
                    .zip(&population.compiled.child_needs);
                needing
                    .filter(|(_, needs)| needs.iter().any(|need| need.child == counting.place))
                    .map(|((rule, _), _)| *rule)
                    .collect()
            }
        }
    }
}

/// A child table that is counted for a kind of subject.
pub(super) struct Counting {
    pub population: usize,
    /// The child's place among those of the population.
    pub place: usize,
    pub child: Child,
    pub subject: Subject,
    pub slot: Arc<Slot>,
}

/// Row checks that are compiled into one SELECT.
#[derive(Clone)]
pub(super) struct RowChecks {
    pub over: String,
    pub id: String,
    pub has_row_no: bool,
    /// The rules, in the order of their flags among the columns.
    pub members: Vec<usize>,
}

/// A rule with the parameters of this run and the shape of what it yields.
pub(super) struct PlannedRule {
    pub rule: Arc<Rule>,
    pub layout: Arc<Layout>,
}

/// One kind of subject and the rules counted over it.
pub(super) struct PlannedPopulation {
    pub subject: Subject,
    pub rules: Vec<(usize, Vec<NeedKind>)>,
    pub compiled: Population,
}

/// Where a finding's parts stand among the columns of a rule's rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout {
    pub subject: usize,
    pub subject_kind: Option<usize>,
    pub related: Option<usize>,
    pub severity: Option<usize>,
    pub money: Option<usize>,
    pub items: Option<usize>,
    pub rows: Vec<(String, usize)>,
    pub figures: Vec<(String, usize)>,
}

impl Layout {
    fn of(schema: &Schema) -> Option<Self> {
        let mut layout = Self::default();
        let mut subject = None;
        for (index, field) in schema.fields().iter().enumerate() {
            match field.name().as_str() {
                "subject" => subject = Some(index),
                "subject_kind" => layout.subject_kind = Some(index),
                "related" => layout.related = Some(index),
                "severity" => layout.severity = Some(index),
                "money_fen" => layout.money = Some(index),
                "items" => layout.items = Some(index),
                name => match name.strip_prefix("row_") {
                    Some(table) => layout.rows.push((table.to_owned(), index)),
                    None => layout.figures.push((name.to_owned(), index)),
                },
            }
        }
        layout.subject = subject?;
        Some(layout)
    }
}

/// A statement that is parsed and bound, on its way to a plan.
struct Draft {
    name: String,
    work: Work,
    reads: BTreeSet<String>,
    file: String,
    sql: String,
    line: usize,
}

impl Prepared {
    /// Plans the rules of `pack` that `settings` asks for. `items` is what `items` is derived from.
    ///
    /// # Errors
    /// Every statement that cannot be planned, with file and line.
    pub fn new(
        pack: &Pack,
        items: Option<&Items>,
        settings: Settings,
    ) -> Result<Self, EngineError> {
        Self::planned(pack, items, settings, Session::new)
    }

    /// Plans in a session of this make.
    pub(super) fn planned(
        pack: &Pack,
        items: Option<&Items>,
        settings: Settings,
        session: impl Fn(&Arc<RuntimeEnv>) -> Session,
    ) -> Result<Self, EngineError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(settings.threads.max(1))
            .thread_stack_size(16 << 20)
            .enable_time()
            .build()
            .map_err(|error| EngineError::Machine(error.to_string()))?;
        let pool: Arc<dyn MemoryPool> = Arc::new(FairSpillPool::new(settings.memory_limit));
        let env = RuntimeEnvBuilder::new()
            .with_memory_pool(pool)
            .build_arc()
            .map_err(|error| EngineError::Machine(error.strip_backtrace()))?;
        let session = session(&env);
        let mut planner = Planner {
            pack,
            items,
            settings: &settings,
            session: &session,
            plans: JoinSet::new(),
            errors: Vec::new(),
            tables: BTreeMap::new(),
            shared: BTreeMap::new(),
            drafts: Vec::new(),
            params: Vec::new(),
        };
        let (rules, populations, mut steps) = runtime.block_on(async {
            let (rules, populations) = planner.plan().await;
            let steps = planner.steps().await?;
            Ok::<_, EngineError>((rules, populations, steps))
        })?;
        let tables = planner.tables;
        let counting = counting_steps(&steps, &tables, &populations);
        steps.extend(counting);
        Ok(Self {
            runtime,
            session,
            env,
            settings,
            tables,
            steps,
            rules,
            populations,
        })
    }

    /// The rules that run, with the parameters they run with.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map(|planned| planned.rule.as_ref())
    }

    /// What the run was asked to do.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Name and plan of every statement, for tests and for authors of rules.
    pub fn plans(&self) -> impl Iterator<Item = (&str, String)> {
        self.steps.iter().filter_map(|step| {
            let shown = datafusion::physical_plan::displayable(step.plan.as_ref()?.as_ref());
            Some((step.name.as_str(), shown.indent(false).to_string()))
        })
    }
}

/// One step for each child table of each kind of subject.
fn counting_steps(
    steps: &[Step],
    tables: &BTreeMap<String, Arc<Slot>>,
    populations: &[PlannedPopulation],
) -> Vec<Step> {
    let mut counting = Vec::new();
    for (population, planned) in populations.iter().enumerate() {
        for (place, child) in planned.compiled.children.iter().enumerate() {
            let shared = steps.iter().enumerate().find_map(|(index, step)| {
                let Work::Shared(slot) = &step.work else {
                    return None;
                };
                (step.name == child.table).then_some((index, slot))
            });
            let slot = shared.map(|(_, slot)| slot).or(tables.get(&child.table));
            let Some(slot) = slot else { continue };
            let sets = child.sets.iter().flatten();
            let mut columns: Vec<usize> = sets
                .filter_map(|name| slot.schema().index_of(name).ok())
                .chain(key_column(slot, &planned.subject))
                .collect();
            columns.sort_unstable();
            columns.dedup();
            slot.will_read(&columns);
            counting.push(Step {
                name: format!("rows of {} for each {}", child.table, planned.subject.kind),
                work: Work::Counting(Arc::new(Counting {
                    population,
                    place,
                    child: child.clone(),
                    subject: planned.subject.clone(),
                    slot: Arc::clone(slot),
                })),
                plan: None,
                reads: shared.map(|(index, _)| index).into_iter().collect(),
            });
        }
    }
    counting
}

type Planned = Result<Arc<dyn ExecutionPlan>, DataFusionError>;

/// Everything that planning gathers.
struct Planner<'a> {
    pack: &'a Pack,
    items: Option<&'a Items>,
    settings: &'a Settings,
    session: &'a Session,
    /// Plans that are being made while further statements are read.
    plans: JoinSet<(usize, Planned)>,
    errors: Vec<PackError>,
    tables: BTreeMap<String, Arc<Slot>>,
    /// Columns of the shared tables that are registered.
    shared: BTreeMap<String, SchemaRef>,
    drafts: Vec<Draft>,
    params: Vec<BTreeMap<String, Param>>,
}

impl Planner<'_> {
    /// Takes a statement; its physical plan is made on another thread while the next is read.
    fn draft(&mut self, logical: LogicalPlan, draft: Draft) {
        let index = self.drafts.len();
        self.drafts.push(draft);
        let session = self.session.clone();
        self.plans
            .spawn(async move { (index, session.physical(&logical).await) });
    }

    /// All statements as steps, in order.
    async fn steps(&mut self) -> Result<Vec<Step>, EngineError> {
        if !self.errors.is_empty() {
            return Err(EngineError::Pack(std::mem::take(&mut self.errors)));
        }
        let mut plans: BTreeMap<usize, Arc<dyn ExecutionPlan>> = BTreeMap::new();
        let mut errors = Vec::new();
        while let Some(done) = self.plans.join_next().await {
            let (index, plan) = done.map_err(|error| EngineError::Machine(error.to_string()))?;
            match plan {
                Ok(plan) => {
                    plans.insert(index, plan);
                }
                Err(error) => {
                    let draft = &self.drafts[index];
                    errors.push(pack_error(&draft.file, &draft.sql, draft.line, &error));
                }
            }
        }
        if !errors.is_empty() {
            errors.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
            return Err(EngineError::Pack(errors));
        }
        let drafts = std::mem::take(&mut self.drafts);
        let places: BTreeMap<String, usize> = drafts
            .iter()
            .enumerate()
            .filter(|(_, draft)| matches!(draft.work, Work::Shared(_)))
            .map(|(index, draft)| (draft.name.clone(), index))
            .collect();
        let place = |table: &String| places.get(table).copied();
        Ok(drafts
            .into_iter()
            .zip(plans.into_values())
            .map(|(draft, plan)| Step {
                reads: draft.reads.iter().filter_map(place).collect(),
                name: draft.name,
                work: draft.work,
                plan: Some(plan),
            })
            .collect())
    }

    async fn plan(&mut self) -> (Vec<PlannedRule>, Vec<PlannedPopulation>) {
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
        self.params = rules.iter().map(|rule| rule.params.clone()).collect();
        let selects = self.parse_queries(&rules);
        self.plan_shared(&rules, &selects).await;
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
        if let Err(error) = self.session.register(name, table) {
            self.errors.push(pack_error(name, "", 0, &error));
        }
    }

    fn parse_queries(&mut self, rules: &[Rule]) -> Vec<(usize, Select)> {
        let mut selects = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            if let Body::Query { sql, line } = &rule.body {
                match Select::parse(sql) {
                    Ok(select) => selects.push((index, select)),
                    Err(problem) => self
                        .errors
                        .push(PackError::new(&rule.file, *line, problem.zh, problem.en)),
                }
            }
        }
        selects
    }

    /// Plans the shared tables that the rules need, each after those it reads.
    async fn plan_shared(&mut self, rules: &[Rule], selects: &[(usize, Select)]) {
        let mut wanted: BTreeSet<String> = selects
            .iter()
            .flat_map(|(_, select)| select.tables())
            .collect();
        for rule in rules {
            if let Body::RowCheck { over, .. } = &rule.body {
                wanted.insert(over.clone());
            }
            wanted.extend(rule.needs.iter().map(|need| need.table.clone()));
            let kinds = rule.subjects.iter().chain(&rule.also);
            wanted.extend(
                kinds
                    .filter_map(|kind| self.pack.subject(kind))
                    .map(|subject| subject.table.clone()),
            );
        }
        let mut open = Vec::new();
        for name in wanted {
            Box::pin(self.plan_shared_table(&name, &mut open)).await;
        }
    }

    async fn plan_shared_table(&mut self, name: &str, open: &mut Vec<String>) {
        if self.tables.contains_key(name) || self.shared.contains_key(name) {
            return;
        }
        if name == "items" && self.items.is_some() {
            Box::pin(self.plan_shared_table("item_masks", open)).await;
            self.plan_items_view().await;
            return;
        }
        let (file, line, sql) = match self.pack.shared.iter().find(|table| table.id == name) {
            Some(table) => (table.file.clone(), table.line, table.sql.clone()),
            None => match (
                name,
                self.items,
                self.items
                    .and_then(|items| self.pack.subject(&items.subject)),
            ) {
                ("item_masks", Some(items), Some(subject)) => {
                    ("items".to_owned(), 1, items.masks_sql(subject))
                }
                _ => return,
            },
        };
        if open.iter().any(|other| other == name) {
            self.errors.push(PackError::new(
                &file,
                line,
                format!("共享表互相依赖:{} → {name}", open.join(" → ")),
                format!(
                    "shared tables need one another: {} → {name}",
                    open.join(" → ")
                ),
            ));
            return;
        }
        let select = match Select::parse(&sql) {
            Ok(select) => select,
            Err(problem) => {
                self.errors
                    .push(PackError::new(&file, line, problem.zh, problem.en));
                return;
            }
        };
        let reads = select.tables();
        open.push(name.to_owned());
        for table in &reads {
            Box::pin(self.plan_shared_table(table, open)).await;
        }
        open.pop();
        let none = BTreeMap::new();
        let Some(logical) = self.logical(&file, line, &sql, &select, &none).await else {
            return;
        };
        let fields = logical
            .schema()
            .fields()
            .iter()
            .map(|field| Field::new(field.name(), field.data_type().clone(), true));
        let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let slot = Arc::new(Slot::new(name, Arc::clone(&schema), None, &[]));
        self.register(name, &slot);
        self.shared.insert(name.to_owned(), schema);
        self.draft(
            logical,
            Draft {
                name: name.to_owned(),
                work: Work::Shared(slot),
                reads: self.with_items(reads),
                file,
                sql,
                line,
            },
        );
    }

    async fn plan_items_view(&mut self) {
        let Some(items) = self.items else { return };
        let Some(subject) = self.pack.subject(&items.subject) else {
            return;
        };
        let sql = items.rows_sql(subject);
        let none = BTreeMap::new();
        let Ok(select) = Select::parse(&sql) else {
            return;
        };
        let Some(logical) = self.logical("items", 1, &sql, &select, &none).await else {
            return;
        };
        let schema: SchemaRef = Arc::new(logical.schema().as_arrow().clone());
        let view = Arc::new(ViewTable::new(logical, None));
        if let Err(error) = self.session.register("items", view) {
            self.errors.push(pack_error("items", "", 0, &error));
        }
        self.shared.insert("items".to_owned(), schema);
    }

    /// Who reads the view `items` reads the table below it.
    fn with_items(&self, mut reads: BTreeSet<String>) -> BTreeSet<String> {
        if self.items.is_some() && reads.contains("items") {
            reads.insert("item_masks".to_owned());
        }
        reads
    }

    async fn logical(
        &mut self,
        file: &str,
        line: usize,
        sql: &str,
        select: &Select,
        params: &BTreeMap<String, Param>,
    ) -> Option<LogicalPlan> {
        let bindings = Bindings {
            as_of: self.settings.as_of,
            params,
        };
        let statement = match select.bind(&bindings) {
            Ok(statement) => statement,
            Err(problem) => {
                self.errors
                    .push(PackError::new(file, line, problem.zh, problem.en));
                return None;
            }
        };
        match self.session.logical(statement).await {
            Ok(plan) => Some(plan),
            Err(error) => {
                self.errors.push(pack_error(file, sql, line, &error));
                None
            }
        }
    }

    async fn plan_query(&mut self, index: usize, rule: &Rule, select: &Select) -> Option<Layout> {
        let Body::Query { sql, line } = &rule.body else {
            return None;
        };
        let params = rule.params.clone();
        let logical = self
            .logical(&rule.file, *line, sql, select, &params)
            .await?;
        let Some(layout) = Layout::of(logical.schema().as_arrow()) else {
            self.errors.push(PackError::new(
                &rule.file,
                *line,
                "查询结果缺少 subject 列",
                "the query yields no column `subject`",
            ));
            return None;
        };
        self.check_figures(rule, &layout);
        self.draft(
            logical,
            Draft {
                name: rule.id.clone(),
                work: Work::Rule(index),
                reads: self.with_items(select.tables()),
                file: rule.file.clone(),
                sql: sql.clone(),
                line: *line,
            },
        );
        Some(layout)
    }

    /// `key`, `today` and the sentence may only name figures that the rule yields.
    fn check_figures(&mut self, rule: &Rule, layout: &Layout) {
        let mut wanted: BTreeSet<&str> = rule
            .key
            .iter()
            .chain(&rule.today)
            .map(String::as_str)
            .collect();
        for says in [&rule.texts.says.zh, &rule.texts.says.en] {
            wanted.extend(says::placeholders(says).unwrap_or_default());
        }
        for name in wanted {
            let known = layout.figures.iter().any(|(figure, _)| figure == name)
                || matches!(name, "subject" | "related" | "money_fen" | "items");
            if !known {
                self.errors.push(PackError::new(
                    &rule.file,
                    0,
                    format!("查询结果没有指标 {name},而 key、today 或 says 提到它"),
                    format!("the rule yields no figure {name}, which key, today or says names"),
                ));
            }
        }
    }

    async fn plan_row_checks(&mut self, rules: &[Rule], layouts: &mut BTreeMap<usize, Layout>) {
        let mut groups: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
        for (index, rule) in rules.iter().enumerate() {
            let Body::RowCheck { over, figures, .. } = &rule.body else {
                continue;
            };
            let Some(subject) = rule
                .subjects
                .first()
                .and_then(|kind| self.pack.subject(kind))
            else {
                continue;
            };
            let layout = Layout {
                rows: vec![(over.clone(), 1)],
                figures: figures
                    .iter()
                    .enumerate()
                    .map(|(place, (name, _))| (name.clone(), place + 2))
                    .collect(),
                ..Layout::default()
            };
            self.check_figures(rule, &layout);
            layouts.insert(index, layout);
            let number = subject.number.as_ref();
            let id = number
                .filter(|number| self.has_column(over, number))
                .unwrap_or(&subject.id);
            groups
                .entry((over.clone(), id.clone()))
                .or_default()
                .push(index);
        }
        for ((over, id), members) in groups {
            self.plan_row_check_group(rules, &over, &id, members).await;
        }
    }

    async fn plan_row_check_group(
        &mut self,
        rules: &[Rule],
        over: &str,
        id: &str,
        members: Vec<usize>,
    ) {
        let has_row_no = self.has_column(over, "row_no");
        let as_of = self.settings.as_of;
        let bound: Vec<_> = members
            .iter()
            .map(|index| {
                let params = &rules[*index].params;
                (&rules[*index], Bindings { as_of, params })
            })
            .collect();
        let sql = match row_checks_sql(over, id, has_row_no, &bound) {
            Ok(sql) => sql,
            Err(error) => {
                self.errors.push(error);
                return;
            }
        };
        let file = rules[members[0]].file.clone();
        let none = BTreeMap::new();
        let planned = match Select::parse(&sql) {
            Ok(select) => {
                let before = self.errors.len();
                let logical = self.logical(&file, 0, &sql, &select, &none).await;
                if logical.is_none() && members.len() > 1 {
                    // Some check of the group is wrong: plan each by itself, so that it is named.
                    self.errors.truncate(before);
                    for member in members {
                        Box::pin(self.plan_row_check_group(rules, over, id, vec![member])).await;
                    }
                    return;
                }
                logical
            }
            Err(problem) => {
                self.errors
                    .push(PackError::new(&file, 0, problem.zh, problem.en));
                None
            }
        };
        if let Some(logical) = planned {
            self.draft(
                logical,
                Draft {
                    name: format!("row checks over {over}"),
                    work: Work::RowChecks(RowChecks {
                        over: over.to_owned(),
                        id: id.to_owned(),
                        has_row_no,
                        members,
                    }),
                    reads: BTreeSet::from([over.to_owned()]),
                    file,
                    sql,
                    line: 0,
                },
            );
        }
    }

    async fn plan_populations(&mut self, rules: &[Rule]) -> Vec<PlannedPopulation> {
        let mut populations = Vec::new();
        for subject in &self.pack.subjects {
            let counted: Vec<usize> = (0..rules.len())
                .filter(|index| rules[*index].subjects.contains(&subject.kind))
                .collect();
            let named = rules.iter().any(|rule| rule.also.contains(&subject.kind));
            if counted.is_empty() && !named {
                continue;
            }
            let as_of = self.settings.as_of;
            let needs: Vec<_> = counted
                .iter()
                .map(|index| NeedKind::of(&rules[*index], subject, |name| self.declaration(name)))
                .collect();
            let bound: Vec<_> = counted
                .iter()
                .zip(&needs)
                .map(|(index, needs)| {
                    let params = &rules[*index].params;
                    (&rules[*index], needs.clone(), Bindings { as_of, params })
                })
                .collect();
            let has_row_no = self.has_column(&subject.table, "row_no");
            let compiled = match Population::compile(subject, has_row_no, &bound) {
                Ok(compiled) => compiled,
                Err(error) => {
                    self.errors.push(error);
                    continue;
                }
            };
            let Some(logical) = self
                .plan_population(subject, &compiled, rules, &counted)
                .await
            else {
                continue;
            };
            let Ok(select) = Select::parse(&compiled.sql) else {
                continue;
            };
            self.draft(
                logical,
                Draft {
                    name: format!("population {}", subject.kind),
                    work: Work::Population(populations.len(), subject.clone()),
                    reads: self.with_items(select.tables()),
                    file: "pack.toml".to_owned(),
                    sql: compiled.sql.clone(),
                    line: 0,
                },
            );
            populations.push(PlannedPopulation {
                subject: subject.clone(),
                rules: counted.into_iter().zip(needs).collect(),
                compiled,
            });
        }
        populations
    }

    /// Plans a population; when that fails, finds the rule whose `applies` or `needs` is to blame.
    async fn plan_population(
        &mut self,
        subject: &Subject,
        compiled: &Population,
        rules: &[Rule],
        counted: &[usize],
    ) -> Option<LogicalPlan> {
        let none = BTreeMap::new();
        let before = self.errors.len();
        let select = match Select::parse(&compiled.sql) {
            Ok(select) => select,
            Err(problem) => {
                self.errors
                    .push(PackError::new("pack.toml", 0, problem.zh, problem.en));
                return None;
            }
        };
        if let Some(logical) = self
            .logical("pack.toml", 0, &compiled.sql, &select, &none)
            .await
        {
            return Some(logical);
        }
        let general = self.errors.split_off(before);
        for index in counted {
            let rule = &rules[*index];
            let applies = rule.applies.as_deref().unwrap_or("true");
            let sql = format!("select ({applies}) as a from {}", subject.table);
            match Select::parse(&sql) {
                Ok(select) => {
                    let params = rule.params.clone();
                    self.logical(&rule.file, 0, &sql, &select, &params).await;
                }
                Err(problem) => self
                    .errors
                    .push(PackError::new(&rule.file, 0, problem.zh, problem.en)),
            }
        }
        if self.errors.len() == before {
            self.errors.extend(general);
        }
        None
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

impl From<DataFusionError> for EngineError {
    fn from(error: DataFusionError) -> Self {
        Self::Machine(error.strip_backtrace())
    }
}
