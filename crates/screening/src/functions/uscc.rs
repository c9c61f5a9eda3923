//! The check character of the 统一社会信用代码 (USCC).
//! Pure: knows no table and no engine.

/// The characters of GB 32100-2015 in the order of their values 0–30; I, O, S, V and Z are not used.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// The weights 3^(i−1) mod 31 of the first seventeen characters.
const WEIGHTS: [u32; 17] = [
    1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28,
];

/// Whether `code` has 18 characters of the standard's alphabet and the check character that
/// GB 32100-2015 asks for: C18 = (31 − Σ Cᵢ·3^(i−1) mod 31) mod 31. Lower case and surrounding
/// spaces are wrong, as they are in the standard.
pub fn is_valid(code: &str) -> bool {
    let bytes = code.as_bytes();
    if bytes.len() != 18 {
        return false;
    }
    let mut sum = 0;
    for (byte, weight) in bytes.iter().zip(WEIGHTS) {
        let Some(value) = value(*byte) else {
            return false;
        };
        sum += value * weight;
    }
    value(bytes[17]) == Some((31 - sum % 31) % 31)
}

fn value(byte: u8) -> Option<u32> {
    ALPHABET
        .iter()
        .position(|character| *character == byte)
        .map(|position| position as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_powers_of_three_modulo_31() {
        let mut power = 1;
        for weight in WEIGHTS {
            assert_eq!(weight, power);
            power = power * 3 % 31;
        }
    }

    #[test]
    fn codes_of_well_known_bodies_are_valid() {
        for code in [
            "91110000802100433B",
            "91440300708461136T",
            "91330100799655058B",
        ] {
            assert!(is_valid(code), "{code}");
        }
    }

    #[test]
    fn any_one_changed_character_is_noticed() {
        let code = "91440300708461136T";
        for position in 0..18 {
            for character in ALPHABET {
                let mut changed = code.as_bytes().to_vec();
                if changed[position] == *character {
                    continue;
                }
                changed[position] = *character;
                let changed = String::from_utf8(changed).unwrap();
                assert!(!is_valid(&changed), "{changed}");
            }
        }
    }

    #[test]
    fn wrong_lengths_letters_and_lower_case_are_invalid() {
        for code in [
            "",
            "91440300708461136",
            "91440300708461136TT",
            "91440300708461136t",
            "9144030070846113IT",
            "一二三四五六",
        ] {
            assert!(!is_valid(code), "{code}");
        }
    }
}
