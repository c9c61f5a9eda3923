//! A county that is kept from run to run: what changed since is read anew, project by project, and the rest stays.

use std::sync::Arc;

use kandeng_platform::{CommandError, Platform};
use kandeng_screening::arrow::error::ArrowError;
use rusqlite::Connection;

use super::part::Part;
use super::table::Table;
use super::{County, unbuildable};
use crate::draft::reader::Reader;

/// Which read model was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct AsOf {
    pub position: u64,
    /// Changes when its tables are made anew, which they are when something was erased from the ledger: then rows go
    /// without a word, and what was kept of them must go too. SQLite counts what is done to a database's schema.
    made: i64,
}

impl AsOf {
    pub(super) fn of(connection: &Connection) -> rusqlite::Result<Self> {
        let number = |sql| -> rusqlite::Result<i64> {
            connection
                .prepare_cached(sql)?
                .query_row([], |row| row.get(0))
        };
        Ok(Self {
            position: number("select coalesce(min(position), 0) from read_model")? as u64,
            made: number("pragma schema_version")?,
        })
    }
}

impl County {
    /// The county as it is now, made from what it was.
    ///
    /// # Errors
    /// A fault of the database.
    pub fn renewed(mut self, platform: &Platform) -> Result<Self, CommandError> {
        let reader = Reader::of(Arc::clone(&self.filing), self.key.clone(), self.datum);
        let changed = platform.query(|of| {
            // One transaction: everything is as of one position.
            let of = of.unchecked_transaction()?;
            let now = AsOf::of(&of)?;
            if now.made != self.as_of.made {
                return Ok(None);
            }
            let projects: Vec<i64> = of
                .prepare_cached(
                    "select project from projects where position >= ?1 order by project",
                )?
                .query_map([self.position as i64], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            let parts = projects
                .iter()
                .map(|project| Part::read(&of, &reader, *project, project + 1))
                .collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(Some((now, projects, parts)))
        })?;
        let Some((now, projects, parts)) = changed else {
            let (filing, key, datum) = (Arc::clone(&self.filing), self.key.clone(), self.datum);
            drop(self);
            return Self::read(platform, &filing, &key, datum);
        };
        self.exchange(&projects, parts).map_err(unbuildable)?;
        (self.as_of, self.position) = (now, now.position);
        Ok(self)
    }

    /// Whether something was erased that may stand here still.
    ///
    /// # Errors
    /// A fault of the database.
    pub fn outlives(&self, platform: &Platform) -> Result<bool, CommandError> {
        Ok(platform.query(AsOf::of)?.made != self.as_of.made)
    }

    /// Takes in what was read of some projects, by their numbers, instead of what is here of them.
    fn exchange(&mut self, projects: &[i64], parts: Vec<Part>) -> Result<(), ArrowError> {
        self.read = projects.len();
        if projects.is_empty() {
            return Ok(());
        }
        self.projects
            .retain(|(number, ..)| projects.binary_search(number).is_err());
        let mut read = Vec::with_capacity(parts.len());
        for part in parts {
            let (known, tables) = part.finish(&self.filing)?;
            self.projects.extend(known);
            read.push(tables);
        }
        self.projects.sort_unstable_by_key(|(number, ..)| *number);
        // What nobody holds any more is freed table by table: no two counties are held at any time.
        self.tables = kandeng_screening::Tables::new();
        for (name, table) in std::mem::take(&mut self.kept) {
            let others: Vec<Table> = read
                .iter_mut()
                .filter_map(|tables| tables.remove(&name))
                .collect();
            let table = table.with(projects, others)?;
            self.kept.insert(name, table);
        }
        self.show()
    }
}
