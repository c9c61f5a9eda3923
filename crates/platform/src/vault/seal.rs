//! Sealing bytes: XChaCha20-Poly1305, a fresh random nonce in front (draft-irtf-cfrg-xchacha).

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use super::VaultError;

const NONCE: usize = 24;

/// Seals `bytes`; they open only with the same key and the same `bound`.
pub(super) fn seal(key: &[u8; 32], bound: &[u8], bytes: &[u8]) -> Result<Vec<u8>, VaultError> {
    let nonce = random::<NONCE>()?;
    let cipher = XChaCha20Poly1305::new(key.into());
    let payload = Payload {
        msg: bytes,
        aad: bound,
    };
    let sealed = cipher
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|_| VaultError::TooLarge(bytes.len()))?;
    Ok([&nonce[..], &sealed].concat())
}

/// Opens what [`seal`] gave.
pub(super) fn open(key: &[u8; 32], bound: &[u8], sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
    let (nonce, sealed) = sealed
        .split_first_chunk::<NONCE>()
        .ok_or(VaultError::Changed)?;
    let cipher = XChaCha20Poly1305::new(key.into());
    let payload = Payload {
        msg: sealed,
        aad: bound,
    };
    cipher
        .decrypt(&XNonce::from(*nonce), payload)
        .map_err(|_| VaultError::Changed)
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], VaultError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| VaultError::Randomness(error.to_string()))?;
    Ok(bytes)
}
