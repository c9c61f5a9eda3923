//! Secrets: tokens and recovery codes as they are made, the hash that is kept of them, and codes as they are typed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::people::PeopleError;
use crate::hex::hex;

/// How many recovery codes somebody gets.
pub const RECOVERY_CODES: usize = 10;

/// 256 bits that nobody guesses, as text.
pub(super) fn random_token() -> Result<String, PeopleError> {
    Ok(URL_SAFE_NO_PAD.encode(crate::vault::random_key()?))
}

/// Codes of 50 bits, in the 32 digits and letters of Crockford's base 32.
pub(super) fn recovery_codes() -> Result<Vec<String>, PeopleError> {
    const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    (0..RECOVERY_CODES)
        .map(|_| {
            let bytes = crate::vault::random_key()?;
            let letters: Vec<char> = bytes[..10]
                .iter()
                .map(|byte| char::from(LETTERS[usize::from(byte % 32)]))
                .collect();
            let (head, tail) = letters.split_at(5);
            Ok(format!(
                "{}-{}",
                head.iter().collect::<String>(),
                tail.iter().collect::<String>()
            ))
        })
        .collect()
}

pub(super) fn hash(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

/// A one-time code as it was meant: applications show it in two groups.
pub(super) fn together(code: &str) -> String {
    code.split_whitespace().collect()
}

/// A recovery code as it is compared: letters that are taken for digits are these.
pub(super) fn plain(code: &str) -> String {
    code.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| match letter.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        })
        .collect()
}
