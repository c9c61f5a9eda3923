//! What a program asks and sends, checked against the shape that the document shows before a handler sees it.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::check::{Wrong, check};
use super::shape::MOST_EXACT;
use super::{Expected, Shape};
use crate::context::Text;
use crate::page::Problem;

/// What the address says.
#[derive(Clone, Debug)]
pub struct Asks<T>(pub T);

/// What was sent as JSON.
#[derive(Clone, Debug)]
pub struct Said<T>(pub T);

/// How the fields of a form beside its files are read, once they have arrived.
#[derive(Clone)]
pub struct Beside(Option<Shape>);

impl Beside {
    /// Whether nothing may stand beside the files.
    ///
    /// # Errors
    /// When something does: its name is told, and not what it says.
    pub fn nothing<'f>(
        &self,
        fields: impl IntoIterator<Item = (&'f str, &'f str)>,
    ) -> Result<(), Problem> {
        match fields.into_iter().next() {
            Some((name, _)) => Err(wrong(name, "没有这个字段", "there is no such field").into()),
            None => Ok(()),
        }
    }

    /// The fields, checked against the shape that the document shows.
    ///
    /// # Errors
    /// What is wrong with them, and where.
    pub fn read<'f, T: DeserializeOwned>(
        &self,
        fields: impl IntoIterator<Item = (&'f str, &'f str)>,
    ) -> Result<T, Problem> {
        // Cannot be missing where the operation says what may stand beside its files.
        let shape = self.0.as_ref().ok_or_else(Problem::not_found)?;
        read(said(shape, fields)?).ok_or_else(not_as_described)
    }
}

impl<S: Sync> FromRequestParts<S> for Beside {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let expected = parts.extensions.get::<Expected>();
        Ok(Self(expected.and_then(|expected| expected.body.clone())))
    }
}

/// The longest address that is read, in bytes.
const MOST_QUERY: usize = 8 << 10;

impl From<Wrong> for Problem {
    fn from(wrong: Wrong) -> Self {
        let shown = if wrong.field.is_empty() {
            "/".to_owned()
        } else {
            wrong.field.clone()
        };
        let text = Text::new(
            format!("{shown}:{}", wrong.text.zh),
            format!("{shown}: {}", wrong.text.en),
        );
        Self::unreadable(text).with("field", wrong.field.into())
    }
}

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Asks<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let expected = parts.extensions.get::<Expected>();
        // Cannot be missing where the operation says what it asks for.
        let shape = expected.and_then(|expected| expected.asks.clone());
        let shape = shape.ok_or_else(Problem::not_found)?;
        let query = parts.uri.query().unwrap_or_default();
        if query.len() > MOST_QUERY {
            return Err(Problem::too_large());
        }
        read(asked(&shape, query)?)
            .map(Self)
            .ok_or_else(not_as_described)
    }
}

/// The parameters of an address as values of the kinds that the shape says.
fn asked(shape: &Shape, query: &str) -> Result<Value, Wrong> {
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    said(shape, pairs.iter().map(|(name, text)| (&**name, &**text)))
}

fn wrong(name: &str, zh: &str, en: &str) -> Wrong {
    Wrong {
        // The name itself is the sender's: it is cut, so that an answer is never long.
        field: name.chars().take(60).collect(),
        text: Text::new(zh, en),
    }
}

/// Pairs of name and text as values of the kinds that the shape says.
fn said<'f>(
    shape: &Shape,
    pairs: impl IntoIterator<Item = (&'f str, &'f str)>,
) -> Result<Value, Wrong> {
    let own = shape.own();
    let mut values = Map::new();
    for (name, text) in pairs {
        let Some(schema) = own["properties"].get(name) else {
            return Err(wrong(name, "没有这个参数", "there is no such parameter"));
        };
        let value = value_of(shape, schema, text);
        let value = value.ok_or_else(|| wrong(name, "无法读取", "it cannot be read"))?;
        check(shape, schema, &value, name)?;
        if values.insert(name.to_owned(), value).is_some() {
            return Err(wrong(name, "写了两次", "it is said twice"));
        }
    }
    for name in own["required"].as_array().into_iter().flatten() {
        let name = name.as_str().unwrap_or_default();
        if !values.contains_key(name) {
            return Err(wrong(name, "没有填写", "it is missing"));
        }
    }
    Ok(Value::Object(values))
}

/// A parameter as a value of the kind that its schema says.
fn value_of(shape: &Shape, schema: &Value, text: &str) -> Option<Value> {
    let schema = shape.resolved(schema);
    let choices = schema["oneOf"].as_array().into_iter().flatten();
    if let Some(choice) = choices.into_iter().find(|choice| choice["type"] != "null") {
        return value_of(shape, choice, text);
    }
    let is = |kind: &str| {
        schema["type"] == kind
            || schema["type"]
                .as_array()
                .is_some_and(|kinds| kinds.iter().any(|known| known == kind))
    };
    if is("integer") {
        return text.parse::<i64>().ok().map(Value::from);
    }
    if is("boolean") {
        return text.parse::<bool>().ok().map(Value::from);
    }
    Some(Value::from(text))
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Said<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let expected = request.extensions().get::<Expected>();
        // Cannot be missing where the operation says what it takes.
        let shape = expected.and_then(|expected| expected.body.clone());
        let shape = shape.ok_or_else(Problem::not_found)?;
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.map(|kind| kind.as_bytes().to_ascii_lowercase());
        let kind = kind.unwrap_or_default();
        let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default();
        if kind.trim_ascii() != b"application/json" {
            return Err(Problem::format());
        }
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|refused| match refused.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(),
            _ => not_as_described(),
        })?;
        let mut value: Value = serde_json::from_slice(&bytes).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            Problem::unreadable(Text::new(
                format!("第 {line} 行第 {column} 列附近不是正确的 JSON"),
                format!("near line {line}, column {column} it is no JSON"),
            ))
        })?;
        whole(&mut value);
        check(&shape, shape.own(), &value, "")?;
        read(value).map(Self).ok_or_else(not_as_described)
    }
}

/// Writes whole numbers as whole numbers: 3.0 is 3 (JSON Schema, 6.1.1).
fn whole(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap_or(f64::NAN);
            if float.fract() == 0.0 && float.abs() <= MOST_EXACT as f64 {
                *value = Value::from(float as i64);
            }
        }
        Value::Array(all) => all.iter_mut().for_each(whole),
        Value::Object(fields) => fields.values_mut().for_each(whole),
        _ => {}
    }
}

/// What was found to be as described. That it cannot be read all the same is a fault in the description.
fn read<T: DeserializeOwned>(value: Value) -> Option<T> {
    serde_json::from_value(value).ok()
}

fn not_as_described() -> Problem {
    Problem::unreadable(Text::new(
        "送来的内容与接口说明不符",
        "what was sent is not as the document describes it",
    ))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use utoipa::ToSchema;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize, ToSchema)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        #[schema(min_length = 2, max_length = 9)]
        place: String,
        #[schema(minimum = 1, maximum = 9)]
        count: Option<u32>,
        newest: Option<bool>,
    }

    fn read_from(query: &str) -> Result<Wanted, String> {
        let shape = Shape::of::<Wanted>();
        let value = asked(&shape, query).map_err(|wrong| wrong.field)?;
        Ok(read(value).unwrap())
    }

    #[test]
    fn a_whole_number_is_whole_however_it_is_written() {
        let mut value = serde_json::json!({ "a": [3.0, 3.5, 1e300, -2.0], "b": 4 });
        whole(&mut value);
        let written = serde_json::json!({ "a": [3, 3.5, 1e300, -2], "b": 4 });
        assert_eq!(value, written);
    }

    #[test]
    fn an_address_says_what_it_may_and_else_the_parameter_is_named() {
        let wanted = read_from("place=9901&count=3&newest=true").unwrap();
        assert_eq!((wanted.count, wanted.newest), (Some(3), Some(true)));
        assert_eq!(read_from("place=9901").unwrap().count, None);
        for (query, named) in [
            ("", "place"),
            ("place=1", "place"),
            ("place=99&count=", "count"),
            ("place=99&count=10", "count"),
            ("place=99&newest=1", "newest"),
            ("place=99&place=99", "place"),
            ("place=99&colour=red", "colour"),
        ] {
            assert_eq!(read_from(query).unwrap_err(), named, "{query}");
        }
    }
}
