//! The arguments of our functions: which types are taken, and how their values are read row by row.
//! Knows Arrow and DataFusion's types; knows nothing of what a function computes.

use datafusion::arrow::array::{
    Array, ArrowPrimitiveType, AsArray, PrimitiveArray, StringArray, StringViewArray,
};
use datafusion::arrow::datatypes::{DataType, Date32Type, Float64Type};
use datafusion::common::{Result, internal_err, plan_err};
use datafusion::logical_expr::ColumnarValue;
use datafusion::scalar::ScalarValue;

/// What a function asks of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Text of any encoding.
    Text,
    /// A whole number.
    Whole,
    /// Any number, taken as a 64-bit float.
    Number,
    /// A date (or text that is one). A point in time is refused: its day depends on the place.
    Date,
}

impl Kind {
    /// The type that an argument of type `given` is cast to.
    fn coerce(self, given: &DataType) -> Option<DataType> {
        let given = match given {
            DataType::Dictionary(_, value) => value,
            other => other,
        };
        let text = matches!(
            given,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
        );
        match self {
            Self::Text if *given == DataType::Utf8View => Some(DataType::Utf8View),
            Self::Text if text || given.is_null() => Some(DataType::Utf8),
            Self::Whole if given.is_integer() || given.is_null() => Some(DataType::Int64),
            Self::Number if given.is_numeric() || given.is_null() => Some(DataType::Float64),
            Self::Date
                if text
                    || given.is_null()
                    || matches!(given, DataType::Date32 | DataType::Date64) =>
            {
                Some(DataType::Date32)
            }
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Whole => "a whole number",
            Self::Number => "a number",
            Self::Date => "a date",
        }
    }
}

/// The types that the arguments of `function` are cast to, or an error that says what it takes.
pub(super) fn coerce(function: &str, kinds: &[Kind], given: &[DataType]) -> Result<Vec<DataType>> {
    let coerced: Option<Vec<DataType>> = (given.len() == kinds.len())
        .then(|| {
            kinds
                .iter()
                .zip(given)
                .map(|(kind, given)| kind.coerce(given))
                .collect()
        })
        .flatten();
    let Some(coerced) = coerced else {
        let wanted: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
        let given: Vec<String> = given.iter().map(ToString::to_string).collect();
        return plan_err!(
            "{function} takes ({}), not ({})",
            wanted.join(", "),
            given.join(", ")
        );
    };
    Ok(coerced)
}

/// Text by row; a constant is kept once.
pub(super) enum Text<'a> {
    Constant(Option<&'a str>),
    Column(&'a StringArray),
    Views(&'a StringViewArray),
}

impl<'a> Text<'a> {
    pub(super) fn of(value: &'a ColumnarValue) -> Result<Self> {
        match value {
            ColumnarValue::Scalar(
                ScalarValue::Utf8(text)
                | ScalarValue::LargeUtf8(text)
                | ScalarValue::Utf8View(text),
            ) => Ok(Self::Constant(text.as_deref())),
            ColumnarValue::Scalar(ScalarValue::Null) => Ok(Self::Constant(None)),
            ColumnarValue::Scalar(other) => internal_err!("text expected, got {other:?}"),
            ColumnarValue::Array(array) => Self::of_array(array.as_ref()),
        }
    }

    pub(super) fn of_array(array: &'a dyn Array) -> Result<Self> {
        if let Some(column) = array.as_string_opt::<i32>() {
            return Ok(Self::Column(column));
        }
        if let Some(views) = array.as_string_view_opt() {
            return Ok(Self::Views(views));
        }
        internal_err!("text expected, got {}", array.data_type())
    }

    pub(super) fn at(&self, row: usize) -> Option<&'a str> {
        match self {
            Self::Constant(text) => *text,
            Self::Column(column) => column.is_valid(row).then(|| column.value(row)),
            Self::Views(views) => views.is_valid(row).then(|| views.value(row)),
        }
    }
}

/// Numbers or dates by row; a constant is kept once.
pub(super) enum Values<'a, T: ArrowPrimitiveType> {
    Constant(Option<T::Native>),
    Column(&'a PrimitiveArray<T>),
}

impl<'a, T: ArrowPrimitiveType> Values<'a, T> {
    pub(super) fn of_array(array: &'a dyn Array) -> Result<Self> {
        match array.as_primitive_opt::<T>() {
            Some(column) => Ok(Self::Column(column)),
            None => internal_err!("{} expected, got {}", T::DATA_TYPE, array.data_type()),
        }
    }

    pub(super) fn at(&self, row: usize) -> Option<T::Native> {
        match self {
            Self::Constant(value) => *value,
            Self::Column(column) => column.is_valid(row).then(|| column.value(row)),
        }
    }
}

pub(super) fn numbers(value: &ColumnarValue) -> Result<Values<'_, Float64Type>> {
    match value {
        ColumnarValue::Scalar(ScalarValue::Float64(number)) => Ok(Values::Constant(*number)),
        ColumnarValue::Scalar(other) => internal_err!("a number expected, got {other:?}"),
        ColumnarValue::Array(array) => Values::of_array(array.as_ref()),
    }
}

pub(super) fn dates(value: &ColumnarValue) -> Result<Values<'_, Date32Type>> {
    match value {
        ColumnarValue::Scalar(ScalarValue::Date32(date)) => Ok(Values::Constant(*date)),
        ColumnarValue::Scalar(other) => internal_err!("a date expected, got {other:?}"),
        ColumnarValue::Array(array) => Values::of_array(array.as_ref()),
    }
}
