//! A value of a cell, as it is written into a workbook. Pure.

use calamine::{Data, DataType, ExcelDateTime, ExcelDateTimeType};

/// Days from 1899-12-30, where Excel's serials begin, to 1970-01-01.
const SERIAL_OF_1970: i32 = 25_569;
/// Days between the two date systems of Excel, 1900 and 1904.
pub(super) const DAYS_TO_1904: f64 = 1_462.0;

/// What one cell holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum CellValue {
    /// Nothing.
    #[default]
    Empty,
    /// Text, never a formula.
    Text(String),
    /// A number as it is.
    Number(f64),
    /// A count.
    Whole(i64),
    /// Yes or no.
    Bool(bool),
    /// Days since 1970-01-01 (Arrow's `Date32`), shown as a date.
    Date(i32),
    /// Excel serial of the 1900 system, shown as a date and, when it has one, a time.
    Moment(f64),
    /// Days, shown as hours, minutes and seconds.
    Duration(f64),
    /// Fen, shown as yuan with two decimals.
    Money(i64),
    /// A ratio, shown as a percentage with one decimal.
    Share(f64),
}

impl CellValue {
    /// As an Excel serial of the 1900 system.
    pub(super) fn serial(days_since_1970: i32) -> f64 {
        f64::from(days_since_1970) + f64::from(SERIAL_OF_1970)
    }
}

impl From<&Data> for CellValue {
    /// A value as it was read; errors of formulas become their text (`#DIV/0!`).
    fn from(data: &Data) -> Self {
        match data {
            Data::Empty => Self::Empty,
            Data::Int(value) => Self::Whole(*value),
            Data::Float(value) => Self::Number(*value),
            Data::String(text) | Data::DurationIso(text) => Self::Text(text.clone()),
            Data::Bool(value) => Self::Bool(*value),
            Data::DateTime(moment) if moment.is_duration() => Self::Duration(moment.as_f64()),
            Data::DateTime(moment) => {
                let value = moment.as_f64();
                let counted_from_1904 =
                    *moment == ExcelDateTime::new(value, ExcelDateTimeType::DateTime, true);
                Self::Moment(if counted_from_1904 {
                    value + DAYS_TO_1904
                } else {
                    value
                })
            }
            Data::DateTimeIso(text) => {
                let moment = data
                    .as_datetime()
                    .or_else(|| data.as_date()?.and_hms_opt(0, 0, 0));
                moment.map_or_else(
                    || Self::Text(text.clone()),
                    |moment| {
                        let seconds = moment.and_utc().timestamp() as f64;
                        Self::Moment(seconds / 86_400.0 + f64::from(SERIAL_OF_1970))
                    },
                )
            }
            Data::Error(error) => Self::Text(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_an_open_document_become_serials() {
        let read = |text: &str| CellValue::from(&Data::DateTimeIso(text.to_owned()));
        assert_eq!(read("1970-01-02T12:00:00"), CellValue::Moment(25_570.5));
        assert_eq!(read("2024-03-14"), CellValue::Moment(45_365.0));
        assert_eq!(read("soon"), CellValue::Text("soon".to_owned()));
    }

    #[test]
    fn errors_of_formulas_are_kept_as_their_text() {
        let value = CellValue::from(&Data::Error(calamine::CellErrorType::Div0));
        assert_eq!(value, CellValue::Text("#DIV/0!".to_owned()));
    }
}
