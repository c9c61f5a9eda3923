//! Which sheets and files of the inputs are read, and in which order; what is unknown or missing is told.

use std::path::Path;

use super::error::ImportError;
use super::names::{Named, SheetNames};
use super::reading::Reading;
use super::report::Spot;
use super::{Opened, stem};
use crate::filing::Sheet;

/// A sheet or file of an input, by the table it fills.
pub(crate) struct Part<'o> {
    pub opened: usize,
    /// The sheet's place in its workbook, or the file's in its folder.
    pub index: usize,
    pub name: String,
    pub sheet: &'o Sheet,
}

impl Opened {
    /// The workbook, or the folder of files.
    fn shown(&self) -> String {
        match self {
            Self::Workbook(book) => book.path.display().to_string(),
            // One by itself is told by its own name.
            Self::Csv(files) | Self::Parquet(files) => match &files[..] {
                [file] => file.display().to_string(),
                files => {
                    let folder = files.first().and_then(|file| file.parent());
                    folder.unwrap_or(Path::new(".")).display().to_string()
                }
            },
        }
    }

    /// File, sheet, and whether it is hidden, in order.
    fn listed(&self) -> Vec<(String, String, bool)> {
        match self {
            Self::Workbook(book) => {
                let sheets = book.sheets().into_iter();
                sheets
                    .map(|(sheet, hidden)| (self.shown(), sheet, hidden))
                    .collect()
            }
            Self::Csv(files) | Self::Parquet(files) => files
                .iter()
                .map(|file| (file.display().to_string(), stem(file), false))
                .collect(),
        }
    }
}

/// The sheets and files to read, projects first. Of the registers' folder only registers are read.
///
/// # Errors
/// When there are inputs without projects.
pub(crate) fn list<'o>(
    reading: &mut Reading<'o>,
    sources: &[Opened],
    inputs: usize,
) -> Result<Vec<Part<'o>>, ImportError> {
    let filing = reading.filing;
    let names = SheetNames::of(filing);
    let mut parts = Vec::new();
    let mut found = Vec::new();
    for (opened, source) in sources.iter().enumerate() {
        for (index, (file, name, hidden)) in source.listed().into_iter().enumerate() {
            let spot = Spot {
                file: &file,
                sheet: Some(&name),
                ..Spot::default()
            };
            let meant = names.read(&name);
            match meant {
                Named::Sheet(sheet) if opened < inputs || filing.registers.contains(sheet) => {
                    if hidden {
                        reading.report.warn(
                            spot,
                            "hidden",
                            None,
                            "隐藏的工作表,已照常读取",
                            "a hidden sheet; it was read like the others",
                        );
                    }
                    parts.push(Part {
                        opened,
                        index,
                        name: name.clone(),
                        sheet,
                    });
                }
                other => tell_unread(reading, spot, &other),
            }
            found.push(name);
        }
    }
    let is_project = |part: &Part<'_>| part.sheet.table == "projects";
    // Where registers alone are read, nothing is filed and nothing is missing.
    let filings = if inputs > 0 { &filing.sheets[..] } else { &[] };
    if inputs > 0 && !parts.iter().any(is_project) {
        let paths = sources[..inputs].iter().map(Opened::shown).collect();
        return Err(ImportError::NoProjects { paths, found });
    }
    for sheet in filings {
        if !parts.iter().any(|part| part.sheet == sheet) {
            let file = sources.first().map_or_else(String::new, Opened::shown);
            let spot = Spot {
                file: &file,
                sheet: Some(&sheet.zh),
                ..Spot::default()
            };
            let en = format!(
                "this sheet is missing ({}); taken as having no rows",
                sheet.table
            );
            reading
                .report
                .warn(spot, "missing_sheet", None, "缺少此表,按无记录处理", en);
        }
    }
    parts.sort_by_key(|part| {
        let rank = filing.sheets.iter().position(|sheet| sheet == part.sheet);
        (
            !is_project(part),
            rank.unwrap_or(usize::MAX),
            part.opened,
            part.index,
        )
    });
    Ok(parts)
}

/// Says that a sheet is not read, unless it is one of our own.
fn tell_unread(reading: &mut Reading<'_>, spot: Spot<'_>, named: &Named<'_>) {
    let (zh, en) = match named {
        Named::Ours => return,
        Named::Sheet(_) => (
            "比对库中的填报表,未读取".to_owned(),
            "a sheet of filings among the registers; not read".to_owned(),
        ),
        Named::Unknown(None) => (
            "未知的工作表,未读取".to_owned(),
            "unknown sheet, not read".to_owned(),
        ),
        Named::Unknown(Some(near)) => (
            format!("未知的工作表,未读取,是否为“{}”?", near.zh),
            format!(
                "unknown sheet, not read; is it {} ({})?",
                near.zh, near.table
            ),
        ),
    };
    reading.report.warn(spot, "unknown_sheet", None, zh, en);
}
