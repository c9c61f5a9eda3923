//! The whole county's filings as the tables that rules read, and from a row of a table back to its project.
//!
//! What is typed is read here by the readers of a form, by the newest declaration: rules are planned over its
//! columns.

mod columns;
mod happened;
mod kept;
mod one;
mod part;
mod table;

use std::collections::BTreeMap;
use std::sync::Arc;

use kandeng_platform::{CommandError, Platform};
use kandeng_screening::arrow::error::ArrowError;
use kandeng_screening::{Batches, Tables};
use uuid::Uuid;

pub use one::{Standing, filing_tables, standing_at};

use crate::draft::reader::Reader;
use crate::filing::Filing;
use crate::import::IdentityKey;
use kept::AsOf;
use part::{Known, Part};
use table::Table;

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
    /// How many projects were read for it: all of them, or those that changed since what it was made from.
    pub read: usize,
    filing: Arc<Filing>,
    key: IdentityKey,
    datum: Option<kandeng_geo::Datum>,
    as_of: AsOf,
    projects: Vec<Known>,
    kept: BTreeMap<String, Table>,
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
        let (as_of, parts) = loop {
            left -= 1;
            // Several connections may see several positions; the last try is made by one alone.
            let threads = if left > 0 { THREADS } else { 1 };
            let parts = Self::parts(platform, filing, key, datum, threads)?;
            let as_of = parts.first().map(|part| part.0).unwrap_or_default();
            if parts.iter().all(|part| part.0 == as_of) {
                break (as_of, parts.into_iter().map(|(_, part)| part));
            }
        };
        let mut county = Self {
            tables: Tables::new(),
            position: as_of.position,
            read: 0,
            filing: Arc::clone(filing),
            key: key.clone(),
            datum,
            as_of,
            projects: Vec::new(),
            kept: BTreeMap::new(),
        };
        county.join(parts.collect()).map_err(unbuildable)?;
        Ok(county)
    }

    fn parts(
        platform: &Platform,
        filing: &Arc<Filing>,
        key: &IdentityKey,
        datum: Option<kandeng_geo::Datum>,
        threads: i64,
    ) -> Result<Vec<(AsOf, Part)>, CommandError> {
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
                    scope.spawn(move || {
                        platform.query(|of| {
                            // One transaction: everything is as of one position.
                            let of = of.unchecked_transaction()?;
                            Ok((AsOf::of(&of)?, Part::read(&of, &reader, from, to)?))
                        })
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| match thread.join() {
                    Ok(part) => part.map_err(CommandError::from),
                    // Half a county is none: its other half would count as withdrawn.
                    Err(panic) => std::panic::resume_unwind(panic),
                })
                .collect()
        })
    }

    /// Takes in parts, one after the other.
    fn join(&mut self, parts: Vec<Part>) -> Result<(), ArrowError> {
        let mut of_all: BTreeMap<String, Vec<Table>> = BTreeMap::new();
        for part in parts {
            let (projects, tables) = part.finish(&self.filing)?;
            self.projects.extend(projects);
            for (name, table) in tables {
                of_all.entry(name).or_default().push(table);
            }
        }
        for (name, tables) in of_all {
            self.kept.insert(name, Table::joined(tables)?);
        }
        self.read = self.projects.len();
        self.show()
    }

    /// Gives rules the tables to read.
    fn show(&mut self) -> Result<(), ArrowError> {
        for (name, table) in &self.kept {
            let batch = table.numbered()?;
            let source = Batches::new(batch.schema(), vec![batch]);
            self.tables.insert(name, Arc::new(source));
        }
        // Codes are unique here.
        let none = Batches::new(Filing::duplicates().schema(), Vec::new());
        self.tables.insert("duplicates", Arc::new(none));
        let units = Arc::new(self.filing.allowed_units());
        self.tables.insert("allowed_units", units);
        Ok(())
    }

    /// The project of a row, its code, and the row's number in its list; 0 for the project's own row.
    pub fn place(&self, table: &str, row_no: i64) -> Option<(Uuid, &str, u32)> {
        let row = usize::try_from(row_no.checked_sub(1)?).ok()?;
        let (project, number) = *self.kept.get(table)?.rows.get(row)?;
        let known = |(number, ..): &Known| *number;
        let place = self.projects.binary_search_by_key(&project, known).ok()?;
        let (_, id, code) = &self.projects[place];
        Some((*id, code, number))
    }

    /// The codes of the projects.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.projects.iter().map(|(_, _, code)| code.as_str())
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

fn unbuildable(error: ArrowError) -> CommandError {
    CommandError::Append(error.to_string())
}
