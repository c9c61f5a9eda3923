//! Amounts of money as people write them, in fen, by decimal arithmetic.

use super::decimal::Decimal;
use super::{Cell, Refused, half_width, stands_for_nothing};

/// The unit that a header or a suffix names, as fen.
pub const YUAN: i64 = 100;
/// 万元 in fen.
pub const WAN: i64 = 1_000_000;
/// 亿元 in fen.
pub const YI: i64 = 10_000_000_000;

/// Suffixes, longest first.
const SUFFIXES: [(&str, i64); 12] = [
    ("亿元整", YI),
    ("万元整", WAN),
    ("亿元", YI),
    ("万元", WAN),
    ("元整", YUAN),
    ("千元", 100_000),
    ("亿", YI),
    ("万", WAN),
    ("元", YUAN),
    ("角", 10),
    ("分", 1),
    ("整", 0),
];

/// The fen of a unit of money named by itself, as a header does.
pub fn unit(name: &str) -> Option<i64> {
    match name {
        "元" | "人民币元" | "yuan" | "cny" | "rmb" => Some(YUAN),
        "千元" => Some(100_000),
        "万元" | "万" | "10,000yuan" | "10kyuan" => Some(WAN),
        "亿元" | "亿" => Some(YI),
        "分" | "fen" => Some(1),
        _ => None,
    }
}

/// Ten million million yuan is no county's amount but a number of another kind.
const LARGEST_FEN: i64 = 1_000_000_000_000_000;

/// Whether so many fen can be an amount.
pub(crate) fn is_amount(fen: i64) -> bool {
    -LARGEST_FEN < fen && fen < LARGEST_FEN
}

/// Reads an amount in fen. A suffix says the unit; without one it is `default` fen.
///
/// # Errors
/// When it is no amount, or more than 64 bits of fen.
pub fn read(cell: Cell<'_>, default: i64) -> Result<Option<i64>, Refused> {
    let fen = match cell {
        Cell::Empty => return Ok(None),
        Cell::Failed(error) => return Err(Refused::formula(error)),
        Cell::Number(number) => Decimal::of(number).and_then(|decimal| decimal.times(default)),
        Cell::Text(text) if stands_for_nothing(text) => return Ok(None),
        Cell::Text(text) => parse(text, default),
        Cell::Moment { .. } | Cell::Bool(_) => None,
    };
    fen.filter(|fen| is_amount(*fen)).map(Some).ok_or_else(|| {
        Refused::new(
            "money",
            "应为金额,如 12000、1.2万元、¥12,000.00",
            "expected an amount, such as 12000, 1.2万元 or ¥12,000.00",
        )
    })
}

/// An amount in fen, from text alone.
pub fn parse(text: &str, default: i64) -> Option<i64> {
    let text = half_width(text);
    let text: String = text
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .collect();
    let mut text = text.as_str();
    let mut negative = false;
    loop {
        if let Some(rest) = ["人民币", "RMB", "CNY", "¥", "￥"]
            .iter()
            .find_map(|prefix| text.strip_prefix(prefix))
        {
            text = rest;
        } else if let (false, Some(rest)) = (negative, text.strip_prefix('-')) {
            negative = true;
            text = rest;
        } else {
            break;
        }
    }
    let (body, factor) = SUFFIXES
        .iter()
        .find_map(|(suffix, factor)| text.strip_suffix(suffix).map(|body| (body, *factor)))
        .unwrap_or((text, 0));
    let decimal = Decimal::parse(body)?;
    if negative && decimal.digits < 0 {
        return None;
    }
    let fen = decimal.times(if factor == 0 { default } else { factor })?;
    Some(if negative { -fen } else { fen })
}

/// An amount as `12.34元`, the inverse of [`parse`].
pub fn print(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let fen = fen.unsigned_abs();
    format!("{sign}{}.{:02}元", fen / 100, fen % 100)
}
