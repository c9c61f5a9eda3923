//! Whether a value is as its shape says, and if not, where and why. What the value is, is never told: it may name
//! somebody.

use serde_json::Value;
use uuid::Uuid;

use super::Shape;
use crate::context::Text;

/// What is wrong, and where: a JSON Pointer (RFC 6901), or the name of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub field: String,
    pub text: Text,
}

fn wrong(field: &str, zh: impl Into<String>, en: impl Into<String>) -> Wrong {
    Wrong {
        field: field.to_owned(),
        text: Text::new(zh, en),
    }
}

/// The kinds of values that a schema takes.
fn kinds(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn is_kind(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

/// Checks a value, and all in it.
pub(super) fn check(
    shape: &Shape,
    schema: &Value,
    value: &Value,
    field: &str,
) -> Result<(), Wrong> {
    let schema = shape.resolved(schema);
    if let Some(choices) = schema["oneOf"].as_array() {
        // One of nothing and a shape: nothing is said as null.
        let is_null = |choice: &&Value| choice["type"] == "null";
        if value.is_null() && choices.iter().any(|choice| is_null(&choice)) {
            return Ok(());
        }
        return match choices.iter().find(|choice| !is_null(choice)) {
            Some(choice) => check(shape, choice, value, field),
            None => Ok(()),
        };
    }
    let kinds = kinds(schema);
    if !kinds.is_empty() && !kinds.iter().any(|kind| is_kind(value, kind)) {
        let kinds = kinds.join("/");
        return Err(wrong(
            field,
            format!("应为 {kinds}"),
            format!("it should be {kinds}"),
        ));
    }
    match value {
        Value::String(text) => check_text(schema, text, field),
        Value::Number(_) => check_number(schema, value, field),
        Value::Array(all) => {
            if let Some(most) = schema["maxItems"]
                .as_u64()
                .filter(|most| all.len() as u64 > *most)
            {
                return Err(wrong(
                    field,
                    format!("最多 {most} 项"),
                    format!("at most {most} entries"),
                ));
            }
            if let Some(least) = schema["minItems"]
                .as_u64()
                .filter(|least| (all.len() as u64) < *least)
            {
                return Err(wrong(
                    field,
                    format!("至少 {least} 项"),
                    format!("at least {least} entries"),
                ));
            }
            all.iter().enumerate().try_for_each(|(place, one)| {
                check(shape, &schema["items"], one, &format!("{field}/{place}"))
            })
        }
        Value::Object(fields) => check_fields(shape, schema, fields, field),
        _ => Ok(()),
    }
}

fn check_fields(
    shape: &Shape,
    schema: &Value,
    fields: &serde_json::Map<String, Value>,
    field: &str,
) -> Result<(), Wrong> {
    let below = |name: &str| format!("{field}/{}", name.replace('~', "~0").replace('/', "~1"));
    let needed = schema["required"].as_array().into_iter().flatten();
    for name in needed.filter_map(Value::as_str) {
        if !fields.contains_key(name) {
            return Err(wrong(&below(name), "没有填写", "it is missing"));
        }
    }
    if let Some(most) = schema["maxProperties"]
        .as_u64()
        .filter(|most| fields.len() as u64 > *most)
    {
        return Err(wrong(
            field,
            format!("最多 {most} 项"),
            format!("at most {most} entries"),
        ));
    }
    for (name, value) in fields {
        let known = schema["properties"].get(name);
        let other = &schema["additionalProperties"];
        match known {
            Some(known) => check(shape, known, value, &below(name))?,
            None if other.is_object() => check(shape, other, value, &below(name))?,
            None if *other == Value::Bool(false) => {
                // The name itself is the sender's: it is cut, so that an answer is never long.
                let name: String = name.chars().take(60).collect();
                return Err(wrong(
                    &below(&name),
                    "没有这个字段",
                    "there is no such field",
                ));
            }
            None => {}
        }
    }
    Ok(())
}

fn check_text(schema: &Value, text: &str, field: &str) -> Result<(), Wrong> {
    if let Some(choices) = schema["enum"].as_array()
        && !choices.iter().any(|choice| choice == text)
    {
        let choices: Vec<&str> = choices.iter().filter_map(Value::as_str).collect();
        let choices = choices.join(", ");
        return Err(wrong(
            field,
            format!("应为其中之一:{choices}"),
            format!("it should be one of {choices}"),
        ));
    }
    let length = text.chars().count() as u64;
    if let Some(most) = schema["maxLength"].as_u64().filter(|most| length > *most) {
        return Err(wrong(
            field,
            format!("最多 {most} 个字符"),
            format!("at most {most} characters"),
        ));
    }
    if let Some(least) = schema["minLength"].as_u64().filter(|least| length < *least) {
        return Err(wrong(
            field,
            format!("至少 {least} 个字符"),
            format!("at least {least} characters"),
        ));
    }
    if schema["format"] == "uuid" && Uuid::try_parse(text).is_err() {
        return Err(wrong(field, "应为 UUID", "it should be a UUID"));
    }
    if let Some(pattern) = schema["pattern"].as_str()
        && !matches(pattern, text)
    {
        return Err(wrong(
            field,
            format!("应符合 {pattern}"),
            format!("it should match {pattern}"),
        ));
    }
    Ok(())
}

/// The patterns that shapes use: so many digits (`^[0-9]{4}$`, `^[0-9]{2,12}$`).
fn matches(pattern: &str, text: &str) -> bool {
    let of = pattern
        .strip_prefix("^[0-9]{")
        .and_then(|rest| rest.strip_suffix("}$"));
    let Some(of) = of else {
        return false;
    };
    let (least, most) = of.split_once(',').unwrap_or((of, of));
    let bounds: (Result<usize, _>, Result<usize, _>) = (least.parse(), most.parse());
    match bounds {
        (Ok(least), Ok(most)) => {
            (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        }
        _ => false,
    }
}

fn check_number(schema: &Value, value: &Value, field: &str) -> Result<(), Wrong> {
    let number = value.as_f64().unwrap_or(f64::MAX);
    if let Some(most) = schema["maximum"].as_f64().filter(|most| number > *most) {
        return Err(wrong(
            field,
            format!("最大 {most}"),
            format!("at most {most}"),
        ));
    }
    if let Some(least) = schema["minimum"].as_f64().filter(|least| number < *least) {
        return Err(wrong(
            field,
            format!("最小 {least}"),
            format!("at least {least}"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use std::collections::BTreeMap;
    use utoipa::ToSchema;

    use super::*;
    use crate::api::Id;

    #[derive(serde::Deserialize, ToSchema)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)] // its shape is what counts
    struct Lamp {
        id: Id,
        #[schema(min_length = 1, max_length = 4)]
        name: String,
        #[schema(minimum = 1, maximum = 100)]
        watts: Option<u32>,
        colour: Option<Colour>,
        #[schema(max_items = 2)]
        rooms: Option<Vec<Room>>,
        notes: Option<BTreeMap<String, Option<String>>>,
        #[schema(pattern = "^[0-9]{4}$")]
        year: Option<String>,
    }

    #[derive(serde::Deserialize, ToSchema)]
    #[serde(rename_all = "kebab-case")]
    #[allow(dead_code)] // its shape is what counts
    enum Colour {
        Red,
        DarkBlue,
    }

    #[derive(serde::Deserialize, ToSchema)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)] // its shape is what counts
    struct Room {
        floor: i32,
    }

    fn field(value: &Value) -> Option<String> {
        let shape = Shape::of::<Lamp>();
        let done = check(&shape, shape.own(), value, "");
        done.err().map(|wrong| wrong.field)
    }

    #[test]
    fn what_is_as_described_is_taken_and_else_the_field_is_named() {
        let id = "01936f6e-5f2a-7cc0-8000-000000000001";
        let with = |more: Value| {
            let mut lamp = json!({ "id": id, "name": "灯" });
            for (name, value) in more.as_object().unwrap() {
                lamp[name] = value.clone();
            }
            lamp
        };
        for (more, named) in [
            (json!({}), None),
            (
                json!({ "watts": null, "colour": null, "year": "2026" }),
                None,
            ),
            (
                json!({ "colour": "dark-blue", "rooms": [{ "floor": -1 }] }),
                None,
            ),
            (json!({ "notes": { "a": null, "b": "x" } }), None),
            (json!({ "id": "1" }), Some("/id")),
            (json!({ "name": "" }), Some("/name")),
            (json!({ "name": "灯灯灯灯灯" }), Some("/name")),
            (json!({ "name": 5 }), Some("/name")),
            (json!({ "watts": 101 }), Some("/watts")),
            (json!({ "watts": 1.5 }), Some("/watts")),
            (json!({ "colour": "dark" }), Some("/colour")),
            (
                json!({ "rooms": [{ "floor": 1 }, {}] }),
                Some("/rooms/1/floor"),
            ),
            (
                json!({ "rooms": [{ "floor": 1, "a/b": 1 }] }),
                Some("/rooms/0/a~1b"),
            ),
            (
                json!({ "rooms": [{ "floor": 1 }, { "floor": 1 }, { "floor": 1 }] }),
                Some("/rooms"),
            ),
            (json!({ "notes": { "a": 1 } }), Some("/notes/a")),
            (json!({ "year": "26" }), Some("/year")),
            (json!({ "lit": true }), Some("/lit")),
        ] {
            assert_eq!(field(&with(more.clone())).as_deref(), named, "{more}");
        }
        assert_eq!(field(&json!({ "id": id })).as_deref(), Some("/name"));
        assert_eq!(field(&json!([])).as_deref(), Some(""));
    }
}
