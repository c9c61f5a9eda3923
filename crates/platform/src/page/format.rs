//! Money, areas and time as people there write them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::Words;
use crate::context::Language;

/// Money of so many fen: below 10,000 yuan in yuan, above in 万元, from a hundred million on in 亿元 (Chinese) or in yuan with commas (English).
///
/// ```
/// use kandeng_platform::Language;
/// use kandeng_platform::page::{Words, money};
/// let zh = Words::new(Language::Zh);
/// assert_eq!(money(zh, 18_600_000), "18.60 万元");
/// assert_eq!(money(zh, 184_200_000_000), "18.42 亿元");
/// assert_eq!(money(zh, 345_629), "3,456.29 元");
/// assert_eq!(money(zh, -50), "-0.50 元");
/// assert_eq!(money(Words::new(Language::En), 18_600_000), "¥186,000.00");
/// ```
pub fn money(words: Words, fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let fen = fen.unsigned_abs();
    match words.language {
        Language::Zh if fen >= 10_000_000_000 => {
            // To the nearest million yuan, which is the second place of 亿元.
            let millions = (fen + 50_000_000) / 100_000_000;
            format!(
                "{sign}{}.{:02} 亿元",
                commas(millions / 100),
                millions % 100
            )
        }
        Language::Zh if fen >= 1_000_000 => {
            // To the nearest hundred yuan, which is the second place of 万元.
            let hundreds = (fen + 5_000) / 10_000;
            format!(
                "{sign}{}.{:02} 万元",
                commas(hundreds / 100),
                hundreds % 100
            )
        }
        Language::Zh => format!("{sign}{}.{:02} 元", commas(fen / 100), fen % 100),
        Language::En => format!("{sign}¥{}.{:02}", commas(fen / 100), fen % 100),
    }
}

/// An area of so many square metres, in mu as fields are measured there, to a hundredth.
///
/// ```
/// use kandeng_platform::Language;
/// use kandeng_platform::page::{Words, area};
/// assert_eq!(area(Words::new(Language::Zh), 80_000), "120.00 亩");
/// assert_eq!(area(Words::new(Language::En), 1_000), "1.50 mu (1,000 m²)");
/// ```
pub fn area(words: Words, square_metres: u64) -> String {
    // A mu is a fifteenth of a hectare: 2000/3 square metres.
    let hundredths = (square_metres.saturating_mul(3) + 10) / 20;
    let mu = format!("{}.{:02}", commas(hundredths / 100), hundredths % 100);
    match words.language {
        Language::Zh => format!("{mu} 亩"),
        Language::En => format!("{mu} mu ({} m²)", commas(square_metres)),
    }
}

fn commas(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A moment, in milliseconds since 1970, as a wall clock in China shows it: `2026-03-14 09:26`.
pub fn moment(milliseconds: i64) -> String {
    local(milliseconds).map_or_else(String::new, |at| at.strftime("%Y-%m-%d %H:%M").to_string())
}

/// Its day: `2026-03-14`.
pub fn day(milliseconds: i64) -> String {
    local(milliseconds).map_or_else(String::new, |at| at.strftime("%Y-%m-%d").to_string())
}

fn local(milliseconds: i64) -> Option<DateTime> {
    let at = Timestamp::from_millisecond(milliseconds).ok()?;
    // China has one zone, eight hours ahead, all year.
    Some(Offset::constant(8).to_datetime(at))
}
