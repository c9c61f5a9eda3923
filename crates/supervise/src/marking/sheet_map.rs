//! Where things stand in a worksheet part: rows, columns' styles, merged cells, the place for the drawing of notes.
//! One pass over the tags; cells are looked at later and only in rows that have marks.

use std::ops::Range;

use super::MarkError;
use super::place::Area;
use super::xml::{Tag, TagKind, Tags};

/// Elements that stand behind `legacyDrawing` in a worksheet.
const BEHIND_DRAWING: [&str; 9] = [
    "legacyDrawingHF",
    "drawingHF",
    "picture",
    "oleObjects",
    "controls",
    "webPublishItems",
    "tableParts",
    "extLst",
    "AlternateContent",
];

/// One row element.
#[derive(Clone, Debug)]
pub(super) struct RowSpan<'a> {
    /// Row number, from 1.
    pub(super) number: u32,
    pub(super) open: Tag<'a>,
    /// Between its tags; empty for `<row/>`.
    pub(super) inside: Range<usize>,
}

/// A worksheet part, mapped.
#[derive(Debug)]
pub(super) struct SheetMap<'a> {
    pub(super) root: Tag<'a>,
    pub(super) sheet_data: Tag<'a>,
    /// Between the tags of `sheetData`.
    pub(super) data_inside: Range<usize>,
    /// In the order of the part.
    pub(super) rows: Vec<RowSpan<'a>>,
    /// First and last column and the style that their empty cells have.
    pub(super) column_styles: Vec<(u32, u32, u32)>,
    pub(super) merged: Vec<Area>,
    pub(super) dimension: Option<Tag<'a>>,
    /// `r:id` of the drawing of notes.
    pub(super) legacy_drawing: Option<String>,
    /// Where a `legacyDrawing` may be put in.
    pub(super) drawing_place: usize,
}

impl<'a> SheetMap<'a> {
    /// Maps a part. Rows without a number of their own follow the row before them.
    pub(super) fn read(part: &'a str, text: &'a str) -> Result<Self, MarkError> {
        let mut tags = Tags::of(part, text);
        let root = tags.root()?;
        let mut sheet_data = None;
        let mut data_inside = 0..0;
        let mut rows = Vec::new();
        let mut column_styles = Vec::new();
        let mut merged = Vec::new();
        let mut dimension = None;
        let mut legacy_drawing = None;
        let mut behind = None;
        let mut end = None;
        while let Some(tag) = tags.next()? {
            if tag.kind == TagKind::Close {
                if tag.depth == 0 {
                    end = Some(tag.span.start);
                }
                continue;
            }
            if tag.depth != 1 {
                continue;
            }
            let name = tag.name();
            if BEHIND_DRAWING.contains(&name) {
                behind = behind.or(Some(tag.span.start));
            } else {
                behind = None;
            }
            match name {
                "sheetData" => {
                    data_inside = read_rows(&mut tags, &tag, &mut rows)?;
                    sheet_data = Some(tag);
                }
                "dimension" => dimension = Some(tag),
                "legacyDrawing" => {
                    legacy_drawing = tag
                        .prefixed_attribute("id")
                        .map(std::borrow::Cow::into_owned);
                }
                "cols" if tag.kind == TagKind::Open => each_inside(&mut tags, &tag, |child| {
                    if let (Some(min), Some(max), Some(style)) = (
                        child.number("min"),
                        child.number("max"),
                        child.number("style"),
                    ) {
                        column_styles.push((min, max, style));
                    }
                })?,
                "mergeCells" if tag.kind == TagKind::Open => {
                    each_inside(&mut tags, &tag, |child| {
                        merged.extend(child.attribute("ref").and_then(|area| Area::parse(&area)));
                    })?;
                }
                _ => {
                    tags.skip(&tag)?;
                }
            }
        }
        let sheet_data = sheet_data.ok_or_else(|| MarkError::damaged(part, "no sheetData"))?;
        let end = end.ok_or_else(|| tags.unclosed(&root))?;
        Ok(Self {
            root,
            sheet_data,
            data_inside,
            rows,
            column_styles,
            merged,
            dimension,
            legacy_drawing,
            drawing_place: behind.unwrap_or(end),
        })
    }

    /// The cell to mark for a cell: the first of its merged range, or itself.
    pub(super) fn shown_at(&self, cell: (u32, u32)) -> (u32, u32) {
        self.merged
            .iter()
            .find(|area| area.contains(cell))
            .map_or(cell, |area| area.first)
    }

    /// Style that an empty cell of a column has, when the column has one.
    pub(super) fn column_style(&self, column: u32) -> u32 {
        let found = self
            .column_styles
            .iter()
            .find(|(min, max, _)| (*min..=*max).contains(&column));
        found.map_or(0, |(_, _, style)| *style)
    }
}

/// Collects the rows of `sheetData`; where its inside is.
fn read_rows<'a>(
    tags: &mut Tags<'a>,
    sheet_data: &Tag<'a>,
    rows: &mut Vec<RowSpan<'a>>,
) -> Result<Range<usize>, MarkError> {
    let start = sheet_data.span.end;
    if sheet_data.kind == TagKind::Empty {
        return Ok(start..start);
    }
    let mut last = 0;
    while let Some(tag) = tags.next()? {
        if tag.kind == TagKind::Close && tag.depth == sheet_data.depth {
            return Ok(start..tag.span.start);
        }
        if tag.opens() && tag.depth == sheet_data.depth + 1 {
            let close = tags.skip(&tag)?;
            if tag.name() != "row" {
                continue;
            }
            last = tag.number("r").unwrap_or(last + 1);
            rows.push(RowSpan {
                number: last,
                inside: tag.span.end..close.start,
                open: tag,
            });
        }
    }
    Err(tags.unclosed(sheet_data))
}

/// Shows each direct child of an opened element.
fn each_inside<'a>(
    tags: &mut Tags<'a>,
    open: &Tag<'a>,
    mut show: impl FnMut(&Tag<'a>),
) -> Result<(), MarkError> {
    while let Some(tag) = tags.next()? {
        if tag.kind == TagKind::Close && tag.depth == open.depth {
            return Ok(());
        }
        if tag.opens() {
            show(&tag);
        }
    }
    Err(tags.unclosed(open))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_without_numbers_are_counted() {
        let text = "<worksheet><sheetData><row><c/></row><row r=\"5\"/><row><c><v>1</v></c></row></sheetData></worksheet>";
        let map = SheetMap::read("p", text).expect("reads");
        let rows: Vec<_> = map
            .rows
            .iter()
            .map(|row| (row.number, &text[row.inside.clone()]))
            .collect();
        assert_eq!(rows, [(1, "<c/>"), (5, ""), (6, "<c><v>1</v></c>")]);
    }

    #[test]
    fn the_drawing_of_notes_has_its_place_in_the_order_of_the_format() {
        let place = |tail: &str| {
            let text = format!("<worksheet><sheetData/>{tail}</worksheet>");
            let map = SheetMap::read("p", &text).expect("reads");
            text[map.drawing_place..].to_owned()
        };
        assert_eq!(place(""), "</worksheet>");
        assert_eq!(place("<pageMargins/>"), "</worksheet>");
        assert_eq!(
            place("<drawing/><tableParts/><extLst/>"),
            "<tableParts/><extLst/></worksheet>"
        );
        let controls = "<mc:AlternateContent><mc:Choice><controls/></mc:Choice></mc:AlternateContent></worksheet>";
        assert_eq!(place(controls.trim_end_matches("</worksheet>")), controls);
        assert_eq!(place("<mc:AlternateContent/><drawing/>"), "</worksheet>");
    }

    #[test]
    fn a_cell_inside_a_merged_range_is_shown_at_its_first() {
        let text = "<worksheet><cols><col min=\"2\" max=\"4\" style=\"7\"/></cols><sheetData></sheetData>\
                    <mergeCells><mergeCell ref=\"B2:C9\"/></mergeCells></worksheet>";
        let map = SheetMap::read("p", text).expect("reads");
        assert_eq!(map.shown_at((5, 3)), (2, 2));
        assert_eq!(map.shown_at((5, 4)), (5, 4));
        assert_eq!((map.column_style(3), map.column_style(5)), (7, 0));
    }
}
