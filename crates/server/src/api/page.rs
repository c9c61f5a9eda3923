//! The page on which people read the document.

use askama::Template;
use axum::response::Response;
use kandeng_platform::Text;
use kandeng_platform::account::Viewer;
use kandeng_platform::page::{Frame, Shell, Site, Words, html};
use serde_json::Value;

use crate::frame::Asking;
use crate::words::words;

struct OperationView {
    method: String,
    path: String,
    summary: String,
    parameters: Vec<(String, String, bool)>,
    body: Option<String>,
    answers: Vec<(String, String, String)>,
}

struct ShapeView {
    name: String,
    about: String,
    fields: Vec<(String, String, String, bool)>,
}

#[derive(Template)]
#[template(path = "api.html")]
struct ApiPage {
    shell: Shell,
    operations: Vec<OperationView>,
    shapes: Vec<ShapeView>,
}

pub(super) fn page(
    site: &Site,
    viewer: Option<&Viewer>,
    frame: Frame,
    asking: &Asking,
    document: &Value,
) -> Response {
    let words = words(asking.language);
    let title = words.say("api");
    html(&ApiPage {
        shell: match viewer {
            Some(viewer) => Shell::of(site, viewer, frame, words, title),
            None => Shell::public(frame, words, title),
        },
        operations: operations(document, words),
        shapes: shapes(document, words),
    })
}

fn text(of: &Value) -> String {
    of.as_str().unwrap_or_default().to_owned()
}

/// What is meant for people stands in both languages, Chinese first: `查阅记录 / Who looked at what`.
fn told(of: &Value, words: Words) -> String {
    let both = of.as_str().unwrap_or_default();
    let (zh, en) = both.split_once(" / ").unwrap_or((both, both));
    words.of(&Text::new(zh, en)).to_owned()
}

fn operations(document: &Value, words: Words) -> Vec<OperationView> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, of) in item.as_object().into_iter().flatten() {
            let parameters = of["parameters"].as_array().into_iter().flatten();
            let answers = of["responses"].as_object().into_iter().flatten();
            let body = of["requestBody"]["content"].as_object();
            all.push(OperationView {
                method: method.to_uppercase(),
                path: path.clone(),
                summary: told(&of["summary"], words),
                parameters: parameters
                    .map(|parameter| {
                        let needed = parameter["required"].as_bool().unwrap_or(false);
                        let about = told(&parameter["description"], words);
                        (text(&parameter["name"]), about, needed)
                    })
                    .collect(),
                body: body
                    .and_then(|content| content.values().next())
                    .map(|content| shape(&content["schema"])),
                answers: answers
                    .map(|(status, answer)| {
                        let content = answer["content"].as_object();
                        let content = content.and_then(|content| content.values().next());
                        let of = content.map(|content| shape(&content["schema"]));
                        let about = told(&answer["description"], words);
                        (status.clone(), about, of.unwrap_or_default())
                    })
                    .collect(),
            });
        }
    }
    all
}

fn shapes(document: &Value, words: Words) -> Vec<ShapeView> {
    let all = document["components"]["schemas"].as_object();
    all.into_iter()
        .flatten()
        .map(|(name, schema)| ShapeView {
            name: name.clone(),
            about: told(&schema["description"], words),
            fields: fields(document, schema, words),
        })
        .collect()
}

/// The fields of a shape, those of the shapes that it is made of first.
fn fields(document: &Value, schema: &Value, words: Words) -> Vec<(String, String, String, bool)> {
    let to = schema["$ref"].as_str().unwrap_or_default();
    let schema = document
        .pointer(to.trim_start_matches('#'))
        .filter(|_| !to.is_empty())
        .unwrap_or(schema);
    let parts = schema["allOf"].as_array().into_iter().flatten();
    let mut all: Vec<_> = parts
        .flat_map(|part| fields(document, part, words))
        .collect();
    let needed = schema["required"].as_array();
    let own = schema["properties"].as_object().into_iter().flatten();
    all.extend(own.map(|(field, of)| {
        let is_needed = needed.is_some_and(|needed| needed.iter().any(|name| name == field));
        let about = told(&of["description"], words);
        (field.clone(), shape(of), about, is_needed)
    }));
    all
}

/// What a schema is, in a word: `string`, `Role`, `Role[]`.
fn shape(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or_default().to_owned();
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if kinds.contains(&"array") {
        return format!("{}[]", shape(&schema["items"]));
    }
    let choices = ["oneOf", "anyOf", "allOf"]
        .iter()
        .find_map(|of| schema[*of].as_array());
    match choices {
        Some(choices) => choices.iter().map(shape).collect::<Vec<_>>().join(" | "),
        None => kinds.join(" | "),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shapes_are_named_in_a_word() {
        for (schema, word) in [
            (json!({ "$ref": "#/components/schemas/Role" }), "Role"),
            (
                json!({ "type": "array", "items": { "type": "string" } }),
                "string[]",
            ),
            (json!({ "type": ["string", "null"] }), "string | null"),
            (
                json!({ "oneOf": [{ "type": "null" }, { "$ref": "#/components/schemas/Role" }] }),
                "null | Role",
            ),
        ] {
            assert_eq!(shape(&schema), word, "{schema}");
        }
    }
}
