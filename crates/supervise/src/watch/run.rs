//! One run of the rules over the filings of a node.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::civil::Date;
use kandeng_platform::flag::RuleRun;
use kandeng_platform::{CommandError, Platform};
use kandeng_screening::pack::{Audience, Pack, Param};
use kandeng_screening::{
    Change, EngineError, Items, Prepared, ReachMap, Settings, Subjects, Tables,
};
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::MOST_CHANGED;
use super::planned::Planned;
use super::runs::{Only, some_runs};
use crate::filing::Filing;
use crate::import::IdentityKey;
use crate::packs;
use crate::project::{County, filing_tables, standing_at};
use crate::register::{Confided, KINDS, RegisterError};

/// What a run is made of, the same for all runs of a declaration.
pub(super) struct Rules {
    /// The version of the declaration, and the position of the newest change of a parameter.
    pub version: (u32, i64),
    filing: Arc<Filing>,
    key: IdentityKey,
    datum: Option<kandeng_geo::Datum>,
    pack: Pack,
    items: Items,
    reach: ReachMap,
    confided: Confided,
    params: BTreeMap<(String, String), Param>,
    /// What the last run has read. Nothing while there is a run, or when one has failed.
    kept: Mutex<Option<County>>,
    planned: Mutex<Planned>,
}

/// What came of a run, before flags take it in.
pub(super) struct Ran {
    pub runs: Vec<RuleRun>,
    /// The position of the ledger that it is as of.
    pub position: u64,
    pub projects: usize,
    pub rules: usize,
    pub findings: usize,
    /// Registers that were read, each with the rules that read it.
    pub used: BTreeMap<String, Vec<String>>,
    pub seconds: f64,
}

/// Why there was none.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The rules could not be run.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The filings could not be read, or flags not be written.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A county's own rules are no rules.
    #[error("{0}")]
    Pack(String),
    /// A register could not be read or deleted.
    #[error(transparent)]
    Register(#[from] RegisterError),
}

impl From<kandeng_ledger::StoreError> for WatchError {
    fn from(error: kandeng_ledger::StoreError) -> Self {
        Self::Command(error.into())
    }
}

impl Rules {
    /// Of a version of the declaration.
    pub fn new(
        version: (u32, i64),
        filing: &Arc<Filing>,
        pack: Pack,
        key: IdentityKey,
        datum: Option<kandeng_geo::Datum>,
        params: BTreeMap<(String, String), Param>,
    ) -> Result<Self, WatchError> {
        let items = packs::items(filing);
        let reach = ReachMap::new(&pack, Some(&items), "project")?;
        let confided = Confided::of(&pack, filing);
        Ok(Self {
            version,
            filing: Arc::clone(filing),
            key,
            datum,
            pack,
            items,
            reach,
            confided,
            params,
            kept: Mutex::default(),
            planned: Mutex::default(),
        })
    }

    /// Everything.
    pub fn everything(
        &self,
        platform: &Platform,
        registers: &Tables,
        as_of: Date,
        cancel: &AtomicBool,
        progress: &dyn Fn(usize, usize),
    ) -> Result<Ran, WatchError> {
        let since = Instant::now();
        // The old one is gone before the new one is read.
        drop(self.kept().take());
        let county = County::read(platform, &self.filing, &self.key, self.datum)?;
        let tables = with(&county.tables, registers);
        let ran = self.screened(
            platform, &tables, &county, as_of, None, since, cancel, progress,
        )?;
        *self.kept() = Some(county);
        Ok(ran)
    }

    /// What the changes of filings since `position` can reach. Nothing where no rule can be reached.
    pub fn reached(
        &self,
        platform: &Platform,
        registers: &Tables,
        as_of: Date,
        position: u64,
        cancel: &AtomicBool,
    ) -> Result<Ran, WatchError> {
        let since = Instant::now();
        let kept = self.kept().take();
        let county = match kept {
            Some(county) => county.renewed(platform)?,
            None => County::read(platform, &self.filing, &self.key, self.datum)?,
        };
        let tables = with(&county.tables, registers);
        // Asked after the county was read: what was filed meanwhile stands in it, and nobody looks back behind it.
        let changed = platform.query(|of| changed_since(of, position, MOST_CHANGED + 1))?;
        let only = if changed.len() as i64 > MOST_CHANGED {
            None
        } else {
            Some(self.only(platform, &tables, &changed, position..county.position)?)
        };
        let ran = self.screened(
            platform,
            &tables,
            &county,
            as_of,
            only.as_ref(),
            since,
            cancel,
            &|_, _| {},
        )?;
        *self.kept() = Some(county);
        Ok(ran)
    }

    /// What the changes of some filings between two positions can reach.
    fn only(
        &self,
        platform: &Platform,
        tables: &Tables,
        changed: &[Uuid],
        between: Range<u64>,
    ) -> Result<Only, WatchError> {
        let mut only = Only::new();
        for id in changed {
            let side = |position: u64| -> Result<Tables, WatchError> {
                let standing = standing_at(platform, *id, position)?;
                let Some(standing) = standing else {
                    return Ok(Tables::new());
                };
                filing_tables(&self.filing, &self.key, self.datum, &standing)
                    .map_err(|error| CommandError::Append(error.to_string()).into())
            };
            let mut change = self
                .reach
                .change(&side(between.start)?, &side(between.end)?)?;
            add_the_platforms_own(&mut change);
            for reached in self.reach.reached(&change, tables)? {
                let key = (reached.rule, reached.subject_kind);
                match (only.get_mut(&key), reached.subjects) {
                    (Some(Subjects::Every), _) => {}
                    (Some(Subjects::These(known)), Subjects::These(more)) => known.extend(more),
                    (_, subjects) => {
                        only.insert(key, subjects);
                    }
                }
            }
        }
        Ok(only)
    }

    /// Forgets what was read when something of it may have been erased from the ledger.
    pub fn forget_erased(&self, platform: &Platform) -> Result<(), CommandError> {
        let mut kept = self.kept();
        if let Some(county) = &*kept
            && county.outlives(platform)?
        {
            *kept = None;
        }
        Ok(())
    }

    /// Whether a county is kept.
    pub fn keeps(&self) -> bool {
        self.kept().is_some()
    }

    fn kept(&self) -> MutexGuard<'_, Option<County>> {
        // A county is put in whole.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn planned(&self) -> MutexGuard<'_, Planned> {
        // A plan is put in whole.
        self.planned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn plan(&self, as_of: Date, rules: &BTreeSet<String>) -> Result<Prepared, EngineError> {
        let mut settings = Settings::new(as_of, Audience::Officer);
        settings.labels = packs::labels(&self.filing);
        settings.params.clone_from(&self.params);
        settings.only = Some(rules.clone());
        Prepared::new(&self.pack, Some(&self.items), settings)
    }

    #[expect(clippy::too_many_arguments)] // one run and all that it is made of
    fn screened(
        &self,
        platform: &Platform,
        tables: &Tables,
        county: &County,
        as_of: Date,
        only: Option<&Only>,
        since: Instant,
        cancel: &AtomicBool,
        progress: &dyn Fn(usize, usize),
    ) -> Result<Ran, WatchError> {
        let mut ran = Ran {
            runs: Vec::new(),
            position: county.position,
            projects: county.len(),
            rules: 0,
            findings: 0,
            used: BTreeMap::new(),
            seconds: 0.0,
        };
        if only.is_none_or(|only| !only.is_empty()) {
            let rules = match only {
                Some(only) => only.keys().map(|(rule, _)| rule.clone()).collect(),
                None => self.pack.rules.iter().map(|rule| rule.id.clone()).collect(),
            };
            let plan = || self.plan(as_of, &rules);
            let mut prepared = self.planned().take(as_of, &rules, plan)?;
            let outcome = prepared.run(tables, cancel, progress)?;
            if outcome.failures.is_empty() {
                self.planned().keep(as_of, rules, prepared);
            }
            for failure in &outcome.failures {
                tracing::error!(rule = failure.rule, "a rule failed");
            }
            let rules: BTreeSet<&str> = outcome
                .answers
                .iter()
                .map(|answers| &*answers.rule)
                .collect();
            for register in KINDS.iter().filter(|name| tables.get(name).is_some()) {
                let read_by = rules.iter().filter(|rule| self.reach.reads(rule, register));
                let read_by: Vec<String> = read_by.map(|rule| (*rule).to_owned()).collect();
                if !read_by.is_empty() {
                    ran.used.insert((*register).to_owned(), read_by);
                }
            }
            ran.rules = rules.len();
            ran.findings = outcome.len();
            let there = county.codes().collect();
            ran.runs = some_runs(
                platform,
                &outcome,
                outcome.findings(),
                &self.confided,
                only,
                Some(&there),
            )?;
        }
        ran.seconds = since.elapsed().as_secs_f64();
        Ok(ran)
    }
}

/// The filings that changed since a position, so many at the most.
pub(super) fn changed_since(
    of: &Connection,
    position: u64,
    most: i64,
) -> rusqlite::Result<Vec<Uuid>> {
    of.prepare_cached("select id from projects where position >= ?1 limit ?2")?
        .query_map(params![position as i64, most], |row| {
            // Cannot fail to parse: the projection wrote it.
            Ok(Uuid::try_parse(row.get_ref(0)?.as_str()?).unwrap_or_default())
        })?
        .collect()
}

/// Filings with registers beside them.
fn with(filings: &Tables, registers: &Tables) -> Tables {
    let mut tables = filings.clone();
    for name in registers.names() {
        if let Some(source) = registers.get(name) {
            tables.insert(name, Arc::clone(source));
        }
    }
    tables
}

/// What the platform records with a change itself, and no table of the filing holds.
fn add_the_platforms_own(change: &mut Change) {
    for table in ["item_changes", "signatures"] {
        change.columns.entry(table.to_owned()).or_default().extend(
            [
                "project_code",
                "item",
                "category",
                "changed_at",
                "signed_at",
            ]
            .map(str::to_owned),
        );
    }
}
