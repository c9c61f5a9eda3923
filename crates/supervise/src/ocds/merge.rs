//! Releases of one process into one, by the merging rules of OCDS: later values replace earlier ones,
//! null removes, objects merge field by field, lists of things with an id merge by id.

use serde_json::{Map, Value};

/// The releases as one compiled release, in order of their dates.
pub(super) fn merged(mut releases: Vec<Value>) -> Value {
    releases.sort_by(|a, b| date(a).cmp(date(b)));
    let mut whole = Map::new();
    for release in releases {
        if let Value::Object(release) = release {
            // Links to releases that stand elsewhere hold nothing to merge.
            if release.contains_key("ocid") || !release.contains_key("url") {
                merge_object(&mut whole, release);
            }
        }
    }
    whole.insert(
        "tag".to_owned(),
        Value::Array(vec![Value::String("compiled".to_owned())]),
    );
    Value::Object(whole)
}

fn date(release: &Value) -> &str {
    release
        .get("date")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn merge_object(whole: &mut Map<String, Value>, later: Map<String, Value>) {
    for (key, value) in later {
        match (whole.get_mut(&key), value) {
            (_, Value::Null) => {
                whole.remove(&key);
            }
            (Some(Value::Object(before)), Value::Object(later)) => merge_object(before, later),
            (Some(Value::Array(before)), Value::Array(later)) if by_id(before) && by_id(&later) => {
                merge_list(before, later);
            }
            (_, value) => {
                whole.insert(key, value);
            }
        }
    }
}

fn by_id(list: &[Value]) -> bool {
    list.iter()
        .all(|element| element.get("id").is_some_and(|id| !id.is_null()))
}

fn merge_list(before: &mut Vec<Value>, later: Vec<Value>) {
    for element in later {
        let same = before
            .iter_mut()
            .find(|other| other.get("id") == element.get("id"));
        match (same, element) {
            (Some(Value::Object(before)), Value::Object(element)) => merge_object(before, element),
            (_, element) => before.push(element),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn later_releases_add_replace_and_remove() {
        let whole = merged(vec![
            json!({"ocid": "o", "date": "2024-03-01T00:00:00Z", "tag": ["award"], "tender": {"status": "complete"},
                "awards": [{"id": "1", "status": "active"}], "buyer": null}),
            json!({"ocid": "o", "date": "2024-01-01T00:00:00Z", "tag": ["tender"], "buyer": {"id": "B"},
                "tender": {"status": "active", "title": "t"}, "awards": [{"id": "1", "status": "pending", "suppliers": [{"id": "S"}]}]}),
        ]);
        assert_eq!(
            whole,
            json!({
                "ocid": "o", "date": "2024-03-01T00:00:00Z", "tag": ["compiled"],
                "tender": {"status": "complete", "title": "t"},
                "awards": [{"id": "1", "status": "active", "suppliers": [{"id": "S"}]}],
            })
        );
    }
}
