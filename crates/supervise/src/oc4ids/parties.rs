//! The organizations of a project, each once with all its roles. People are none.

use serde_json::Value;

use super::USCC_SCHEME;
use super::json::{object, text};
use crate::project::people;

/// Organizations, in the order in which they are met.
#[derive(Default)]
pub(super) struct Parties(Vec<Party>);

struct Party {
    name: Option<String>,
    uscc: Option<String>,
    roles: Vec<&'static str>,
}

impl Parties {
    /// An organization in a role, as a reference to it; nothing for a person, or when there is none.
    pub fn refer(&mut self, name: Option<&str>, uscc: Option<&str>, role: &'static str) -> Value {
        let name = name.filter(|name| !people::is_person(name, uscc, None));
        if name.is_none() && uscc.is_none() {
            return Value::Null;
        }
        // As it is filed here: a code that stands at another mention of the name is not said of this one.
        let same = |party: &Party| party.uscc.as_deref() == uscc && party.name.as_deref() == name;
        let place = self.0.iter().position(same).unwrap_or_else(|| {
            self.0.push(Party {
                name: name.map(str::to_owned),
                uscc: uscc.map(str::to_owned),
                roles: Vec::new(),
            });
            self.0.len() - 1
        });
        let party = &mut self.0[place];
        if !party.roles.contains(&role) {
            party.roles.push(role);
        }
        // A reference is filled in once all are known.
        Value::from(place)
    }

    /// Puts references in for what [`Self::refer`] gave, wherever `at` the fields of an object stand for one.
    pub fn settle(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields.iter_mut() {
                    if is_reference(key) {
                        self.put(value);
                    } else {
                        self.settle(value);
                    }
                }
            }
            Value::Array(list) => {
                for value in list {
                    self.settle(value);
                }
            }
            _ => {}
        }
    }

    fn put(&self, value: &mut Value) {
        if let Value::Array(list) = value {
            for value in list.iter_mut() {
                self.put(value);
            }
            // The schema wants each once.
            let mut seen = Vec::new();
            list.retain(|value| {
                let is_new = !seen.contains(value);
                if is_new {
                    seen.push(value.clone());
                }
                is_new
            });
            return;
        }
        let place = value.as_u64().and_then(|place| usize::try_from(place).ok());
        if let Some(party) = place.and_then(|place| self.0.get(place)) {
            *value = object([
                ("id", Value::from(self.id(party))),
                ("name", text(party.name.as_deref())),
            ]);
        }
    }

    /// By its code, or by its place in this project where none is known. Another name under a code is another party.
    fn id(&self, party: &Party) -> String {
        let before = self
            .0
            .iter()
            .take_while(|known| !std::ptr::eq(*known, party));
        match &party.uscc {
            Some(uscc) => match before.filter(|known| known.uscc == party.uscc).count() {
                0 => format!("{USCC_SCHEME}-{uscc}"),
                others => format!("{USCC_SCHEME}-{uscc}-{}", others + 1),
            },
            None => format!("local-{}", before.count() + 1),
        }
    }

    /// All of them.
    pub fn all(&self) -> Value {
        self.0
            .iter()
            .map(|party| {
                let identifier = party.uscc.as_deref().map_or(Value::Null, |uscc| {
                    object([
                        ("scheme", Value::from(USCC_SCHEME)),
                        ("id", Value::from(uscc)),
                        ("legalName", text(party.name.as_deref())),
                    ])
                });
                object([
                    ("id", Value::from(self.id(party))),
                    ("name", text(party.name.as_deref())),
                    ("identifier", identifier),
                    ("roles", Value::from(party.roles.clone())),
                ])
            })
            .collect()
    }
}

/// The fields that refer to a party.
fn is_reference(key: &str) -> bool {
    matches!(
        key,
        "publicAuthority" | "procuringEntity" | "suppliers" | "tenderers" | "payee"
    )
}
