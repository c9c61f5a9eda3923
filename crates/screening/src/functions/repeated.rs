//! Whole numbers that come again. Grouping by them finds the same with a table of every number, most of which come
//! once; here they are put in order and looked through.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Builder, ListBuilder};
use datafusion::arrow::datatypes::{DataType, Field, Int64Type};
use datafusion::common::{Result, exec_err, internal_err};

use super::arguments::{Kind, Values};
use super::fold::{Fold, take_whole};

/// `repeated(number, times)`: the numbers that come so many times or more, each once, in ascending order. NULL does
/// not count; `times` is the first that is not NULL.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    times: Option<i64>,
    numbers: Vec<i64>,
}

impl Repeated {
    /// Orders the numbers, and hands on each that comes often enough.
    fn each(&mut self, times: i64, mut take: impl FnMut(i64)) {
        self.numbers.sort_unstable();
        let times = usize::try_from(times).unwrap_or(usize::MAX);
        let equal = self.numbers.chunk_by(|one, next| one == next);
        for numbers in equal.filter(|numbers| numbers.len() >= times) {
            take(numbers[0]);
        }
    }
}

impl Fold for Repeated {
    const NAME: &'static str = "repeated";
    const TAKES: &'static [Kind] = &[Kind::Whole, Kind::Whole];
    type Columns<'a> = (Values<'a, Int64Type>, Values<'a, Int64Type>);

    fn gives() -> DataType {
        DataType::List(Arc::new(Field::new_list_field(DataType::Int64, true)))
    }

    fn columns(arrays: &[ArrayRef]) -> Result<Self::Columns<'_>> {
        match arrays {
            [numbers, times] => Ok((
                Values::of_array(numbers.as_ref())?,
                Values::of_array(times.as_ref())?,
            )),
            _ => internal_err!("two arguments expected, got {}", arrays.len()),
        }
    }

    fn add(&mut self, (numbers, times): &Self::Columns<'_>, row: usize) -> Result<()> {
        if self.times.is_none() {
            self.times = times.at(row);
            if let Some(times) = self.times.filter(|times| *times < 1) {
                return exec_err!("{} takes 1 or more times, not {times}", Self::NAME);
            }
        }
        self.numbers.extend(numbers.at(row));
        Ok(())
    }

    fn heap(&self) -> usize {
        8 * self.numbers.capacity()
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.times.unwrap_or(0).to_le_bytes());
        bytes.extend(self.numbers.iter().flat_map(|number| number.to_le_bytes()));
    }

    fn read(&mut self, mut bytes: &[u8]) -> Option<()> {
        let times = take_whole(&mut bytes)?;
        self.times = self.times.or((times > 0).then_some(times));
        while !bytes.is_empty() {
            self.numbers.push(take_whole(&mut bytes)?);
        }
        Some(())
    }

    fn results(groups: &mut [Self]) -> Result<ArrayRef> {
        let mut lists = ListBuilder::new(Int64Builder::new());
        for group in groups {
            let times = group.times;
            if let Some(times) = times {
                group.each(times, |number| lists.values().append_value(number));
            }
            lists.append(times.is_some());
        }
        Ok(Arc::new(lists.finish()))
    }
}
