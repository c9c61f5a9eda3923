//! The published schema of results: it describes every field and accepts nothing else.

use serde_json::{Value, json};

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../../docs/flags.schema.json")).unwrap()
}

fn problem(result: &Value) -> Option<String> {
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.enable_format_assertions();
    compiler
        .add_resource("flags.schema.json", schema())
        .unwrap();
    let index = compiler.compile("flags.schema.json", &mut schemas).unwrap();
    let checked = schemas.validate(result, index);
    checked.err().map(|error| format!("{error:#}"))
}

/// Validates against the published schema.
pub fn check_schema(result: &Value) {
    if let Some(problem) = problem(result) {
        panic!("{problem}");
    }
}

/// Walks all schemas inside, `path` telling where.
fn walk(schema: &Value, path: &str, visit: &mut dyn FnMut(&Value, &str)) {
    visit(schema, path);
    for group in ["properties", "$defs"] {
        for (name, inner) in schema[group].as_object().into_iter().flatten() {
            walk(inner, &format!("{path}/{name}"), visit);
        }
    }
    for name in ["items", "additionalProperties"] {
        if schema[name].is_object() {
            walk(&schema[name], &format!("{path}/{name}"), visit);
        }
    }
}

#[test]
fn every_field_is_described() {
    walk(&schema(), "", &mut |inner, path| {
        let is_described = inner["description"].is_string() || inner["$ref"].is_string();
        assert!(is_described, "{path} has no description");
    });
}

#[test]
fn every_object_says_which_fields_it_has() {
    walk(&schema(), "", &mut |inner, path| {
        if inner["properties"].is_object() {
            assert_eq!(inner["additionalProperties"], json!(false), "{path}");
            let required = inner["required"].as_array().unwrap().len();
            let declared = inner["properties"].as_object().unwrap().len();
            assert_eq!(required, declared, "{path}");
        }
    });
}

#[test]
fn a_field_that_is_not_declared_is_refused() {
    let text = json!({"zh": "甲", "en": "A"});
    let mut result = json!({
        "run": {
            "version": "0.1.0", "kind": text, "inputs": [], "as_of": "2026-06-30", "audience": "filer",
            "started": "2026-06-30T00:00:00Z", "seconds": 0.5, "rows": {"projects": 1}
        },
        "rules": [], "failures": [], "flags": []
    });
    check_schema(&result);
    result["run"]["colour"] = json!("red");
    assert!(problem(&result).is_some());
}
