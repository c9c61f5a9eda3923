//! The project codes of a Parquet file: rows to leave out, and what rows show of their projects' stages.

use std::path::Path;
use std::sync::Arc;

use kandeng_screening::arrow::array::{Array as _, ArrayRef, AsArray as _, StringArray};
use kandeng_screening::{SourceError, TableSource as _};
use parquet::arrow::arrow_reader::ArrowReaderMetadata;

use super::error::ImportError;
use super::parquet_columns::{FileColumns, Reader};
use super::parquet_origin::Origin;
use super::parquet_table::ParquetTable;
use super::reading::Reading;
use super::refusals::Refusals;
use super::report::{Spot, shorten};

/// Rows (by `row_no`, ascending) to leave out: projects of a code seen before, rows of no project.
///
/// # Errors
/// When the file cannot be read, or the person stopped the run.
pub(crate) fn check(
    reading: &mut Reading<'_>,
    columns: &FileColumns<'_>,
    is_project: bool,
    path: &Path,
    metadata: &ArrowReaderMetadata,
    spot: Spot<'_>,
) -> Result<Arc<Vec<i64>>, ImportError> {
    // Cannot fail: a table without its project code was refused before.
    let Some(code) = columns.reader("project_code") else {
        return Ok(Arc::default());
    };
    let mut readers = vec![code];
    let mut shown = Vec::new();
    if is_project {
        readers.extend(columns.reader("stage"));
    } else if reading.seeks_stages() {
        for (rank, own) in columns.shown() {
            let first = readers.len();
            readers.extend(own);
            shown.push((rank, first..readers.len()));
        }
    }
    let broken = |error: SourceError| ImportError::broken(path, "Parquet", error);
    let table = probe(reading, path, metadata, readers);
    let all: Vec<_> = (0..table.schema().fields().len()).collect();
    let mut codes = Codes {
        spot: Spot {
            column: Some("项目编码"),
            ..spot
        },
        row_no: 0,
        dropped: Vec::new(),
        last: String::new(),
    };
    for batch in table.read(&all).map_err(broken)? {
        reading.options.check_cancelled()?;
        let batch = batch.map_err(broken)?;
        let own: &StringArray = batch.column(0).as_string();
        if is_project {
            codes.projects(reading, own, batch.columns().get(1));
            continue;
        }
        let is_shown = |row: usize| {
            let filled = shown.iter().filter(|(_, range)| {
                let mut columns = range.clone();
                columns.all(|place| batch.column(place).is_valid(row))
            });
            filled.map(|(rank, _)| *rank).max()
        };
        codes.rows(reading, own, is_shown);
    }
    Ok(Arc::new(codes.dropped))
}

/// A few columns of the file, read as the rules' own will be.
fn probe(
    reading: &Reading<'_>,
    path: &Path,
    metadata: &ArrowReaderMetadata,
    readers: Vec<Reader>,
) -> ParquetTable {
    let origins = readers.into_iter().enumerate();
    let origins = origins.map(|(place, (root, caster))| {
        // What is refused is told when rules read the column.
        let refusals = Refusals::new("", "", "");
        let origin = Origin::File {
            root,
            caster,
            refusals,
        };
        (place.to_string(), origin)
    });
    ParquetTable::new(
        path.to_owned(),
        metadata.clone(),
        origins.collect(),
        Arc::clone(&reading.options.cancel),
    )
}

/// Codes as they come.
struct Codes<'s> {
    spot: Spot<'s>,
    row_no: i64,
    dropped: Vec<i64>,
    /// The last code that there is a project of: rows of one project mostly stand together.
    last: String,
}

impl<'s> Codes<'s> {
    fn next(&mut self) -> Spot<'s> {
        self.row_no += 1;
        Spot {
            row: Some(self.row_no as u64),
            ..self.spot
        }
    }

    fn projects(
        &mut self,
        reading: &mut Reading<'_>,
        codes: &StringArray,
        filed: Option<&ArrayRef>,
    ) {
        for (row, code) in codes.iter().enumerate() {
            let spot = self.next();
            let Some(code) = code else {
                tell_empty(reading, spot);
                self.dropped.push(self.row_no);
                continue;
            };
            if let Some(first) = reading.code_seen(code, self.row_no) {
                reading.report.error(
                    spot,
                    "duplicate",
                    Some(code),
                    format!("项目编码与第 {first} 行重复,只筛查第一次出现的一行"),
                    format!(
                        "the project code stands in row {first} already; only the first is screened"
                    ),
                );
                reading.add_duplicate(code, self.row_no, first);
                self.dropped.push(self.row_no);
            } else if filed.is_none_or(|filed| filed.is_null(row)) {
                reading.seek_stage(code);
            }
        }
    }

    fn rows(
        &mut self,
        reading: &mut Reading<'_>,
        codes: &StringArray,
        shown: impl Fn(usize) -> Option<usize>,
    ) {
        for (row, code) in codes.iter().enumerate() {
            let spot = self.next();
            let Some(code) = code else {
                tell_empty(reading, spot);
                self.dropped.push(self.row_no);
                continue;
            };
            if code != self.last {
                if !reading.has_code(code) {
                    reading.report.error(
                        spot,
                        "orphan",
                        Some(&shorten(code)),
                        "没有这个编码的项目,该行未筛查",
                        "there is no project of this code; the row was not screened",
                    );
                    self.dropped.push(self.row_no);
                    continue;
                }
                self.last.clear();
                self.last.push_str(code);
            }
            if let Some(rank) = shown(row) {
                reading.show_stage(code, rank);
            }
        }
    }
}

fn tell_empty(reading: &mut Reading<'_>, spot: Spot<'_>) {
    reading.report.error(
        spot,
        "no_key",
        None,
        "此列为空,该行未读取",
        "empty; the row was not read",
    );
}
