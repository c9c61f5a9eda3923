//! Aggregates and windows over figures: type-8 quantiles and Benford's law.
//! Thin adapters around `quantile8.rs` and `benford.rs`.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Array};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float64Type, Int64Type};
use datafusion::common::{Result, exec_err, internal_err};
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{
    PartitionEvaluator, Signature, Volatility, WindowUDF, WindowUDFImpl,
};

use super::arguments::{Kind, Values, coerce};
use super::benford::FirstDigits;
use super::fold::{Fold, take_float, take_whole};
use super::quantile8::{quantile, quantile_of_others};

/// `quantile8(x, p)`: see [`quantile`]. NULL and NaN do not count; `p` is the first that is not NULL.
#[derive(Debug, Default)]
pub(super) struct Quantile8 {
    p: Option<f64>,
    values: Vec<f64>,
}

impl Fold for Quantile8 {
    const NAME: &'static str = "quantile8";
    const TAKES: &'static [Kind] = &[Kind::Number, Kind::Number];
    type Columns<'a> = (Values<'a, Float64Type>, Values<'a, Float64Type>);

    fn gives() -> DataType {
        DataType::Float64
    }

    fn columns(arrays: &[ArrayRef]) -> Result<Self::Columns<'_>> {
        value_and_p(arrays)
    }

    fn add(&mut self, (values, p): &Self::Columns<'_>, row: usize) -> Result<()> {
        if self.p.is_none() {
            self.p = checked(Self::NAME, p.at(row))?;
        }
        self.values
            .extend(values.at(row).filter(|value| !value.is_nan()));
        Ok(())
    }

    fn heap(&self) -> usize {
        8 * self.values.capacity()
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.p.unwrap_or(f64::NAN).to_le_bytes());
        bytes.extend(self.values.iter().flat_map(|value| value.to_le_bytes()));
    }

    fn read(&mut self, mut bytes: &[u8]) -> Option<()> {
        let p = take_float(&mut bytes)?;
        self.p = self.p.or((!p.is_nan()).then_some(p));
        while !bytes.is_empty() {
            self.values.push(take_float(&mut bytes)?);
        }
        Some(())
    }

    fn results(groups: &mut [Self]) -> Result<ArrayRef> {
        let quantiles: Float64Array = groups
            .iter_mut()
            .map(|group| quantile(&mut group.values, group.p?))
            .collect();
        Ok(Arc::new(quantiles))
    }
}

fn value_and_p(arrays: &[ArrayRef]) -> Result<(Values<'_, Float64Type>, Values<'_, Float64Type>)> {
    match arrays {
        [values, p] => Ok((
            Values::of_array(values.as_ref())?,
            Values::of_array(p.as_ref())?,
        )),
        _ => internal_err!("two arguments expected, got {}", arrays.len()),
    }
}

fn checked(function: &str, p: Option<f64>) -> Result<Option<f64>> {
    match p {
        Some(p) if !(0.0..=1.0).contains(&p) => {
            exec_err!("{function} takes p from 0 to 1, not {p}")
        }
        p => Ok(p),
    }
}

/// `benford_mad(amount)`: see [`FirstDigits`].
#[derive(Debug, Default)]
pub(super) struct BenfordMad {
    digits: FirstDigits,
}

impl Fold for BenfordMad {
    const NAME: &'static str = "benford_mad";
    const TAKES: &'static [Kind] = &[Kind::Whole];
    type Columns<'a> = Values<'a, Int64Type>;

    fn gives() -> DataType {
        DataType::Float64
    }

    fn columns(arrays: &[ArrayRef]) -> Result<Self::Columns<'_>> {
        match arrays {
            [amounts] => Values::of_array(amounts.as_ref()),
            _ => internal_err!("one argument expected, got {}", arrays.len()),
        }
    }

    fn add(&mut self, amounts: &Self::Columns<'_>, row: usize) -> Result<()> {
        if let Some(amount) = amounts.at(row) {
            self.digits.count(amount);
        }
        Ok(())
    }

    fn heap(&self) -> usize {
        0
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(
            self.digits
                .counts()
                .iter()
                .flat_map(|count| count.to_le_bytes()),
        );
    }

    fn read(&mut self, mut bytes: &[u8]) -> Option<()> {
        let mut counts = [0; 9];
        for count in &mut counts {
            *count = u64::try_from(take_whole(&mut bytes)?).ok()?;
        }
        self.digits.add(&FirstDigits::from_counts(counts));
        bytes.is_empty().then_some(())
    }

    fn results(groups: &mut [Self]) -> Result<ArrayRef> {
        let deviations: Float64Array = groups
            .iter()
            .map(|group| group.digits.mean_absolute_deviation())
            .collect();
        Ok(Arc::new(deviations))
    }
}

/// `quantile8_others(x, p) over (partition by …)`: see [`quantile_of_others`].
pub(super) fn quantile8_others() -> Arc<WindowUDF> {
    Arc::new(WindowUDF::from(Quantile8Others {
        signature: Signature::user_defined(Volatility::Immutable),
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Quantile8Others {
    signature: Signature,
}

impl WindowUDFImpl for Quantile8Others {
    fn name(&self) -> &'static str {
        "quantile8_others"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        coerce(self.name(), &[Kind::Number, Kind::Number], given)
    }

    fn field(&self, arguments: WindowUDFFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(
            arguments.name(),
            DataType::Float64,
            true,
        )))
    }

    fn partition_evaluator(
        &self,
        _arguments: PartitionEvaluatorArgs,
    ) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(Others))
    }
}

/// Answers for a whole partition at once; the frame of the window makes no difference.
#[derive(Debug)]
struct Others;

impl PartitionEvaluator for Others {
    fn evaluate_all(&mut self, values: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let arguments = values.get(..2).unwrap_or(values);
        let (values, p) = value_and_p(arguments)?;
        let p = checked("quantile8_others", (0..rows).find_map(|row| p.at(row)))?;
        let quantiles: Float64Array = match p {
            None => std::iter::repeat_n(None, rows).collect(),
            Some(p) => {
                let values: Vec<Option<f64>> = (0..rows).map(|row| values.at(row)).collect();
                quantile_of_others(&values, p).into_iter().collect()
            }
        };
        Ok(Arc::new(quantiles))
    }
}
