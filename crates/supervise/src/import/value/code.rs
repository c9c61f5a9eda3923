//! Codes and numbers that name somebody: text, although Excel may have taken it for a number.

use super::{Cell, Refused, half_width, stands_for_nothing};

/// Excel keeps fifteen digits of a number; a longer code has lost its end.
const KEPT: f64 = 1e15;

/// Reads a code: without spaces, half-width, as text.
///
/// # Errors
/// When Excel has cut its digits.
pub fn read(cell: Cell<'_>) -> Result<Option<String>, Refused> {
    match cell {
        Cell::Empty => Ok(None),
        Cell::Failed(error) => Err(Refused::formula(error)),
        Cell::Text(text) if stands_for_nothing(text) => Ok(None),
        // Nearly every code has nothing to be mended.
        Cell::Text(text) if is_plain(text) => Ok(Some(text.to_owned())),
        Cell::Text(text) => {
            let code: String = half_width(text)
                .trim_start_matches('\'')
                .chars()
                .filter(|letter| !letter.is_whitespace())
                .collect();
            Ok((!code.is_empty()).then_some(code))
        }
        Cell::Number(number) if number.abs() >= KEPT => Err(cut()),
        Cell::Number(number) if number.fract() == 0.0 => Ok(Some(format!("{number}"))),
        Cell::Number(_) | Cell::Moment { .. } | Cell::Bool(_) => Err(Refused::new(
            "code",
            "应为编码(文本)",
            "expected a code, as text",
        )),
    }
}

/// Letters, digits and signs of ASCII, without space or quotation mark.
fn is_plain(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\'')
}

/// Reads text as it stands, without what surrounds it.
///
/// # Errors
/// When a formula failed, or Excel has cut the digits of a number.
pub fn read_text(cell: Cell<'_>) -> Result<Option<String>, Refused> {
    match cell {
        Cell::Empty => Ok(None),
        Cell::Failed(error) => Err(Refused::formula(error)),
        Cell::Text(text) if stands_for_nothing(text) => Ok(None),
        Cell::Number(number) if number.abs() >= KEPT => Err(cut()),
        other => Ok(Some(other.to_text())),
    }
}

/// An organization's code, upper case.
///
/// # Errors
/// As [`read`].
pub fn read_uscc(cell: Cell<'_>) -> Result<Option<String>, Refused> {
    Ok(read(cell)?.map(|code| code.to_uppercase()))
}

fn cut() -> Refused {
    Refused::new(
        "digits",
        "数字超过 15 位,Excel 已截断;请将此列设为文本后重新录入",
        "more than 15 digits, which Excel has cut; make the column text and enter it again",
    )
}
