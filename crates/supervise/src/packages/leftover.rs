//! What nobody took out of a document: each part once, at the highest place where all of it is left.

use serde_json::Value;

use super::part::step;
use super::taking::{Taking, no_item};
use crate::import::report::shown;

/// Notes what of `before` is still there in `after`, field by field.
pub(super) fn leave(taking: &mut Taking<'_>, before: &Value, after: &Value, place: &str) {
    let parts: Vec<(String, &Value, Option<&Value>)> = match after {
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| (step(place, key), value, before.get(key)))
            .collect(),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(index, value)| (format!("{place}/{index}"), value, before.get(index)))
            .collect(),
        leaf => return told(taking, leaf, place),
    };
    for (place, after, before) in parts {
        match before {
            _ if is_nothing(after) => {}
            Some(before) if before != after => leave(taking, before, after, &place),
            // Nobody touched it: it is told once, with all that it holds.
            _ => told(taking, after, &place),
        }
    }
}

fn told(taking: &mut Taking<'_>, value: &Value, place: &str) {
    let text = match value {
        Value::String(text) => Some(shown(text)),
        Value::Array(_) | Value::Object(_) | Value::Null => None,
        other => Some(other.to_string()),
    };
    taking.leave(place, text.as_deref(), no_item());
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.values().all(is_nothing),
        Value::Array(list) => list.iter().all(is_nothing),
        _ => false,
    }
}
