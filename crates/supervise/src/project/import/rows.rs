//! What a file's rows of one project change in its filing.

use std::collections::BTreeMap;

use kandeng_geo::{Datum, SAME_GROUND_M, parse_wkt, same_ground};
use kandeng_platform::Text;
use uuid::Uuid;

use super::file::FileTable;
use super::matching::matched;
use super::{CellChange, ImportPlan, Standing, Work};
use crate::draft::reader::Reader;
use crate::filing::{Field, Filing, Sheet};
use crate::import::columns::Value;
use crate::import::residents_hashed;
use crate::import::value::date;
use crate::project::edit::{Cells, Row};
use crate::project::export::TOO_LONG;
use crate::project::files::PHOTOS;
use crate::project::{people, print};

/// One cell of a row of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FileCell {
    /// Whether the file says anything of it.
    pub said: bool,
    /// What is typed; nothing for an empty cell.
    typed: Option<String>,
    /// The same as it stands in a filing, where that differs: a person's mark.
    stands: Option<String>,
    unread: Option<Text>,
}

impl FileCell {
    /// What would stand in the filing.
    pub fn stands(&self) -> Option<&str> {
        self.stands.as_deref().or(self.typed.as_deref())
    }
}

/// A row of a filing: what is typed, and in canonical form.
pub(super) struct HeldRow<'h> {
    number: u32,
    typed: &'h Row,
    pub canonical: Vec<Option<String>>,
}

impl ImportPlan {
    /// What the file changes in one project.
    pub(super) fn work(&self, place: usize, code: &str, standing: Option<&Standing>) -> Work {
        let reader = self.reader(standing);
        let mut work = Work::default();
        for sheet in 0..self.tables.len() {
            let Some(table) = &self.tables[sheet] else {
                continue;
            };
            let name = &self.filing().sheets[sheet].table;
            // A filing by an earlier declaration has its own sheets in the same order.
            let declared = reader
                .filing()
                .sheets
                .iter()
                .position(|known| known.table == *name);
            let rows: Vec<(i64, Vec<FileCell>)> = table
                .rows_of(place)
                .iter()
                .map(|(_, row)| {
                    let row_no = table.row_no(*row);
                    (
                        row_no,
                        self.cells(sheet, table, *row, row_no, code, standing),
                    )
                })
                .collect();
            let Some(declared) = declared else {
                if rows
                    .iter()
                    .any(|(_, row)| row.iter().any(|cell| cell.typed.is_some()))
                {
                    work.undeclared.push(name.clone());
                }
                continue;
            };
            if sheet == 0 {
                if let Some((row_no, cells)) = rows.into_iter().next() {
                    self.own(&mut work, reader, declared, row_no, cells, standing);
                }
            } else {
                self.list(&mut work, reader, sheet, declared, rows, standing);
            }
        }
        work
    }

    /// The cells of a row of the file, by the places of the newest declaration.
    fn cells(
        &self,
        sheet: usize,
        table: &FileTable,
        row: u32,
        row_no: i64,
        code: &str,
        standing: Option<&Standing>,
    ) -> Vec<FileCell> {
        let filing = self.filing();
        let declared = &filing.sheets[sheet];
        let mut values = table.values(filing, sheet, row);
        settle_datum(declared, &mut values, self.options.datum);
        // What was recorded and came through the import was sealed, or is read from the files themselves.
        if let Some(seal) = &table.seal {
            seal.close(&mut values, &self.options.key);
        }
        // As it is going to stand in the filing.
        let hidden = |written: &str| residents_hashed(written, &self.options.key).into_owned();
        let mut cells: Vec<FileCell> = declared
            .columns
            .iter()
            .enumerate()
            .map(|(place, column)| {
                if column.key == "project_code" {
                    return FileCell::default();
                }
                if let Some(unread) = self.import.unread(&declared.table, row_no, place) {
                    if unread.written.as_deref() == Some(TOO_LONG) {
                        return FileCell::default();
                    }
                    return FileCell {
                        // What Excel or a formula made of a value is not what somebody wrote: it is left alone.
                        said: unread.written.is_some(),
                        typed: unread.written.as_deref().map(hidden),
                        stands: None,
                        unread: Some(Text::new(&*unread.expected.zh, &*unread.expected.en)),
                    };
                }
                if values[place] == Value::Text(TOO_LONG.to_owned()) {
                    return FileCell::default();
                }
                FileCell {
                    said: if self.import.says_only_what_it_has() {
                        self.import.says(&declared.table, row_no, &column.key)
                    } else {
                        table.present[place] || values[place] != Value::Null
                    },
                    typed: print::text(column.field, &values[place]),
                    ..FileCell::default()
                }
            })
            .collect();
        let people = standing.map_or(&[][..], |standing| &standing.people);
        self.mark_people(declared, code, people, &mut cells);
        cells
    }

    /// Notes how a person's name stands in a filing.
    fn mark_people(&self, sheet: &Sheet, code: &str, known: &[Uuid], cells: &mut [FileCell]) {
        let typed = |column: &str, cells: &[FileCell]| {
            let cell = sheet.position(column).and_then(|place| cells.get(place));
            cell.and_then(|cell| cell.typed.clone())
        };
        for (column, mark) in
            people::marks(&sheet.table, code, known, &self.options.key, |column| {
                typed(column, cells)
            })
        {
            if let Some(place) = sheet.position(column) {
                cells[place].stands = Some(mark);
            }
        }
    }

    fn own(
        &self,
        work: &mut Work,
        reader: &Reader,
        declared: usize,
        row_no: i64,
        cells: Vec<FileCell>,
        standing: Option<&Standing>,
    ) {
        let empty = Row::new();
        let typed = standing.map_or(&empty, |standing| &standing.filed.fields);
        let held = held(reader, declared, 0, typed);
        let sheet = &self.filing().sheets[0];
        let stage = sheet.position("stage");
        if let Some(cell) = stage.and_then(|place| cells.get(place))
            && cell.said
            && self.says_stage(row_no)
            && cell.typed.as_deref() != standing.map(|standing| standing.row.stage.as_str())
            && let Some(named) = &cell.typed
            && reader.filing().stage_rank(named).is_some()
        {
            work.stage = Some(named.clone());
        }
        let cells = cells.into_iter().enumerate();
        let cells = cells.filter(|(place, _)| Some(*place) != stage);
        let changed = self.compare(
            work,
            reader.filing(),
            sheet,
            row_no,
            cells,
            Some(&held),
            standing,
        );
        work.edit.fields = changed;
    }

    /// Whether the file says a stage: the import works one out where none is said.
    fn says_stage(&self, row_no: i64) -> bool {
        let sheet = &self.filing().sheets[0];
        if self.import.says_only_what_it_has() {
            return self.import.says(&sheet.table, row_no, "stage");
        }
        // Asked for each project: the file is not looked through each time.
        let present = self.tables[0].as_ref().map(|table| &table.present);
        let place = sheet.position("stage");
        present
            .zip(place)
            .is_some_and(|(present, place)| present[place])
    }

    fn list(
        &self,
        work: &mut Work,
        reader: &Reader,
        sheet: usize,
        declared: usize,
        rows: Vec<(i64, Vec<FileCell>)>,
        standing: Option<&Standing>,
    ) {
        let sheet = &self.filing().sheets[sheet];
        let none = BTreeMap::new();
        let kept = standing.and_then(|standing| standing.filed.lists.get(&sheet.table));
        let kept: Vec<HeldRow<'_>> = kept
            .unwrap_or(&none)
            .iter()
            .map(|(number, typed)| held(reader, declared, *number, typed))
            .collect();
        let there = |column: &str| reader.filing().column(&sheet.table, column).is_some();
        // Where a declared column of the newest declaration stands in that of the filing.
        let places: Vec<Option<usize>> = sheet
            .columns
            .iter()
            .map(|column| reader.filing().sheets[declared].position(&column.key))
            .collect();
        let is_package = self.import.says_only_what_it_has();
        let pairs = matched(&rows, &kept, &places, is_package);
        let mut next = kept.last().map_or(1, |row| row.number + 1);
        let mut changed: BTreeMap<u32, Option<Cells>> = BTreeMap::new();
        let mut stays = vec![false; kept.len()];
        for ((row_no, cells), pair) in rows.into_iter().zip(pairs) {
            let cells = cells.into_iter().enumerate();
            let row = pair.map(|pair| &kept[pair]);
            if let Some(pair) = pair {
                stays[pair] = true;
            }
            let cells = self.compare(work, reader.filing(), sheet, row_no, cells, row, standing);
            if cells.is_empty() {
                continue;
            }
            let number = row.map_or_else(
                || {
                    next += 1;
                    next - 1
                },
                |row| row.number,
            );
            changed.insert(number, Some(cells));
        }
        // A package leaves rows out: of people, and of what its standard has no place for. They stay.
        let goes = kept
            .iter()
            .zip(stays)
            .filter(|(_, stays)| !stays && !is_package);
        for (row, _) in goes {
            for (column, typed) in row.typed.iter().filter(|(column, _)| there(column)) {
                work.changes.push(CellChange {
                    table: sheet.table.clone(),
                    column: column.clone(),
                    place: None,
                    from: Some(shown(typed, standing)),
                    to: None,
                    unread: None,
                });
            }
            changed.insert(row.number, None);
        }
        if !changed.is_empty() {
            work.edit.rows.insert(sheet.table.clone(), changed);
        }
    }

    /// The cells of a row that change; they and those that could not be read are noted.
    #[expect(clippy::too_many_arguments)] // a row of the file, one of the filing, and where both stand
    fn compare(
        &self,
        work: &mut Work,
        filing: &Filing,
        sheet: &Sheet,
        row_no: i64,
        cells: impl Iterator<Item = (usize, FileCell)>,
        held: Option<&HeldRow<'_>>,
        standing: Option<&Standing>,
    ) -> Cells {
        let mut changed = Cells::new();
        let cells: Vec<(usize, FileCell)> = cells.collect();
        let same_ground = self.same_ground(filing, sheet, &cells, held);
        for (place, cell) in cells {
            let column = &sheet.columns[place];
            let declared = filing
                .sheet(&sheet.table)
                .and_then(|own| own.position(&column.key));
            let Some(declared) = declared else {
                if cell.typed.is_some() && !work.undeclared.contains(&column.key) {
                    work.undeclared.push(column.key.clone());
                }
                continue;
            };
            let typed = held.and_then(|row| row.typed.get(&column.key));
            let canonical = held.and_then(|row| row.canonical[declared].as_deref());
            let differs = cell.said && cell.stands() != canonical && !same_ground.contains(&place);
            if !differs {
                work.unchanged += u32::from(typed.is_some());
            }
            if differs || cell.unread.is_some() {
                let from = typed.map(|typed| shown(typed, standing));
                // Numbers are hashes here already; a name is the file's own.
                let to = if differs {
                    cell.typed.as_ref().map(|typed| shown(typed, standing))
                } else {
                    from.clone()
                };
                work.changes.push(CellChange {
                    table: sheet.table.clone(),
                    column: column.key.clone(),
                    place: self.import.place(&sheet.table, row_no, &column.key),
                    from,
                    to,
                    unread: cell.unread,
                });
            }
            if differs {
                changed.insert(column.key.clone(), cell.typed);
            }
        }
        changed
    }
}

impl ImportPlan {
    /// Columns of a package's row that say the ground which the filing has already: it goes out in WGS-84 whatever
    /// datum it was typed in, and comes back by another corner or with fewer decimals. Its datum is as good.
    fn same_ground(
        &self,
        filing: &Filing,
        sheet: &Sheet,
        cells: &[(usize, FileCell)],
        held: Option<&HeldRow<'_>>,
    ) -> Vec<usize> {
        let mut same = Vec::new();
        if !self.import.says_only_what_it_has() {
            return same;
        }
        let own = filing.sheet(&sheet.table);
        let canonical = |column: &str| {
            let place = own.and_then(|own| own.position(column))?;
            held?.canonical.get(place)?.as_deref()
        };
        for (place, cell) in cells {
            let column = &sheet.columns[*place];
            if column.field != Field::Boundary || !cell.said {
                continue;
            }
            let stands = canonical(&column.key).map(parse_wkt);
            let says = cell.typed.as_deref().map(parse_wkt);
            let is_same = match (&stands, &says) {
                (Some(Ok(stands)), Some(Ok(says))) => same_ground(stands, says, SAME_GROUND_M),
                _ => false,
            };
            let datum = format!("{}_datum", column.key);
            let named = canonical(&datum).map(Datum::parse);
            let in_wgs84 = match named {
                Some(named) => named.is_ok_and(|datum| datum == Datum::Wgs84),
                None => self.options.datum.is_none_or(|datum| datum == Datum::Wgs84),
            };
            if is_same {
                same.push(*place);
            }
            // Named only where it would be taken for another.
            if is_same || in_wgs84 {
                same.extend(sheet.position(&datum));
            }
        }
        same
    }
}

fn shown(typed: &str, standing: Option<&Standing>) -> String {
    let people = standing.map_or(&[][..], |standing| &standing.people);
    people::shown(typed, people).unwrap_or_else(|| typed.to_owned())
}

/// A row of a filing as its declaration reads it.
fn held<'h>(reader: &Reader, sheet: usize, number: u32, typed: &'h Row) -> HeldRow<'h> {
    let pairs = typed
        .iter()
        .map(|(key, text)| (key.as_str(), text.as_str()));
    // The code takes part in the seal; it is no cell of the row.
    let mut values = reader.row(sheet, pairs, None, &mut Vec::new());
    settle_day(&reader.filing().sheets[sheet], &mut values);
    let columns = &reader.filing().sheets[sheet].columns;
    let canonical = columns.iter().zip(&values).map(|(column, value)| {
        // What cannot be read stands as it was typed.
        print::text(column.field, value).or_else(|| typed.get(&column.key).cloned())
    });
    HeldRow {
        number,
        typed,
        canonical: canonical.collect(),
    }
}

/// The day of a photo is that of its time, as the import of a file has it, whatever is typed there.
fn settle_day(sheet: &Sheet, values: &mut [Value]) {
    let places = (sheet.position("taken_at"), sheet.position("taken_on"));
    let (PHOTOS, (Some(time), Some(day))) = (&*sheet.table, places) else {
        return;
    };
    if let Value::Time(at) = values[time] {
        values[day] = Value::Date(date::day_in_china(at));
    }
}

/// A boundary that was read is in WGS-84, whatever datum it was written in.
fn settle_datum(sheet: &Sheet, values: &mut [Value], usual: Option<Datum>) {
    for (place, column) in sheet.columns.iter().enumerate() {
        if column.field != Field::Boundary || values[place] == Value::Null {
            continue;
        }
        let Some(datum) = sheet.position(&format!("{}_datum", column.key)) else {
            continue;
        };
        let named = match &values[datum] {
            Value::Text(name) => Datum::parse(name).ok(),
            _ => usual,
        };
        if named.is_some_and(|named| named != Datum::Wgs84) {
            values[datum] = Value::Text("WGS-84".to_owned());
        }
    }
}
