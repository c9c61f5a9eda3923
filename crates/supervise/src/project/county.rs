//! The whole county's filings as the tables that rules read, and from a row of a table back to its project.
//!
//! What is typed is read here by the readers of a form, by the newest declaration: rules are planned over its
//! columns.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use kandeng_ledger::StreamName;
use kandeng_platform::{Aggregate, CommandError, Platform, fold};
use kandeng_screening::arrow::array::{
    ArrayRef, Int64Array, RecordBatch, StringBuilder, TimestampMillisecondBuilder,
};
use kandeng_screening::arrow::datatypes::{Field as ArrowField, Schema};
use kandeng_screening::arrow::error::ArrowError;
use kandeng_screening::{Batches, ColumnType, Tables};
use rusqlite::Connection;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use uuid::Uuid;

use super::Project;
use super::edit::{Filed, Row};
use crate::draft::reader::Reader;
use crate::filing::{Filing, ROW_NO, Sheet};
use crate::import::IdentityKey;
use crate::import::columns::{Builder, Value};
use crate::import::photos::derive_days;

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

    /// How many projects there are.
    pub fn len(&self) -> usize {
        self.projects.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.projects.is_empty()
    }
}

/// A filing at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its code.
    pub code: String,
    /// The stage, where it was named.
    pub stage: Option<String>,
    /// What is typed.
    pub filed: Filed,
}

/// A filing as it stood before the ledger's `position`, from the ledger itself; nothing when it was not there, or
/// was withdrawn.
///
/// # Errors
/// When the ledger cannot be read.
pub fn standing_at(
    platform: &Platform,
    id: Uuid,
    position: u64,
) -> Result<Option<Standing>, CommandError> {
    let stream = StreamName::new(Project::STREAM, id)?;
    let mut events = platform.ledger().read_stream(&stream, 0)?;
    events.retain(|event| event.position < position);
    let project = fold::<Project>(events)?.state;
    let code = project.code.filter(|_| !project.withdrawn);
    Ok(code.map(|code| Standing {
        code,
        stage: project.stage,
        filed: project.filed,
    }))
}

/// One filing alone, as the tables that rules read: what [`kandeng_screening::ReachMap::change`] compares.
///
/// # Errors
/// Never for columns of declared types, which are all that there are.
pub fn filing_tables(
    filing: &Arc<Filing>,
    key: &IdentityKey,
    datum: Option<kandeng_geo::Datum>,
    standing: &Standing,
) -> Result<Tables, ArrowError> {
    let reader = Reader::of(Arc::clone(filing), key.clone(), datum);
    let mut tables: Vec<Columns> = filing.sheets.iter().map(Columns::of).collect();
    let read = |sheet: usize, row: &Row, of: Option<(usize, &str)>| {
        let typed = row.iter().map(|(key, text)| (key.as_str(), text.as_str()));
        reader.row(sheet, typed, of, &mut Vec::new())
    };
    let mut own = read(0, &standing.filed.fields, None);
    let mut reached = reader.stage_shown(0, &own);
    let none = BTreeMap::new();
    for (index, sheet) in filing.sheets.iter().enumerate().skip(1) {
        let rows = standing.filed.lists.get(&sheet.table).unwrap_or(&none);
        for (number, row) in rows {
            let values = read(index, row, Some((0, &standing.code)));
            reached = reached.max(reader.stage_shown(index, &values));
            tables[index].keep(&values, 0, *number);
        }
    }
    let shown = filing.stages.get(reached).map(|stage| stage.key.clone());
    for (column, text) in [
        ("project_code", Some(standing.code.clone())),
        ("stage", standing.stage.clone().or(shown)),
    ] {
        if let (Some(place), Some(text)) = (filing.sheets[0].position(column), text) {
            own[place] = Value::Text(text);
        }
    }
    tables[0].keep(&own, 0, 0);
    let mut all = Tables::new();
    for (sheet, columns) in filing.sheets.iter().zip(tables) {
        let batch = columns.batch(sheet, 1)?;
        all.insert(
            &*sheet.table,
            Arc::new(Batches::new(batch.schema(), vec![batch])),
        );
    }
    Ok(all)
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
    fn of(sheet: &Sheet) -> Self {
        let columns = sheet.columns.iter();
        Self {
            columns: columns
                .map(|column| Builder::new(column.field.column_type()))
                .collect(),
            rows: Vec::new(),
        }
    }

    /// The rows as rules read them, numbered from `first`.
    fn batch(self, sheet: &Sheet, first: i64) -> Result<RecordBatch, ArrowError> {
        let mut fields = vec![ArrowField::new(ROW_NO, ColumnType::Int.arrow(), true)];
        let numbers = Int64Array::from_iter_values(first..first + self.rows.len() as i64);
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(numbers)];
        for (column, builder) in sheet.columns.iter().zip(self.columns) {
            let kind = column.field.column_type().arrow();
            fields.push(ArrowField::new(&column.key, kind, true));
            arrays.push(builder.finish());
        }
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?;
        Ok(match sheet.table.as_str() {
            "photos" => derive_days(&batch, &[]).unwrap_or(batch),
            _ => batch,
        })
    }

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
        let mut tables: Vec<Columns> = filing.sheets.iter().map(Columns::of).collect();
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
