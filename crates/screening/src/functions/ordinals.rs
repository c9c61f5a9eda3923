//! Names that differ only in a number or group: 三组 and 四组, 1号 and 2号, 一期 and 二期.
//! Pure: knows no table and no engine.

use unicode_normalization::UnicodeNormalization;

/// A name taken apart: its text with a mark at each number, and the numbers' values in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct NumberedName {
    text: String,
    values: Vec<u64>,
}

/// Stands in the text where a number stood; a private-use character that no name has.
const MARK: char = '\u{f8ff}';

impl NumberedName {
    /// Takes `name` apart after NFKC, lower case and removal of spaces. Numbers are runs of Arabic
    /// digits, runs of Chinese numerals (〇零一二两三四五六七八九十百千万), one of 甲乙丙丁戊己庚辛壬癸,
    /// Roman numerals of i, v and x, and single Latin letters that stand alone.
    pub fn of(name: &str) -> Self {
        let characters: Vec<char> = name
            .nfkc()
            .filter(|character| !character.is_whitespace())
            .flat_map(char::to_lowercase)
            .collect();
        let mut parts = Self::default();
        let mut at = 0;
        while let Some(&character) = characters.get(at) {
            let run = |belongs: fn(&char) -> bool| {
                let rest = characters.get(at..).unwrap_or_default();
                rest.iter().take_while(|next| belongs(next)).count()
            };
            let (length, value) = if character.is_ascii_digit() {
                let length = run(char::is_ascii_digit);
                (length, Some(arabic(&characters[at..at + length])))
            } else if chinese_digit(character).is_some() {
                let length = run(|next| chinese_digit(*next).is_some());
                (length, Some(chinese(&characters[at..at + length])))
            } else if let Some(stem) = heavenly_stem(character) {
                (1, Some(stem))
            } else if character.is_ascii_alphabetic() {
                let length = run(char::is_ascii_alphabetic);
                (length, latin(&characters[at..at + length]))
            } else {
                (1, None)
            };
            if let Some(value) = value {
                parts.text.push(MARK);
                parts.values.push(value);
            } else {
                parts.text.extend(&characters[at..at + length]);
            }
            at += length;
        }
        parts
    }

    /// Whether the names are the same but for the value of at least one number. 三组 and 3组 are not.
    pub fn differs_in_number(&self, other: &Self) -> bool {
        self.values != other.values && self.text == other.text
    }
}

fn heavenly_stem(character: char) -> Option<u64> {
    "甲乙丙丁戊己庚辛壬癸"
        .chars()
        .position(|stem| stem == character)
        .map(|position| position as u64 + 1)
}

/// Longer runs than a `u64` holds wrap: they are compared, never shown.
fn arabic(digits: &[char]) -> u64 {
    digits.iter().fold(0u64, |value, digit| {
        value
            .wrapping_mul(10)
            .wrapping_add(u64::from(digit.to_digit(10).unwrap_or(0)))
    })
}

/// The digit, or the power of ten as a negative exponent.
fn chinese_digit(character: char) -> Option<i8> {
    Some(match character {
        '〇' | '零' => 0,
        '一' => 1,
        '二' | '两' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        '十' => -1,
        '百' => -2,
        '千' => -3,
        '万' => -4,
        _ => return None,
    })
}

/// 二十三 is 23, 二〇二五 is 2025, 一万二千 is 12000.
fn chinese(numerals: &[char]) -> u64 {
    let (mut total, mut below_ten_thousand, mut digits) = (0u64, 0u64, None::<u64>);
    for numeral in numerals
        .iter()
        .filter_map(|numeral| chinese_digit(*numeral))
    {
        if numeral >= 0 {
            let digit = numeral.unsigned_abs();
            digits = Some(
                digits
                    .unwrap_or(0)
                    .wrapping_mul(10)
                    .wrapping_add(u64::from(digit)),
            );
        } else if numeral == -4 {
            let section = below_ten_thousand
                .wrapping_add(digits.take().unwrap_or(0))
                .max(1);
            total = total.wrapping_add(section).wrapping_mul(10_000);
            below_ten_thousand = 0;
        } else {
            let power = 10u64.pow(u32::from(numeral.unsigned_abs()));
            let section = digits.take().unwrap_or(1).wrapping_mul(power);
            below_ten_thousand = below_ten_thousand.wrapping_add(section);
        }
    }
    total
        .wrapping_add(below_ten_thousand)
        .wrapping_add(digits.unwrap_or(0))
}

/// A Roman numeral of i, v and x, or the place of a single letter in the alphabet.
fn latin(letters: &[char]) -> Option<u64> {
    if letters
        .iter()
        .all(|letter| matches!(letter, 'i' | 'v' | 'x'))
    {
        let value = |letter: char| match letter {
            'i' => 1u64,
            'v' => 5,
            _ => 10,
        };
        let mut sum = 0;
        let mut greatest = 0;
        for letter in letters.iter().rev() {
            let value = value(*letter);
            if value < greatest {
                sum -= value.min(sum);
            } else {
                sum += value;
                greatest = value;
            }
        }
        return Some(sum);
    }
    let [letter] = letters else {
        return None;
    };
    Some(u64::from(u32::from(*letter) - u32::from('a')) + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn differ(a: &str, b: &str) -> bool {
        NumberedName::of(a).differs_in_number(&NumberedName::of(b))
    }

    #[test]
    fn groups_numbers_phases_and_letters_tell_names_apart() {
        for (a, b) in [
            ("柳溪村三组道路硬化", "柳溪村四组道路硬化"),
            ("1号蓄水池", "2号蓄水池"),
            ("高标准农田一期", "高标准农田二期"),
            ("高标准农田一期", "高标准农田2期"),
            ("甲标段", "丙标段"),
            ("A区管网", "B区管网"),
            ("管网Ⅰ标", "管网Ⅲ标"),
            ("管网 IV 标", "管网 VI 标"),
            ("十一组", "二十一组"),
            ("2024年安居房", "2025年安居房"),
            ("第１２组", "第13组"),
        ] {
            assert!(differ(a, b), "{a} {b}");
        }
    }

    #[test]
    fn the_same_number_written_otherwise_is_no_difference() {
        for (a, b) in [
            ("三组", "3组"),
            ("二十三号", "23号"),
            ("二〇二五年", "2025年"),
            ("一万二千亩", "12000亩"),
            ("管网Ⅳ标", "管网4标"),
            ("道路硬化", "道路硬化"),
            ("道 路 硬 化", "道路硬化"),
        ] {
            assert!(!differ(a, b), "{a} {b}");
        }
    }

    #[test]
    fn names_that_differ_in_more_than_a_number_do_not_count() {
        for (a, b) in [
            ("三组道路", "四组水渠"),
            ("三组道路", "道路"),
            ("三组至四组道路", "三组道路"),
            ("k线道路", "kb线道路"),
        ] {
            assert!(!differ(a, b), "{a} {b}");
        }
    }

    proptest! {
        #[test]
        fn it_is_symmetric_and_false_on_equal_names(a in "[一二十甲路村ai3]{0,8}", b in "[一二十甲路村ai3]{0,8}") {
            prop_assert_eq!(differ(&a, &b), differ(&b, &a));
            prop_assert!(!differ(&a, &a));
        }

        #[test]
        fn any_text_can_be_taken_apart(a in any::<String>()) {
            NumberedName::of(&a);
        }
    }
}
