//! What our aggregates have in common: one state for each group, filled row by row, that DataFusion
//! can use for whole tables, for groups, for windows and in parts that are put together later.
//! An aggregate is a [`Fold`]; this file must not know what any of them computes.

use std::fmt::{Debug, Formatter};
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, LargeBinaryArray, LargeBinaryBuilder,
};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

use super::arguments::{Kind, coerce};

/// The state of one group of an aggregate.
pub(super) trait Fold: Debug + Default + Send + Sync + 'static {
    /// The name in SQL.
    const NAME: &'static str;
    /// The arguments in SQL.
    const TAKES: &'static [Kind];
    /// One more that may stand after them.
    const MAY_TAKE: Option<Kind> = None;
    /// The arguments of one batch, ready to be read by row.
    type Columns<'a>;

    /// The type of the result.
    fn gives() -> DataType;
    fn columns(arrays: &[ArrayRef]) -> Result<Self::Columns<'_>>;
    /// Takes one row in.
    fn add(&mut self, columns: &Self::Columns<'_>, row: usize) -> Result<()>;
    /// Bytes that it keeps on the heap; cheap, because it is asked after each row.
    fn heap(&self) -> usize;
    /// Writes the whole state.
    fn write(&self, bytes: &mut Vec<u8>);
    /// Takes in what another state wrote; nothing when `bytes` are something else.
    fn read(&mut self, bytes: &[u8]) -> Option<()>;
    /// The results of several groups. May reorder what is held, but loses nothing: a window over a
    /// growing frame asks again and again.
    fn results(groups: &mut [Self]) -> Result<ArrayRef>;
}

/// The aggregate function of `F`, to be registered.
pub(super) fn aggregate<F: Fold>() -> Arc<AggregateUDF> {
    Arc::new(AggregateUDF::from(Aggregate::<F> {
        signature: Signature::user_defined(Volatility::Immutable),
        fold: PhantomData,
    }))
}

struct Aggregate<F> {
    signature: Signature,
    fold: PhantomData<fn() -> F>,
}

impl<F: Fold> Debug for Aggregate<F> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(F::NAME)
    }
}

impl<F: Fold> PartialEq for Aggregate<F> {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl<F: Fold> Eq for Aggregate<F> {}

impl<F: Fold> Hash for Aggregate<F> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        F::NAME.hash(state);
    }
}

impl<F: Fold> AggregateUDFImpl for Aggregate<F> {
    fn name(&self) -> &str {
        F::NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(F::gives())
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let more = (given.len() > F::TAKES.len()).then_some(F::MAY_TAKE);
        let kinds: Vec<Kind> = F::TAKES.iter().copied().chain(more.flatten()).collect();
        coerce(F::NAME, &kinds, given)
    }

    fn state_fields(&self, arguments: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let name = format_state_name(arguments.name, "state");
        Ok(vec![Arc::new(Field::new(
            name,
            DataType::LargeBinary,
            true,
        ))])
    }

    fn accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if arguments.is_distinct {
            return plan_err!("{} does not take distinct", F::NAME);
        }
        Ok(Box::new(Whole::<F>::default()))
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs) -> bool {
        !arguments.is_distinct
    }

    fn create_groups_accumulator(
        &self,
        _arguments: AccumulatorArgs,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(Groups::<F> {
            groups: Vec::new(),
            heap: 0,
        }))
    }
}

fn written<F: Fold>(fold: &F) -> Vec<u8> {
    let mut bytes = Vec::new();
    fold.write(&mut bytes);
    bytes
}

fn read<F: Fold>(fold: &mut F, bytes: &[u8]) -> Result<()> {
    match fold.read(bytes) {
        Some(()) => Ok(()),
        None => exec_err!("{}: a state that it did not write", F::NAME),
    }
}

fn states(arrays: &[ArrayRef]) -> Result<&LargeBinaryArray> {
    match arrays
        .first()
        .and_then(|array| array.as_binary_opt::<i64>())
    {
        Some(states) => Ok(states),
        None => exec_err!("states expected"),
    }
}

/// One state for a whole table or window.
#[derive(Debug, Default)]
struct Whole<F> {
    fold: F,
}

impl<F: Fold> Accumulator for Whole<F> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let rows = values.first().map_or(0, Array::len);
        let columns = F::columns(values)?;
        (0..rows).try_for_each(|row| self.fold.add(&columns, row))
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let results = F::results(std::slice::from_mut(&mut self.fold))?;
        ScalarValue::try_from_array(&results, 0)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.fold.heap()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::LargeBinary(Some(written(&self.fold)))])
    }

    fn merge_batch(&mut self, arrays: &[ArrayRef]) -> Result<()> {
        let states = states(arrays)?;
        states
            .iter()
            .flatten()
            .try_for_each(|state| read(&mut self.fold, state))
    }
}

/// One state for each group.
struct Groups<F> {
    groups: Vec<F>,
    /// The heap of all groups, kept in step row by row.
    heap: usize,
}

impl<F: Fold> Groups<F> {
    fn change(&mut self, group: usize, change: impl FnOnce(&mut F) -> Result<()>) -> Result<()> {
        let Some(fold) = self.groups.get_mut(group) else {
            return exec_err!("{}: no group {group}", F::NAME);
        };
        let before = fold.heap();
        let done = change(fold);
        self.heap = (self.heap + fold.heap()).saturating_sub(before);
        done
    }

    fn take(&mut self, emit_to: EmitTo) -> Vec<F> {
        let taken = emit_to.take_needed(&mut self.groups);
        let heap: usize = taken.iter().map(Fold::heap).sum();
        self.heap = self.heap.saturating_sub(heap);
        taken
    }
}

impl<F: Fold> GroupsAccumulator for Groups<F> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.groups.resize_with(total_num_groups, F::default);
        let columns = F::columns(values)?;
        for (row, group) in group_indices.iter().enumerate() {
            if passes(filter, row) {
                self.change(*group, |fold| fold.add(&columns, row))?;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        F::results(&mut self.take(emit_to))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let taken = self.take(emit_to);
        let mut states = LargeBinaryBuilder::new();
        for fold in &taken {
            states.append_value(written(fold));
        }
        Ok(vec![Arc::new(states.finish())])
    }

    fn merge_batch(
        &mut self,
        arrays: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.groups.resize_with(total_num_groups, F::default);
        let states = states(arrays)?;
        for (state, group) in states.iter().zip(group_indices) {
            if let Some(state) = state {
                self.change(*group, |fold| read(fold, state))?;
            }
        }
        Ok(())
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let rows = values.first().map_or(0, Array::len);
        let columns = F::columns(values)?;
        let mut states = LargeBinaryBuilder::new();
        for row in 0..rows {
            let mut fold = F::default();
            if passes(filter, row) {
                fold.add(&columns, row)?;
            }
            states.append_value(written(&fold));
        }
        Ok(vec![Arc::new(states.finish())])
    }

    fn size(&self) -> usize {
        self.groups.capacity() * size_of::<F>() + self.heap
    }
}

fn passes(filter: Option<&BooleanArray>, row: usize) -> bool {
    filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
}

/// Takes the next number off the bytes of a state.
pub(super) fn take_float(bytes: &mut &[u8]) -> Option<f64> {
    let (number, rest) = bytes.split_first_chunk::<8>()?;
    *bytes = rest;
    Some(f64::from_le_bytes(*number))
}

/// Takes the next whole number off the bytes of a state.
pub(super) fn take_whole(bytes: &mut &[u8]) -> Option<i64> {
    let (number, rest) = bytes.split_first_chunk::<8>()?;
    *bytes = rest;
    Some(i64::from_le_bytes(*number))
}
