//! What is too long for one value, such as a table of people: sealed in pieces under one key, so that deleting the key
//! forgets all of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use super::{MAX_VALUE, Reference, Vault, VaultError};

/// Bytes of one piece: as text it is a third longer, and fits a value.
const PIECE: usize = 45 * 1024;

/// The length of a reference as text, with what parts it from the next.
const REFERENCE: usize = 37;

/// The most bytes of a block: as many pieces as one value can name.
pub const MAX_BLOCK: usize = PIECE * (MAX_VALUE / REFERENCE);

impl Vault {
    /// Seals a block under the key of `subject`, which is made with the first piece. [`crate::Platform::erase_person`]
    /// forgets it.
    ///
    /// # Errors
    /// As [`Vault::store`]. Pieces that were stored before stay, sealed, until the subject is erased.
    pub fn store_block(&self, subject: Uuid, bytes: &[u8]) -> Result<Reference, VaultError> {
        if bytes.len() > MAX_BLOCK {
            return Err(VaultError::TooLarge(bytes.len()));
        }
        let pieces = bytes
            .chunks(PIECE)
            .map(|piece| self.store(subject, &STANDARD.encode(piece)))
            .map(|reference| Ok(reference?.0.to_string()))
            .collect::<Result<Vec<_>, VaultError>>()?;
        self.store(subject, &pieces.join("\n"))
    }

    /// A block of `subject`; nothing once it was erased. Whoever reads one records the use of it before anything is
    /// shown that came of it.
    ///
    /// # Errors
    /// [`VaultError::Changed`] when it is not what was sealed, or another's; or when the database fails.
    pub fn read_block(
        &self,
        subject: Uuid,
        reference: Reference,
    ) -> Result<Option<Vec<u8>>, VaultError> {
        let piece = |reference: Reference| match self.read(reference)? {
            Some((whose, _)) if whose != subject => Err(VaultError::Changed),
            found => Ok(found.map(|(_, text)| text)),
        };
        let Some(list) = piece(reference)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        for line in list.lines() {
            let reference = Uuid::try_parse(line).map_err(|_| VaultError::Changed)?;
            // Erased between two pieces: then there is none of it.
            let Some(text) = piece(Reference(reference))? else {
                return Ok(None);
            };
            let decoded = STANDARD.decode(text).map_err(|_| VaultError::Changed)?;
            bytes.extend(decoded);
        }
        Ok(Some(bytes))
    }
}
