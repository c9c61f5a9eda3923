//! Columns of a table while they are filled, and the Arrow arrays they become.

use std::sync::Arc;

use kandeng_screening::ColumnType;
use kandeng_screening::arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, StringBuilder,
    TimestampMillisecondBuilder,
};

/// One value, as a table's column holds it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Text(String),
    /// Whole numbers, and money in fen.
    Int(i64),
    Float(f64),
    /// Days since 1970-01-01.
    Date(i32),
    /// Milliseconds since 1970 in UTC.
    Time(i64),
    Bool(bool),
}

/// A column being filled.
pub(crate) enum Builder {
    Text(StringBuilder),
    Int(Int64Builder),
    /// Kept as values, because percentages written as fractions are mended at the end.
    Float(Vec<Option<f64>>),
    Date(Date32Builder),
    Time(TimestampMillisecondBuilder),
    Bool(BooleanBuilder),
}

impl Builder {
    /// An empty column.
    pub fn new(kind: ColumnType) -> Self {
        match kind {
            ColumnType::Text => Self::Text(StringBuilder::new()),
            ColumnType::Int | ColumnType::Money => Self::Int(Int64Builder::new()),
            ColumnType::Float => Self::Float(Vec::new()),
            ColumnType::Date => Self::Date(Date32Builder::new()),
            ColumnType::Time => Self::Time(TimestampMillisecondBuilder::new()),
            ColumnType::Bool => Self::Bool(BooleanBuilder::new()),
        }
    }

    /// Adds a value; one of another kind counts as nothing.
    pub fn push(&mut self, value: &Value) {
        match self {
            Self::Text(column) => column.append_option(match value {
                Value::Text(text) => Some(text.as_str()),
                _ => None,
            }),
            Self::Int(column) => column.append_option(match value {
                Value::Int(whole) => Some(*whole),
                _ => None,
            }),
            Self::Float(column) => column.push(match value {
                Value::Float(number) => Some(*number),
                _ => None,
            }),
            Self::Date(column) => column.append_option(match value {
                Value::Date(day) => Some(*day),
                _ => None,
            }),
            Self::Time(column) => column.append_option(match value {
                Value::Time(millis) => Some(*millis),
                _ => None,
            }),
            Self::Bool(column) => column.append_option(match value {
                Value::Bool(answer) => Some(*answer),
                _ => None,
            }),
        }
    }

    /// The column as Arrow holds it.
    pub fn finish(self) -> ArrayRef {
        match self {
            Self::Text(mut column) => Arc::new(column.finish()),
            Self::Int(mut column) => Arc::new(column.finish()),
            Self::Float(column) => {
                let mut builder = Float64Builder::with_capacity(column.len());
                for number in column {
                    builder.append_option(number);
                }
                Arc::new(builder.finish())
            }
            Self::Date(mut column) => Arc::new(column.finish()),
            Self::Time(mut column) => Arc::new(column.finish().with_timezone("UTC")),
            Self::Bool(mut column) => Arc::new(column.finish()),
        }
    }
}
