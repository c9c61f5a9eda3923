//! The shape of a type, as JSON Schema, with the shapes that it names.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// The largest whole number that every program reads exactly (RFC 8259, 6).
pub(super) const MOST_EXACT: i64 = (1 << 53) - 1;

/// The most fields of an object whose fields have names of their own.
const MOST_NAMED: usize = 1_000;

/// A named schema and those that it refers to.
#[derive(Clone)]
pub(crate) struct Shape {
    pub name: String,
    all: Arc<Map<String, Value>>,
}

impl Shape {
    pub fn of<T: ToSchema>() -> Self {
        let mut named = Vec::new();
        T::schemas(&mut named);
        let name = T::name().into_owned();
        named.push((name.clone(), T::schema()));
        let all = named.into_iter().map(|(name, schema)| {
            // Cannot fail: it is made of maps and strings.
            let mut schema = serde_json::to_value(schema).unwrap_or_default();
            bounded(&mut schema);
            (name, schema)
        });
        Self {
            all: Arc::new(all.collect()),
            name,
        }
    }

    /// All of them, by name.
    pub fn components(&self) -> Map<String, Value> {
        Map::clone(&self.all)
    }

    /// Its own schema.
    pub fn own(&self) -> &Value {
        &self.all[&self.name]
    }

    /// What a schema says, or the one that it refers to.
    pub fn resolved<'s>(&'s self, schema: &'s Value) -> &'s Value {
        let name = schema["$ref"].as_str().and_then(|to| to.rsplit('/').next());
        match name.and_then(|name| self.all.get(name)) {
            Some(schema) => schema,
            None => schema,
        }
    }

    /// How documents refer to it.
    pub fn reference(&self) -> Value {
        json!({ "$ref": format!("#/components/schemas/{}", self.name) })
    }
}

/// Says of every whole number how large it may be, and of every open object how many fields it has, so that what is
/// documented is what is taken.
fn bounded(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            let most = match object.get("format").and_then(Value::as_str) {
                Some("int32") => i64::from(i32::MAX),
                Some("int64") => MOST_EXACT,
                _ => 0,
            };
            if most > 0 {
                object.entry("maximum").or_insert(json!(most));
                object.entry("minimum").or_insert(json!(-most));
            }
            // What is named by whoever sends it is not without end.
            if object
                .get("additionalProperties")
                .is_some_and(Value::is_object)
            {
                object.insert("maxProperties".to_owned(), json!(MOST_NAMED));
            }
            object.values_mut().for_each(bounded);
        }
        Value::Array(all) => all.iter_mut().for_each(bounded),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(ToSchema)]
    #[allow(dead_code)] // its shape is what counts
    struct Lamp {
        watts: u32,
        since: Option<i64>,
        shade: Shade,
    }

    #[derive(ToSchema)]
    #[allow(dead_code)] // its shape is what counts
    struct Shade {
        colour: String,
    }

    #[test]
    fn every_whole_number_has_bounds_and_what_is_named_is_there() {
        let shape = Shape::of::<Lamp>();
        let own = shape.own();
        assert_eq!(own["properties"]["watts"]["minimum"], 0);
        assert_eq!(own["properties"]["watts"]["maximum"], i32::MAX);
        assert_eq!(own["properties"]["since"]["maximum"], MOST_EXACT);
        let named = shape.resolved(&own["properties"]["shade"]);
        assert_eq!(named["properties"]["colour"]["type"], "string");
        assert_eq!(shape.components().len(), 2);
    }
}
