//! The document of the API: every operation stands in it with every status that it answers.

use axum::http::Method;
use serde_json::Value;

use super::super::County;
use super::super::support::block_on;

async fn document(county: &County) -> Value {
    let seen = county.house.browser().get("/api/openapi.json").await;
    serde_json::from_str(&seen.body).unwrap()
}

#[test]
fn every_operation_is_described_and_nothing_else() {
    block_on(async {
        let county = County::new().await;
        let document = document(&county).await;
        let mut described = 0;
        for declared in &county.house.declared {
            if !declared.path.starts_with("/api/supervise/") {
                continue;
            }
            let method = declared.method.as_str().to_lowercase();
            let operation = &document["paths"][declared.path][&method];
            let about = operation["summary"].as_str().unwrap_or_default();
            assert!(about.contains(" / "), "{method} {}: {about}", declared.path);
            let answers = operation["responses"].as_object().unwrap();
            assert!(answers.keys().any(|status| status.starts_with('2')));
            for status in ["401", "500", "503"] {
                assert!(
                    answers.contains_key(status),
                    "{method} {}: {status}",
                    declared.path
                );
            }
            if declared.method != Method::GET {
                for status in ["400", "403", "409", "413"] {
                    assert!(
                        answers.contains_key(status),
                        "{method} {}: {status}",
                        declared.path
                    );
                }
            }
            described += 1;
        }
        let paths = document["paths"].as_object().unwrap();
        let named: usize = paths
            .iter()
            .filter(|(path, _)| path.starts_with("/api/supervise/"))
            .map(|(_, item)| item.as_object().unwrap().len())
            .sum();
        assert_eq!(named, described);
        assert!(described > 45, "{described}");
    });
}

/// What a document refers to.
fn references<'d>(of: &'d Value, into: &mut Vec<&'d str>) {
    match of {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(to) if name == "$ref" => into.push(to),
                    _ => references(value, into),
                }
            }
        }
        Value::Array(all) => all.iter().for_each(|one| references(one, into)),
        _ => {}
    }
}

#[test]
fn every_shape_that_is_referred_to_is_there_and_every_body_is_closed() {
    block_on(async {
        let county = County::new().await;
        let document = document(&county).await;
        let mut named = Vec::new();
        references(&document, &mut named);
        for to in named {
            let found = document.pointer(to.trim_start_matches('#'));
            assert!(found.is_some(), "{to}");
        }
        for (path, item) in document["paths"].as_object().unwrap() {
            for operation in item.as_object().unwrap().values() {
                let body =
                    &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
                let Some(to) = body.as_str() else {
                    continue;
                };
                let schema = document.pointer(to.trim_start_matches('#')).unwrap();
                assert_eq!(schema["additionalProperties"], false, "{path}: {to}");
                let fields = schema["properties"].as_object().unwrap();
                for (name, field) in fields {
                    let is_text = field["type"] == "string" || field["type"][0] == "string";
                    let is_bound = field["maxLength"].is_u64() || field["enum"].is_array();
                    assert!(!is_text || is_bound, "{path}: {to}: {name}");
                }
            }
        }
    });
}

#[test]
fn every_address_of_the_examples_is_one() {
    block_on(async {
        let county = County::new().await;
        let examples = include_str!("../../../../../docs/API.md");
        let addresses = examples.split("$A/api/").skip(1).map(|rest| {
            let end = rest.find(['"', ' ', '?', '\n']).unwrap();
            format!("/api/{}", &rest[..end])
        });
        let mut looked_at = 0;
        for address in addresses {
            let is_it = |path: &str| {
                let (one, other) = (path.split('/'), address.split('/'));
                path.split('/').count() == address.split('/').count()
                    && one.zip(other).all(|(one, other)| {
                        one == other || one.starts_with('{') && !other.is_empty()
                    })
            };
            let mut declared = county.house.declared.iter();
            assert!(declared.any(|route| is_it(route.path)), "{address}");
            looked_at += 1;
        }
        assert!(looked_at > 12, "{looked_at}");
    });
}
