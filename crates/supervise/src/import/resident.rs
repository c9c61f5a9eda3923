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
pub fn hashed<'t>(text: &'t str, key: &IdentityKey) -> Cow<'t, str> {
    replaced(text, |number| key.hash(number))
}

/// A text whose resident identity numbers are cut to their first six digits, which name a county and nobody in it.
pub fn masked(text: &str) -> Cow<'_, str> {
    replaced(text, |number| {
        number.chars().take(6).chain("***".chars()).collect()
    })
}

fn replaced(text: &str, with: impl Fn(&str) -> String) -> Cow<'_, str> {
    // Nearly every text ends here.
    if text.len() < LENGTH || !may_hold_number(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    // An organization's code may be all digits and look like a person's; its own check speaks for it.
    let places = find(text);
    if places.is_empty() || uscc::is_valid(text) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 2 * LENGTH);
    let mut end = 0;
    for place in places {
        shown.push_str(&text[end..place.start]);
        shown.push_str(&with(&text[place.clone()]));
        end = place.end;
    }
    shown.push_str(&text[end..]);
    Cow::Owned(shown)
}

/// Whether so many digits stand together as a number has, single spaces or dashes between them. Texts with
/// full-width letters or spaces (their first bytes are EF and E3) are only counted.
fn may_hold_number(text: &[u8]) -> bool {
    const DIGITS: usize = LENGTH - 1;
    let (mut together, mut is_between) = (0, false);
    for byte in text {
        match byte {
            b'0'..=b'9' => {
                (together, is_between) = (together + 1, false);
                if together == DIGITS {
                    return true;
                }
            }
            b' ' | b'-' if together > 0 && !is_between => is_between = true,
            0xe3 | 0xef => {
                let may_be_digit = |byte: &&u8| byte.is_ascii_digit() || **byte == 0xef;
                return text.iter().filter(may_be_digit).count() >= DIGITS;
            }
            _ => (together, is_between) = (0, false),
        }
    }
    false
}

/// A letter or digit of a text, half-width, with where it stands.
struct Letter {
    place: Range<usize>,
    half: char,
}

/// Where numbers of this form stand whose date of birth and check character fit: digits in one piece, or grouped
/// by single spaces or dashes; no digit before them, neither digit nor letter behind.
fn find(text: &str) -> Vec<Range<usize>> {
    let letters: Vec<Letter> = text
        .char_indices()
        .map(|(start, letter)| Letter {
            place: start..start + letter.len_utf8(),
            half: half(letter),
        })
        .collect();
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    while start < letters.len() {
        let is_first = letters[start].half.is_ascii_digit()
            && (start == 0 || !letters[start - 1].half.is_ascii_digit());
        match is_first.then(|| number_at(&letters, start)).flatten() {
            Some(end) => {
                found.push(letters[start].place.start..letters[end - 1].place.end);
                start = end;
            }
            None => start += 1,
        }
    }
    found
}

/// The end of a number that begins at `start`.
fn number_at(letters: &[Letter], start: usize) -> Option<usize> {
    let mut number = [0_u8; LENGTH];
    let mut count = 0;
    let mut next = start;
    while count < LENGTH {
        let half = letters.get(next)?.half;
        let fits = half.is_ascii_digit() || (count == LENGTH - 1 && matches!(half, 'X' | 'x'));
        if fits {
            // Cannot fail: digits and X are ASCII.
            number[count] = u8::try_from(half).ok()?;
            count += 1;
        } else if !matches!(half, ' ' | '-') || !letters[next - 1].half.is_ascii_digit() {
            return None;
        }
        next += 1;
    }
    let is_whole = letters
        .get(next)
        .is_none_or(|letter| !letter.half.is_ascii_alphanumeric());
    (is_whole && is_resident(&number)).then_some(next)
}

/// `０` is `0`, `Ｘ` is `X`, a full-width space is a space.
fn half(letter: char) -> char {
    match letter {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        other => other,
    }
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
    use proptest::prelude::*;

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
        assert_eq!(
            hashed("身份证号ID11010519491231002X。", &key),
            format!("身份证号ID{hash}。")
        );
    }

    #[test]
    fn a_number_written_in_groups_or_full_width_is_found_too() {
        let key = IdentityKey::from_bytes([7; 32]);
        let hash = key.hash(NUMBER);
        for written in [
            "110105 19491231 002X",
            "110105-19491231-002x",
            "１１０１０５１９４９１２３１００２Ｘ",
            "110105　1949　1231　002X",
        ] {
            assert_eq!(hashed(written, &key), hash);
            assert_eq!(
                hashed(&format!("代领 {written},已付"), &key),
                format!("代领 {hash},已付")
            );
        }
    }

    proptest! {
        /// The quick look lets nothing pass that the careful one would find.
        #[test]
        fn no_number_escapes_the_quick_look(
            before in "[0-9 a-f　、。-]{0,20}",
            gaps in proptest::collection::vec("|||| |-|　|－", LENGTH),
            is_wide in any::<bool>(),
            after in "[ a-z　、。-]{0,20}",
        ) {
            let widened = |letter: char| {
                let wide = if is_wide { 0xfee0 } else { 0 };
                char::from_u32(u32::from(letter) + wide).unwrap()
            };
            let number: String = NUMBER
                .chars()
                .zip(&gaps)
                .flat_map(|(letter, gap)| gap.chars().chain([widened(letter)]))
                .collect();
            let text = format!("{before}{number}{after}");
            prop_assert!(find(&text).is_empty() || may_hold_number(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_masked_number_names_nobody() {
        assert_eq!(masked("张三11010519491231002X.xlsx"), "张三110105***.xlsx");
        assert_eq!(masked("county.xlsx"), "county.xlsx");
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
            "2024-03-14 2024-03-15 2024-03-16",
            "99012720250001 99012720250002 99012720250003",
            "",
            "凭证",
        ] {
            assert_eq!(hashed(text, &key), text);
        }
    }
}
