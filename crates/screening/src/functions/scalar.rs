//! The functions of single rows: names, codes, dates and land. Thin adapters around the pure modules.
//! Geometry has a file of its own (`polygons.rs`), with the same [`Scalar`].

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringBuilder};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

use super::arguments::{Kind, Text, coerce, dates, numbers};
use super::names::{NameNormalizer, organization_key};
use super::ordinals::NumberedName;
use super::trigrams::Trigrams;
use super::{calendar, land, uscc};

/// Computes `rows` values from the arguments, which have the types that [`coerce`] gave them.
type Body = fn(&[ColumnarValue], usize) -> Result<ArrayRef>;

/// One scalar function: what it is called, takes and gives.
#[derive(Debug)]
pub(super) struct Scalar {
    name: &'static str,
    takes: &'static [Kind],
    gives: DataType,
    body: Body,
    signature: Signature,
}

impl Scalar {
    pub(super) fn function(
        name: &'static str,
        takes: &'static [Kind],
        gives: DataType,
        body: Body,
    ) -> Arc<ScalarUDF> {
        let signature = Signature::user_defined(Volatility::Immutable);
        Arc::new(ScalarUDF::from(Self {
            name,
            takes,
            gives,
            body,
            signature,
        }))
    }
}

impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Scalar {}

impl Hash for Scalar {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Scalar {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(self.gives.clone())
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        coerce(self.name, self.takes, given)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = arguments
            .args
            .iter()
            .all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { arguments.number_rows };
        let values = (self.body)(&arguments.args, rows)?;
        if constant {
            Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(
                &values, 0,
            )?))
        } else {
            Ok(ColumnarValue::Array(values))
        }
    }
}

/// The scalar functions of this file.
pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    use Kind::{Date, Number, Text};
    vec![
        Scalar::function("normal_name", &[Text], DataType::Utf8, normal_name),
        Scalar::function("org_key", &[Text, Text], DataType::Utf8, org_key),
        Scalar::function(
            "trigram_similarity",
            &[Text, Text],
            DataType::Float64,
            trigram_similarity,
        ),
        Scalar::function(
            "differ_in_number",
            &[Text, Text],
            DataType::Boolean,
            differ_in_number,
        ),
        Scalar::function("text_key", &[Text], DataType::Int64, text_key),
        Scalar::function("uscc_valid", &[Text], DataType::Boolean, uscc_valid),
        Scalar::function("days_between", &[Date, Date], DataType::Int64, days_between),
        Scalar::function("working_days", &[Date, Date], DataType::Int64, working_days),
        Scalar::function(
            "months_between",
            &[Date, Date],
            DataType::Int64,
            months_between,
        ),
        Scalar::function("mu", &[Number, Text], DataType::Float64, mu),
    ]
}

pub(super) fn one(arguments: &[ColumnarValue]) -> Result<&ColumnarValue> {
    match arguments {
        [only] => Ok(only),
        _ => internal_err!("one argument expected, got {}", arguments.len()),
    }
}

pub(super) fn two(arguments: &[ColumnarValue]) -> Result<(&ColumnarValue, &ColumnarValue)> {
    match arguments {
        [first, second] => Ok((first, second)),
        _ => internal_err!("two arguments expected, got {}", arguments.len()),
    }
}

/// `normal_name(text)`: see [`NameNormalizer::normalize`].
fn normal_name(arguments: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let names = Text::of(one(arguments)?)?;
    let mut normalizer = NameNormalizer::default();
    let mut normal = StringBuilder::with_capacity(rows, rows * 32);
    for row in 0..rows {
        normal.append_option(names.at(row).and_then(|name| normalizer.normalize(name)));
    }
    Ok(Arc::new(normal.finish()))
}

/// `org_key(uscc, name)`: see [`organization_key`].
fn org_key(arguments: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let (codes, names) = two(arguments)?;
    let (codes, names) = (Text::of(codes)?, Text::of(names)?);
    let mut normalizer = NameNormalizer::default();
    let mut keys = StringBuilder::with_capacity(rows, rows * 20);
    for row in 0..rows {
        keys.append_option(organization_key(
            &mut normalizer,
            codes.at(row),
            names.at(row),
        ));
    }
    Ok(Arc::new(keys.finish()))
}

/// `trigram_similarity(a, b)`: see [`Trigrams`]. The same text in successive rows is read once.
fn trigram_similarity(arguments: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let (left, right) = two(arguments)?;
    let (left, right) = (Text::of(left)?, Text::of(right)?);
    let (mut a, mut b) = (LastTrigrams::default(), LastTrigrams::default());
    let similarities: Float64Array = (0..rows)
        .map(|row| Some(a.of(left.at(row)?).similarity(b.of(right.at(row)?))))
        .collect();
    Ok(Arc::new(similarities))
}

#[derive(Default)]
struct LastTrigrams<'a> {
    text: Option<&'a str>,
    trigrams: Trigrams,
}

impl<'a> LastTrigrams<'a> {
    fn of(&mut self, text: &'a str) -> &Trigrams {
        if self.text != Some(text) {
            self.trigrams.read(text);
            self.text = Some(text);
        }
        &self.trigrams
    }
}

/// `differ_in_number(a, b)`: see [`NumberedName::differs_in_number`].
fn differ_in_number(arguments: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let (left, right) = two(arguments)?;
    let (left, right) = (Text::of(left)?, Text::of(right)?);
    let answers: BooleanArray = (0..rows)
        .map(|row| {
            let (a, b) = (left.at(row)?, right.at(row)?);
            Some(a != b && NumberedName::of(a).differs_in_number(&NumberedName::of(b)))
        })
        .collect();
    Ok(Arc::new(answers))
}

/// `text_key(text)`: a number, the same for equal texts and almost never for others. Texts that stand more
/// than once are found by it in a fraction of the memory; whoever uses it compares the texts afterwards.
fn text_key(arguments: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let texts = Text::of(one(arguments)?)?;
    // Always the same seeds: the same text has the same number wherever it stands.
    let hasher = ahash::RandomState::with_seeds(1, 2, 3, 4);
    let keys: Int64Array = (0..rows)
        .map(|row| Some(hasher.hash_one(texts.at(row)?).cast_signed()))
        .collect();
    Ok(Arc::new(keys))
}

/// `uscc_valid(text)`: see [`uscc::is_valid`].
fn uscc_valid(arguments: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let codes = Text::of(one(arguments)?)?;
    let answers: BooleanArray = (0..rows)
        .map(|row| codes.at(row).map(uscc::is_valid))
        .collect();
    Ok(Arc::new(answers))
}

/// `days_between(from, to)`: days from the first date to the second, negative when it lies before.
fn days_between(arguments: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    between(arguments, rows, |from, to| {
        Some(i64::from(to) - i64::from(from))
    })
}

/// `working_days(from, to)`: see [`calendar::working_days`].
fn working_days(arguments: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    between(arguments, rows, calendar::working_days)
}

/// `months_between(from, to)`: see [`calendar::months_between`].
fn months_between(arguments: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    between(arguments, rows, |from, to| {
        Some(calendar::months_between(from, to))
    })
}

fn between(
    arguments: &[ColumnarValue],
    rows: usize,
    count: fn(i32, i32) -> Option<i64>,
) -> Result<ArrayRef> {
    let (from, to) = two(arguments)?;
    let (from, to) = (dates(from)?, dates(to)?);
    let counts: Int64Array = (0..rows)
        .map(|row| count(from.at(row)?, to.at(row)?))
        .collect();
    Ok(Arc::new(counts))
}

/// `mu(quantity, unit)`: see [`land::mu`].
fn mu(arguments: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let (quantities, units) = two(arguments)?;
    let (quantities, units) = (numbers(quantities)?, Text::of(units)?);
    let lands: Float64Array = (0..rows)
        .map(|row| land::mu(quantities.at(row)?, units.at(row)?))
        .collect();
    Ok(Arc::new(lands))
}
