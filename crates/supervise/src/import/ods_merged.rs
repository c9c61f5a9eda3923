//! Merged cells of an `.ods`, which its reader does not give: read from the spans in `content.xml`.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::error::ImportError;
use super::options::ImportOptions;
use super::sheet::Merged;

/// Events between two looks at whether the person stopped the run.
const EVENTS: u32 = 1 << 14;

/// The merged cells of each sheet, by its name.
///
/// # Errors
/// When the package is broken, or the person stopped the run.
pub(crate) fn merged_cells(
    path: &Path,
    options: &ImportOptions,
) -> Result<HashMap<String, Vec<Merged>>, ImportError> {
    let file = File::open(path).map_err(|error| ImportError::io(path, &error))?;
    let broken = |error: zip::result::ZipError| ImportError::broken(path, ".ods", error);
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    let content = archive.by_name("content.xml").map_err(broken)?;
    spans(BufReader::new(content), || options.check_cancelled())?
        .map_err(|error| ImportError::broken(path, ".ods", error))
}

/// Where the next cell of a sheet stands.
#[derive(Default)]
struct Sheet {
    name: String,
    row: u32,
    column: u32,
    /// How often the row that is being read stands there.
    repeated: u32,
    merged: Vec<Merged>,
}

type Spans = Result<HashMap<String, Vec<Merged>>, quick_xml::Error>;

fn spans(
    content: impl BufRead,
    check: impl Fn() -> Result<(), ImportError>,
) -> Result<Spans, ImportError> {
    let mut reader = Reader::from_reader(content);
    reader.config_mut().expand_empty_elements = true;
    let mut found = HashMap::new();
    let mut sheet = Sheet::default();
    // A cell may hold a table of its own.
    let mut depth = 0_u32;
    let mut buffer = Vec::new();
    for count in 1_u32.. {
        if count.is_multiple_of(EVENTS) {
            check()?;
        }
        buffer.clear();
        let event = match reader.read_event_into(&mut buffer) {
            Ok(event) => event,
            Err(error) => return Ok(Err(error)),
        };
        match event {
            Event::Start(tag) => match tag.name().as_ref() {
                "table:table" => {
                    depth += 1;
                    if depth == 1 {
                        sheet = Sheet {
                            name: attribute(&tag, "table:name").unwrap_or_default(),
                            ..Sheet::default()
                        };
                    }
                }
                "table:table-row" if depth == 1 => {
                    sheet.repeated = number(&tag, "table:number-rows-repeated");
                    sheet.column = 0;
                }
                "table:table-cell" | "table:covered-table-cell" if depth == 1 => {
                    sheet.cell(&tag);
                }
                _ => {}
            },
            Event::End(tag) => match tag.name().as_ref() {
                "table:table" => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        found.insert(
                            std::mem::take(&mut sheet.name),
                            std::mem::take(&mut sheet.merged),
                        );
                    }
                }
                "table:table-row" if depth == 1 => {
                    sheet.row = sheet.row.saturating_add(sheet.repeated);
                }
                _ => {}
            },
            Event::Eof => break,
            _ => {}
        }
    }
    Ok(Ok(found))
}

impl Sheet {
    fn cell(&mut self, tag: &BytesStart<'_>) {
        let (down, across) = (
            number(tag, "table:number-rows-spanned"),
            number(tag, "table:number-columns-spanned"),
        );
        if down > 1 || across > 1 {
            self.merged.push(Merged {
                rows: (self.row, self.row.saturating_add(down - 1)),
                columns: (self.column, self.column.saturating_add(across - 1)),
            });
        }
        let repeated = number(tag, "table:number-columns-repeated");
        self.column = self.column.saturating_add(repeated);
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = tag.try_get_attribute(name).ok()??;
    let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0);
    Some(value.ok()?.into_owned())
}

/// A count, at least 1.
fn number(tag: &BytesStart<'_>, name: &str) -> u32 {
    attribute(tag, name)
        .and_then(|text| text.parse().ok())
        .unwrap_or(1)
        .max(1)
}
