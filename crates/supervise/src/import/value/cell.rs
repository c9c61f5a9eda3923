//! One cell as a workbook or a CSV file gives it, before anybody knows what it should hold.

use calamine::{CellErrorType, Data, DataRef, ExcelDateTime};

use super::date;

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Nothing.
    Empty,
    /// Text, as it stands.
    Text(&'a str),
    /// A number.
    Number(f64),
    /// A day (since 1970-01-01) and the milliseconds passed of it, as the wall clock shows them.
    Moment {
        /// Days since 1970-01-01.
        day: i32,
        /// Milliseconds since midnight.
        millis: i64,
    },
    /// True or false.
    Bool(bool),
    /// A formula's error.
    Failed(&'static str),
}

impl<'a> Cell<'a> {
    /// A cell as the workbook's reader gives it.
    pub fn of(data: &'a DataRef<'_>) -> Self {
        match data {
            DataRef::Empty => Self::Empty,
            DataRef::Int(whole) => Self::Number(*whole as f64),
            DataRef::Float(number) => Self::Number(*number),
            DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
                Self::text(text)
            }
            DataRef::SharedString(text) => Self::text(text),
            DataRef::Bool(answer) => Self::Bool(*answer),
            DataRef::DateTime(moment) => Self::moment(moment),
            DataRef::Error(error) => Self::Failed(formula_error(error)),
        }
    }

    /// A cell of a sheet that was read as a whole.
    pub fn of_owned(data: &'a Data) -> Self {
        match data {
            Data::Empty => Self::Empty,
            Data::Int(whole) => Self::Number(*whole as f64),
            Data::Float(number) => Self::Number(*number),
            Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => {
                Self::text(text)
            }
            Data::Bool(answer) => Self::Bool(*answer),
            Data::DateTime(moment) => Self::moment(moment),
            Data::Error(error) => Self::Failed(formula_error(error)),
        }
    }

    /// Text without what surrounds it; nothing when nothing is left.
    pub fn text(text: &'a str) -> Self {
        let text = text.trim_matches(|letter: char| letter.is_whitespace() || letter == '\u{FEFF}');
        if text.is_empty() {
            Self::Empty
        } else {
            Self::Text(text)
        }
    }

    fn moment(moment: &ExcelDateTime) -> Self {
        if moment.is_duration() {
            return Self::Number(moment.as_f64());
        }
        let (year, month, day, hour, minute, second, milli) = moment.to_ymd_hms_milli();
        let millis = ((i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second)) * 1000
            + i64::from(milli);
        match date::days(i32::from(year), u32::from(month), u32::from(day)) {
            Some(day) => Self::Moment { day, millis },
            None => Self::Number(moment.as_f64()),
        }
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// The cell as text, as a person would read it.
    pub fn to_text(self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.to_owned(),
            Self::Number(number) => format!("{number}"),
            Self::Moment { day, millis: 0 } => date::print(day),
            Self::Moment { day, millis } => date::print_moment(day, millis),
            Self::Bool(true) => "是".to_owned(),
            Self::Bool(false) => "否".to_owned(),
            Self::Failed(error) => error.to_owned(),
        }
    }
}

fn formula_error(error: &CellErrorType) -> &'static str {
    match error {
        CellErrorType::Div0 => "#DIV/0!",
        CellErrorType::NA => "#N/A",
        CellErrorType::Name => "#NAME?",
        CellErrorType::Null => "#NULL!",
        CellErrorType::Num => "#NUM!",
        CellErrorType::Ref => "#REF!",
        CellErrorType::Value => "#VALUE!",
        CellErrorType::GettingData => "#GETTING_DATA",
    }
}
