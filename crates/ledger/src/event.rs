//! Events as their writers and readers meet them: streams, envelopes, payloads, canonical bytes.
//!
//! Nothing here knows where events are stored or how they are proven.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::error::EventError;

/// The most bytes that a payload may have in canonical form; larger things live in the evidence
/// store and are named by their SHA-256.
pub const MAX_PAYLOAD: usize = 64 * 1024;

/// A stream's name: `kind/UUID`. What happens to one thing is one stream.
///
/// A name tells nobody what the thing is: the UUID is random, or, for a stream that guards a unique
/// value, made of the value's keyed hash ([`StreamName::guarding`]).
///
/// ```
/// use kandeng_ledger::StreamName;
/// let name: StreamName = "project/01890a5d-ac96-774b-bcce-b302099a8057".parse()?;
/// assert_eq!(name.kind(), "project");
/// assert!("project/7".parse::<StreamName>().is_err());
/// # Ok::<(), kandeng_ledger::EventError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StreamName {
    /// Shared, because every event of a stream carries it, in its envelope too.
    text: Arc<str>,
    slash: usize,
}

impl StreamName {
    /// The stream `kind/id`.
    ///
    /// # Errors
    /// [`EventError::Name`] when `kind` is not a lower-case word of at most 40 letters, digits and dashes.
    pub fn new(kind: &str, id: Uuid) -> Result<Self, EventError> {
        check_word(kind)?;
        Ok(Self {
            text: format!("{kind}/{id}").into(),
            slash: kind.len(),
        })
    }

    /// The stream that guards a unique value, named by `digest`, a keyed hash of the value of which
    /// 122 bits are used (a UUID of version 8, RFC 9562 §5.8).
    ///
    /// # Errors
    /// As [`StreamName::new`].
    pub fn guarding(kind: &str, digest: &[u8; 32]) -> Result<Self, EventError> {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self::new(kind, uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// What the stream is about.
    pub fn kind(&self) -> &str {
        &self.text[..self.slash]
    }

    /// Which one.
    pub fn id(&self) -> Uuid {
        // Cannot fail: every constructor checked it.
        Uuid::from_str(&self.text[self.slash + 1..]).unwrap_or_default()
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl FromStr for StreamName {
    type Err = EventError;

    fn from_str(text: &str) -> Result<Self, EventError> {
        let name = || EventError::Name(text.chars().take(80).collect());
        let (kind, id) = text.split_once('/').ok_or_else(name)?;
        check_word(kind)?;
        // Other spellings of a UUID would give one thing two streams. Looked at byte by byte, because whoever
        // reads a ledger does so for every entry.
        let spelt = id.len() == 36
            && id.bytes().enumerate().all(|(place, byte)| match place {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            });
        if spelt {
            Ok(Self {
                text: text.into(),
                slash: kind.len(),
            })
        } else {
            Err(name())
        }
    }
}

impl TryFrom<String> for StreamName {
    type Error = EventError;

    fn try_from(text: String) -> Result<Self, EventError> {
        text.parse()
    }
}

impl From<StreamName> for String {
    fn from(name: StreamName) -> Self {
        name.text.as_ref().to_owned()
    }
}

/// A lower-case word as kinds are: letters, digits, dashes and dots, at most 40 of them.
fn check_word(word: &str) -> Result<(), EventError> {
    let fits = (1..=40).contains(&word.len())
        && word
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'));
    if fits {
        Ok(())
    } else {
        Err(EventError::Name(word.chars().take(80).collect()))
    }
}

/// An event that somebody wants to append.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// What happened, past tense: `project-filed`.
    pub kind: String,
    /// The version of the payload's shape; readers bring older ones up to date.
    pub schema: u16,
    /// What is to be known of it. Personal values are references into the vault.
    pub payload: Value,
}

impl NewEvent {
    /// An event of that kind and shape.
    pub fn new(kind: &str, schema: u16, payload: Value) -> Self {
        Self {
            kind: kind.to_owned(),
            schema,
            payload,
        }
    }
}

/// Who appends, where and when: the same for all events of one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occasion {
    /// When, to the millisecond.
    pub at: Timestamp,
    /// The account that acts.
    pub actor: Uuid,
    /// The division code that it acts for.
    pub jurisdiction: String,
    /// The command's own id; a second command of the same id appends nothing.
    pub command: Option<Uuid>,
}

/// What an event is, beside its payload. Opened, it proves who did something and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    // The fields stand in alphabetical order, so that what serde writes is canonical.
    /// The account that acted.
    pub actor: Uuid,
    /// When, in UTC.
    #[serde(with = "millis")]
    pub at: Timestamp,
    /// The command that it follows from.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub command: Option<Uuid>,
    /// The division code that the actor acted for.
    pub jurisdiction: String,
    /// What happened.
    pub kind: String,
    /// The version of the payload's shape.
    pub schema: u16,
    /// The stream.
    pub stream: StreamName,
    /// The place within the stream, from 0.
    pub version: u64,
}

/// An entry as it is read: what was erased is gone.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// The place in the ledger, from 0, without gaps.
    pub position: u64,
    /// The stream.
    pub stream: StreamName,
    /// The place within the stream, from 0, without gaps.
    pub version: u64,
    /// The envelope, unless it was erased.
    pub envelope: Option<Envelope>,
    /// The payload, unless it was erased.
    pub payload: Option<Value>,
}

/// Instants as RFC 3339 in UTC with three digits, so that each has one spelling.
mod millis {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format!("{at:.3}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_has_one_spelling() {
        for odd in [
            "project/01890A5D-AC96-774B-BCCE-B302099A8057",
            "project/01890a5dac96774bbcceb302099a8057",
            "Project/01890a5d-ac96-774b-bcce-b302099a8057",
            "/01890a5d-ac96-774b-bcce-b302099a8057",
            "project/",
            "project",
        ] {
            assert!(odd.parse::<StreamName>().is_err(), "{odd}");
        }
    }

    #[test]
    fn an_instant_has_one_spelling() {
        let envelope = Envelope {
            at: "2026-06-30T08:00:00Z".parse().unwrap(),
            actor: Uuid::nil(),
            command: Some(Uuid::max()),
            jurisdiction: "99\u{1}01\"21 剑阁".to_owned(),
            kind: "project-filed".to_owned(),
            schema: 1,
            stream: StreamName::new("project", Uuid::nil()).unwrap(),
            version: 0,
        };
        let text = serde_json::to_string(&envelope).unwrap();
        assert!(text.contains("\"2026-06-30T08:00:00.000Z\""), "{text}");
        assert_eq!(serde_json::from_str::<Envelope>(&text).unwrap(), envelope);
        let value = serde_json::from_str(&text).unwrap();
        assert_eq!(crate::canonical(&value).unwrap(), text.as_bytes());
    }
}
