//! Releases of one process into one, by the merging rules of OCDS: later values replace earlier ones,
//! null removes, objects merge field by field, lists of things with an id merge by id.

use serde_json::{Map, Value};

use super::instant::milliseconds;

/// The releases as one compiled release, in order of their dates.
pub(crate) fn merged(mut releases: Vec<Value>) -> Value {
    releases.sort_by_cached_key(when);
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

/// When a release was made: offsets differ, so the text alone tells no order. A day without a time,
/// or a time without a zone, is put into UTC; what is no date at all comes first.
pub(crate) fn when(release: &Value) -> Option<i64> {
    instant_of(release.get("date")?.as_str()?)
}

/// The same of the text of a date.
pub(super) fn instant_of(text: &str) -> Option<i64> {
    milliseconds(text)
        .or_else(|| milliseconds(&format!("{text}Z")))
        .or_else(|| milliseconds(&format!("{text}T00:00:00Z")))
}

/// Hands over every release of a document, one by one; of records those that stand in them in full.
pub(super) fn each_release(document: Value, take: &mut impl FnMut(Value)) {
    match document {
        Value::Array(list) => {
            for element in list {
                each_release(element, take);
            }
        }
        Value::Object(mut object) => {
            let parts = ["records", "releases"].map(|name| object.remove(name));
            let holds = |name: &str| object.get(name).is_some_and(|value| !value.is_null());
            if parts.iter().any(Option::is_some) {
                for part in parts.into_iter().flatten() {
                    each_release(part, take);
                }
            } else if holds("ocid") && !holds("compiledRelease") && !holds("versionedRelease") {
                take(Value::Object(object));
            }
        }
        _ => {}
    }
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

    #[test]
    fn what_was_released_later_counts_whatever_zone_it_is_written_in() {
        let status = |releases: [(&str, &str); 2]| {
            let list = releases.map(
                |(date, status)| json!({"ocid": "o", "date": date, "tender": {"status": status}}),
            );
            merged(list.to_vec())["tender"]["status"].clone()
        };
        assert_eq!(
            status([
                ("2024-01-02T01:00:00Z", "earlier"),
                ("2024-01-01T23:00:00-05:00", "later"),
            ]),
            "later"
        );
        assert_eq!(
            status([
                ("2024-03-14", "later"),
                ("2024-03-13T23:00:00+08:00", "earlier")
            ]),
            "later"
        );
        assert_eq!(
            status([("2024-01-01T00:00:00Z", "dated"), ("", "undated")]),
            "dated"
        );
    }
}
