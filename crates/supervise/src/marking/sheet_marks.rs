//! The changes that make the marked cells of one worksheet part red. Cells and rows that are not there are put in
//! where the order of the format wants them.

use std::fmt::Write;

use std::collections::{BTreeMap, HashMap};

use super::edit::Edits;
use super::place::{Area, cell_name, parse_cell};
use super::sheet_map::{RowSpan, SheetMap};
use super::styles::Styles;
use super::xml::{Element, TagKind, children};
use super::{Cells, MarkError};

/// The marked cells by row, each with its columns in order.
type Rows = BTreeMap<u32, Vec<u32>>;

/// Marks as they will be seen: those inside a merged range go to its first cell.
pub(super) fn shown(map: &SheetMap<'_>, cells: Cells) -> Cells {
    if map.merged.is_empty() {
        return cells;
    }
    let mut shown = Cells::new();
    for (cell, notes) in cells {
        let kept: &mut Vec<String> = shown.entry(map.shown_at(cell)).or_default();
        for note in notes {
            if !kept.contains(&note) {
                kept.push(note);
            }
        }
    }
    shown
}

/// Makes the cells red.
pub(super) fn redden(
    part: &str,
    text: &str,
    map: &SheetMap<'_>,
    cells: &Cells,
    styles: &mut Styles,
) -> Result<Edits, MarkError> {
    let mut rows = Rows::new();
    for (row, column) in cells.keys() {
        rows.entry(*row).or_default().push(*column);
    }
    let mut edits = Edits::default();
    let mut known: HashMap<u32, usize> = HashMap::with_capacity(map.rows.len());
    for (index, row) in map.rows.iter().enumerate() {
        known.entry(row.number).or_insert(index);
    }
    let sorted = map.rows.is_sorted_by_key(|row| row.number);
    let mut into_empty = String::new();
    for (number, columns) in &rows {
        if let Some(index) = known.get(number) {
            redden_in_row(
                part,
                text,
                map,
                &map.rows[*index],
                columns,
                styles,
                &mut edits,
            )?;
            continue;
        }
        let fresh = fresh_row(map, *number, columns, styles)?;
        let behind = if sorted {
            map.rows
                .get(map.rows.partition_point(|row| row.number < *number))
        } else {
            map.rows.iter().find(|row| row.number > *number)
        };
        match behind {
            Some(row) => edits.insert(row.open.span.start, fresh),
            None if map.sheet_data.kind == TagKind::Empty => into_empty.push_str(&fresh),
            None => edits.insert(map.data_inside.end, fresh),
        }
    }
    if !into_empty.is_empty() {
        let open = map.sheet_data.clone();
        edits.append(
            &Element {
                span: open.span.clone(),
                inside: map.data_inside.clone(),
                open,
            },
            &into_empty,
        );
    }
    widen_dimension(map, cells, &mut edits);
    Ok(edits)
}

/// A row that the sheet has not got yet.
fn fresh_row(
    map: &SheetMap<'_>,
    number: u32,
    columns: &[u32],
    styles: &mut Styles,
) -> Result<String, MarkError> {
    let p = map.root.prefix();
    let mut text = format!("<{p}row r=\"{number}\">");
    for column in columns {
        let red = styles.red(map.column_style(*column))?;
        text.push_str(&empty_cell(p, number, *column, red));
    }
    let _ = write!(text, "</{p}row>");
    Ok(text)
}

fn empty_cell(prefix: &str, row: u32, column: u32, style: u32) -> String {
    format!(
        "<{prefix}c r=\"{}\" s=\"{style}\"/>",
        cell_name(row, column)
    )
}

/// Makes cells of a row red that the sheet has.
fn redden_in_row(
    part: &str,
    text: &str,
    map: &SheetMap<'_>,
    row: &RowSpan<'_>,
    columns: &[u32],
    styles: &mut Styles,
    edits: &mut Edits,
) -> Result<(), MarkError> {
    let mut cells: Vec<(u32, Element<'_>)> = Vec::new();
    let mut last = 0;
    for child in children(part, text, row.inside.clone(), row.open.depth + 1)? {
        if child.open.name() != "c" {
            continue;
        }
        let named = child.open.attribute("r").and_then(|name| parse_cell(&name));
        last = named.map_or(last + 1, |(_, column)| column);
        cells.push((last, child));
    }
    let own_style = row
        .open
        .attribute("customFormat")
        .is_some_and(|custom| custom == "1" || custom == "true");
    let row_style = row.open.number("s").filter(|_| own_style);
    let mut into_empty = String::new();
    let mut added = Vec::new();
    for column in columns {
        if let Some((_, cell)) = cells.iter().find(|(found, _)| found == column) {
            let red = styles.red(cell.open.number("s").unwrap_or(0))?;
            if cell.open.number("s") != Some(red) {
                edits.set_attribute(&cell.open, "s", &red.to_string());
            }
            continue;
        }
        let red = styles.red(row_style.unwrap_or_else(|| map.column_style(*column)))?;
        let fresh = empty_cell(map.root.prefix(), row.number, *column, red);
        added.push(*column);
        if row.open.kind == TagKind::Empty {
            into_empty.push_str(&fresh);
            continue;
        }
        let behind = cells.iter().find(|(found, _)| found > column);
        let place = behind.map_or_else(
            || {
                cells
                    .last()
                    .map_or(row.inside.start, |(_, cell)| cell.span.end)
            },
            |(_, cell)| cell.span.start,
        );
        edits.insert(place, fresh);
    }
    widen_spans(row, &added, edits);
    if !into_empty.is_empty() {
        let open = row.open.clone();
        edits.append(
            &Element {
                span: open.span.clone(),
                inside: row.inside.clone(),
                open,
            },
            &into_empty,
        );
    }
    Ok(())
}

/// `spans="1:11"` says which columns a row uses; it must not be wrong.
fn widen_spans(row: &RowSpan<'_>, added: &[u32], edits: &mut Edits) {
    let Some(spans) = row.open.attribute("spans") else {
        return;
    };
    let Some((first, last)) = spans.split_once(':') else {
        return;
    };
    let (Ok(first), Ok(last)) = (first.trim().parse::<u32>(), last.trim().parse::<u32>()) else {
        return;
    };
    let lowest = added.iter().fold(first, |low, column| low.min(*column));
    let highest = added.iter().fold(last, |high, column| high.max(*column));
    if (lowest, highest) != (first, last) {
        edits.set_attribute(&row.open, "spans", &format!("{lowest}:{highest}"));
    }
}

/// The area that the sheet says it uses must hold the cells put in.
fn widen_dimension(map: &SheetMap<'_>, cells: &Cells, edits: &mut Edits) {
    let Some(tag) = &map.dimension else { return };
    let Some(area) = tag.attribute("ref").and_then(|area| Area::parse(&area)) else {
        return;
    };
    let wide = cells.keys().fold(area, |area, cell| area.widened_to(*cell));
    if wide != area {
        edits.set_attribute(tag, "ref", &wide.name());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reddened(sheet: &str, cells: &[(u32, u32)]) -> String {
        let mut styles = Styles::none("s", false).expect("styles");
        let map = SheetMap::read("p", sheet).expect("reads");
        let cells = cells.iter().map(|cell| (*cell, Vec::new())).collect();
        let cells = shown(&map, cells);
        redden("p", sheet, &map, &cells, &mut styles)
            .expect("plans")
            .applied(sheet)
    }

    #[test]
    fn only_the_style_of_a_cell_changes() {
        assert_eq!(
            reddened(
                "<worksheet><sheetData><row r=\"1\"><c r='A1' t=\"s\" s='0'><v>0</v></c><c r=\"B1\"/></row></sheetData></worksheet>",
                &[(1, 1), (1, 2)]
            ),
            "<worksheet><sheetData><row r=\"1\"><c r='A1' t=\"s\" s='1'><v>0</v></c><c s=\"1\" r=\"B1\"/></row></sheetData></worksheet>"
        );
    }

    #[test]
    fn cells_and_rows_that_are_not_there_are_put_in_in_order() {
        assert_eq!(
            reddened(
                "<x:worksheet><x:sheetData><x:row r=\"2\" spans=\"2:2\"><x:c r=\"B2\"/><x:extLst/></x:row><x:row r=\"4\"/></x:sheetData></x:worksheet>",
                &[(1, 1), (2, 1), (2, 3), (3, 2), (4, 1), (4, 2), (9, 9)]
            ),
            "<x:worksheet><x:sheetData><x:row r=\"1\"><x:c r=\"A1\" s=\"1\"/></x:row><x:row r=\"2\" spans=\"1:3\"><x:c r=\"A2\" s=\"1\"/><x:c r=\"B2\"/><x:c r=\"C2\" s=\"1\"/><x:extLst/></x:row><x:row r=\"3\"><x:c r=\"B3\" s=\"1\"/></x:row><x:row r=\"4\"><x:c r=\"A4\" s=\"1\"/><x:c r=\"B4\" s=\"1\"/></x:row><x:row r=\"9\"><x:c r=\"I9\" s=\"1\"/></x:row></x:sheetData></x:worksheet>"
        );
        assert_eq!(
            reddened(
                "<worksheet><dimension ref=\"A1\"/><sheetData/></worksheet>",
                &[(2, 2), (3, 1)]
            ),
            "<worksheet><dimension ref=\"A1:B3\"/><sheetData><row r=\"2\"><c r=\"B2\" s=\"1\"/></row><row r=\"3\"><c r=\"A3\" s=\"1\"/></row></sheetData></worksheet>"
        );
    }

    #[test]
    fn cells_without_names_are_counted() {
        assert_eq!(
            reddened(
                "<worksheet><sheetData><row><c><v>1</v></c><c><v>2</v></c></row></sheetData></worksheet>",
                &[(1, 2), (1, 3)]
            ),
            "<worksheet><sheetData><row><c><v>1</v></c><c s=\"1\"><v>2</v></c><c r=\"C1\" s=\"1\"/></row></sheetData></worksheet>"
        );
    }

    #[test]
    fn marks_inside_a_merged_range_meet_at_its_first_cell() {
        let text = reddened(
            "<worksheet><sheetData><row r=\"1\"><c r=\"A1\"/><c r=\"B1\"/></row></sheetData><mergeCells><mergeCell ref=\"A1:B2\"/></mergeCells></worksheet>",
            &[(1, 2), (2, 2)],
        );
        assert!(
            text.contains("<c s=\"1\" r=\"A1\"/><c r=\"B1\"/></row></sheetData>"),
            "{text}"
        );
    }
}
