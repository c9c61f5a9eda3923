//! JSON without what is not there: the schema wants no empty text, list or object.

use serde_json::{Map, Number, Value};

/// The day's midnight in China: the standard wants a moment where filings hold a day.
const MIDNIGHT: &str = "T00:00:00+08:00";

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// An object of what is there; nothing when nothing is.
pub(super) fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let fields: Map<String, Value> = fields
        .into_iter()
        .filter(|(_, value)| !is_empty(value))
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    if fields.is_empty() {
        return Value::Null;
    }
    Value::Object(fields)
}

/// The same with an id; nothing when it would be all.
pub(super) fn with_id<const N: usize>(id: impl Into<String>, fields: [(&str, Value); N]) -> Value {
    match object(fields) {
        Value::Object(mut fields) => {
            fields.insert("id".to_owned(), Value::String(id.into()));
            Value::Object(fields)
        }
        nothing => nothing,
    }
}

/// A list of what is there.
pub(super) fn list(values: impl IntoIterator<Item = Value>) -> Value {
    Value::Array(
        values
            .into_iter()
            .filter(|value| !is_empty(value))
            .collect(),
    )
}

/// A text, if there is one.
pub(super) fn text(text: Option<impl Into<String>>) -> Value {
    text.map_or(Value::Null, |text| Value::String(text.into()))
}

/// A number; whole ones without a point.
pub(super) fn number(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9e15 {
        return Value::from(number as i64);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

/// Money of so many fen, in yuan.
pub(super) fn money(fen: Option<i64>) -> Value {
    let Some(fen) = fen else {
        return Value::Null;
    };
    let amount = if fen % 100 == 0 {
        Value::from(fen / 100)
    } else {
        number(fen as f64 / 100.0)
    };
    object([("amount", amount), ("currency", Value::from("CNY"))])
}

/// A day, written `2025-03-14`.
pub(super) fn day(day: Option<String>) -> Value {
    text(day.map(|day| day + MIDNIGHT))
}

/// From one day to another, either of which may be missing.
pub(super) fn period(from: Option<String>, to: Option<String>) -> Value {
    object([("startDate", day(from)), ("endDate", day(to))])
}
