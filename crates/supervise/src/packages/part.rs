//! A part of a document with its place. What is taken out of it is gone from it, so that what is left at the end is what
//! nobody wanted.

use serde_json::Value;

/// A text of a document, and where it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub text: String,
    pub place: String,
}

impl Said {
    /// Another text from the same place.
    pub fn with(&self, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            place: self.place.clone(),
        }
    }
}

/// A value and its JSON pointer.
pub(super) struct Part<'v> {
    pub value: &'v mut Value,
    pub place: String,
}

/// One more step of a JSON pointer (RFC 6901).
pub(super) fn step(place: &str, key: &str) -> String {
    format!("{place}/{}", key.replace('~', "~0").replace('/', "~1"))
}

impl<'v> Part<'v> {
    pub fn of(value: &'v mut Value, place: impl Into<String>) -> Self {
        Self {
            value,
            place: place.into(),
        }
    }

    /// A field that is there.
    pub fn get(&mut self, key: &str) -> Option<Part<'_>> {
        let place = step(&self.place, key);
        let value = self.value.get_mut(key).filter(|value| !value.is_null())?;
        Some(Part { value, place })
    }

    /// The elements of a list that is a field.
    pub fn each(&mut self, key: &str) -> Vec<Part<'_>> {
        let place = step(&self.place, key);
        let list = self.value.get_mut(key).and_then(Value::as_array_mut);
        let list = list.into_iter().flatten().enumerate();
        list.filter(|(_, value)| !value.is_null())
            .map(|(index, value)| Part {
                value,
                place: format!("{place}/{index}"),
            })
            .collect()
    }

    /// What a field says, without taking it.
    pub fn peek(&self, key: &str) -> Option<&str> {
        self.value.get(key)?.as_str()
    }

    /// Takes a field, whatever it holds.
    pub fn take(&mut self, key: &str) -> Option<Value> {
        let fields = self.value.as_object_mut()?;
        fields.remove(key).filter(|value| !value.is_null())
    }

    /// Takes a text or a number; anything else stays where it is.
    pub fn text(&mut self, key: &str) -> Option<Said> {
        let text = match self.value.get(key)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let place = step(&self.place, key);
        self.take(key);
        (!text.is_empty()).then_some(Said { text, place })
    }

    /// Takes a number; anything else stays where it is.
    pub fn number(&mut self, key: &str) -> Option<Said> {
        self.value.get(key)?.as_number()?;
        self.text(key)
    }

    /// Takes fields that say nothing beyond what was made of the part: ids, titles, kinds.
    pub fn drop(&mut self, keys: &[&str]) {
        for key in keys {
            self.take(key);
        }
    }
}
