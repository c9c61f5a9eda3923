//! The whole county's filings as the tables that rules read, and from a row of a table back to its project.
//!
//! What is typed is read here by the readers of a form, by the newest declaration: rules are planned over its
//! columns.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use kandeng_platform::{CommandError, Platform};
use kandeng_screening::arrow::array::{
    ArrayRef, Int64Array, RecordBatch, StringBuilder, TimestampMillisecondBuilder,
};
use kandeng_screening::arrow::datatypes::{Field as ArrowField, Schema};
use kandeng_screening::arrow::error::ArrowError;
use kandeng_screening::{Batches, ColumnType, Tables};
use rusqlite::Connection;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use uuid::Uuid;

use crate::draft::reader::Reader;
use crate::filing::{Filing, ROW_NO};
use crate::import::IdentityKey;
use crate::import::columns::{Builder, Value};
use crate::import::photos::derive_days;

/// Threads that read at once. More than two gain little: the database's pages are read one after the other.
const THREADS: usize = 2;

/// Tries at reading while nothing is appended.
const TRIES: usize = 5;

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
        let mut last = None;
        for _ in 0..TRIES {
            let parts = Self::parts(platform, filing, key, datum)?;
            let same = parts
                .windows(2)
                .all(|pair| pair[0].position == pair[1].position);
            last = Some(parts);
            // Read by several connections: something was appended between the first and the last.
            if same {
                break;
            }
        }
        // Cannot be nothing: there is a first try.
        Self::joined(filing, last.unwrap_or_default())
            .map_err(|error| CommandError::Append(error.to_string()))
    }

    fn parts(
        platform: &Platform,
        filing: &Arc<Filing>,
        key: &IdentityKey,
        datum: Option<kandeng_geo::Datum>,
    ) -> Result<Vec<Part>, CommandError> {
        let bounds = platform.query(|connection| {
            let count: i64 =
                connection.query_row("select count(*) from projects", [], |row| row.get(0))?;
            let mut bounds = vec![0_i64];
            for step in 1..THREADS as i64 {
                let bound = connection.query_row(
                    "select coalesce((select project from projects order by project limit 1 offset ?1), 0)",
                    [count * step / THREADS as i64],
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
                let count = columns.rows.len() as i64;
                rows.extend(
                    columns
                        .rows
                        .iter()
                        .map(|(project, row)| (before + project, *row)),
                );
                let mut fields = vec![ArrowField::new(ROW_NO, ColumnType::Int.arrow(), true)];
                let numbers = Int64Array::from_iter_values(first..first + count);
                let mut arrays: Vec<ArrayRef> = vec![Arc::new(numbers)];
                for (column, builder) in sheet.columns.iter().zip(columns.columns) {
                    let kind = column.field.column_type().arrow();
                    fields.push(ArrowField::new(&column.key, kind, true));
                    arrays.push(builder.finish());
                }
                let mut batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?;
                if sheet.table == "photos" {
                    batch = derive_days(&batch, &[]).unwrap_or(batch);
                }
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

    /// How many projects there are.
    pub fn len(&self) -> usize {
        self.projects.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.projects.is_empty()
    }
}

/// What one thread read.
struct Part {
    position: u64,
    projects: Vec<(Uuid, String)>,
    tables: Vec<Columns>,
    changes: Happened,
    signatures: Happened,
}

/// A table being filled, and of which project and row each of its rows is.
struct Columns {
    columns: Vec<Builder>,
    rows: Vec<(u32, u32)>,
}

impl Columns {
    fn keep(&mut self, values: &[Value], project: u32, row: u32) {
        for (column, value) in self.columns.iter_mut().zip(values) {
            column.push(value);
        }
        self.rows.push((project, row));
    }
}

impl Part {
    /// The projects with numbers in a range.
    fn read(of: &Connection, reader: &Reader, from: i64, to: i64) -> rusqlite::Result<Self> {
        // One transaction: everything is as of one position.
        let of = of.unchecked_transaction()?;
        let filing = reader.filing();
        let position: i64 = of.query_row(
            "select coalesce(min(position), 0) from read_model",
            [],
            |row| row.get(0),
        )?;
        let mut tables: Vec<Columns> = filing
            .sheets
            .iter()
            .map(|sheet| Columns {
                columns: sheet
                    .columns
                    .iter()
                    .map(|column| Builder::new(column.field.column_type()))
                    .collect(),
                rows: Vec::new(),
            })
            .collect();
        let own = &filing.sheets[0];
        let (code_at, stage_at) = (own.position("project_code"), own.position("stage"));
        let mut projects = Vec::new();
        let mut numbers = Vec::new();
        let mut select = of.prepare_cached(
            "select project, id, code, stage, cells from projects join project_fields using (project) \
             where withdrawn = 0 and project >= ?1 and project < ?2 order by project",
        )?;
        let mut rows = select.query([from, to])?;
        while let Some(row) = rows.next()? {
            let (number, code): (i64, String) = (row.get(0)?, row.get(2)?);
            let cells = cells(row.get_ref(4)?.as_str()?);
            let mut values = reader.row(0, pairs(&cells), None, &mut Vec::new());
            if let Some(place) = code_at {
                values[place] = Value::Text(code.clone());
            }
            if let Some(place) = stage_at {
                values[place] = Value::Text(row.get(3)?);
            }
            tables[0].keep(&values, projects.len() as u32, 0);
            // Cannot fail to parse: the projection wrote it.
            let id = Uuid::try_parse(row.get_ref(1)?.as_str()?).unwrap_or_default();
            projects.push((id, code));
            numbers.push(number);
        }
        drop(rows);
        let index_of = |list: &str| filing.sheets.iter().position(|sheet| sheet.table == list);
        let mut select = of.prepare_cached(
            "select project, list, row, cells from project_rows where project >= ?1 and project < ?2",
        )?;
        let mut rows = select.query([from, to])?;
        let (mut place, mut index) = (0, 1);
        while let Some(row) = rows.next()? {
            let number: i64 = row.get(0)?;
            while numbers.get(place).is_some_and(|known| *known < number) {
                place += 1;
            }
            // Of a project that was withdrawn.
            if numbers.get(place) != Some(&number) {
                continue;
            }
            let list = row.get_ref(1)?.as_str()?;
            if filing.sheets[index].table != list {
                let Some(found) = index_of(list) else {
                    continue;
                };
                index = found;
            }
            let cells = cells(row.get_ref(3)?.as_str()?);
            if cells.is_empty() {
                continue;
            }
            let code = &projects[place].1;
            let values = reader.row(index, pairs(&cells), Some((0, code)), &mut Vec::new());
            tables[index].keep(&values, place as u32, row.get(2)?);
        }
        drop(rows);
        let changes = Happened::read(
            &of,
            "item",
            "changed_at",
            "select code, item, at from item_changes c join projects using (project) \
             where withdrawn = 0 and project >= ?1 and project < ?2 order by project, item, c.edition",
            [from, to],
        )?;
        let signatures = Happened::read(
            &of,
            "category",
            "signed_at",
            "select code, category, at from project_signatures s join projects using (project) \
             where what = 'signed' and withdrawn = 0 and project >= ?1 and project < ?2 order by s.position",
            [from, to],
        )?;
        Ok(Self {
            position: position as u64,
            projects,
            tables,
            changes,
            signatures,
        })
    }
}

/// Rows of `project_code`, what, when.
struct Happened {
    names: [&'static str; 2],
    codes: StringBuilder,
    what: StringBuilder,
    at: TimestampMillisecondBuilder,
    count: i64,
}

impl Happened {
    fn read(
        of: &Connection,
        what: &'static str,
        when: &'static str,
        sql: &str,
        range: [i64; 2],
    ) -> rusqlite::Result<Self> {
        let mut read = Self {
            names: [what, when],
            codes: StringBuilder::new(),
            what: StringBuilder::new(),
            at: TimestampMillisecondBuilder::new(),
            count: 0,
        };
        let mut select = of.prepare_cached(sql)?;
        let mut rows = select.query(range)?;
        while let Some(row) = rows.next()? {
            read.codes.append_value(row.get_ref(0)?.as_str()?);
            read.what.append_value(row.get_ref(1)?.as_str()?);
            read.at.append_value(row.get(2)?);
            read.count += 1;
        }
        Ok(read)
    }

    fn finish(mut self) -> Result<RecordBatch, ArrowError> {
        let columns: [(&str, ColumnType, ArrayRef); 4] = [
            (
                ROW_NO,
                ColumnType::Int,
                Arc::new(Int64Array::from_iter_values(1..=self.count)),
            ),
            (
                "project_code",
                ColumnType::Text,
                Arc::new(self.codes.finish()),
            ),
            (
                self.names[0],
                ColumnType::Text,
                Arc::new(self.what.finish()),
            ),
            (
                self.names[1],
                ColumnType::Time,
                Arc::new(self.at.finish().with_timezone("UTC")),
            ),
        ];
        let fields: Vec<_> = columns
            .iter()
            .map(|(name, kind, _)| ArrowField::new(*name, kind.arrow(), true))
            .collect();
        let arrays = columns.into_iter().map(|(_, _, array)| array).collect();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
    }
}

/// Cells by column, borrowed where JSON has nothing escaped.
type Borrowed<'t> = Vec<(Cow<'t, str>, Cow<'t, str>)>;

fn pairs<'c>(cells: &'c Borrowed<'_>) -> impl Iterator<Item = (&'c str, &'c str)> {
    cells.iter().map(|(column, typed)| (&**column, &**typed))
}

/// Stored cells, read without a map.
fn cells(json: &str) -> Borrowed<'_> {
    struct Cells;
    impl<'de> Visitor<'de> for Cells {
        type Value = Borrowed<'de>;

        fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
            to.write_str("cells by column")
        }

        fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
            let mut cells = Vec::with_capacity(16);
            while let Some((Text(column), Text(typed))) = map.next_entry()? {
                cells.push((column, typed));
            }
            Ok(cells)
        }
    }
    let mut json = serde_json::Deserializer::from_str(json);
    // Cannot fail: the projection wrote it.
    json.deserialize_map(Cells).unwrap_or_default()
}

#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Text<'t>(#[serde(borrow)] Cow<'t, str>);
