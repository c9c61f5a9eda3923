//! Checkpoints: the signed size and root of the ledger (C2SP tlog-checkpoint, signed-note).
//!
//! A checkpoint is kept as the text that was signed, so that anybody can verify exactly those bytes.

use signed_note::{Note, Signature, Signer, StandardSigner, StandardVerifier, VerifierList};
use tlog_tiles::Checkpoint as TreeHead;
use tlog_tiles::tlog::Hash;

use crate::cosignature::CosignatureVerifier;

/// A checkpoint or key that is no good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The text is no checkpoint.
    #[error("no checkpoint: {0}")]
    Malformed(String),
    /// The text is not signed by the ledger's key.
    #[error("the checkpoint is not signed by {0}")]
    Unsigned(String),
    /// The checkpoint is of another ledger.
    #[error("the checkpoint is of {actual:?}, not of {expected:?}")]
    Origin {
        /// The ledger that was asked for.
        expected: String,
        /// The ledger it is of.
        actual: String,
    },
    /// The key is malformed.
    #[error("no key of a ledger: {0}")]
    Key(String),
}

/// A checkpoint as it was signed.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Leaves in the tree.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// The signed note, cosignatures among its signatures.
    pub note: String,
}

/// The key that signs checkpoints. Its name is the ledger's origin.
#[derive(Clone)]
pub struct SigningKey {
    signer: StandardSigner,
    text: String,
    verifier: String,
}

/// Never the key itself.
impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "SigningKey({})", self.verifier)
    }
}

impl SigningKey {
    /// A new Ed25519 key for the ledger `origin`, a name such as `ledger.example.gov.cn/jiange`.
    ///
    /// # Errors
    /// [`CheckpointError::Key`] for a name with spaces or plus signs, or when there is no randomness.
    pub fn generate(origin: &str) -> Result<Self, CheckpointError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|error| CheckpointError::Key(error.to_string()))?;
        Self::from_secret(origin, &secret)
    }

    /// The key of that secret, for tests with fixed keys.
    ///
    /// # Errors
    /// As [`SigningKey::generate`].
    pub fn from_secret(origin: &str, secret: &[u8; 32]) -> Result<Self, CheckpointError> {
        if !signed_note::is_key_name_valid(origin) {
            return Err(CheckpointError::Key(format!("the name {origin:?}")));
        }
        // The library makes keys from a source of randomness; ours gives the secret once.
        let (text, _) = signed_note::generate_key(&mut Once(secret), origin);
        Self::parse(&text)
    }

    /// The key that [`SigningKey::text`] gave.
    ///
    /// # Errors
    /// [`CheckpointError::Key`] when it is none.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let text = text.trim();
        let signer =
            StandardSigner::new(text).map_err(|error| CheckpointError::Key(error.to_string()))?;
        let verifier = verifier_of(text)?;
        Ok(Self {
            signer,
            text: text.to_owned(),
            verifier,
        })
    }

    /// The secret key as text: `PRIVATE+KEY+name+id+key`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The public key as text: `name+id+key`. Whoever has it can verify checkpoints.
    pub fn verifier(&self) -> &str {
        &self.verifier
    }

    /// The ledger's name.
    pub fn origin(&self) -> &str {
        self.signer.name()
    }

    /// Signs a tree.
    ///
    /// # Errors
    /// When signing fails, which Ed25519 does not.
    pub fn sign(&self, size: u64, root: Hash) -> Result<Checkpoint, CheckpointError> {
        let malformed =
            |error: &dyn std::fmt::Display| CheckpointError::Malformed(error.to_string());
        let head =
            TreeHead::new(self.origin(), size, root, "").map_err(|error| malformed(&error))?;
        let mut note = Note::new(&head.to_bytes(), &[]).map_err(|error| malformed(&error))?;
        note.add_sigs(&[&self.signer])
            .map_err(|error| malformed(&error))?;
        let note = String::from_utf8(note.to_bytes()).map_err(|error| malformed(&error))?;
        Ok(Checkpoint { size, root, note })
    }
}

/// The public half, from the secret half: the name, and the key id that the name and key give.
fn verifier_of(secret: &str) -> Result<String, CheckpointError> {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    let problem =
        || CheckpointError::Key("it is not of the form PRIVATE+KEY+name+id+key".to_owned());
    let mut parts = secret.split('+').skip(2);
    let (Some(name), Some(_)) = (parts.next(), parts.next()) else {
        return Err(problem());
    };
    // Base64 has plus signs of its own.
    let key = parts.collect::<Vec<_>>().join("+");
    let bytes = BASE64_STANDARD.decode(key).map_err(|_| problem())?;
    let secret: [u8; 32] = bytes
        .get(1..)
        .and_then(|key| key.try_into().ok())
        .ok_or_else(problem)?;
    let (_, verifier) = signed_note::generate_key(&mut Once(&secret), name);
    Ok(verifier)
}

/// A source of "randomness" that gives one secret.
struct Once<'a>(&'a [u8; 32]);

impl rand_core::RngCore for Once<'_> {
    fn next_u32(&mut self) -> u32 {
        0
    }

    fn next_u64(&mut self) -> u64 {
        0
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for (byte, secret) in bytes.iter_mut().zip(self.0.iter().cycle()) {
            *byte = *secret;
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl rand_core::CryptoRng for Once<'_> {}

/// Who may have signed: the ledger's key, and the witnesses that are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// The ledger's public key.
    pub ledger: String,
    /// Public keys of witnesses (`name+id+key`, key type 4).
    pub witnesses: Vec<String>,
}

/// A checkpoint whose signatures were verified.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// The witnesses that cosigned it, with their time in seconds since 1970.
    pub witnessed: Vec<(String, u64)>,
}

impl Trust {
    /// Trust in the ledger's key alone.
    pub fn ledger(verifier: &str) -> Self {
        Self {
            ledger: verifier.trim().to_owned(),
            witnesses: Vec::new(),
        }
    }

    /// The ledger's name.
    pub fn origin(&self) -> &str {
        self.ledger.split('+').next().unwrap_or_default()
    }

    /// A note's size and root, its signatures not looked at: for checkpoints that are handed to `verify`, which
    /// looks at them, those of older origins by the keys that the ledger names.
    ///
    /// # Errors
    /// When the text is no checkpoint.
    pub fn parse_unverified(note: &str) -> Result<Checkpoint, CheckpointError> {
        let malformed =
            |error: &dyn std::fmt::Display| CheckpointError::Malformed(error.to_string());
        let parsed = Note::from_bytes(note.as_bytes()).map_err(|error| malformed(&error))?;
        let head = TreeHead::from_bytes(parsed.text()).map_err(|error| malformed(&error))?;
        Ok(Checkpoint {
            size: head.size(),
            root: *head.hash(),
            note: note.to_owned(),
        })
    }

    /// Verifies a note: the ledger's signature must be there and every signature of a known key must hold.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn verify(&self, note: &str) -> Result<Verified, CheckpointError> {
        self.keys()?.verify(note)
    }

    /// The keys, read once for many notes.
    pub(crate) fn keys(&self) -> Result<Keys, CheckpointError> {
        let ledger = StandardVerifier::new(&self.ledger)
            .map_err(|error| CheckpointError::Key(error.to_string()))?;
        let mut verifiers: Vec<Box<dyn signed_note::Verifier>> = vec![Box::new(ledger)];
        for witness in &self.witnesses {
            verifiers.push(Box::new(CosignatureVerifier::parse(witness)?));
        }
        Ok(Keys {
            origin: self.origin().to_owned(),
            verifiers: VerifierList::new(verifiers),
        })
    }
}

/// The keys of a [`Trust`], ready for use.
pub(crate) struct Keys {
    origin: String,
    verifiers: VerifierList,
}

impl Keys {
    /// As [`Trust::verify`].
    pub(crate) fn verify(&self, note: &str) -> Result<Verified, CheckpointError> {
        let parsed = Note::from_bytes(note.as_bytes())
            .map_err(|error| CheckpointError::Malformed(error.to_string()))?;
        let head = TreeHead::from_bytes(parsed.text())
            .map_err(|error| CheckpointError::Malformed(error.to_string()))?;
        if head.origin() != self.origin {
            return Err(CheckpointError::Origin {
                expected: self.origin.clone(),
                actual: head.origin().to_owned(),
            });
        }
        let unsigned = || CheckpointError::Unsigned(self.origin.clone());
        let (signatures, _) = parsed.verify(&self.verifiers).map_err(|_| unsigned())?;
        if !signatures.iter().any(|by| by.name() == self.origin) {
            return Err(unsigned());
        }
        Ok(Verified {
            witnessed: signatures
                .iter()
                .filter(|by| by.name() != self.origin)
                .filter_map(|by| Some((by.name().to_owned(), crate::cosignature::time_of(by)?)))
                .collect(),
            checkpoint: Checkpoint {
                size: head.size(),
                root: *head.hash(),
                note: note.to_owned(),
            },
        })
    }
}

impl Checkpoint {
    /// The ledger that the note names; empty when it names none.
    pub fn origin(&self) -> &str {
        self.note.lines().next().unwrap_or_default()
    }

    /// The checkpoint with the signatures of another note of the same tree too.
    ///
    /// # Errors
    /// When the other note is none.
    pub(crate) fn joined(&self, other: &Self) -> Result<Self, CheckpointError> {
        let lines = other.note.split_once("\n\n").map_or("", |(_, lines)| lines);
        self.with_signatures(lines)
    }

    /// The checkpoint with further signature lines, as a witness answers with.
    ///
    /// # Errors
    /// When the lines are none.
    pub fn with_signatures(&self, lines: &str) -> Result<Self, CheckpointError> {
        let malformed =
            |error: signed_note::NoteError| CheckpointError::Malformed(error.to_string());
        let mut note = self.note.clone();
        for line in lines.lines() {
            Signature::from_bytes(line.as_bytes()).map_err(malformed)?;
            if !note.lines().any(|other| other == line) {
                note.push_str(line);
                note.push('\n');
            }
        }
        Ok(Self {
            note,
            ..self.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_from_its_text() {
        let key = SigningKey::generate("ledger.example/99").unwrap();
        let back = SigningKey::parse(key.text()).unwrap();
        assert_eq!(back.verifier(), key.verifier());
        assert_eq!(back.origin(), "ledger.example/99");
        assert!(!format!("{key:?}").contains(key.text()));
    }

    #[test]
    fn the_public_key_of_the_notes_specification_is_found() {
        // Test vector of golang.org/x/mod/sumdb/note, example_test.go.
        let key = SigningKey::parse(
            "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz",
        )
        .unwrap();
        assert_eq!(
            key.verifier(),
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
        );
    }

    #[test]
    fn a_signed_tree_verifies_and_another_does_not() {
        let key = SigningKey::from_secret("ledger.example/99", &[7; 32]).unwrap();
        let trust = Trust::ledger(key.verifier());
        let signed = key.sign(3, Hash([9; 32])).unwrap();
        let verified = trust.verify(&signed.note).unwrap();
        assert_eq!(verified.checkpoint, signed);
        assert!(verified.witnessed.is_empty());

        let changed = signed.note.replacen("\n3\n", "\n4\n", 1);
        assert!(matches!(
            trust.verify(&changed),
            Err(CheckpointError::Unsigned(_))
        ));
        let stranger = SigningKey::from_secret("ledger.example/99", &[8; 32]).unwrap();
        let forged = stranger.sign(3, Hash([9; 32])).unwrap();
        assert!(trust.verify(&forged.note).is_err());
        let other = SigningKey::from_secret("ledger.example/other", &[7; 32]).unwrap();
        let other = other.sign(3, Hash([9; 32])).unwrap();
        assert!(matches!(
            trust.verify(&other.note),
            Err(CheckpointError::Origin { .. })
        ));
    }
}
