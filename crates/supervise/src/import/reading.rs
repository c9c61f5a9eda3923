//! Everything one import gathers: tables, places, what was wrong; and what projects share with the
//! tables that name them: one row per code, no row without a project, a stage where none is filed.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use kandeng_screening::arrow::array::{Array as _, ArrayRef, Int64Array, RecordBatch, StringArray};
use kandeng_screening::{TableSource, Tables};

use super::boundary::{self, Told};
use super::collected::{self, Collected};
use super::columns::{Builder, Value};
use super::convert::Conventions;
use super::error::ImportError;
use super::identity::{IdentityKey, key_of};
use super::options::ImportOptions;
use super::places::{Places, Rows, Source};
use super::refusals::Refusals;
use super::report::{Report, Spot, shorten};
use super::value::answer::Answers;
use crate::diagnostic::Diagnostic;
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
    /// Codes of projects left on disk, as 64-bit hashes, with their `row_no`. Two of a million codes
    /// share a hash once in thirty million runs.
    codes: HashMap<u64, i64>,
    hasher: RandomState,
    duplicates: Vec<(String, i64, i64)>,
    hashes: HashMap<String, String>,
    /// Ids of the keys that hashes were made with, here or before.
    keys: BTreeSet<String>,
    units: HashMap<String, String>,
    /// Folders where files that cells name may lie.
    pub folders: Vec<std::path::PathBuf>,
}

/// What an import comes to.
pub(crate) struct Gathered {
    pub tables: Tables,
    pub places: Places,
    pub diagnostics: Vec<Diagnostic>,
    pub missing_columns: Vec<(String, String)>,
    pub refusals: Vec<Arc<Refusals>>,
}

impl<'o> Reading<'o> {
    /// Nothing yet.
    pub fn new(options: &'o ImportOptions) -> Self {
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
            codes: HashMap::new(),
            hasher: RandomState::new(),
            duplicates: Vec::new(),
            hashes: HashMap::new(),
            keys: BTreeSet::new(),
            units: HashMap::new(),
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

    /// A column that is being filled.
    pub fn column_mut(&mut self, table: &str, column: usize) -> Option<&mut Builder> {
        self.tables.get_mut(table)?.columns.get_mut(column)
    }

    /// How many numbers a column has so far.
    pub fn float_length(&mut self, table: &str, column: usize) -> usize {
        match self.column_mut(table, column) {
            Some(Builder::Float(numbers)) => numbers.len(),
            _ => 0,
        }
    }

    /// Hashes of one key compare with one another; those of different keys never do, and that is said.
    fn tell_of_keys(&mut self) {
        if self.keys.len() < 2 {
            return;
        }
        let ids = self.keys.iter().cloned().collect::<Vec<_>>().join(", ");
        let file = self
            .places
            .sources
            .first()
            .map(|source| source.file.clone())
            .unwrap_or_default();
        let spot = Spot {
            file: &file,
            ..Spot::default()
        };
        self.report.warn(
            spot,
            "keys",
            None,
            format!("证件号的哈希来自不同密钥({ids}),彼此无法比对;请用同一密钥重新生成"),
            format!("hashes were made with different keys ({ids}) and cannot be compared with one another; make them anew with one key"),
        );
    }

    /// Puts boundaries into WGS-84, reading the files they name.
    pub fn settle_boundary(&mut self, sheet: &Sheet, values: &mut [Value], spot: Spot<'_>) {
        let report = &mut self.report;
        let tell = &mut |told: Told<'_>| {
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
                let there = self
                    .places
                    .sources
                    .get(source as usize)
                    .map_or("", |source| &source.sheet);
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
        } else if let Some(project) = known {
            let reached = &mut self.stages[project.index];
            *reached = stage.max(*reached);
        } else if !self.codes.contains_key(&self.hasher.hash_one(code)) {
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

    /// Tables, places and diagnostics.
    ///
    /// # Errors
    /// When photos are read and the person stops the run.
    pub fn finish(mut self) -> Result<Gathered, ImportError> {
        let filing = self.filing;
        self.tell_of_keys();
        let mut tables = Tables::new();
        for (sheets, register) in [(&filing.sheets, false), (&filing.registers, true)] {
            for sheet in sheets {
                if let Some(source) = self.streamed.remove(&sheet.table) {
                    tables.insert(&*sheet.table, source);
                    continue;
                }
                let Some(mut collected) = self.tables.remove(&sheet.table) else {
                    if !register {
                        let empty = Collected::new(filing, sheet);
                        self.insert(&mut tables, sheet, empty, false)?;
                    }
                    continue;
                };
                // A sheet without its header is no register.
                if register && collected.places.is_empty() && !collected.present.contains(&true) {
                    continue;
                }
                let places = std::mem::take(&mut collected.places);
                self.places
                    .tables
                    .insert(sheet.table.clone(), Rows::Listed(places));
                self.insert(&mut tables, sheet, collected, register)?;
            }
        }
        self.add_duplicates(&mut tables)?;
        tables.insert("allowed_units", Arc::new(filing.allowed_units()));
        Ok(Gathered {
            tables,
            places: self.places,
            diagnostics: self.report.finish(),
            missing_columns: self.missing_columns,
            refusals: self.refusals,
        })
    }

    fn insert(
        &mut self,
        tables: &mut Tables,
        sheet: &Sheet,
        collected: Collected,
        register: bool,
    ) -> Result<(), ImportError> {
        let mut batch = collected.finish(sheet, register).map_err(unbuildable)?;
        if sheet.table == "projects" {
            batch = self.with_stages(&batch)?;
        }
        if sheet.table == "photos" {
            batch = super::photos::fill(self, &batch)?;
        }
        tables.insert(&*sheet.table, Arc::new(collected::table(batch)));
        Ok(())
    }

    /// The stage, where none was filed, from the items that are there.
    fn with_stages(&self, batch: &RecordBatch) -> Result<RecordBatch, ImportError> {
        let Some(filed) = collected::texts(batch, "stage") else {
            return Ok(batch.clone());
        };
        let stages: StringArray = (0..batch.num_rows())
            .map(|row| {
                if filed.is_valid(row) {
                    return Some(filed.value(row));
                }
                let rank = self.stages.get(row).copied().unwrap_or(0);
                self.filing.stages.get(rank).map(|stage| stage.key.as_str())
            })
            .collect();
        let stages: ArrayRef = Arc::new(stages);
        collected::replaced(batch, "stage", stages).map_err(unbuildable)
    }

    fn add_duplicates(&mut self, tables: &mut Tables) -> Result<(), ImportError> {
        let schema = Filing::duplicates().schema();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from_iter_values(
                self.duplicates.iter().map(|row| &row.0),
            )),
            Arc::new(Int64Array::from_iter_values(
                self.duplicates.iter().map(|row| row.1),
            )),
            Arc::new(Int64Array::from_iter_values(
                self.duplicates.iter().map(|row| row.2),
            )),
        ];
        let batch = RecordBatch::try_new(schema, columns).map_err(unbuildable)?;
        tables.insert("duplicates", Arc::new(collected::table(batch)));
        Ok(())
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

    /// Whether there is a project of a code.
    pub fn has_code(&self, code: &str) -> bool {
        self.projects.contains_key(code) || self.codes.contains_key(&self.hasher.hash_one(code))
    }

    /// Notes a project row that a stream leaves out.
    pub fn add_duplicate(&mut self, code: &str, row_no: i64, first: i64) {
        self.duplicates.push((code.to_owned(), row_no, first));
    }
}

impl Conventions for Reading<'_> {
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

    /// Numbers repeat, so hashes are kept for the run.
    fn hash(&mut self, number: &str) -> String {
        if let Some(hash) = self.hashes.get(number) {
            return hash.clone();
        }
        let key: &IdentityKey = &self.options.key;
        let hash = key.hash(number);
        if let Some(id) = key_of(&hash)
            && !self.keys.contains(id)
        {
            self.keys.insert(id.to_owned());
        }
        self.hashes.insert(number.to_owned(), hash.clone());
        hash
    }
}

/// Columns of one length and the declared types always build; if not, the file is not to blame.
pub(crate) fn unbuildable(error: kandeng_screening::arrow::error::ArrowError) -> ImportError {
    ImportError::broken(std::path::Path::new(""), "table", error)
}
