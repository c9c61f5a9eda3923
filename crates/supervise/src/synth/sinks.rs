//! Where rows go: one workbook, CSV files, or Parquet files. Formats only; values come as they are.

use super::calendar::{shanghai_text, text};
use super::error::SynthError;
use super::tables::{Cell, Sheet, TABLES};
use super::{Format, labels};
use crate::system::{FailsOnce, guarded};
use kandeng_screening::ColumnType;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use rust_xlsxwriter::{Format as Style, Workbook};
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

/// Rows of a Parquet row group.
const ROW_GROUP: usize = 131_072;

/// An open county of one format.
pub(super) enum Sink {
    Xlsx {
        workbook: Box<Workbook>,
        rows: Vec<u32>,
        styles: Styles,
        path: PathBuf,
    },
    Csv {
        writers: Vec<csv::Writer<File>>,
        paths: Vec<PathBuf>,
    },
    Parquet {
        writers: Vec<ArrowWriter<File>>,
        paths: Vec<PathBuf>,
    },
}

/// Number formats of the workbook.
pub(super) struct Styles {
    header: Style,
    day: Style,
    money: Style,
}

impl Sink {
    pub(super) fn open(format: Format, folder: &Path) -> Result<Self, SynthError> {
        match format {
            Format::Xlsx => open_workbook(folder),
            Format::Csv => {
                let paths = paths(folder, "csv");
                let mut writers = Vec::with_capacity(paths.len());
                for (table, path) in TABLES.iter().zip(&paths) {
                    let mut writer = csv::Writer::from_writer(create(path)?);
                    let header = table.columns.iter().map(|(key, _)| *key);
                    writer
                        .write_record(header)
                        .map_err(|error| SynthError::unwritten(path, error))?;
                    writers.push(writer);
                }
                Ok(Self::Csv { writers, paths })
            }
            Format::Parquet => {
                let paths = paths(folder, "parquet");
                let properties = WriterProperties::builder()
                    .set_compression(Compression::SNAPPY)
                    .set_max_row_group_row_count(Some(ROW_GROUP))
                    .build();
                let mut writers = Vec::with_capacity(paths.len());
                for (table, path) in TABLES.iter().zip(&paths) {
                    let writer = ArrowWriter::try_new(
                        create(path)?,
                        table.schema(),
                        Some(properties.clone()),
                    )
                    .map_err(|error| SynthError::unwritten(path, error))?;
                    writers.push(writer);
                }
                Ok(Self::Parquet { writers, paths })
            }
        }
    }

    pub(super) fn put(&mut self, sheet: Sheet) -> Result<(), SynthError> {
        match self {
            Self::Xlsx {
                workbook,
                rows,
                styles,
                path,
            } => guarded(folder_of(path), || {
                put_in_workbook(workbook, &mut rows[sheet.table], styles, &sheet)
            })
            .map_err(|error| SynthError::io(path, error))?
            .map_err(|error| SynthError::unwritten(path, error)),
            Self::Csv { writers, paths } => put_in_csv(&mut writers[sheet.table], &sheet)
                .map_err(|error| SynthError::unwritten(&paths[sheet.table], error)),
            Self::Parquet { writers, paths } => {
                let table = sheet.table;
                let batch = sheet.into_batch()?;
                writers[table]
                    .write(&batch)
                    .map_err(|error| SynthError::unwritten(&paths[table], error))
            }
        }
    }

    /// Finishes the files and names them.
    pub(super) fn close(self) -> Result<Vec<PathBuf>, SynthError> {
        match self {
            Self::Xlsx {
                mut workbook, path, ..
            } => {
                let file = BufWriter::with_capacity(1 << 18, FailsOnce::new(create(&path)?));
                guarded(folder_of(&path), || workbook.save_to_writer(file))
                    .map_err(|error| SynthError::io(&path, error))?
                    .map_err(|error| SynthError::unwritten(&path, error))?;
                Ok(vec![path])
            }
            Self::Csv { writers, paths } => {
                for (mut writer, path) in writers.into_iter().zip(&paths) {
                    writer
                        .flush()
                        .map_err(|source| SynthError::io(path, source))?;
                }
                Ok(paths)
            }
            Self::Parquet { writers, paths } => {
                for (writer, path) in writers.into_iter().zip(&paths) {
                    writer
                        .close()
                        .map_err(|error| SynthError::unwritten(path, error))?;
                }
                Ok(paths)
            }
        }
    }
}

fn paths(folder: &Path, extension: &str) -> Vec<PathBuf> {
    TABLES
        .iter()
        .map(|table| folder.join(format!("{}.{extension}", table.key)))
        .collect()
}

fn create(path: &Path) -> Result<File, SynthError> {
    File::create(path).map_err(|source| SynthError::io(path, source))
}

/// Where a workbook is made, and the library's temporary files with it.
fn folder_of(workbook: &Path) -> &Path {
    workbook.parent().unwrap_or(Path::new("."))
}

fn put_in_csv(writer: &mut csv::Writer<File>, sheet: &Sheet) -> Result<(), csv::Error> {
    let columns = TABLES[sheet.table].columns.len();
    for row in 0..sheet.rows() {
        for column in 0..columns {
            match sheet.value(row, column) {
                Cell::Empty => writer.write_field("")?,
                Cell::Text(value) => writer.write_field(value)?,
                Cell::Whole(value) => writer.write_field(value.to_string())?,
                Cell::Money(fen) => writer.write_field(yuan(fen))?,
                Cell::Float(value) => writer.write_field(value.to_string())?,
                Cell::Day(day) => writer.write_field(text(day))?,
                Cell::Time(at_ms) => writer.write_field(shanghai_text(at_ms))?,
                Cell::Flag(value) => writer.write_field(if value { "yes" } else { "no" })?,
            }
        }
        writer.write_record(None::<&[u8]>)?;
    }
    Ok(())
}

/// `-1234.56`.
fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", fen.abs() / 100, fen.abs() % 100)
}

fn open_workbook(folder: &Path) -> Result<Sink, SynthError> {
    let refused = |error| SynthError::encoding("xlsx", error);
    let mut workbook = Workbook::new();
    // The same bytes every time: a workbook carries its creation time.
    let created = rust_xlsxwriter::ExcelDateTime::from_ymd(2000, 1, 1).map_err(refused)?;
    workbook.set_properties(&rust_xlsxwriter::DocProperties::new().set_creation_datetime(&created));
    workbook.set_tempdir(folder).map_err(refused)?;
    let styles = Styles {
        header: Style::new().set_bold(),
        day: Style::new().set_num_format("yyyy-mm-dd"),
        money: Style::new().set_num_format("#,##0.00"),
    };
    for table in TABLES {
        let worksheet = workbook
            .add_worksheet_with_constant_memory()
            .map_err(refused)?;
        worksheet
            .set_name(labels::sheet(table.key))
            .map_err(refused)?;
        worksheet.set_freeze_panes(1, 0).map_err(refused)?;
        for (at, (key, kind)) in table.columns.iter().enumerate() {
            let width = match kind {
                ColumnType::Text => 20.0,
                ColumnType::Money | ColumnType::Time => 16.0,
                _ => 12.0,
            };
            worksheet
                .set_column_width(at as u16, width)
                .map_err(refused)?;
            worksheet
                .write_string_with_format(
                    0,
                    at as u16,
                    labels::column(table.key, key),
                    &styles.header,
                )
                .map_err(refused)?;
        }
    }
    let path = folder.join("county.xlsx");
    Ok(Sink::Xlsx {
        workbook: Box::new(workbook),
        rows: vec![1; TABLES.len()],
        styles,
        path,
    })
}

fn put_in_workbook(
    workbook: &mut Workbook,
    next: &mut u32,
    styles: &Styles,
    sheet: &Sheet,
) -> Result<(), rust_xlsxwriter::XlsxError> {
    let table = &TABLES[sheet.table];
    let worksheet = workbook.worksheet_from_index(sheet.table)?;
    for row in 0..sheet.rows() {
        for (column, (key, _)) in table.columns.iter().enumerate() {
            let (line, at) = (*next, column as u16);
            match sheet.value(row, column) {
                Cell::Empty => continue,
                Cell::Text(value) => {
                    worksheet.write_string(line, at, labels::choice(table.key, key, value))?
                }
                Cell::Whole(value) => worksheet.write_number(line, at, value as f64)?,
                Cell::Money(fen) => worksheet.write_number_with_format(
                    line,
                    at,
                    fen as f64 / 100.0,
                    &styles.money,
                )?,
                Cell::Float(value) => worksheet.write_number(line, at, value)?,
                // Excel counts days from 1899-12-30.
                Cell::Day(day) => worksheet.write_number_with_format(
                    line,
                    at,
                    f64::from(day + 25_569),
                    &styles.day,
                )?,
                Cell::Time(at_ms) => worksheet.write_string(line, at, shanghai_text(at_ms))?,
                Cell::Flag(value) => {
                    worksheet.write_string(line, at, if value { "是" } else { "否" })?
                }
            };
        }
        *next += 1;
    }
    Ok(())
}
