//! The functions as rules call them: through SQL, with every kind of text and with nulls.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, LargeStringArray, StringArray, StringViewArray};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};

use super::register;

mod aggregates;
mod ground;
mod scalars;

/// A context that knows our functions.
fn context() -> SessionContext {
    context_with(SessionConfig::new())
}

fn context_with(configuration: SessionConfig) -> SessionContext {
    let mut builder = SessionStateBuilder::new()
        .with_config(configuration)
        .with_default_features();
    register(&mut builder);
    SessionContext::new_with_state(builder.build())
}

/// A context of several threads and tiny batches, in which aggregates are made in parts.
fn parallel() -> SessionContext {
    let configuration = SessionConfig::new()
        .with_target_partitions(4)
        .with_batch_size(3);
    context_with(configuration)
}

fn run(context: &SessionContext, sql: &str) -> Result<Vec<RecordBatch>, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    runtime.block_on(async {
        let frame = context.sql(sql).await.map_err(|error| error.to_string())?;
        frame.collect().await.map_err(|error| error.to_string())
    })
}

/// The rows of the answer, cells joined by `|`, nulls as `-`.
fn rows(context: &SessionContext, sql: &str) -> Vec<String> {
    let options = FormatOptions::default().with_null("-");
    let mut rows = Vec::new();
    for batch in run(context, sql).unwrap_or_else(|error| panic!("{sql}\n{error}")) {
        let cells: Vec<ArrayFormatter<'_>> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options).unwrap())
            .collect();
        for row in 0..batch.num_rows() {
            let line: Vec<String> = cells
                .iter()
                .map(|cell| cell.value(row).to_string())
                .collect();
            rows.push(line.join("|"));
        }
    }
    rows
}

/// The only row of the answer.
fn row(sql: &str) -> String {
    rows(&context(), sql).join("\n")
}

fn error(sql: &str) -> String {
    run(&context(), sql).unwrap_err()
}

/// A table `t` with the one column `name` in each of Arrow's three encodings of text.
fn each_encoding(values: &[Option<&str>], check: impl Fn(&SessionContext)) {
    let columns: [ArrayRef; 3] = [
        Arc::new(values.iter().copied().collect::<StringArray>()),
        Arc::new(values.iter().copied().collect::<LargeStringArray>()),
        Arc::new(values.iter().copied().collect::<StringViewArray>()),
    ];
    for column in columns {
        let context = context();
        let batch = RecordBatch::try_from_iter_with_nullable([("name", column, true)]).unwrap();
        context.register_batch("t", batch).unwrap();
        check(&context);
    }
}
