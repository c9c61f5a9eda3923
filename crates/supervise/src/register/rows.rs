//! The rows of a register: read from a file with numbers hashed as they are read, and kept as bytes that the vault seals.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Bytes;
use kandeng_screening::arrow::array::RecordBatch;
use kandeng_screening::{Batches, TableSource};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::diagnostic::{Diagnostic, Severity};
use crate::import::{self, ImportOptions, InputKind};

/// The most rows of a register.
pub const MOST_ROWS: usize = 500_000;

/// What a file holds of a register.
pub struct Rows {
    pub(super) register: String,
    /// How many there are.
    pub count: usize,
    /// SHA-256 of the file.
    pub file: String,
    batches: Vec<RecordBatch>,
}

/// Reads the one register out of a workbook or a file of CSV. Nothing of it is taken when any row is bad.
///
/// # Errors
/// What is wrong, with sheet, row and column.
pub fn read(register: &str, file: &Path, options: &ImportOptions) -> Result<Rows, Vec<Diagnostic>> {
    let shown = file.display().to_string();
    let wrong = |zh: String, en: String| {
        vec![Diagnostic::error(
            shown.clone(),
            kandeng_screening::Text::new(zh, en),
        )]
    };
    let broken = |error: &dyn std::fmt::Display| wrong(error.to_string(), error.to_string());
    let kind = import::detect(file).map_err(|error| {
        let text = error.text();
        wrong(text.zh, text.en)
    })?;
    if kind == InputKind::Parquet {
        // Its columns stay on the disk while they are read.
        return Err(wrong(
            "请上传工作簿或 CSV".to_owned(),
            "send a workbook or a CSV".to_owned(),
        ));
    }
    let mut options = options.clone();
    options.registers = Some(PathBuf::from(file));
    let mut read = import::read(&[], &options).map_err(|error| {
        let text = error.text();
        wrong(text.zh, text.en)
    })?;
    // A row is bad, or a part of the file is. That another sheet is not read says nothing of this one.
    let bad: Vec<Diagnostic> = read
        .diagnostics
        .iter()
        .filter(|one| one.severity == Severity::Error || one.row.is_some())
        .cloned()
        .collect();
    if !bad.is_empty() {
        return Err(bad);
    }
    let Some(table) = read.tables.get(register).map(Arc::clone) else {
        return Err(wrong(
            format!("文件中没有“{register}”的数据行"),
            format!("the file has no rows of {register}"),
        ));
    };
    let all: Vec<usize> = (0..table.schema().fields().len()).collect();
    let batches = table.read(&all).map_err(|error| broken(&error))?;
    let batches: Vec<RecordBatch> = batches
        .collect::<Result<_, _>>()
        .map_err(|error| broken(&error))?;
    let count = batches.iter().map(RecordBatch::num_rows).sum();
    if count > MOST_ROWS {
        return Err(wrong(
            format!("共 {count} 行,最多 {MOST_ROWS} 行"),
            format!("there are {count} rows; at most {MOST_ROWS} are taken"),
        ));
    }
    let hashed = read.inputs().first().map(|input| input.sha256.clone());
    Ok(Rows {
        register: register.to_owned(),
        count,
        file: hashed.unwrap_or_default(),
        batches,
    })
}

impl Rows {
    /// As they are kept.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, String> {
        let Some(first) = self.batches.first() else {
            return Err("no rows".to_owned());
        };
        let mut writer = ArrowWriter::try_new(Vec::new(), first.schema(), None)
            .map_err(|error| error.to_string())?;
        for batch in &self.batches {
            writer.write(batch).map_err(|error| error.to_string())?;
        }
        writer.into_inner().map_err(|error| error.to_string())
    }
}

/// A table of what was kept.
pub(crate) fn opened(bytes: Vec<u8>) -> Result<Arc<dyn TableSource>, String> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes))
        .and_then(ParquetRecordBatchReaderBuilder::build)
        .map_err(|error| error.to_string())?;
    let batches: Vec<RecordBatch> = reader
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    let schema = match batches.first() {
        Some(first) => first.schema(),
        None => return Err("no rows".to_owned()),
    };
    Ok(Arc::new(Batches::new(schema, batches)))
}
