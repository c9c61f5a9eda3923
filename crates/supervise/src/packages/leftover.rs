//! What nobody took out of a document: each part once, at the highest place where all of it is left.

use serde_json::Value;

use super::part::step;
use super::taking::{Taking, no_item};
use crate::import::report::shown;

/// Notes what of `before` is still there in `after`.
pub(super) fn leave(taking: &mut Taking<'_>, before: &Value, after: &Value, place: &str) {
    if is_nothing(after) {
        return;
    }
    let parts: Vec<(String, &Value, Option<&Value>)> = match after {
        _ if before == after && !place.is_empty() && !has_own_parts(after) => {
            return told(taking, after, place);
        }
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| (step(place, key), value, before.get(key)))
            .collect(),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(index, value)| (format!("{place}/{index}"), value, before.get(index)))
            .collect(),
        _ => return told(taking, after, place),
    };
    for (place, after, before) in parts {
        match before {
            // Nobody touched it: it is told once, with all that it holds.
            Some(before) if before == after => {
                if !is_nothing(after) {
                    told(taking, after, &place);
                }
            }
            Some(before) => leave(taking, before, after, &place),
            None => told(taking, after, &place),
        }
    }
}

/// The project itself is told field by field.
fn has_own_parts(value: &Value) -> bool {
    matches!(value, Value::Object(_) | Value::Array(_))
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
