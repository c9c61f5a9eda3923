//! Quantities with their units, percentages, whole and other numbers.

use super::decimal::Decimal;
use super::{Cell, Refused, half_width, stands_for_nothing};

/// Numbers from here on, either way, are neither counts nor quantities but of another kind, perhaps one that names
/// somebody.
const LARGEST: i64 = 1_000_000_000_000;

/// Whether a whole number can be a count.
pub(crate) fn is_count(number: i64) -> bool {
    -LARGEST < number && number < LARGEST
}

/// Whether a number can be a quantity.
pub(crate) fn is_quantity(number: f64) -> bool {
    number.abs() < LARGEST as f64
}

/// Reads a quantity, and the unit written after it.
///
/// # Errors
/// When it does not begin with a number.
pub fn read(cell: Cell<'_>) -> Result<Option<(f64, Option<String>)>, Refused> {
    match cell {
        Cell::Empty => Ok(None),
        Cell::Failed(error) => Err(Refused::formula(error)),
        Cell::Number(number) if is_quantity(number) => Ok(Some((number, None))),
        Cell::Text(text) if stands_for_nothing(text) => Ok(None),
        Cell::Text(text) => parse(text)
            .filter(|(number, _)| is_quantity(*number))
            .map(Some)
            .ok_or_else(refused_quantity),
        Cell::Number(_) | Cell::Moment { .. } | Cell::Bool(_) => Err(refused_quantity()),
    }
}

/// `12.5亩`, `1,200 平方米`, `3万株`: the number, and the unit as written.
pub fn parse(text: &str) -> Option<(f64, Option<String>)> {
    let text = half_width(text);
    let text = text.trim();
    let end = text
        .find(|letter: char| {
            !(letter.is_ascii_digit() || matches!(letter, '.' | ',' | '-' | '+' | ' '))
        })
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let decimal = Decimal::parse(number)?;
    let unit = unit.trim();
    let (factor, unit) = match unit.strip_prefix('万') {
        Some(rest) => (10_000.0, rest),
        None => (1.0, unit),
    };
    if unit.starts_with(|letter: char| letter.is_ascii_digit()) {
        return None;
    }
    let value = if factor > 1.0 {
        Decimal {
            digits: decimal.digits.checked_mul(10_000)?,
            scale: decimal.scale,
        }
        .to_f64()
    } else {
        decimal.to_f64()
    };
    let unit = unit.trim_matches(['(', ')']).trim();
    Some((value, (!unit.is_empty()).then(|| unit.to_owned())))
}

/// A quantity with its unit, the inverse of [`parse`].
pub fn print(value: f64, unit: Option<&str>) -> String {
    format!("{value}{}", unit.unwrap_or(""))
}

/// Reads a percentage: 40 or 40%.
///
/// # Errors
/// When it is no number.
pub fn read_percent(cell: Cell<'_>) -> Result<Option<f64>, Refused> {
    if let Cell::Text(text) = cell {
        let text = half_width(text);
        let bare = text.trim().trim_end_matches('%');
        return read_number(Cell::text(bare));
    }
    read_number(cell)
}

/// Reads a number.
///
/// # Errors
/// When it is none.
pub fn read_number(cell: Cell<'_>) -> Result<Option<f64>, Refused> {
    match cell {
        Cell::Empty => Ok(None),
        Cell::Failed(error) => Err(Refused::formula(error)),
        Cell::Number(number) if is_quantity(number) => Ok(Some(number)),
        Cell::Text(text) if stands_for_nothing(text) => Ok(None),
        Cell::Text(text) => Decimal::parse(text)
            .map(Decimal::to_f64)
            .filter(|number| is_quantity(*number))
            .map(Some)
            .ok_or_else(refused_number),
        Cell::Number(_) | Cell::Moment { .. } | Cell::Bool(_) => Err(refused_number()),
    }
}

/// Reads a whole number; 户, 人, 年 and the like may follow it.
///
/// # Errors
/// When it is none.
pub fn read_int(cell: Cell<'_>) -> Result<Option<i64>, Refused> {
    let whole = |decimal: Decimal| {
        let divisor = 10_i128.checked_pow(decimal.scale)?;
        let whole = (decimal.digits % divisor == 0).then_some(decimal.digits / divisor)?;
        i64::try_from(whole).ok().filter(|whole| is_count(*whole))
    };
    let refused = || {
        Refused::new(
            "int",
            "应为整数,如 46",
            "expected a whole number, such as 46",
        )
    };
    match cell {
        Cell::Empty => Ok(None),
        Cell::Failed(error) => Err(Refused::formula(error)),
        Cell::Number(number) => Decimal::of(number)
            .and_then(whole)
            .map(Some)
            .ok_or_else(refused),
        Cell::Text(text) if stands_for_nothing(text) => Ok(None),
        Cell::Text(text) => {
            let bare = text.trim_end_matches(['户', '人', '年', '名', '度', '个']);
            Decimal::parse(bare)
                .and_then(whole)
                .map(Some)
                .ok_or_else(refused)
        }
        Cell::Moment { .. } | Cell::Bool(_) => Err(refused()),
    }
}

fn refused_quantity() -> Refused {
    Refused::new(
        "quantity",
        "应为数量,如 120 或 120亩",
        "expected a quantity, such as 120 or 120亩",
    )
}

fn refused_number() -> Refused {
    Refused::new(
        "number",
        "应为数字,如 12.5",
        "expected a number, such as 12.5",
    )
}
