//! A Parquet column's array as the declared column holds it. Whole money is fen, other money yuan.

use std::borrow::Cow;
use std::sync::Arc;

use kandeng_screening::ColumnType;
use kandeng_screening::arrow::array::{
    Array, ArrayRef, AsArray as _, BooleanArray, Date32Array, Float64Array, Int64Array,
    StringArray, TimestampMillisecondArray,
};
use kandeng_screening::arrow::compute::cast;
use kandeng_screening::arrow::datatypes::{DataType, TimeUnit};
use kandeng_screening::arrow::error::ArrowError;

use super::identity::IdentityKey;
use super::resident;
use super::value::answer::{Answers, read_bool};
use super::value::{Cell, code, date, money, quantity, stands_for_nothing};
use crate::filing::{Column, Field, Units};

/// What an array needs to be read as its column.
#[derive(Clone)]
pub(crate) struct Caster {
    pub field: Field,
    pub answers: Option<Arc<Answers>>,
    pub key: IdentityKey,
    pub units: Arc<Units>,
}

impl Caster {
    /// Reads arrays of a column.
    pub fn new(
        column: &Column,
        answers: Option<Arc<Answers>>,
        key: &IdentityKey,
        units: &Arc<Units>,
    ) -> Self {
        Self {
            field: column.field,
            answers,
            key: key.clone(),
            units: Arc::clone(units),
        }
    }

    /// The array as declared; what cannot be read becomes null.
    pub fn cast(&self, array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        let to = self.field.column_type().arrow();
        let from = array.data_type();
        let is_text = |kind: &DataType| {
            matches!(
                kind,
                DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
            )
        };
        let from_text =
            is_text(from) || matches!(from, DataType::Dictionary(_, value) if is_text(value));
        match self.field {
            Field::Identity => self.identities(array),
            Field::Choice | Field::Uscc | Field::Unit | Field::Code => {
                Ok(self.without_residents(self.texts(array)?))
            }
            Field::Text if from_text => Ok(self.without_residents(cast(array, &DataType::Utf8)?)),
            Field::Money if !from.is_integer() && !from_text => yuan(array),
            _ if from_text && to != DataType::Utf8 => self.parsed(&cast(array, &DataType::Utf8)?),
            Field::Date if matches!(from, DataType::Timestamp(..)) => days(array),
            Field::Time => cast(
                &cast(array, &DataType::Timestamp(TimeUnit::Millisecond, None))?,
                &to,
            ),
            _ if *from == to => Ok(Arc::clone(array)),
            _ => cast(array, &to),
        }
    }

    /// Whether every value of a column of this type can be read, so that none becomes null.
    pub fn keeps_all(&self, from: &DataType) -> bool {
        match self.field {
            Field::Text => matches!(
                from,
                DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
            ),
            Field::Money | Field::Int => matches!(from, DataType::Int32 | DataType::Int64),
            Field::Date => *from == DataType::Date32,
            _ => false,
        }
    }

    fn identities(&self, array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        let texts = cast(array, &DataType::Utf8)?;
        let values: &StringArray = texts.as_string();
        // Hashed already, as a county's Parquet mostly is: nothing to do.
        let is_hash = |text: &str| {
            super::identity::key_of(text).is_some()
                && !text.bytes().any(|byte| byte.is_ascii_uppercase())
        };
        if values.iter().flatten().all(is_hash) {
            return Ok(texts);
        }
        let own = |number: &str| {
            let number = code::read(Cell::text(number)).ok().flatten()?;
            if stands_for_nothing(&number) {
                return None;
            }
            Some(self.key.hash(&number))
        };
        Ok(Arc::new(map(texts.as_string(), own)))
    }

    /// Text without identity numbers that do not belong there.
    fn without_residents(&self, texts: ArrayRef) -> ArrayRef {
        let values: &StringArray = texts.as_string();
        let is_clean = |text| matches!(resident::hashed(text, &self.key), Cow::Borrowed(_));
        if values.iter().flatten().all(is_clean) {
            return texts;
        }
        let hidden = map(values, |text| {
            Some(resident::hashed(text, &self.key).into_owned())
        });
        Arc::new(hidden)
    }

    fn texts(&self, array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        let texts = cast(array, &DataType::Utf8)?;
        let values: &StringArray = texts.as_string();
        let clean = match self.field {
            // Already as it should be: nothing to copy.
            Field::Code => !values
                .iter()
                .flatten()
                .any(|text| text.is_empty() || text.bytes().any(|byte| byte == b' ')),
            Field::Uscc => !values
                .iter()
                .flatten()
                .any(|text| text.len() != 18 || text.bytes().any(|byte| byte.is_ascii_lowercase())),
            _ => false,
        };
        if clean {
            return Ok(texts);
        }
        let read = |text: &str| match self.field {
            Field::Choice => {
                let key = self.answers.as_ref()?.read(Cell::text(text)).ok()??;
                Some(key.to_owned())
            }
            Field::Uscc => code::read_uscc(Cell::text(text)).ok()?,
            Field::Unit => code::read_text(Cell::text(text)).ok()?.map(|unit| {
                self.units
                    .canonical(&unit)
                    .map_or_else(|| unit.clone(), str::to_owned)
            }),
            _ => code::read(Cell::text(text)).ok()?,
        };
        Ok(Arc::new(map(values, read)))
    }

    /// Text read as the cells of a sheet are.
    fn parsed(&self, texts: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        let cells = texts
            .as_string::<i32>()
            .iter()
            .map(|text| text.map_or(Cell::Empty, Cell::text));
        Ok(match self.field {
            Field::Money => Arc::new(
                cells
                    .map(|cell| money::read(cell, money::YUAN).ok().flatten())
                    .collect::<Int64Array>(),
            ),
            Field::Int => Arc::new(
                cells
                    .map(|cell| quantity::read_int(cell).ok().flatten())
                    .collect::<Int64Array>(),
            ),
            Field::Date => Arc::new(
                cells
                    .map(|cell| date::read(cell, false).ok().flatten())
                    .collect::<Date32Array>(),
            ),
            Field::Time => {
                let times = cells.map(|cell| date::read_time(cell, false).ok().flatten());
                Arc::new(
                    times
                        .collect::<TimestampMillisecondArray>()
                        .with_timezone("UTC"),
                )
            }
            Field::Bool => Arc::new(
                cells
                    .map(|cell| read_bool(cell).ok().flatten())
                    .collect::<BooleanArray>(),
            ),
            Field::Quantity => {
                let numbers = cells.map(|cell| {
                    quantity::read(cell)
                        .ok()
                        .flatten()
                        .map(|(number, _)| number)
                });
                Arc::new(numbers.collect::<Float64Array>())
            }
            Field::Percent => Arc::new(
                cells
                    .map(|cell| quantity::read_percent(cell).ok().flatten())
                    .collect::<Float64Array>(),
            ),
            Field::Number => Arc::new(
                cells
                    .map(|cell| quantity::read_number(cell).ok().flatten())
                    .collect::<Float64Array>(),
            ),
            _ => return cast(texts, &ColumnType::Text.arrow()),
        })
    }
}

fn map(texts: &StringArray, read: impl Fn(&str) -> Option<String>) -> StringArray {
    texts.iter().map(|text| text.and_then(&read)).collect()
}

/// Decimals and floating-point numbers of yuan, in fen.
fn yuan(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let numbers = cast(array, &DataType::Float64)?;
    let fen = numbers
        .as_primitive::<kandeng_screening::arrow::datatypes::Float64Type>()
        .iter()
        .map(|number| {
            number.and_then(|number| {
                money::read(Cell::Number(number), money::YUAN)
                    .ok()
                    .flatten()
            })
        });
    Ok(Arc::new(fen.collect::<Int64Array>()))
}

/// Moments as the day in China.
fn days(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let has_zone = matches!(array.data_type(), DataType::Timestamp(_, Some(_)));
    let moments = cast(array, &DataType::Timestamp(TimeUnit::Millisecond, None))?;
    let moments =
        moments.as_primitive::<kandeng_screening::arrow::datatypes::TimestampMillisecondType>();
    let day = |millis: i64| {
        if has_zone {
            date::day_in_china(millis)
        } else {
            millis.div_euclid(86_400_000) as i32
        }
    };
    Ok(Arc::new(
        moments
            .iter()
            .map(|millis| millis.map(day))
            .collect::<Date32Array>(),
    ))
}
