//! What a vault needs of the databases that it stands in. No cipher here: whoever keeps keys and values keeps
//! bytes that it cannot open.
//!
//! Everything may be asked for again when an answer was lost: what was done already is not done twice.

use uuid::Uuid;

use super::{Reference, VaultError};

/// A person's key as it is kept: wrapped by the master key of that id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WrappedKey {
    pub person: Uuid,
    pub master: String,
    pub wrapped: Vec<u8>,
}

/// A person's value as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SealedValue {
    pub reference: Reference,
    pub person: Uuid,
    pub sealed: Vec<u8>,
}

/// Wraps a key anew.
pub(super) type Wrap<'a> = &'a mut (dyn FnMut(&WrappedKey) -> Result<Vec<u8>, VaultError> + Send);

/// People's keys, and who was erased, for good. All keys are wrapped by one master key.
///
/// An erased person gets no key again: that they were erased and that their key is gone is one transaction, and
/// a key is kept in a transaction that has looked. Keeping, burying and wrapping anew wait for one another,
/// whichever program or node does them.
pub(super) trait Keys: Send + Sync {
    /// The id of the master key that all are wrapped by; nothing while there are none.
    fn master(&self) -> Result<Option<String>, VaultError>;

    /// The person's key; nothing when there is none, or none any more.
    fn get(&self, person: Uuid) -> Result<Option<WrappedKey>, VaultError>;

    /// Keeps a key, and gives the one that the person has then: their first one stays.
    ///
    /// # Errors
    /// [`VaultError::Erased`]; [`VaultError::WrongMaster`] when the others are wrapped by another key.
    fn keep(&self, key: &WrappedKey) -> Result<WrappedKey, VaultError>;

    fn is_erased(&self, person: Uuid) -> Result<bool, VaultError>;

    /// Destroys the keys of people and keeps in mind that they were erased.
    fn bury(&self, people: &[Uuid]) -> Result<(), VaultError>;

    /// Wraps all keys anew, for the master key of the id `to`: all or none. Gives their number.
    fn rewrap(&self, to: &str, wrap: Wrap<'_>) -> Result<usize, VaultError>;

    /// All keys, and who was erased, as they stood at one instant.
    fn everything(&self) -> Result<(Vec<WrappedKey>, Vec<Uuid>), VaultError>;
}

/// Sealed values.
pub(super) trait Values: Send + Sync {
    fn get(&self, reference: Reference) -> Result<Option<SealedValue>, VaultError>;

    /// Keeps values, all or none, each under a reference that no other has.
    fn put(&self, values: &[SealedValue]) -> Result<(), VaultError>;

    fn remove(&self, reference: Reference) -> Result<(), VaultError>;

    /// Removes all values of these people.
    fn remove_of(&self, people: &[Uuid]) -> Result<(), VaultError>;

    /// At most `limit` values, in order of their references, from the one after `after`.
    fn page(&self, after: Option<Reference>, limit: usize) -> Result<Vec<SealedValue>, VaultError>;
}

pub(super) fn id(bytes: &[u8]) -> Result<Uuid, VaultError> {
    Uuid::from_slice(bytes).map_err(|_| VaultError::Changed)
}
