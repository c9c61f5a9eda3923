//! Parquet files: opened, their keys checked, and left on disk until rules ask for their columns.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::statistics::Statistics;

use super::error::ImportError;
use super::header::{Headers, plain};
use super::parquet_cast::Root;
use super::parquet_codes;
use super::parquet_columns::FileColumns;
use super::parquet_table::ParquetTable;
use super::percent::Percents;
use super::places::{Rows, Source};
use super::reading::Reading;
use super::report::Spot;
use crate::filing::{Field, ROW_NO, Sheet};

/// Opens one file as its table.
///
/// # Errors
/// When the file cannot be read, or projects have no project code.
pub(crate) fn read<'o>(
    reading: &mut Reading<'o>,
    sheet: &'o Sheet,
    path: &Path,
) -> Result<(), ImportError> {
    let broken = |error: parquet::errors::ParquetError| ImportError::broken(path, "Parquet", error);
    let file = File::open(path).map_err(|error| ImportError::io(path, &error))?;
    if file
        .metadata()
        .map_err(|error| ImportError::io(path, &error))?
        .len()
        == 0
    {
        return Err(ImportError::Empty(path.to_owned()));
    }
    let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(broken)?;
    let is_register = reading.filing.registers.contains(sheet);
    if is_register && metadata.metadata().file_metadata().num_rows() == 0 {
        // Nothing can be compared with a register that has no rows.
        return Ok(());
    }
    let name = super::stem(path);
    let shown = path.display().to_string();
    let spot = Spot {
        file: &shown,
        sheet: Some(&name),
        ..Spot::default()
    };
    if reading.has(&sheet.table) {
        reading.report.error(
            spot,
            "twice",
            None,
            "此表已从别的输入读取,该文件未读取",
            "this table was read from another input already; the file was not read",
        );
        return Ok(());
    }
    let roots = roots(reading, sheet, &metadata, spot);
    for column in &sheet.columns {
        if roots.contains_key(column.key.as_str()) {
            continue;
        }
        let spot = Spot {
            column: Some(&column.zh),
            ..spot
        };
        if column.required && sheet.table == "projects" {
            return Err(ImportError::NoProjectCode {
                file: shown.clone(),
                sheet: name.clone(),
            });
        }
        if column.required {
            reading.report.error(
                spot,
                "missing_column",
                None,
                "缺少此列,整表未读取",
                format!(
                    "this column is missing ({}); the file was not read",
                    column.key
                ),
            );
            return Ok(());
        }
        let item = column
            .item
            .as_ref()
            .and_then(|key| reading.filing.item(key));
        if item.is_some_and(|item| {
            reading
                .filing
                .filling_columns(item)
                .contains(&(&*sheet.table, &*column.key))
        }) {
            reading.report.warn(
                spot,
                "missing_column",
                None,
                "缺少此列",
                format!("this column is missing ({})", column.key),
            );
            reading
                .missing_columns
                .push((sheet.table.clone(), column.key.clone()));
        }
    }
    let source = reading.add_source(Source {
        file: shown.clone(),
        sheet: name.clone(),
        header_row: 0,
        columns: roots
            .iter()
            .map(|(key, root)| ((*key).to_owned(), root.index as u32 + 1))
            .collect(),
        anchor: 1,
    });
    reading
        .places
        .tables
        .insert(sheet.table.clone(), Rows::Running(source));
    let columns = FileColumns::new(reading, sheet, roots, Arc::clone(metadata.schema()));
    let dropped = if sheet.position("project_code").is_some() {
        let is_project = sheet.table == "projects";
        parquet_codes::check(reading, &columns, is_project, path, &metadata, spot)?
    } else {
        Arc::default()
    };
    let origins = columns.origins(reading, path);
    let cancel = Arc::clone(&reading.options.cancel);
    let mut table = ParquetTable::new(path.to_owned(), metadata, origins, cancel);
    table.dropped = dropped;
    reading
        .streamed
        .insert(sheet.table.clone(), Arc::new(table));
    Ok(())
}

/// Which declared column each of the file's columns is.
fn roots<'o>(
    reading: &mut Reading<'o>,
    sheet: &'o Sheet,
    metadata: &ArrowReaderMetadata,
    spot: Spot<'_>,
) -> HashMap<&'o str, Root> {
    let headers = Headers::of(reading.filing, sheet);
    let mut roots = HashMap::new();
    for (index, field) in metadata.schema().fields().iter().enumerate() {
        let spot = Spot {
            column: Some(field.name()),
            ..spot
        };
        match headers.read(field.name()) {
            Some(named) => {
                let key = sheet.columns[named.column].key.as_str();
                if roots.contains_key(key) {
                    reading.report.warn(
                        spot,
                        "duplicate_header",
                        None,
                        "表头重复,只读取第一列",
                        "duplicate header; only the first column is read",
                    );
                    continue;
                }
                if let Some(written) = &named.no_unit {
                    let field = sheet.columns[named.column].field;
                    reading.report.no_unit(spot, field, written);
                }
                let of_fractions = sheet.columns[named.column].field == Field::Percent
                    && holds_fractions(metadata.metadata(), index);
                if of_fractions {
                    Percents::tell_fractions(&mut reading.report, spot);
                }
                let root = Root {
                    index,
                    unit: named.unit,
                    is_key: plain(field.name()) == key,
                    of_fractions,
                };
                roots.insert(key, root);
            }
            None if field.name() == ROW_NO => {}
            None => {
                let (zh, en) = match headers.nearest(field.name()) {
                    Some(near) => (
                        format!(",是否为“{}”?", near.key),
                        format!("; is it {}?", near.key),
                    ),
                    None => Default::default(),
                };
                reading.report.warn(
                    spot,
                    "unknown_column",
                    None,
                    format!("未知的列,未读取{zh}"),
                    format!("unknown column, not read{en}"),
                );
            }
        }
    }
    roots
}

/// Whether a column holds numbers between 0 and 1 only, and not only 0, as the file's own statistics say.
fn holds_fractions(metadata: &ParquetMetaData, root: usize) -> bool {
    let schema = metadata.file_metadata().schema_descr();
    let leaf = (0..schema.num_columns()).find(|leaf| schema.get_column_root_idx(*leaf) == root);
    let Some(leaf) = leaf else { return false };
    let mut most = 0.0_f64;
    for group in metadata.row_groups() {
        let column = group.column(leaf);
        let range = column.statistics().and_then(|statistics| {
            let is_empty = statistics.null_count_opt() == u64::try_from(column.num_values()).ok();
            match statistics {
                _ if is_empty => Some((0.0, 0.0)),
                Statistics::Double(range) => Some((*range.min_opt()?, *range.max_opt()?)),
                Statistics::Float(range) => {
                    Some((f64::from(*range.min_opt()?), f64::from(*range.max_opt()?)))
                }
                Statistics::Int32(range) => {
                    Some((f64::from(*range.min_opt()?), f64::from(*range.max_opt()?)))
                }
                _ => None,
            }
        });
        match range {
            Some((least, greatest)) if least >= 0.0 && greatest <= 1.0 => most = most.max(greatest),
            _ => return false,
        }
    }
    most > 0.0
}
