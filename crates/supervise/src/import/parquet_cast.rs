//! A Parquet column's array as the declared column holds it. What is of the declared type already is
//! taken as it is; all else is read cell by cell, as a sheet's cells are.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use kandeng_screening::arrow::array::{Array as _, ArrayRef, AsArray as _, StringArray};
use kandeng_screening::arrow::compute::cast;
use kandeng_screening::arrow::datatypes::{DataType, Float64Type, Int64Type};
use kandeng_screening::arrow::error::ArrowError;

use super::cells::Cells;
use super::columns::{Builder, Value};
use super::convert::{Asked, Names, convert};
use super::header::HeaderUnit;
use super::identity::IdentityKey;
use super::keys::Keys;
use super::percent::Percents;
use super::resident;
use super::value::answer::Answers;
use super::value::{Cell, money, quantity, stands_for_nothing};
use crate::filing::{Column, Field, Range, Units};

/// What an array needs to be read as its column.
#[derive(Clone)]
pub(crate) struct Caster {
    field: Field,
    range: Range,
    answers: Option<Arc<Answers>>,
    key: IdentityKey,
    units: Arc<Units>,
    keys: Arc<Keys>,
    unit: Option<HeaderUnit>,
    /// Whole numbers of money are fen: the column goes by its key and names no unit.
    in_fen: bool,
    /// Percentages are written as fractions.
    of_fractions: bool,
    /// Texts that were found to be as they should, by the rows before them and their number: a column is
    /// decoded for every statement that reads it, and looked through once.
    ready: Arc<Mutex<BTreeSet<(i64, usize)>>>,
}

/// What all columns are read with.
#[derive(Clone)]
pub(crate) struct Known {
    pub key: IdentityKey,
    pub units: Arc<Units>,
    /// Where the keys of hashes are noted.
    pub keys: Arc<Keys>,
}

/// An array as its column holds it.
pub(crate) struct Cast {
    pub array: ArrayRef,
    /// Values that had an identity number in them, which does not belong there.
    pub hidden: u64,
}

/// Where a declared column stands in a file.
#[derive(Clone, Debug)]
pub(crate) struct Root {
    /// Its place among the file's columns.
    pub index: usize,
    /// The unit that its header names.
    pub unit: Option<HeaderUnit>,
    /// Whether it goes by its key.
    pub is_key: bool,
    /// Whether it holds nothing but numbers between 0 and 1.
    pub of_fractions: bool,
}

impl Caster {
    /// Reads arrays of a column.
    pub fn new(
        column: &Column,
        root: Option<&Root>,
        answers: Option<Arc<Answers>>,
        known: &Known,
    ) -> Self {
        Self {
            field: column.field,
            range: column.range(),
            answers,
            key: known.key.clone(),
            units: Arc::clone(&known.units),
            keys: Arc::clone(&known.keys),
            unit: root.and_then(|root| root.unit.clone()),
            in_fen: root.is_some_and(|root| root.is_key && root.unit.is_none()),
            of_fractions: column.field == Field::Percent
                && root.is_some_and(|root| root.of_fractions),
            ready: Arc::default(),
        }
    }

    /// What the column becomes.
    pub fn kind(&self) -> DataType {
        self.field.column_type().arrow()
    }

    /// The array as declared; what cannot be read becomes null.
    pub fn cast(&self, array: &ArrayRef) -> Result<Cast, ArrowError> {
        let array = plain(array)?;
        let read = match self.as_it_is(&array)? {
            Some(array) => Cast { array, hidden: 0 },
            None => self.read(&array)?,
        };
        if let (Field::Identity, Some(hashes)) = (self.field, read.array.as_string_opt::<i32>()) {
            self.keys.note(hashes.iter().flatten());
        }
        Ok(read)
    }

    /// The same for rows of the file after the first `before`, which another statement may have asked for.
    pub fn cast_rows(&self, array: &ArrayRef, before: i64) -> Result<Cast, ArrowError> {
        let place = (before, array.len());
        // A panic elsewhere cannot leave a set half-changed.
        let ready = || self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if *array.data_type() == DataType::Utf8 && ready().contains(&place) {
            return Ok(Cast {
                array: Arc::clone(array),
                hidden: 0,
            });
        }
        let read = self.cast(array)?;
        if *array.data_type() == DataType::Utf8 && Arc::ptr_eq(array, &read.array) {
            ready().insert(place);
        }
        Ok(read)
    }

    /// The array, read cell by cell.
    fn read(&self, array: &ArrayRef) -> Result<Cast, ArrowError> {
        let mut builder = Builder::new(self.field.column_type());
        let mut hidden = 0;
        self.each(array, |value, _| {
            let value = match value {
                Value::Text(text) if self.field != Field::Identity => {
                    match resident::hashed(&text, &self.key) {
                        Cow::Borrowed(_) => Value::Text(text),
                        Cow::Owned(hash) => {
                            hidden += 1;
                            Value::Text(hash)
                        }
                    }
                }
                Value::Float(number) if self.of_fractions => {
                    Value::Float(Percents::of_fraction(number))
                }
                other => other,
            };
            builder.push(&value);
        })?;
        Ok(Cast {
            array: builder.finish(),
            hidden,
        })
    }

    /// Whether every value of a column of this type can be read, so that none becomes null. A text can
    /// stand for nothing.
    pub fn keeps_all(&self, from: &DataType) -> bool {
        match self.field {
            Field::Money => matches!(from, DataType::Int32 | DataType::Int64),
            Field::Int => *from == DataType::Int32,
            Field::Date => *from == DataType::Date32,
            _ => false,
        }
    }

    /// Whether quantities may have their unit with them, in the header or in the cell.
    pub fn may_name_units(&self, from: &DataType) -> bool {
        self.unit.is_some() || is_text(from)
    }

    /// The units written with quantities.
    pub fn units(&self, array: &ArrayRef) -> Result<StringArray, ArrowError> {
        let array = plain(array)?;
        let mut units: Vec<Option<String>> = Vec::with_capacity(array.len());
        self.each(&array, |_, unit| units.push(unit))?;
        Ok(units.into_iter().collect())
    }

    fn each(
        &self,
        array: &ArrayRef,
        mut take: impl FnMut(Value, Option<String>),
    ) -> Result<(), ArrowError> {
        let holds_text = self.kind() == DataType::Utf8;
        let cells = Cells::of(array, holds_text)?;
        let asked = Asked {
            field: self.field,
            answers: self.answers.as_deref(),
            unit: self.unit.as_ref(),
            range: self.range,
            epoch_1904: false,
        };
        let mut names = Own(self);
        for row in 0..cells.len() {
            let (value, unit) =
                convert(&mut names, &asked, cells.cell(row)).unwrap_or((Value::Null, None));
            take(value, unit);
        }
        Ok(())
    }

    /// The array, or its numbers in the declared width, when every value is as reading would leave it.
    fn as_it_is(&self, array: &ArrayRef) -> Result<Option<ArrayRef>, ArrowError> {
        if self.of_fractions {
            return Ok(None);
        }
        let from = array.data_type();
        let to = self.kind();
        if let Some(texts) = array.as_string_opt::<i32>() {
            let is_ready =
                to == DataType::Utf8 && texts.iter().flatten().all(|text| self.is_ready(text));
            return Ok(is_ready.then(|| Arc::clone(array)));
        }
        Ok(match self.field {
            Field::Money if from.is_integer() && self.in_fen => {
                let numbers = cast(array, &to)?;
                let all = numbers.as_primitive::<Int64Type>();
                let are_amounts = all.iter().flatten().all(money::is_amount);
                are_amounts.then_some(numbers)
            }
            Field::Int if from.is_integer() => {
                let numbers = cast(array, &to)?;
                let all = numbers.as_primitive::<Int64Type>();
                let are_counts = all.iter().flatten().all(quantity::is_count);
                are_counts.then_some(numbers)
            }
            Field::Quantity | Field::Percent | Field::Number
                if from.is_floating() || from.is_integer() =>
            {
                let numbers = cast(array, &to)?;
                let all = numbers.as_primitive::<Float64Type>();
                let is_held =
                    |number: f64| quantity::is_quantity(number) && self.range.holds(number);
                all.iter().flatten().all(is_held).then_some(numbers)
            }
            Field::Time if matches!(from, DataType::Timestamp(_, Some(_))) => {
                Some(cast(array, &to)?)
            }
            Field::Date | Field::Bool if *from == to => Some(Arc::clone(array)),
            _ => None,
        })
    }

    /// Whether a text is what reading it would give.
    fn is_ready(&self, text: &str) -> bool {
        match self.field {
            Field::Identity => {
                super::identity::key_of(text).is_some()
                    && !text.bytes().any(|byte| byte.is_ascii_uppercase())
            }
            Field::Choice => self
                .answers
                .as_ref()
                .is_some_and(|answers| answers.is_key(text)),
            Field::Unit => self.units.canonical(text) == Some(text),
            Field::Uscc => {
                text.len() == 18
                    && text
                        .bytes()
                        .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
                    && self.is_clean(text)
            }
            Field::Code => {
                text.bytes()
                    .all(|byte| byte.is_ascii_graphic() && byte != b'\'')
                    && !stands_for_nothing(text)
                    && self.is_clean(text)
            }
            _ => {
                matches!(Cell::text(text), Cell::Text(trimmed) if trimmed.len() == text.len())
                    && !stands_for_nothing(text)
                    && self.is_clean(text)
            }
        }
    }

    /// Whether no identity number stands in a text.
    fn is_clean(&self, text: &str) -> bool {
        matches!(resident::hashed(text, &self.key), Cow::Borrowed(_))
    }
}

/// Hashes and units, as a caster knows them.
struct Own<'c>(&'c Caster);

impl Names for Own<'_> {
    fn hash(&mut self, number: &str) -> String {
        self.0.key.hash(number)
    }

    fn unit(&mut self, written: &str) -> String {
        let known = self.0.units.canonical(written);
        known.unwrap_or(written).to_owned()
    }
}

fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, value) => is_text(value),
        _ => false,
    }
}

/// The array with text as the tables hold it, and without a dictionary.
fn plain(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match array.data_type() {
        DataType::Utf8 => Ok(Arc::clone(array)),
        kind if is_text(kind) => cast(array, &DataType::Utf8),
        DataType::Dictionary(_, value) => cast(array, value),
        _ => Ok(Arc::clone(array)),
    }
}
