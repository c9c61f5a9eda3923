//! The subjects of one kind with each rule's answer for each: what their own rows tell, then what their
//! child tables hold. Arrays by subject, so that a million subjects take bytes and not rows.

use std::sync::{Arc, OnceLock};

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::{cast, concat};
use datafusion::arrow::datatypes::{DataType, Int64Type, UInt8Type};
use datafusion::common::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::StreamExt;

use super::compile::{ChildNeed, OUTSIDE, POPULATION_HEAD};
use super::counts::Counts;
use super::finding::{numbers, texts};
use super::index::{Index, text_at};
use crate::figure::Figure;
use crate::pack::Subject;

/// The subjects of one kind, with each rule's answer for each.
#[derive(Default)]
pub(super) struct PopulationRows {
    ids: Option<ArrayRef>,
    /// Texts; none where the ids are what people know.
    labels: Option<ArrayRef>,
    numbers: Option<ArrayRef>,
    row_nos: Option<ArrayRef>,
    /// By rule of the population, then by subject.
    pub answers: Vec<Vec<u8>>,
    /// By rule: rows of child tables that lacked a needed value.
    pub left_out: Vec<usize>,
    by_number: OnceLock<Index<Box<str>>>,
}

impl PopulationRows {
    /// Runs the statement of a population.
    pub(super) async fn collect(
        plan: &Arc<dyn ExecutionPlan>,
        context: &Arc<TaskContext>,
        subject: &Subject,
    ) -> Result<Self, DataFusionError> {
        let mut stream = execute_stream(Arc::clone(plan), Arc::clone(context))?;
        let mut heads: [Vec<ArrayRef>; POPULATION_HEAD] = Default::default();
        let mut answers = vec![Vec::new(); plan.schema().fields().len() - POPULATION_HEAD];
        while let Some(batch) = stream.next().await {
            let batch = batch?;
            for (head, column) in heads.iter_mut().zip(batch.columns()) {
                head.push(Arc::clone(column));
            }
            for (codes, column) in answers.iter_mut().zip(&batch.columns()[POPULATION_HEAD..]) {
                codes.extend_from_slice(column.as_primitive::<UInt8Type>().values());
            }
        }
        let [ids, labels, numbers, row_nos] = heads;
        let labels = match &subject.label {
            Some(_) => joined(labels)?.map(|labels| cast(&labels, &DataType::Utf8)),
            None => None,
        };
        let row_nos = joined(row_nos)?.map(|rows| cast(&rows, &DataType::Int64));
        Ok(Self {
            ids: joined(ids)?,
            labels: labels.transpose()?,
            numbers: match &subject.number {
                Some(_) => joined(numbers)?,
                None => None,
            },
            row_nos: row_nos.transpose()?,
            by_number: OnceLock::new(),
            left_out: vec![0; answers.len()],
            answers,
        })
    }

    /// Adds what a child table holds to the answers of the rules that need it. Of several needs that
    /// are not met the first one counts.
    pub(super) fn add(
        &mut self,
        child: usize,
        counts: &Counts,
        needs: &[Vec<ChildNeed>],
    ) -> Result<(), DataFusionError> {
        let keys = match (&self.numbers, &self.ids) {
            (Some(numbers), _) if counts.is_numbered => numbers,
            (_, Some(ids)) => ids,
            (_, None) => return Ok(()),
        };
        let places = counts.index.find_all(keys.as_ref())?;
        for (rule, needs) in needs.iter().enumerate() {
            let Some(codes) = self.answers.get_mut(rule) else {
                continue;
            };
            for need in needs.iter().filter(|need| need.child == child) {
                let set = &counts.sets[need.set];
                for (code, place) in codes.iter_mut().zip(&places) {
                    if *code == OUTSIDE {
                        continue;
                    }
                    let place = place.map(|place| place as usize);
                    if place.is_none_or(|place| !set.is_whole[place])
                        && (*code == 0 || need.code < *code)
                    {
                        *code = need.code;
                    }
                    self.left_out[rule] += place.map_or(0, |place| set.incomplete[place] as usize);
                }
            }
        }
        Ok(())
    }

    /// Adds the answers of one more rule.
    pub(super) fn push_answers(&mut self, answers: Vec<u8>) {
        self.answers.push(answers);
        self.left_out.push(0);
    }

    pub(super) fn len(&self) -> usize {
        self.ids.as_ref().map_or(0, Array::len)
    }

    pub(super) fn label(&self, place: u32) -> &str {
        self.labels
            .as_ref()
            .or(self.ids.as_ref())
            .and_then(|labels| text_at(labels.as_ref(), place as usize))
            .unwrap_or_default()
    }

    pub(super) fn row_no(&self, place: u32) -> Option<i64> {
        let rows = self.row_nos.as_ref()?.as_primitive::<Int64Type>();
        rows.is_valid(place as usize)
            .then(|| rows.value(place as usize))
    }

    /// Other subjects that a rule names, as people know them: numbers as their labels, in order.
    pub(super) fn names(&self, array: &dyn Array, row: usize) -> Vec<String> {
        let Some(by_number) = self.by_number() else {
            return texts(array, row);
        };
        let mut is_number = false;
        let mut names = Vec::new();
        numbers(&Figure::at(array, row), &mut |number| {
            is_number = true;
            names.extend(
                by_number
                    .of_number(number)
                    .map(|place| self.label(place).to_owned()),
            );
        });
        if !is_number {
            return texts(array, row);
        }
        names.sort_unstable();
        names
    }

    fn by_number(&self) -> Option<&Index<Box<str>>> {
        let keys = self.numbers.as_ref()?.as_primitive_opt::<Int64Type>()?;
        Some(self.by_number.get_or_init(|| {
            let mut index = Index::default();
            for (place, number) in keys.iter().enumerate() {
                if let Some(number) = number {
                    index.set_number(number, place as u32);
                }
            }
            index
        }))
    }

    /// The column by which a rule names its subjects: numbers, or ids.
    pub(super) fn keys(&self, subjects: &DataType) -> Option<&ArrayRef> {
        match &self.numbers {
            Some(numbers) if subjects.is_integer() => Some(numbers),
            _ => self.ids.as_ref(),
        }
    }
}

fn joined(arrays: Vec<ArrayRef>) -> Result<Option<ArrayRef>, DataFusionError> {
    if arrays.is_empty() {
        return Ok(None);
    }
    let parts: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
    Ok(Some(concat(&parts)?))
}
