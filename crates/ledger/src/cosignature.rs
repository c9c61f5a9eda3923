//! Cosignatures of witnesses (C2SP tlog-cosignature, Ed25519): "as of this time, the largest
//! consistent tree I have seen of this ledger has this root".

use base64::prelude::{BASE64_STANDARD, Engine as _};
use ed25519_dalek::{Signer as _, SigningKey as Secret, Verifier as _, VerifyingKey};
use signed_note::{Signature, Verifier, key_id};

use crate::checkpoint::{Checkpoint, CheckpointError};

/// The type byte of a cosigner's key.
const KIND: u8 = 4;

/// A witness's public key, for [`crate::Trust`].
pub(crate) struct CosignatureVerifier {
    name: String,
    id: u32,
    key: VerifyingKey,
}

impl CosignatureVerifier {
    pub(crate) fn parse(text: &str) -> Result<Self, CheckpointError> {
        let problem =
            || CheckpointError::Key(format!("{text:?} is not of the form name+id+key, type 4"));
        let (name, rest) = text.trim().split_once('+').ok_or_else(problem)?;
        let (id, key) = rest.split_once('+').ok_or_else(problem)?;
        let bytes = BASE64_STANDARD.decode(key).map_err(|_| problem())?;
        let Some((&KIND, key)) = bytes.split_first() else {
            return Err(problem());
        };
        let key: [u8; 32] = key.try_into().map_err(|_| problem())?;
        let key = VerifyingKey::from_bytes(&key).map_err(|_| problem())?;
        let expected = key_id(name, &bytes);
        if u32::from_str_radix(id, 16) != Ok(expected) || !signed_note::is_key_name_valid(name) {
            return Err(problem());
        }
        Ok(Self {
            name: name.to_owned(),
            id: expected,
            key,
        })
    }
}

impl Verifier for CosignatureVerifier {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        self.id
    }

    fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        let Some((time, signature)) = signature.split_first_chunk::<8>() else {
            return false;
        };
        let Ok(signature) = ed25519_dalek::Signature::from_slice(signature) else {
            return false;
        };
        let message = message(u64::from_be_bytes(*time), text);
        self.key.verify(&message, &signature).is_ok()
    }
}

/// When a cosignature was given, in seconds since 1970.
pub(crate) fn time_of(signature: &Signature) -> Option<u64> {
    let (time, _) = signature.signature().split_first_chunk::<8>()?;
    Some(u64::from_be_bytes(*time))
}

fn message(time: u64, text: &[u8]) -> Vec<u8> {
    let mut message = format!("cosignature/v1\ntime {time}\n").into_bytes();
    message.extend_from_slice(text);
    message
}

/// The key of a witness of our own: a second body that runs `kandeng witness`, or a test.
pub struct WitnessKey {
    name: String,
    secret: Secret,
}

impl WitnessKey {
    /// The key of that name and secret.
    ///
    /// # Errors
    /// For a name with spaces or plus signs.
    pub fn new(name: &str, secret: &[u8; 32]) -> Result<Self, CheckpointError> {
        if signed_note::is_key_name_valid(name) {
            Ok(Self {
                name: name.to_owned(),
                secret: Secret::from_bytes(secret),
            })
        } else {
            Err(CheckpointError::Key(format!("the name {name:?}")))
        }
    }

    /// The public key as text: `name+id+key`.
    pub fn verifier(&self) -> String {
        let key = self.typed_key();
        let id = key_id(&self.name, &key);
        format!("{}+{id:08x}+{}", self.name, BASE64_STANDARD.encode(key))
    }

    /// The signature line over a checkpoint, as of `time` in seconds since 1970. Whether the checkpoint
    /// deserves it is for the caller to know.
    ///
    /// # Errors
    /// When the checkpoint's note is malformed.
    pub fn cosign(&self, checkpoint: &Checkpoint, time: u64) -> Result<String, CheckpointError> {
        let malformed =
            |error: signed_note::NoteError| CheckpointError::Malformed(error.to_string());
        let note = signed_note::Note::from_bytes(checkpoint.note.as_bytes()).map_err(malformed)?;
        let signed = self.secret.sign(&message(time, note.text()));
        let mut bytes = time.to_be_bytes().to_vec();
        bytes.extend_from_slice(&signed.to_bytes());
        let id = key_id(&self.name, &self.typed_key());
        let line = Signature::new(self.name.clone(), id, bytes).map_err(malformed)?;
        String::from_utf8(line.to_bytes())
            .map_err(|error| CheckpointError::Malformed(error.to_string()))
    }

    fn typed_key(&self) -> Vec<u8> {
        let mut key = vec![KIND];
        key.extend_from_slice(self.secret.verifying_key().as_bytes());
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{SigningKey, Trust};
    use tlog_tiles::tlog::Hash;

    #[test]
    fn a_cosigned_checkpoint_says_who_saw_it_and_when() {
        let ledger = SigningKey::from_secret("ledger.example/99", &[7; 32]).unwrap();
        let witness = WitnessKey::new("witness.example/w1", &[8; 32]).unwrap();
        let signed = ledger.sign(3, Hash([9; 32])).unwrap();
        let line = witness.cosign(&signed, 1_679_315_147).unwrap();
        let cosigned = signed.with_signatures(&line).unwrap();

        let blind = Trust::ledger(ledger.verifier());
        assert!(blind.verify(&cosigned.note).unwrap().witnessed.is_empty());
        let trust = Trust {
            witnesses: vec![witness.verifier()],
            ..blind
        };
        let verified = trust.verify(&cosigned.note).unwrap();
        assert_eq!(
            verified.witnessed,
            [("witness.example/w1".to_owned(), 1_679_315_147)]
        );

        // A cosignature alone is no signature of the ledger.
        let alone = cosigned.note.replacen(
            signed.note.lines().last().unwrap(),
            "— stranger.example AAAAAAAA",
            1,
        );
        assert!(trust.verify(&alone).is_err());
    }

    #[test]
    fn the_example_of_the_specification_is_a_cosignature() {
        // The key is not published; the line's form and time are.
        let line = "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==";
        let signature = Signature::from_bytes(line.as_bytes()).unwrap();
        assert_eq!(time_of(&signature), Some(1_679_315_147));
    }
}
