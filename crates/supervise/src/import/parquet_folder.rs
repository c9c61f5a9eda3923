//! Parquet files: opened, their keys checked, and left on disk until rules ask for their columns.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use kandeng_screening::TableSource as _;
use kandeng_screening::arrow::array::{Array as _, StringArray};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};

use super::error::ImportError;
use super::header::Headers;
use super::parquet_cast::Caster;
use super::parquet_table::{Origin, ParquetTable};
use super::places::{Rows, Source};
use super::reading::Reading;
use super::refusals::Refusals;
use super::report::{Spot, shorten};
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
            .map(|(key, root)| ((*key).to_owned(), *root as u32 + 1))
            .collect(),
        anchor: 1,
    });
    reading
        .places
        .tables
        .insert(sheet.table.clone(), Rows::Running(source));
    let mut table = table(reading, sheet, path, metadata, &roots);
    if sheet.position("project_code").is_some() {
        table.dropped = check_codes(reading, sheet, &table, spot)?;
    }
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
) -> HashMap<&'o str, usize> {
    let headers = Headers::of(reading.filing, sheet);
    let mut roots = HashMap::new();
    for (root, field) in metadata.schema().fields().iter().enumerate() {
        let spot = Spot {
            column: Some(field.name()),
            ..spot
        };
        match headers.read(field.name()) {
            Some(named) => {
                let key = sheet.columns[named.column].key.as_str();
                if roots.insert(key, root).is_some() {
                    reading.report.warn(
                        spot,
                        "duplicate_header",
                        None,
                        "列名重复,读取后一列",
                        "duplicate column; the later is read",
                    );
                }
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

/// The table as rules will read it.
fn table<'o>(
    reading: &mut Reading<'o>,
    sheet: &'o Sheet,
    path: &Path,
    metadata: ArrowReaderMetadata,
    roots: &HashMap<&'o str, usize>,
) -> ParquetTable {
    reading.begin(sheet);
    let shows = reading.shows(&sheet.table);
    let units = Arc::new(reading.filing.units.clone());
    let is_register = reading.filing.registers.contains(sheet);
    let mut origins = vec![(ROW_NO.to_owned(), Origin::RowNo)];
    for (index, column) in sheet.columns.iter().enumerate() {
        let root = roots.get(column.key.as_str()).copied();
        let caster = Caster::new(
            column,
            reading.answers(&sheet.table, index),
            &reading.options.key,
            &units,
        );
        let refusals = Refusals::new(&path.display().to_string(), &super::stem(path), &column.zh);
        reading.refusals.push(Arc::clone(&refusals));
        let origin = match (root, column.field) {
            (root, Field::Choice) if sheet.table == "projects" && column.key == "stage" => {
                Origin::Stage {
                    root,
                    caster,
                    // A stage that later tables show is not looked for: they are left on disk.
                    shown: shows
                        .iter()
                        .filter_map(|(rank, columns)| {
                            let roots: Option<Vec<_>> = columns
                                .iter()
                                .map(|column| {
                                    roots.get(sheet.columns[*column].key.as_str()).copied()
                                })
                                .collect();
                            Some((*rank, roots?))
                        })
                        .collect(),
                    stages: reading
                        .filing
                        .stages
                        .iter()
                        .map(|stage| stage.key.clone())
                        .collect(),
                }
            }
            (Some(root), Field::Boundary) => Origin::Boundary {
                root,
                datum: roots.get(&*format!("{}_datum", column.key)).copied(),
                default: reading.options.datum,
                folders: reading.folders.clone(),
                refusals,
            },
            (Some(root), _) => Origin::File {
                root,
                caster,
                refusals,
            },
            (None, _) if is_register => continue,
            (None, field) => Origin::Nothing(field.column_type().arrow()),
        };
        origins.push((column.key.clone(), origin));
    }
    reading.forget(&sheet.table);
    ParquetTable::new(
        path.to_owned(),
        metadata,
        origins,
        Arc::clone(&reading.options.cancel),
    )
}

/// Rows (by `row_no`, ascending) to leave out: projects of a code seen before, rows of no project.
fn check_codes(
    reading: &mut Reading<'_>,
    sheet: &Sheet,
    table: &ParquetTable,
    spot: Spot<'_>,
) -> Result<Arc<Vec<i64>>, ImportError> {
    let schema = table.schema();
    // Cannot fail: a table without its project code was refused above.
    let Ok(column) = schema.index_of("project_code") else {
        return Ok(Arc::default());
    };
    let broken = |error: kandeng_screening::SourceError| {
        ImportError::broken(Path::new(spot.file), "Parquet", error)
    };
    let is_project = sheet.table == "projects";
    let spot = Spot {
        column: Some("项目编码"),
        ..spot
    };
    let mut dropped = Vec::new();
    let mut row_no = 0_i64;
    let mut last = String::new();
    for batch in table.read(&[column]).map_err(broken)? {
        reading.options.check_cancelled()?;
        let batch = batch.map_err(broken)?;
        let Some(codes) = batch.column(0).as_any().downcast_ref::<StringArray>() else {
            continue;
        };
        for row in 0..codes.len() {
            row_no += 1;
            let spot = Spot {
                row: Some(row_no as u64),
                ..spot
            };
            if codes.is_null(row) {
                reading.report.error(
                    spot,
                    "no_key",
                    None,
                    "此列为空,该行未读取",
                    "empty; the row was not read",
                );
                dropped.push(row_no);
                continue;
            }
            let code = codes.value(row);
            if is_project {
                if let Some(first) = reading.code_seen(code, row_no) {
                    reading.report.error(
                        spot,
                        "duplicate",
                        Some(code),
                        format!("项目编码与第 {first} 行重复,只筛查第一次出现的一行"),
                        format!("the project code stands in row {first} already; only the first is screened"),
                    );
                    reading.add_duplicate(code, row_no, first);
                    dropped.push(row_no);
                }
            } else if code != last {
                // Rows of one project mostly stand together.
                if reading.has_code(code) {
                    last.clear();
                    last.push_str(code);
                } else {
                    let shown = shorten(code);
                    reading.report.error(
                        spot,
                        "orphan",
                        Some(&shown),
                        "没有这个编码的项目,该行未筛查",
                        "there is no project of this code; the row was not screened",
                    );
                    dropped.push(row_no);
                }
            }
        }
    }
    Ok(Arc::new(dropped))
}
