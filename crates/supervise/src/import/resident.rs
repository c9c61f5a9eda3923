//! Resident identity numbers that stand where no such number belongs, so that they go no further.
//! Only finds and replaces; who is told, and where it stood, is decided by the readers.

use std::borrow::Cow;
use std::ops::Range;

use kandeng_screening::functions::uscc;

use super::identity::IdentityKey;

/// Characters of a resident identity number.
const LENGTH: usize = 18;

/// Weights of the first seventeen digits (GB 11643-1999, ISO 7064 MOD 11-2).
const WEIGHTS: [u32; LENGTH - 1] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/// Check characters by remainder.
const CHECKS: &[u8; 11] = b"10X98765432";

/// A text whose resident identity numbers are replaced by their hashes.
pub(crate) fn hashed<'t>(text: &'t str, key: &IdentityKey) -> Cow<'t, str> {
    let Some(first) = find(text) else {
        return Cow::Borrowed(text);
    };
    // An organization's code may be all digits and look like a person's; its own check speaks for it.
    if uscc::is_valid(text) {
        return Cow::Borrowed(text);
    }
    let mut replaced = String::with_capacity(text.len() + 2 * LENGTH);
    let (mut rest, mut next) = (text, Some(first));
    while let Some(place) = next {
        replaced.push_str(&rest[..place.start]);
        replaced.push_str(&key.hash(&rest[place.clone()]));
        rest = &rest[place.end..];
        next = find(rest);
    }
    replaced.push_str(rest);
    Cow::Owned(replaced)
}

/// The first number of this form with a date of birth and a check character that fit.
fn find(text: &str) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let mut start = 0;
    while start + LENGTH <= bytes.len() {
        let length = bytes[start..]
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric())
            .count();
        if length == LENGTH && is_resident(&bytes[start..start + LENGTH]) {
            return Some(start..start + LENGTH);
        }
        start += length + 1;
    }
    None
}

fn is_resident(number: &[u8]) -> bool {
    let (digits, check) = number.split_at(LENGTH - 1);
    if !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let value = |digits: &[u8]| {
        digits
            .iter()
            .fold(0_i16, |sum, digit| sum * 10 + i16::from(digit - b'0'))
    };
    let year = value(&digits[6..10]);
    let is_birthday = i8::try_from(value(&digits[10..12]))
        .ok()
        .zip(i8::try_from(value(&digits[12..14])).ok())
        .is_some_and(|(month, day)| jiff::civil::Date::new(year, month, day).is_ok());
    let sum: u32 = digits
        .iter()
        .zip(WEIGHTS)
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    (1900..2100).contains(&year)
        && is_birthday
        && check[0].to_ascii_uppercase() == CHECKS[(sum % 11) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of GB 11643-1999 itself.
    const NUMBER: &str = "11010519491231002X";

    #[test]
    fn a_number_is_found_wherever_it_stands_and_its_neighbours_stay() {
        let key = IdentityKey::from_bytes([7; 32]);
        let hash = key.hash(NUMBER);
        assert_eq!(hashed(NUMBER, &key), hash);
        assert_eq!(hashed("11010519491231002x", &key), hash);
        assert_eq!(
            hashed("张三(11010519491231002X)与11010519491231002X", &key),
            format!("张三({hash})与{hash}")
        );
    }

    #[test]
    fn what_only_looks_alike_stays_as_it_is() {
        let key = IdentityKey::from_bytes([7; 32]);
        for text in [
            "110105194912310021",
            "11010519491331002X",
            "011010519491231002X",
            "99012720250001",
            "91990121MAGXYFGD0M",
            "5e88489811010519491231002Xaa",
            "",
            "凭证",
        ] {
            assert_eq!(hashed(text, &key), text);
        }
    }
}
