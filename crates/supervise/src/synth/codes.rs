//! Codes that are valid in form and belong to nobody: organisation codes of region 99, keyed hashes
//! under the name of a key that only synthetic data carry, and photo hashes. No number of a person is ever made.

use super::random::{Stream, mix};
use crate::import::IdentityKey;
use kandeng_evidence::{PHASH_ALGORITHM, PHASH_BITS, PHASH_CROPS};
use std::fmt::Write as _;
use std::sync::LazyLock;

/// The key under whose name every hash of a synthetic county stands. It is published here: it guards nothing.
pub const SYNTHETIC_KEY: [u8; 32] = *b"Kandeng synthetic county's key 1";

/// The name of [`SYNTHETIC_KEY`] that hashes carry.
static KEY_ID: LazyLock<String> = LazyLock::new(|| KEY.id().to_owned());

/// [`SYNTHETIC_KEY`], ready to seal with.
static KEY: LazyLock<IdentityKey> = LazyLock::new(|| IdentityKey::from_bytes(SYNTHETIC_KEY));

/// The seal over what the platform recorded of a photo.
pub(super) fn seal(values: [&str; 5]) -> String {
    KEY.seal(values)
}

/// The characters of GB 32100, in the order of their values.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// Who an organisation code is for; fixes the registration department, the category and a number space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Registered {
    /// A company.
    Company,
    /// A township government or a county bureau.
    Government,
    /// A village's economic cooperative.
    Cooperative,
}

/// The organisation code number `serial` of a county, valid under GB 32100 and GB 11714.
pub(super) fn uscc(kind: Registered, county: u32, serial: u64) -> String {
    const SPACE: u64 = 31 * 31 * 31 * 31 * 31 * 31;
    let (department, space) = match kind {
        Registered::Company => ("91", "MA"),
        Registered::Government => ("11", "00"),
        Registered::Cooperative => ("N2", "NF"),
    };
    let mut scrambled = (serial % SPACE).wrapping_mul(541_771_027) % SPACE;
    let mut body = [0_u8; 6];
    for place in body.iter_mut().rev() {
        *place = ALPHABET[(scrambled % 31) as usize];
        scrambled /= 31;
    }
    let mut code = format!("{department}{county:06}{space}");
    code.extend(body.iter().map(|byte| char::from(*byte)));
    let unit = organisation_check(&code.as_bytes()[8..16]);
    code.push(char::from(unit));
    let check = credit_check(code.as_bytes());
    code.push(char::from(check));
    code
}

/// The check character of GB 11714 for the eight characters of an organisation's own code.
fn organisation_check(body: &[u8]) -> u8 {
    const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body
        .iter()
        .zip(WEIGHTS)
        .map(|(byte, weight)| weight * char::from(*byte).to_digit(36).unwrap_or(0))
        .sum();
    match 11 - sum % 11 {
        10 => b'X',
        11 => b'0',
        digit => b'0' + digit as u8,
    }
}

/// The check character of GB 32100 for the first seventeen characters.
fn credit_check(code: &[u8]) -> u8 {
    const WEIGHTS: [usize; 17] = [
        1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28,
    ];
    let sum: usize = code
        .iter()
        .zip(WEIGHTS)
        .map(|(byte, weight)| {
            weight
                * ALPHABET
                    .iter()
                    .position(|character| character == byte)
                    .unwrap_or(0)
        })
        .sum();
    ALPHABET[(31 - sum % 31) % 31]
}

/// Whether a code has eighteen characters and both check characters right.
pub fn is_valid_uscc(code: &str) -> bool {
    let bytes = code.as_bytes();
    bytes.len() == 18
        && bytes.iter().all(|byte| ALPHABET.contains(byte))
        && organisation_check(&bytes[8..16]) == bytes[16]
        && credit_check(&bytes[..17]) == bytes[17]
}

/// The same code with its check character turned into another one.
pub(super) fn with_wrong_check(code: &str) -> String {
    let mut wrong = code.to_owned();
    let last = wrong.pop().unwrap_or('0');
    wrong.push(if last == '1' { '2' } else { '1' });
    wrong
}

/// What a keyed hash stands for; each has numbers of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hashed {
    /// A person's number.
    Person = 1,
    /// A bank account of a company.
    Account = 2,
    /// A telephone number.
    Phone = 3,
    /// A bank account of a person.
    PersonAccount = 4,
}

/// `KEYID:HEX` as the import makes it, for thing number `index`.
pub(super) fn hashed(kind: Hashed, index: u64) -> String {
    let mut stream = Stream::of(0x4B41_4E44, kind as u64, index);
    let (high, low) = (stream.bits(), stream.bits());
    format!("{}:{high:016x}{low:016x}", *KEY_ID)
}

/// A made-up SHA-256 of a photo that exists only as a row.
pub(super) fn photo_sha256(scene: u64) -> String {
    let mut stream = Stream::of(scene, 0x5348_4132, 0);
    (0..4).fold(String::with_capacity(64), |mut text, _| {
        // Cannot fail: writing to a String.
        let _ = write!(text, "{:016x}", stream.bits());
        text
    })
}

/// A made-up perceptual hash: scenes that differ lie far apart, `flipped` bits away from the scene's own.
pub(super) fn photo_phash(scene: u64, flipped: u32) -> String {
    let mut bytes: Vec<u8> = Vec::with_capacity(PHASH_BITS.div_ceil(8));
    let mut stream = Stream::of(mix(scene), 0x5048_4153, 0);
    while bytes.len() * 8 < PHASH_BITS {
        bytes.extend_from_slice(&stream.bits().to_le_bytes());
    }
    bytes.truncate(PHASH_BITS.div_ceil(8));
    for turn in 0..flipped as usize {
        let bit = (turn * 19 + 3) % (bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    let mut text = format!("{PHASH_ALGORITHM}:");
    for byte in bytes {
        // Cannot fail: writing to a String.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Made-up hashes of a frame's crops, of which one is that of `scene`.
pub(super) fn photo_crops(scene: u64) -> String {
    let crops = (0..PHASH_CROPS as u64).map(|crop| match crop {
        2 => photo_phash(scene, 0),
        other => photo_phash(mix(scene ^ (other + 7)), 0),
    });
    let mut text = format!("{PHASH_ALGORITHM}:");
    for crop in crops {
        text.push_str(crop.rsplit(':').next().unwrap_or_default());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_published_code_is_valid_and_a_changed_one_is_not() {
        // The worked example of GB 32100-2015.
        assert!(is_valid_uscc("91350100M000100Y43"));
        assert!(!is_valid_uscc("91350100M000100Y44"));
    }

    #[test]
    fn every_code_made_is_valid_and_unlike_the_others() {
        let mut seen = std::collections::BTreeSet::new();
        for serial in 0..5000 {
            for kind in [
                Registered::Company,
                Registered::Government,
                Registered::Cooperative,
            ] {
                let code = uscc(kind, 990_121, serial);
                assert!(is_valid_uscc(&code), "{code}");
                assert!(!is_valid_uscc(&with_wrong_check(&code)));
                assert!(seen.insert(code));
            }
        }
    }
}
