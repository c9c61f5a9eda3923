//! DataFusion's functions that make a value of any length from a number, kept within bounds: what they make
//! is not accounted for, and `repeat(name, 2000000000)` would take the machine's memory before any limit
//! of a run could see it.

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, FieldRef, Int64Type};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

/// Bytes that one call, on a batch of rows, may make.
const MOST_BYTES: u128 = 64 << 20;

/// How an error says that a function would make too much.
pub(crate) const TOO_LONG: &str = "would make";

/// How the bytes of a value follow from the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Size {
    /// `repeat(text, n)`.
    Copies,
    /// `lpad(text, n, …)`: n characters.
    Characters,
    /// `array_repeat(value, n)`, `array_resize(list, n)`: n values.
    Values { count: usize },
    /// `range(stop)`, `range(start, stop, step)`.
    Span,
}

const BOUNDED: &[(&str, Size)] = &[
    ("repeat", Size::Copies),
    ("lpad", Size::Characters),
    ("rpad", Size::Characters),
    ("array_repeat", Size::Values { count: 1 }),
    ("array_resize", Size::Values { count: 1 }),
    ("range", Size::Span),
    ("generate_series", Size::Span),
];

/// Puts a bounded one in the place of each such function.
pub(super) fn bound(functions: &mut [Arc<ScalarUDF>]) {
    for function in functions {
        if let Some((_, size)) = BOUNDED.iter().find(|(name, _)| *name == function.name()) {
            *function = Arc::new(ScalarUDF::from(Bounded {
                inner: Arc::clone(function),
                size: *size,
            }));
        }
    }
}

#[derive(PartialEq, Eq, Hash)]
struct Bounded {
    inner: Arc<ScalarUDF>,
    size: Size,
}

impl fmt::Debug for Bounded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Bounded({})", self.inner.name())
    }
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arguments)
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs) -> Result<FieldRef> {
        self.inner.return_field_from_args(arguments)
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(given)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let bytes = self.size.bytes(&arguments)?;
        if bytes > MOST_BYTES {
            return Err(DataFusionError::ResourcesExhausted(format!(
                "{} {TOO_LONG} {} MiB at once",
                self.name(),
                bytes >> 20
            )));
        }
        self.inner.invoke_with_args(arguments)
    }
}

impl Size {
    fn bytes(self, arguments: &ScalarFunctionArgs) -> Result<u128> {
        let all_constant = |argument: &ColumnarValue| matches!(argument, ColumnarValue::Scalar(_));
        let rows = if arguments.args.iter().all(all_constant) {
            1
        } else {
            arguments.number_rows
        };
        let array = |place: usize| -> Result<Option<ArrayRef>> {
            let argument = arguments.args.get(place);
            argument.map(|it| it.to_array(rows)).transpose()
        };
        let whole = |place: usize| -> Result<Option<Int64Array>> {
            let Some(values) = array(place)? else {
                return Ok(None);
            };
            // Days and months have other steps than numbers, and make few values.
            if !values.data_type().is_integer() {
                return Ok(None);
            }
            let options = CastOptions::default();
            let values = cast_with_options(&values, &DataType::Int64, &options)?;
            Ok(Some(values.as_primitive::<Int64Type>().clone()))
        };
        let at = |values: &Int64Array, row: usize| {
            values.is_valid(row).then(|| i128::from(values.value(row)))
        };
        let mut bytes = 0_u128;
        match self {
            Self::Copies => {
                let (Some(texts), Some(counts)) = (array(0)?, whole(1)?) else {
                    return Ok(0);
                };
                let lengths = datafusion::arrow::compute::kernels::length::length(&texts)
                    .and_then(|lengths| {
                        cast_with_options(&lengths, &DataType::Int64, &CastOptions::default())
                    })?;
                let lengths = lengths.as_primitive::<Int64Type>();
                for row in 0..rows {
                    let count = at(&counts, row).unwrap_or(0).max(0).unsigned_abs();
                    bytes += at(lengths, row).unwrap_or(0).unsigned_abs() * count;
                }
            }
            Self::Characters => {
                let Some(counts) = whole(1)? else {
                    return Ok(0);
                };
                for row in 0..rows {
                    bytes += at(&counts, row).unwrap_or(0).max(0).unsigned_abs();
                }
            }
            Self::Values { count } => {
                let Some(counts) = whole(count)? else {
                    return Ok(0);
                };
                for row in 0..rows {
                    bytes += at(&counts, row).unwrap_or(0).max(0).unsigned_abs() * 8;
                }
            }
            Self::Span => {
                let (first, second) = (whole(0)?, whole(1)?);
                let step = whole(2)?;
                for row in 0..rows {
                    let first = first
                        .as_ref()
                        .and_then(|values| at(values, row))
                        .unwrap_or(0);
                    let second = second.as_ref().and_then(|values| at(values, row));
                    let span = second.map_or(first, |second| second - first).unsigned_abs();
                    let step = step
                        .as_ref()
                        .and_then(|values| at(values, row))
                        .unwrap_or(1);
                    bytes += span / step.unsigned_abs().max(1) * 8;
                }
            }
        }
        Ok(bytes)
    }
}
