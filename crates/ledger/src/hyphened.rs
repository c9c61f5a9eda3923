//! UUIDs in JSON as 36 lower-case characters: `#[serde(with = "kandeng_ledger::hyphened")]`.

use serde::{Deserialize, Deserializer, Serializer, de::Error};
use uuid::Uuid;

/// Writes the UUID.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(id: &Uuid, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(id)
}

/// Reads the UUID.
///
/// # Errors
/// When it is none.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Uuid, D::Error> {
    let text = String::deserialize(from)?;
    Uuid::try_parse(&text).map_err(D::Error::custom)
}

/// The same where there may be none; the field is left out then.
pub mod optional {
    use serde::{Deserializer, Serializer};
    use uuid::Uuid;

    /// Writes the UUID, or null.
    ///
    /// # Errors
    /// Those of the serializer.
    #[allow(clippy::ref_option)] // serde's own signature
    pub fn serialize<S: Serializer>(id: &Option<Uuid>, to: S) -> Result<S::Ok, S::Error> {
        match id {
            Some(id) => super::serialize(id, to),
            None => to.serialize_none(),
        }
    }

    /// Reads the UUID.
    ///
    /// # Errors
    /// When it is none.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Uuid>, D::Error> {
        super::deserialize(from).map(Some)
    }
}
