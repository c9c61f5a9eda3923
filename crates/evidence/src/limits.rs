//! How much a photo may ask of the machine, and what "now" is.

use jiff::Timestamp;

/// Bounds that are checked before anything is decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Files of more bytes are refused.
    pub file_bytes: u64,
    /// Pictures of this many pixels or more are refused, from the header alone.
    pub pixels: u64,
    /// Pictures that would take more memory than this (bytes) to decode get no perceptual hash, and a
    /// warning says so.
    pub decoded_bytes: u64,
    /// "Now" as the caller knows it; a photo taken later than a day after it gets a warning. `None`:
    /// not checked.
    pub not_after: Option<Timestamp>,
    /// Whether to decode the picture for its perceptual hash.
    pub perceptual_hash: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 128 << 20,
            pixels: 200_000_000,
            decoded_bytes: 640 << 20,
            not_after: None,
            perceptual_hash: true,
        }
    }
}
