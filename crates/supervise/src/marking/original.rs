//! Marks a copy of an `.xlsx` or `.xlsm` by editing its package: some parts change a little, none is written anew.

use std::fs;
use std::path::Path;

use super::content_types::{self, COMMENTS, DRAWING, STYLES, WORKSHEET};
use super::edit::Edits;
use super::output::Output;
use super::package::{Content, Package, Parts};
use super::sheet_map::SheetMap;
use super::styles::Styles;
use super::wording::Labels;
use super::workbook_part::WorkbookPart;
use super::write_beside::write_beside;
use super::{
    Cells, FlagSheet, Mark, MarkError, Marked, comments, drawing, flag_sheet, marks_by_sheet,
    sheet_marks,
};

/// Writes a copy of a workbook with the marked cells red and noted, and a sheet of flags behind the last sheet.
///
/// Everything else stays as it is: parts that need no change are byte-identical, others change only where they must.
/// A marked cell inside a merged range is marked at the range's first cell, where it is seen. Marking a marked
/// workbook again adds what is new: notes that say the same are not repeated, and the earlier sheet of flags stays.
///
/// # Errors
/// [`MarkError`]; nothing is left at `output` then, and a file that was there before stays.
pub fn mark_workbook<'a>(
    original: &Path,
    marks: &[Mark],
    flags: &FlagSheet,
    labels: &Labels,
    output: impl Into<Output<'a>>,
) -> Result<Marked, MarkError> {
    let output = output.into();
    let package = Package::open(original)?;
    if let (Ok(from), Ok(to)) = (fs::canonicalize(original), fs::canonicalize(output.path))
        && from == to
    {
        return Err(MarkError::WouldReplaceOriginal {
            path: output.path.to_owned(),
        });
    }
    let mut marking = Marking::begin(package)?;
    let mut cells = 0;
    for (sheet, marked) in marks_by_sheet(marks)? {
        cells += marking.mark_sheet(sheet, marked, labels)?;
    }
    let flag_sheet = marking.add_flags(flags, labels)?;
    let (package, parts) = marking.end()?;
    let permissions = fs::metadata(original).map(|data| data.permissions()).ok();
    let failed = |source| MarkError::Write {
        path: output.path.to_owned(),
        source,
    };
    write_beside(output, permissions, |file| {
        package.write(parts, file, failed)
    })?;
    Ok(Marked { cells, flag_sheet })
}

/// A package on its way to being marked.
struct Marking {
    package: Package,
    workbook: WorkbookPart,
    styles: Styles,
    parts: Parts,
    /// New parts with their kinds.
    kinds: Vec<(String, &'static str)>,
    /// Last cluster of shape numbers in use.
    cluster: u32,
}

impl Marking {
    fn begin(mut package: Package) -> Result<Self, MarkError> {
        let mut workbook = WorkbookPart::read(&mut package)?;
        let mut kinds = Vec::new();
        let known = workbook
            .relations
            .first("styles")
            .and_then(|relation| relation.target.clone());
        let known = match known {
            Some(part) => package.text(&part)?.map(|source| (part, source)),
            None => None,
        };
        let styles = if let Some((part, source)) = known {
            Styles::parse(&part, source)?
        } else {
            let part = beside(&workbook.part, "styles.xml");
            workbook.relations.add("styles", &part, workbook.strict);
            kinds.push((part.clone(), STYLES));
            Styles::none(&part, workbook.strict)?
        };
        let mut cluster = 0;
        for name in package.names().to_vec() {
            if name.to_lowercase().ends_with(".vml")
                && let Some(bytes) = package.bytes(&name)?
            {
                cluster = cluster.max(drawing::highest_cluster(&bytes));
            }
        }
        Ok(Self {
            package,
            workbook,
            styles,
            parts: Parts::new(),
            kinds,
            cluster,
        })
    }

    /// Marks the cells of one sheet; how many are red then.
    fn mark_sheet(
        &mut self,
        sheet: &str,
        cells: Cells,
        labels: &Labels,
    ) -> Result<usize, MarkError> {
        let part = self.workbook.worksheet(sheet)?.to_owned();
        let missing = || MarkError::damaged(&part, "is missing");
        let text = self.package.text(&part)?.ok_or_else(missing)?;
        let map = SheetMap::read(&part, &text)?;
        let cells = sheet_marks::shown(&map, cells);
        let mut edits = sheet_marks::redden(&part, &text, &map, &cells, &mut self.styles)?;
        if cells.values().any(|notes| !notes.is_empty()) {
            self.add_notes(&part, &map, &cells, labels, &mut edits)?;
        }
        drop(map);
        if !edits.is_empty() {
            self.parts.insert(part, Content::Edited(text, edits));
        }
        Ok(cells.len())
    }

    /// Adds notes and their boxes to the parts of a sheet, making those that it lacks.
    fn add_notes(
        &mut self,
        sheet_part: &str,
        map: &SheetMap<'_>,
        cells: &Cells,
        labels: &Labels,
        edits: &mut Edits,
    ) -> Result<(), MarkError> {
        let strict = map.root.is_strict();
        let mut relations = self.package.relations(sheet_part)?;
        let known = relations
            .first("comments")
            .and_then(|relation| relation.target.clone());
        let (part, source) = if let Some(part) = known {
            let source = self
                .package
                .text(&part)?
                .ok_or_else(|| MarkError::damaged(&part, "is missing"))?;
            (part, source)
        } else {
            let part = self.package.free_part(
                &beside(&self.workbook.part, "comments"),
                ".xml",
                &self.parts,
            );
            relations.add("comments", &part, strict);
            self.kinds.push((part.clone(), COMMENTS));
            (part, comments::empty(strict))
        };
        let noted = comments::add(&part, &source, cells, labels)?;
        if noted.text != source || !self.package.has(&part) {
            self.parts
                .insert(part, Content::Bytes(noted.text.into_bytes()));
        }
        let mut boxes = noted.added;
        let (part, bytes) = if let Some(id) = &map.legacy_drawing {
            let missing = || MarkError::damaged(sheet_part, "its drawing of notes is missing");
            let target = relations
                .by_id(id)
                .and_then(|relation| relation.target.clone());
            let part = target.ok_or_else(missing)?;
            let bytes = self.package.bytes(&part)?.ok_or_else(missing)?;
            (part, bytes)
        } else {
            // Notes that no drawing shows yet get their boxes with ours.
            boxes.extend(noted.existing.iter().map(|cell| (*cell, String::new())));
            let stem = beside(&self.workbook.part, "drawings/vmlDrawing");
            let part = self.package.free_part(&stem, ".vml", &self.parts);
            let id = relations.add("vmlDrawing", &part, strict);
            self.kinds.push((part.clone(), DRAWING));
            let (prefix, attribute) = (map.root.prefix(), map.root.relation_attribute(&id));
            edits.insert(
                map.drawing_place,
                format!("<{prefix}legacyDrawing {attribute}/>"),
            );
            (part, drawing::empty())
        };
        if !boxes.is_empty() {
            let bytes = drawing::add(&part, &bytes, &boxes, &mut self.cluster)?;
            self.parts.insert(part, Content::Bytes(bytes));
        }
        if let Some((part, text)) = relations.written()? {
            self.parts.insert(part, Content::Bytes(text.into_bytes()));
        }
        Ok(())
    }

    /// Adds the sheet of flags; the name it got.
    fn add_flags(&mut self, flags: &FlagSheet, labels: &Labels) -> Result<String, MarkError> {
        let name = self.workbook.free_name(&flags.name);
        let styles = self.styles.flag_styles()?;
        let part = self.package.free_part(
            &beside(&self.workbook.part, "worksheets/sheet"),
            ".xml",
            &self.parts,
        );
        let text = flag_sheet::part(
            flags,
            styles,
            labels,
            self.workbook.strict,
            self.workbook.from_1904,
        );
        self.parts
            .insert(part.clone(), Content::Bytes(text.into_bytes()));
        self.kinds.push((part.clone(), WORKSHEET));
        let workbook = self.workbook.with_sheet(&name, &part)?;
        self.parts.insert(
            self.workbook.part.clone(),
            Content::Bytes(workbook.into_bytes()),
        );
        Ok(name)
    }

    /// What is to be written.
    fn end(mut self) -> Result<(Package, Parts), MarkError> {
        let (part, text) = self.styles.written()?;
        self.parts.insert(part, Content::Bytes(text.into_bytes()));
        if let Some((part, text)) = self.workbook.relations.written()? {
            self.parts.insert(part, Content::Bytes(text.into_bytes()));
        }
        let types = self.package.text(content_types::PART)?;
        let types = types.ok_or_else(|| self.package.not_a_workbook())?;
        let types = content_types::with_parts(&types, &self.kinds)?;
        self.parts.insert(
            content_types::PART.to_owned(),
            Content::Bytes(types.into_bytes()),
        );
        Ok((self.package, self.parts))
    }
}

/// The name of a part in the folder of another.
fn beside(part: &str, name: &str) -> String {
    part.rsplit_once('/')
        .map_or_else(|| name.to_owned(), |(folder, _)| format!("{folder}/{name}"))
}
