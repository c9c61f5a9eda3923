//! Everything one import gathers: tables, places, what was wrong; and what projects share with the
//! tables that name them: one row per code, no row without a project, a stage where none is filed.

mod finish;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, OnceLock};

use kandeng_screening::{TableSource, Tables, Text};

use super::boundary::{self, Told};
use super::collected::Collected;
use super::columns::{Builder, Value};
use super::convert::Names;
use super::error::ImportError;
use super::identity::IdentityKey;
use super::keys::Keys;
use super::options::ImportOptions;
use super::places::{Places, Source};
use super::reached::Reached;
use super::refusals::Refusals;
use super::report::{Report, Spot, shorten};
use super::value::answer::Answers;
use crate::diagnostic::{Diagnostic, Severity};
use crate::filing::{Filing, Sheet};

/// A project as later rows meet it.
struct Project {
    row_no: i64,
    /// Its place in the table.
    index: usize,
}

/// What one import has gathered so far.
pub(crate) struct Reading<'o> {
    pub options: &'o ImportOptions,
    pub filing: &'o Filing,
    pub report: Report,
    pub missing_columns: Vec<(String, String)>,
    pub places: Places,
    /// What streamed columns could not give.
    pub refusals: Vec<Arc<Refusals>>,
    /// Tables that came as streams, beside those collected here.
    pub streamed: BTreeMap<String, Arc<dyn TableSource>>,
    tables: BTreeMap<String, Collected>,
    projects: HashMap<String, Project>,
    stages: Vec<usize>,
    /// Whether a project collected here files no stage.
    seeks_stage: bool,
    /// The same of projects left on disk, and where their table looks for it when all was read.
    reached: Reached,
    settled: Arc<OnceLock<Reached>>,
    /// Codes of projects left on disk, as 64-bit hashes, with their `row_no`. Two of a million codes
    /// share a hash once in thirty million runs.
    codes: HashMap<u64, i64>,
    hasher: RandomState,
    duplicates: Vec<(String, i64, i64)>,
    hashes: HashMap<String, String>,
    /// The keys that hashes were made with, here or before.
    pub keys: Arc<Keys>,
    units: HashMap<String, String>,
    /// Cells that could not be read, by source, row (from 1) and place of the declared column.
    pub unread: HashMap<(u32, u32, usize), Unread>,
    /// Folders where files that cells name may lie.
    pub folders: Vec<std::path::PathBuf>,
}

/// A cell that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// What stands there, where it is text and names nobody: what Excel or a formula made of a value is not what
    /// somebody wrote.
    pub written: Option<String>,
    /// What was expected instead.
    pub expected: Text,
}

/// What an import comes to.
pub(crate) struct Gathered {
    pub unread: HashMap<(u32, u32, usize), Unread>,
    pub tables: Tables,
    pub places: Places,
    pub diagnostics: Vec<Diagnostic>,
    pub missing_columns: Vec<(String, String)>,
    pub refusals: Vec<Arc<Refusals>>,
    pub keys: Arc<Keys>,
}

impl<'o> Reading<'o> {
    /// Nothing yet.
    pub fn new(options: &'o ImportOptions) -> Self {
        let hasher = RandomState::new();
        Self {
            options,
            filing: &options.filing,
            report: Report::default(),
            missing_columns: Vec::new(),
            places: Places::default(),
            refusals: Vec::new(),
            streamed: BTreeMap::new(),
            tables: BTreeMap::new(),
            projects: HashMap::new(),
            stages: Vec::new(),
            seeks_stage: false,
            reached: Reached::new(hasher.clone()),
            settled: Arc::default(),
            codes: HashMap::new(),
            hasher,
            duplicates: Vec::new(),
            hashes: HashMap::new(),
            keys: Arc::default(),
            units: HashMap::new(),
            unread: HashMap::new(),
            folders: Vec::new(),
        }
    }

    /// A table is going to be read.
    pub fn begin(&mut self, sheet: &Sheet) {
        if !self.tables.contains_key(&sheet.table) {
            self.tables
                .insert(sheet.table.clone(), Collected::new(self.filing, sheet));
        }
    }

    /// Whether a table was read from a sheet or file.
    pub fn has(&self, table: &str) -> bool {
        self.tables.contains_key(table) || self.streamed.contains_key(table)
    }

    /// Notes a sheet that rows come from.
    pub fn add_source(&mut self, source: Source) -> u32 {
        self.places.sources.push(source);
        (self.places.sources.len() - 1) as u32
    }

    /// The header's row (from 1) of a source.
    pub fn header_row(&self, source: u32) -> u32 {
        self.places
            .sources
            .get(source as usize)
            .map_or(0, |source| source.header_row)
    }

    /// Notes that a source has a column, or has not.
    pub fn mark_present(&mut self, table: &str, column: usize, there: bool) {
        if let Some(table) = self.tables.get_mut(table) {
            table.present[column] |= there;
        }
    }

    /// The answers of a column that is a choice.
    pub fn answers(&self, table: &str, column: usize) -> Option<Arc<Answers>> {
        self.tables.get(table)?.answers[column].clone()
    }

    /// A column that is being filled, and where what is wrong with it is told.
    pub fn column_and_report(
        &mut self,
        table: &str,
        column: usize,
    ) -> (&mut Report, Option<&mut Builder>) {
        let table = self.tables.get_mut(table);
        let column = table.and_then(|table| table.columns.get_mut(column));
        (&mut self.report, column)
    }

    /// How many numbers a column has so far.
    pub fn float_length(&self, table: &str, column: usize) -> usize {
        let table = self.tables.get(table);
        match table.and_then(|table| table.columns.get(column)) {
            Some(Builder::Float(numbers)) => numbers.len(),
            _ => 0,
        }
    }

    /// Puts boundaries into WGS-84, reading the files they name.
    /// `row` of `source` is counted from 1.
    pub fn settle_boundary(
        &mut self,
        sheet: &Sheet,
        source: u32,
        row: u32,
        values: &mut [Value],
        spot: Spot<'_>,
    ) {
        let (report, unread) = (&mut self.report, &mut self.unread);
        let tell = &mut |told: Told<'_>| {
            if told.severity == Severity::Error
                && let Some(place) = sheet.position(&told.column.key)
            {
                let refused = Unread {
                    written: told.written.map(str::to_owned),
                    expected: told.message.clone(),
                };
                unread.insert((source, row, place), refused);
            }
            let spot = Spot {
                column: Some(&told.column.zh),
                ..spot
            };
            report.add(told.severity, spot, told.kind, told.value, told.message);
        };
        boundary::settle(sheet, values, self.options.datum, &self.folders, tell);
    }

    /// Takes a row that was read, if there is a project for it. `row` is counted from 1.
    pub fn take(&mut self, sheet: &Sheet, source: u32, row: u32, values: &[Value], spot: Spot<'_>) {
        let Some(table) = self.tables.get_mut(&sheet.table) else {
            return;
        };
        let row_no = table.place(source, row);
        for (column, value) in sheet.columns.iter().zip(values) {
            if column.required && *value == Value::Null {
                let spot = Spot {
                    column: Some(&column.zh),
                    ..spot
                };
                self.report.error(
                    spot,
                    "no_key",
                    None,
                    "此列为空,该行未读取",
                    "empty; the row was not read",
                );
                return;
            }
        }
        let code = sheet.position("project_code").map(|column| &values[column]);
        let Some(Value::Text(code)) = code else {
            table.keep(values);
            return;
        };
        let stage = table.stage_shown(values);
        let known = self.projects.get(code.as_str());
        if sheet.table == "projects" {
            if let Some(first) = known {
                let (source, row) = table.places[(first.row_no - 1) as usize];
                let there = self.places.sources.get(source as usize);
                let (file, name) = there.map_or(("", ""), |there| {
                    (there.file.as_str(), there.sheet.as_str())
                });
                // Of several inputs the other one is named.
                let there = if file.is_empty() || file == spot.file {
                    name.to_owned()
                } else {
                    format!("{file} · {name}")
                };
                self.report.error(
                    spot,
                    "duplicate",
                    Some(code),
                    format!("项目编码与“{there}”第 {row} 行重复,只筛查第一次出现的一行"),
                    format!("the project code stands in {there} row {row} already; only the first is screened"),
                );
                self.duplicates.push((code.clone(), row_no, first.row_no));
                return;
            }
            let index = self.stages.len();
            self.projects
                .insert(code.clone(), Project { row_no, index });
            self.stages.push(stage);
            let filed = sheet.position("stage").map(|column| &values[column]);
            self.seeks_stage |= filed.is_none_or(|filed| *filed == Value::Null);
        } else if let Some(project) = known {
            let reached = &mut self.stages[project.index];
            *reached = stage.max(*reached);
        } else if self.codes.contains_key(&self.hasher.hash_one(code)) {
            self.reached.show(code, stage);
        } else {
            let shown = shorten(code);
            self.report.error(
                Spot {
                    column: Some("项目编码"),
                    ..spot
                },
                "orphan",
                Some(&shown),
                "没有这个编码的项目,该行未筛查",
                "there is no project of this code; the row was not screened",
            );
            return;
        }
        table.keep(values);
    }

    /// What shows a stage in a table: rank, and columns.
    pub fn shows(&self, table: &str) -> Vec<(usize, Vec<usize>)> {
        self.tables
            .get(table)
            .map_or_else(Vec::new, |table| table.shows.clone())
    }

    /// Gives up collecting a table, which will be streamed.
    pub fn forget(&mut self, table: &str) {
        self.tables.remove(table);
    }

    /// Notes the code of a project left on disk; the row it was seen in before, if it was.
    pub fn code_seen(&mut self, code: &str, row_no: i64) -> Option<i64> {
        match self.codes.entry(self.hasher.hash_one(code)) {
            Entry::Occupied(first) => Some(*first.get()),
            Entry::Vacant(free) => {
                free.insert(row_no);
                None
            }
        }
    }

    /// A project left on disk files no stage.
    pub fn seek_stage(&mut self, code: &str) {
        self.reached.seek(code);
    }

    /// Whether any project files no stage, so that rows of other tables are to show it.
    pub fn seeks_stages(&self) -> bool {
        self.seeks_stage || !self.reached.is_empty()
    }

    /// A row shows a project to have got so far.
    pub fn show_stage(&mut self, code: &str, rank: usize) {
        match self.projects.get(code) {
            Some(project) => {
                let reached = &mut self.stages[project.index];
                *reached = rank.max(*reached);
            }
            None => self.reached.show(code, rank),
        }
    }

    /// Where stages that were shown stand when all was read.
    pub fn settled(&self) -> Arc<OnceLock<Reached>> {
        Arc::clone(&self.settled)
    }

    /// Whether there is a project of a code.
    pub fn has_code(&self, code: &str) -> bool {
        self.projects.contains_key(code) || self.codes.contains_key(&self.hasher.hash_one(code))
    }

    /// Notes a project row that a stream leaves out.
    pub fn add_duplicate(&mut self, code: &str, row_no: i64, first: i64) {
        self.duplicates.push((code.to_owned(), row_no, first));
    }
}

impl Names for Reading<'_> {
    /// Numbers repeat, so hashes are kept for the run.
    fn hash(&mut self, number: &str) -> String {
        if let Some(hash) = self.hashes.get(number) {
            return hash.clone();
        }
        let key: &IdentityKey = &self.options.key;
        let hash = key.hash(number);
        self.keys.note(std::iter::once(hash.as_str()));
        self.hashes.insert(number.to_owned(), hash.clone());
        hash
    }

    fn unit(&mut self, written: &str) -> String {
        if let Some(unit) = self.units.get(written) {
            return unit.clone();
        }
        let unit = self
            .filing
            .units
            .canonical(written)
            .unwrap_or(written)
            .to_owned();
        self.units.insert(written.to_owned(), unit.clone());
        unit
    }
}

/// Columns of one length and the declared types always build; if not, the file is not to blame.
pub(crate) fn unbuildable(error: kandeng_screening::arrow::error::ArrowError) -> ImportError {
    ImportError::broken(std::path::Path::new(""), "table", error)
}
