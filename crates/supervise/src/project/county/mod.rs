//! The whole county's filings as the tables that rules read, and from a row of a table back to its project.
//!
//! What is typed is read here by the readers of a form, by the newest declaration: rules are planned over its
//! columns.

mod columns;
mod happened;
mod one;
mod part;

use std::collections::BTreeMap;
use std::sync::Arc;

use kandeng_platform::{CommandError, Platform};
use kandeng_screening::arrow::array::RecordBatch;
use kandeng_screening::arrow::error::ArrowError;
use kandeng_screening::{Batches, Tables};
use uuid::Uuid;

pub use one::{Standing, filing_tables, standing_at};

use crate::draft::reader::Reader;
use crate::filing::Filing;
use crate::import::IdentityKey;
use happened::Happened;
use part::Part;

/// Threads that read at once. More than two gain little: the database's pages are read one after the other.
const THREADS: i64 = 2;

/// Tries at reading with several threads while nothing is appended, and one more.
const TRIES: u32 = 4;

/// The filings of a county as tables.
pub struct County {
    /// Every sheet of the declaration, `duplicates`, `allowed_units`, and what the platform knows itself:
    /// `signatures` and `item_changes`.
    pub tables: Tables,
    /// The position of the ledger that they are as of.
    pub position: u64,
    projects: Vec<(Uuid, String)>,
    rows: BTreeMap<String, Vec<(u32, u32)>>,
}

impl County {
    /// Reads them from the read model.
    ///
    /// # Errors
    /// A fault of the database.
    pub fn read(
        platform: &Platform,
        filing: &Arc<Filing>,
        key: &IdentityKey,
        datum: Option<kandeng_geo::Datum>,
    ) -> Result<Self, CommandError> {
        let mut left = TRIES;
        let parts = loop {
            left -= 1;
            // Several connections may see several positions; the last try is made by one alone.
            let threads = if left > 0 { THREADS } else { 1 };
            let parts = Self::parts(platform, filing, key, datum, threads)?;
            let is_one = |pair: &[Part]| pair[0].position == pair[1].position;
            if parts.windows(2).all(is_one) {
                break parts;
            }
        };
        Self::joined(filing, parts).map_err(|error| CommandError::Append(error.to_string()))
    }

    fn parts(
        platform: &Platform,
        filing: &Arc<Filing>,
        key: &IdentityKey,
        datum: Option<kandeng_geo::Datum>,
        threads: i64,
    ) -> Result<Vec<Part>, CommandError> {
        let bounds = platform.query(|connection| {
            let count: i64 =
                connection.query_row("select count(*) from projects", [], |row| row.get(0))?;
            let mut bounds = vec![0_i64];
            for step in 1..threads {
                let bound = connection.query_row(
                    "select coalesce((select project from projects order by project limit 1 offset ?1), 0)",
                    [count * step / threads],
                    |row| row.get(0),
                )?;
                bounds.push(bound);
            }
            bounds.push(i64::MAX);
            Ok(bounds)
        })?;
        std::thread::scope(|scope| {
            let threads: Vec<_> = bounds
                .windows(2)
                .map(|pair| {
                    let reader = Reader::of(Arc::clone(filing), key.clone(), datum);
                    let (from, to) = (pair[0], pair[1]);
                    scope.spawn(move || platform.query(|of| Part::read(of, &reader, from, to)))
                })
                .collect();
            threads
                .into_iter()
                // Cannot fail: reading gives its errors back.
                .filter_map(|thread| thread.join().ok())
                .map(|part| part.map_err(CommandError::from))
                .collect()
        })
    }

    fn joined(filing: &Filing, parts: Vec<Part>) -> Result<Self, ArrowError> {
        let mut county = Self {
            tables: Tables::new(),
            position: parts.first().map_or(0, |part| part.position),
            projects: Vec::new(),
            rows: BTreeMap::new(),
        };
        let mut batches: BTreeMap<&str, Vec<RecordBatch>> = BTreeMap::new();
        let mut changes = Vec::new();
        let mut signatures = Vec::new();
        for part in parts {
            let before = county.projects.len() as u32;
            county.projects.extend(part.projects);
            for (sheet, columns) in filing.sheets.iter().zip(part.tables) {
                let rows = county.rows.entry(sheet.table.clone()).or_default();
                let first = rows.len() as i64 + 1;
                rows.extend(
                    columns
                        .rows
                        .iter()
                        .map(|(project, row)| (before + project, *row)),
                );
                let batch = columns.batch(sheet, first)?;
                batches.entry(&sheet.table).or_default().push(batch);
            }
            changes.push(part.changes);
            signatures.push(part.signatures);
        }
        for (table, batches) in batches {
            if let Some(first) = batches.first() {
                let source = Batches::new(first.schema(), batches);
                county.tables.insert(table, Arc::new(source));
            }
        }
        // Codes are unique here.
        let none = Batches::new(Filing::duplicates().schema(), Vec::new());
        county.tables.insert("duplicates", Arc::new(none));
        county
            .tables
            .insert("allowed_units", Arc::new(filing.allowed_units()));
        for (table, known) in [("item_changes", changes), ("signatures", signatures)] {
            let batches = known.into_iter().map(Happened::finish);
            let batches = batches.collect::<Result<Vec<_>, _>>()?;
            if let Some(first) = batches.first() {
                let source = Batches::new(first.schema(), batches);
                county.tables.insert(table, Arc::new(source));
            }
        }
        Ok(county)
    }

    /// The project of a row, its code, and the row's number in its list; 0 for the project's own row.
    pub fn place(&self, table: &str, row_no: i64) -> Option<(Uuid, &str, u32)> {
        let row = usize::try_from(row_no.checked_sub(1)?).ok()?;
        let (project, number) = *self.rows.get(table)?.get(row)?;
        let (id, code) = self.projects.get(project as usize)?;
        Some((*id, code, number))
    }

    /// The codes of the projects.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.projects.iter().map(|(_, code)| code.as_str())
    }

    /// How many projects there are.
    pub fn len(&self) -> usize {
        self.projects.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.projects.is_empty()
    }
}
