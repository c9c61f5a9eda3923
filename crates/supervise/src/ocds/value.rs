//! Single values as OCDS files really hold them: null, another type, or a list of versions.
//!
//! Nothing here fails on a value of the wrong type; only broken JSON is an error.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::instant::{milliseconds, somewhere};
use super::merge::instant_of;
use super::oddities::Fault;
use super::rows::Rows;

/// A value that is neither object nor list.
pub(super) enum Scalar<'v> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'v str),
    /// An object or a list where a single value is wanted.
    Other,
}

impl fmt::Display for Scalar<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => formatter.write_str("null"),
            Self::Bool(value) => write!(formatter, "{value}"),
            Self::Int(value) => write!(formatter, "{value}"),
            Self::Float(value) => write!(formatter, "{value}"),
            Self::Text(value) => formatter.write_str(value),
            Self::Other => formatter.write_str("{…}"),
        }
    }
}

impl<'v> Scalar<'v> {
    fn of(value: &'v Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Self::Int(whole),
                (None, Some(value)) => Self::Float(value),
                (None, None) => Self::Other,
            },
            Value::String(text) => Self::Text(text),
            Value::Array(_) | Value::Object(_) => Self::Other,
        }
    }

    /// Text; empty text counts as none.
    pub(super) fn text(&self, rows: &mut Rows, field: &'static str) -> Option<&'v str> {
        match self {
            Self::Text(text) if is_blank(text) => None,
            Self::Text(text) => Some(text),
            Self::Null => None,
            other => {
                rows.odd(field, Fault::NotText, &other.to_string());
                None
            }
        }
    }

    /// Text as a number of the block's words.
    pub(super) fn word(&self, rows: &mut Rows, field: &'static str) -> u32 {
        match self.text(rows, field) {
            Some(text) => rows.words.word(text),
            None => super::intern::NONE,
        }
    }

    /// An identifier: text, or a whole number as text.
    pub(super) fn id(
        &self,
        rows: &mut Rows,
        field: &'static str,
        take: impl FnOnce(&mut Rows, &str),
    ) {
        if let Self::Int(number) = self {
            take(rows, &number.to_string());
        } else if let Some(text) = self.text(rows, field) {
            take(rows, text);
        }
    }

    pub(super) fn number(&self, rows: &mut Rows, field: &'static str) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            Self::Null => None,
            other => {
                rows.odd(field, Fault::NotANumber, &other.to_string());
                None
            }
        }
    }

    pub(super) fn whole(&self, rows: &mut Rows, field: &'static str) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            other => other
                .number(rows, field)
                .filter(|value| value.fract() == 0.0)
                .map(|value| value as i64),
        }
    }

    /// An instant, or between which two a time lies that names no zone.
    pub(super) fn instant_or_about(
        &self,
        rows: &mut Rows,
        field: &'static str,
    ) -> (Option<i64>, Option<(i64, i64)>) {
        if let Self::Text(text) = self
            && milliseconds(text).is_none()
            && let Some(about) = somewhere(text)
        {
            rows.odd(field, Fault::NoZone, text);
            return (None, Some(about));
        }
        (self.instant(rows, field), None)
    }

    pub(super) fn instant(&self, rows: &mut Rows, field: &'static str) -> Option<i64> {
        match self {
            Self::Null => None,
            Self::Text(text) if text.is_empty() => None,
            Self::Text(text) => {
                let instant = milliseconds(text);
                if instant.is_none() {
                    rows.odd(field, Fault::NotADate, text);
                }
                instant
            }
            other => {
                rows.odd(field, Fault::NotADate, &other.to_string());
                None
            }
        }
    }
}

/// Whether there is nothing to read. Nearly every text begins with something.
fn is_blank(text: &str) -> bool {
    !text.as_bytes().first().is_some_and(u8::is_ascii_graphic) && text.trim().is_empty()
}

/// Reads one value of any type and hands it to a function as a scalar.
pub(super) struct Leaf<'r, F>(pub &'r mut Rows, pub F);

impl<'de, F: FnOnce(&mut Rows, Scalar<'_>)> DeserializeSeed<'de> for Leaf<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnOnce(&mut Rows, Scalar<'_>)> Visitor<'de> for Leaf<'_, F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        (self.1)(self.0, Scalar::Null);
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        (self.1)(self.0, Scalar::Bool(value));
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        (self.1)(self.0, Scalar::Int(value));
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        let scalar = i64::try_from(value).map_or(Scalar::Float(value as f64), Scalar::Int);
        (self.1)(self.0, scalar);
        Ok(())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        (self.1)(self.0, Scalar::Float(value));
        Ok(())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        (self.1)(self.0, Scalar::Text(value));
        Ok(())
    }

    /// A versioned release holds `[{"releaseDate": …, "value": …}, …]`: the latest value counts.
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut latest: Option<(Option<i64>, Value)> = None;
        let mut versions = true;
        while let Some(version) = list.next_element::<Value>()? {
            let Value::Object(mut version) = version else {
                versions = false;
                continue;
            };
            let date = version
                .get("releaseDate")
                .and_then(Value::as_str)
                .and_then(instant_of);
            let Some(value) = version.remove("value") else {
                versions = false;
                continue;
            };
            if latest.as_ref().is_none_or(|(before, _)| *before <= date) {
                latest = Some((date, value));
            }
        }
        match latest {
            Some((_, value)) if versions => {
                self.0.current.versioned = true;
                (self.1)(self.0, Scalar::of(&value));
            }
            _ => (self.1)(self.0, Scalar::Other),
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map
            .next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?
            .is_some()
        {}
        (self.1)(self.0, Scalar::Other);
        Ok(())
    }
}
