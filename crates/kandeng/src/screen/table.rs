//! Flags as a table of columns, for Parquet.

use std::io::{self, Write};
use std::sync::Arc;

use kandeng_screening::arrow::array::{
    ArrayRef, Int64Array, ListBuilder, RecordBatch, StringArray, StringBuilder,
};
use kandeng_supervise::parquet::arrow::ArrowWriter;

use super::Screened;
use crate::failure::Failure;

/// Flags that make one batch.
const BATCH: usize = 8192;

pub(super) fn batches(screened: &Screened) -> Result<Vec<RecordBatch>, Failure> {
    let mut batches = Vec::new();
    let count = screened.outcome.len();
    let mut start = 0;
    // One batch at least, so that the file has its columns even when nothing was found.
    while start < count || batches.is_empty() {
        let end = (start + BATCH).min(count);
        let batch = batch(screened, start..end).map_err(|error| {
            Failure::wrong(
                format!("无法写出结果:{error}"),
                format!("the result cannot be written: {error}"),
            )
        })?;
        batches.push(batch);
        start = end.max(start + 1);
    }
    Ok(batches)
}

fn batch(
    screened: &Screened,
    range: std::ops::Range<usize>,
) -> Result<RecordBatch, kandeng_screening::arrow::error::ArrowError> {
    let findings: Vec<_> = range.map(|index| screened.finding(index)).collect();
    let text = |value: &dyn Fn(usize) -> String| -> ArrayRef {
        Arc::new(
            (0..findings.len())
                .map(|index| Some(value(index)))
                .collect::<StringArray>(),
        )
    };
    let list = |values: &dyn Fn(usize) -> Vec<String>| -> ArrayRef {
        let mut builder = ListBuilder::new(StringBuilder::new());
        for index in 0..findings.len() {
            for value in values(index) {
                builder.values().append_value(value);
            }
            builder.append(true);
        }
        Arc::new(builder.finish())
    };
    let money: ArrayRef = Arc::new(
        findings
            .iter()
            .map(|finding| finding.money_fen)
            .collect::<Int64Array>(),
    );
    let figures = |index: usize| {
        let figures: serde_json::Map<String, serde_json::Value> = findings[index]
            .figures
            .iter()
            .map(|(name, figure)| {
                (
                    name.clone(),
                    serde_json::to_value(figure).unwrap_or_default(),
                )
            })
            .collect();
        serde_json::Value::Object(figures).to_string()
    };
    let places = |index: usize| {
        let places = screened.shown_places(&findings[index]);
        places
            .map(|place| {
                format!(
                    "{}:{}!R{}C{}",
                    place.file, place.sheet, place.row, place.column
                )
            })
            .collect()
    };
    RecordBatch::try_from_iter([
        ("rule", text(&|index| findings[index].rule.clone())),
        (
            "severity",
            text(&|index| findings[index].severity.name().to_owned()),
        ),
        (
            "subject_kind",
            text(&|index| findings[index].subject_kind.clone()),
        ),
        ("subject", text(&|index| findings[index].subject.clone())),
        ("key", text(&|index| findings[index].key.clone())),
        ("related", list(&|index| findings[index].related.clone())),
        ("items", list(&|index| findings[index].items.clone())),
        ("where", list(&places)),
        ("money_fen", money),
        ("figures", text(&figures)),
        (
            "fingerprint",
            text(&|index| findings[index].fingerprint.clone()),
        ),
        ("says_zh", text(&|index| findings[index].says.zh.clone())),
        ("says_en", text(&|index| findings[index].says.en.clone())),
    ])
}

pub(super) fn write_parquet(out: &mut dyn Write, batches: &[RecordBatch]) -> io::Result<()> {
    let Some(first) = batches.first() else {
        return Ok(());
    };
    let mut writer =
        ArrowWriter::try_new(Vec::new(), first.schema(), None).map_err(io::Error::other)?;
    for batch in batches {
        writer.write(batch).map_err(io::Error::other)?;
    }
    let bytes = writer.into_inner().map_err(io::Error::other)?;
    out.write_all(&bytes)
}
