//! Decimal numbers as people write them, held exactly.

use super::half_width;

/// `digits` ÷ 10^`scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    /// All digits, with the sign.
    pub digits: i128,
    /// How many of them stand behind the point.
    pub scale: u32,
}

/// More digits than any amount or quantity has.
const MOST_DIGITS: usize = 28;

impl Decimal {
    /// Reads `1,234.50`, `１２３４`, `-3`, `(3)`; thousands separators must stand where thousands are.
    pub fn parse(text: &str) -> Option<Self> {
        let text = half_width(text);
        let text: String = text.chars().filter(|letter| *letter != ' ').collect();
        let (negative, body) = match text
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'))
        {
            Some(inner) => (true, inner),
            None => match text.strip_prefix('-') {
                Some(rest) => (true, rest),
                None => (false, text.strip_prefix('+').unwrap_or(&text)),
            },
        };
        let (whole, part) = match body.split_once('.') {
            Some((whole, part)) => (whole, part),
            None => (body, ""),
        };
        if !grouped(whole) || !part.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let mut digits: i128 = 0;
        let mut count = 0;
        for digit in whole.bytes().chain(part.bytes()).filter(u8::is_ascii_digit) {
            digits = digits * 10 + i128::from(digit - b'0');
            count += 1;
            if count > MOST_DIGITS {
                return None;
            }
        }
        if count == 0 {
            return None;
        }
        // Cannot fail: at most 28 digits stand behind the point.
        let scale = u32::try_from(part.len()).ok()?;
        Some(Self {
            digits: if negative { -digits } else { digits },
            scale,
        })
    }

    /// The shortest decimal that a floating-point number stands for: 0.1 is 0.1.
    pub fn of(number: f64) -> Option<Self> {
        if !number.is_finite() || number.abs() >= 1e17 {
            return None;
        }
        if number.fract() == 0.0 {
            return Some(Self {
                digits: number as i128,
                scale: 0,
            });
        }
        let text = format!("{number}");
        if text.len() <= MOST_DIGITS {
            return Self::parse(&text);
        }
        // Too small to matter beside money or land; keep what eight places can say.
        Self::parse(&format!("{number:.8}"))
    }

    /// The number times `factor`, to the nearest whole, halves away from zero; `None` beyond 64 bits.
    pub fn times(self, factor: i64) -> Option<i64> {
        let product = self.digits.checked_mul(i128::from(factor))?;
        let divisor = 10_i128.checked_pow(self.scale)?;
        let half = if product < 0 {
            -(divisor / 2)
        } else {
            divisor / 2
        };
        i64::try_from((product + half) / divisor).ok()
    }

    /// The nearest floating-point number.
    pub fn to_f64(self) -> f64 {
        let text = format!("{}e-{}", self.digits, self.scale);
        // Cannot fail: an integer with an exponent is a number.
        text.parse().unwrap_or(f64::NAN)
    }
}

/// Digits with no separators, or with a comma before every three.
fn grouped(whole: &str) -> bool {
    if !whole.contains(',') {
        return whole.bytes().all(|digit| digit.is_ascii_digit());
    }
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or("");
    let digits = |group: &str| group.bytes().all(|digit| digit.is_ascii_digit());
    (1..=3).contains(&first.len())
        && digits(first)
        && groups.all(|group| group.len() == 3 && digits(group))
}
