//! Leaves: what the tree holds of an event. Commitments only, nothing in clear.
//!
//! `leaf = 0x01 ‖ SHA-256(salt₁ ‖ envelope) ‖ SHA-256(salt₂ ‖ payload)`, both in canonical JSON.
//! Whoever has a part and its salt can show that it belongs to the leaf; whoever has the leaf alone
//! learns nothing, and a part whose salt is destroyed stays committed to and unreadable.

use sha2::{Digest, Sha256};

use crate::canonical::canonical;
use crate::error::EventError;
use crate::event::{Envelope, MAX_PAYLOAD, NewEvent, Occasion, Recorded, StreamName};

/// The first byte of a leaf of this form.
const FORMAT: u8 = 1;

/// Bytes of a leaf.
pub const LEAF_SIZE: usize = 65;

/// A random value that keeps a part from being guessed.
pub type Salt = [u8; 16];

/// What is hashed into the tree.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Leaf(pub [u8; LEAF_SIZE]);

impl std::fmt::Debug for Leaf {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Leaf(")?;
        self.0
            .iter()
            .try_for_each(|byte| write!(formatter, "{byte:02x}"))?;
        formatter.write_str(")")
    }
}

/// The two parts of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Who, when, in which stream.
    Envelope,
    /// What.
    Payload,
}

impl Part {
    /// The word used in events and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Envelope => "envelope",
            Self::Payload => "payload",
        }
    }
}

impl Leaf {
    /// The leaf over two commitments.
    pub fn of(envelope: &[u8; 32], payload: &[u8; 32]) -> Self {
        let mut bytes = [0; LEAF_SIZE];
        bytes[0] = FORMAT;
        bytes[1..33].copy_from_slice(envelope);
        bytes[33..].copy_from_slice(payload);
        Self(bytes)
    }

    /// A leaf from its stored bytes; nothing when they are none of this form.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; LEAF_SIZE] = bytes.try_into().ok()?;
        (bytes[0] == FORMAT).then_some(Self(bytes))
    }

    /// What the leaf says of a part.
    pub fn commitment(&self, part: Part) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(match part {
            Part::Envelope => &self.0[1..33],
            Part::Payload => &self.0[33..],
        });
        hash
    }

    /// The hash that stands in the tree (RFC 6962 §2.1: over a zero byte and the leaf).
    pub fn hash(&self) -> tlog_tiles::Hash {
        tlog_tiles::record_hash(&self.0)
    }
}

/// A part in canonical bytes, with the salt that opens its commitment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Canonical JSON.
    pub bytes: Vec<u8>,
    /// The salt.
    pub salt: Salt,
}

impl Opened {
    /// The commitment to this part.
    pub fn commitment(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.salt);
        hash.update(&self.bytes);
        hash.finalize().into()
    }
}

/// An event with everything computed that an entry needs, but its position.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// The event as it will be read. The writer sets its position.
    pub recorded: Recorded,
    /// The envelope as it is committed to.
    pub envelope: Opened,
    /// The payload as it is committed to.
    pub payload: Opened,
    /// The leaf.
    pub leaf: Leaf,
    /// The leaf's hash.
    pub hash: tlog_tiles::Hash,
}

impl Sealed {
    /// Seals an event for one place of a stream. Hashing is done here, on the caller's thread, so
    /// that the one writer need not.
    ///
    /// # Errors
    /// When the event is too large or has no canonical form.
    pub fn new(
        event: NewEvent,
        stream: &StreamName,
        version: u64,
        occasion: &Occasion,
        salts: [Salt; 2],
    ) -> Result<Self, EventError> {
        let bytes = canonical(&event.payload)?;
        if bytes.len() > MAX_PAYLOAD {
            return Err(EventError::TooLarge {
                kind: event.kind,
                bytes: bytes.len(),
            });
        }
        let opened_payload = Opened {
            bytes,
            salt: salts[1],
        };
        let envelope = Envelope {
            at: occasion.at,
            actor: occasion.actor,
            command: occasion.command,
            jurisdiction: occasion.jurisdiction.clone(),
            kind: event.kind,
            schema: event.schema,
            stream: stream.clone(),
            version,
        };
        let opened_envelope = Opened {
            bytes: envelope_bytes(&envelope)?,
            salt: salts[0],
        };
        let leaf = Leaf::of(&opened_envelope.commitment(), &opened_payload.commitment());
        Ok(Self {
            recorded: Recorded {
                position: 0,
                stream: stream.clone(),
                version,
                envelope: Some(envelope),
                payload: Some(event.payload),
            },
            envelope: opened_envelope,
            payload: opened_payload,
            hash: leaf.hash(),
            leaf,
        })
    }
}

fn envelope_bytes(envelope: &Envelope) -> Result<Vec<u8>, EventError> {
    // Its fields stand in canonical order, and serde_json writes texts and whole numbers canonically.
    serde_json::to_vec(envelope).map_err(|error| EventError::Json(error.to_string()))
}

/// Random salts for `count` events.
pub(crate) fn salts(count: usize) -> Result<Vec<[Salt; 2]>, getrandom::Error> {
    let mut bytes = vec![0; count * 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes
        .chunks_exact(32)
        .map(|pair| {
            let mut salts = [[0; 16]; 2];
            salts[0].copy_from_slice(&pair[..16]);
            salts[1].copy_from_slice(&pair[16..]);
            salts
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    fn sealed(salts: [Salt; 2]) -> Sealed {
        let occasion = Occasion {
            at: "2026-06-30T08:00:00Z".parse().unwrap(),
            actor: Uuid::nil(),
            jurisdiction: "990121".to_owned(),
            command: None,
        };
        let event = NewEvent::new("project-filed", 1, json!({"scale": 102.5}));
        let stream = StreamName::new("project", Uuid::nil()).unwrap();
        Sealed::new(event, &stream, 0, &occasion, salts).unwrap()
    }

    #[test]
    fn a_leaf_is_its_two_commitments() {
        let sealed = sealed([[1; 16], [2; 16]]);
        let mut expected = vec![1];
        for (salt, text) in [
            (
                [1_u8; 16],
                r#"{"actor":"00000000-0000-0000-0000-000000000000","at":"2026-06-30T08:00:00.000Z","jurisdiction":"990121","kind":"project-filed","schema":1,"stream":"project/00000000-0000-0000-0000-000000000000","version":0}"#,
            ),
            ([2; 16], r#"{"scale":102.5}"#),
        ] {
            let mut preimage = salt.to_vec();
            preimage.extend(text.as_bytes());
            expected.extend(Sha256::digest(&preimage));
        }
        assert_eq!(sealed.leaf.0.to_vec(), expected);
    }

    #[test]
    fn the_same_event_never_has_the_same_leaf() {
        let [first, second] = salts(2).unwrap().try_into().unwrap();
        assert_ne!(sealed(first).leaf, sealed(second).leaf);
    }

    #[test]
    fn a_payload_beyond_the_limit_is_refused() {
        let occasion = Occasion {
            at: Timestamp::UNIX_EPOCH,
            actor: Uuid::nil(),
            jurisdiction: String::new(),
            command: None,
        };
        let stream = StreamName::new("note", Uuid::nil()).unwrap();
        let with = |bytes: usize| {
            let event = NewEvent::new("noted", 1, json!("x".repeat(bytes - 2)));
            Sealed::new(event, &stream, 0, &occasion, [[0; 16]; 2])
        };
        assert!(with(MAX_PAYLOAD).is_ok());
        assert!(matches!(
            with(MAX_PAYLOAD + 1),
            Err(EventError::TooLarge { bytes, .. }) if bytes == MAX_PAYLOAD + 1
        ));
    }

    use jiff::Timestamp;
}
