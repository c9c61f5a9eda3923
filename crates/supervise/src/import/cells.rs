//! A Parquet column's values as the cells a sheet would show, so that both are read by the same readers.

use kandeng_screening::arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Date32Array, Float64Array, StringArray,
    TimestampMillisecondArray,
};
use kandeng_screening::arrow::compute::cast;
use kandeng_screening::arrow::datatypes::{
    DataType, Date32Type, Float64Type, TimeUnit, TimestampMillisecondType,
};
use kandeng_screening::arrow::error::ArrowError;

use super::value::{Cell, date};

/// A day in milliseconds.
const DAY: i64 = 86_400_000;

/// The values of a column.
pub(crate) enum Cells {
    Texts(StringArray),
    Numbers(Float64Array),
    Answers(BooleanArray),
    Days(Date32Array),
    /// Moments, and whether they are UTC; without a zone they are China's clocks.
    Moments(TimestampMillisecondArray, bool),
}

impl Cells {
    /// The cells of an array. Decimals, and whole numbers where `as_text` asks for it, come as text,
    /// which holds all their digits.
    pub fn of(array: &ArrayRef, as_text: bool) -> Result<Self, ArrowError> {
        let kind = array.data_type();
        Ok(match kind {
            DataType::Boolean => Self::Answers(array.as_boolean().clone()),
            DataType::Date32 | DataType::Date64 => {
                let days = cast(array, &DataType::Date32)?;
                Self::Days(days.as_primitive::<Date32Type>().clone())
            }
            DataType::Timestamp(_, zone) => {
                let moments = cast(array, &DataType::Timestamp(TimeUnit::Millisecond, None))?;
                let moments = moments.as_primitive::<TimestampMillisecondType>();
                Self::Moments(moments.clone(), zone.is_some())
            }
            _ if kind.is_floating() || (kind.is_integer() && !as_text) => {
                let numbers = cast(array, &DataType::Float64)?;
                Self::Numbers(numbers.as_primitive::<Float64Type>().clone())
            }
            _ => Self::Texts(cast(array, &DataType::Utf8)?.as_string().clone()),
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Texts(array) => array.len(),
            Self::Numbers(array) => array.len(),
            Self::Answers(array) => array.len(),
            Self::Days(array) => array.len(),
            Self::Moments(array, _) => array.len(),
        }
    }

    /// One of them. What is no number is nothing.
    pub fn cell(&self, row: usize) -> Cell<'_> {
        match self {
            Self::Texts(array) if array.is_valid(row) => Cell::text(array.value(row)),
            Self::Numbers(array) if array.is_valid(row) && !array.value(row).is_nan() => {
                Cell::Number(array.value(row))
            }
            Self::Answers(array) if array.is_valid(row) => Cell::Bool(array.value(row)),
            Self::Days(array) if array.is_valid(row) => Cell::Moment {
                day: array.value(row),
                millis: 0,
            },
            Self::Moments(array, in_utc) if array.is_valid(row) => {
                let millis = array.value(row) + if *in_utc { date::SHANGHAI } else { 0 };
                Cell::Moment {
                    day: millis.div_euclid(DAY) as i32,
                    millis: millis.rem_euclid(DAY),
                }
            }
            _ => Cell::Empty,
        }
    }
}
