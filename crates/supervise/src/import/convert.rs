//! One cell into the value of its declared column.

use super::columns::Value;
use super::header::HeaderUnit;
use super::value::answer::{Answers, read_bool};
use super::value::{Cell, Refused, code, date, money, quantity};
use crate::filing::{Field, Range};

/// What a cell's column is, for reading it.
pub(crate) struct Asked<'a> {
    pub field: Field,
    pub answers: Option<&'a Answers>,
    pub unit: Option<&'a HeaderUnit>,
    pub range: Range,
    pub epoch_1904: bool,
}

/// What is looked up or worked out once for many cells.
pub(crate) trait Names {
    /// The hash of a number that names somebody.
    fn hash(&mut self, number: &str) -> String;
    /// A unit as rules know it; one that is not declared stays as written.
    fn unit(&mut self, written: &str) -> String;
}

/// A value, and the unit that was written with it.
pub(crate) type Converted = (Value, Option<String>);

/// Reads a cell as its column asks.
pub(crate) fn convert(
    names: &mut impl Names,
    asked: &Asked<'_>,
    cell: Cell<'_>,
) -> Result<Converted, Refused> {
    let text = |text: Option<String>| text.map_or(Value::Null, Value::Text);
    let float = |number: Option<f64>| number.map_or(Value::Null, Value::Float);
    let value = match asked.field {
        Field::Text | Field::Boundary => text(code::read_text(cell)?),
        Field::Code => text(code::read(cell)?),
        Field::Uscc => text(code::read_uscc(cell)?),
        Field::Choice => match asked
            .answers
            .map(|answers| answers.read(cell))
            .transpose()?
        {
            Some(Some(key)) => Value::Text(key.to_owned()),
            _ => Value::Null,
        },
        Field::Date => date::read(cell, asked.epoch_1904)?.map_or(Value::Null, Value::Date),
        Field::Time => date::read_time(cell, asked.epoch_1904)?.map_or(Value::Null, Value::Time),
        Field::Money => {
            let unit = match asked.unit {
                Some(HeaderUnit::Money(fen)) => *fen,
                _ => money::YUAN,
            };
            money::read(cell, unit)?.map_or(Value::Null, Value::Int)
        }
        Field::Quantity => {
            let Some((number, unit)) = quantity::read(cell)? else {
                return Ok((Value::Null, None));
            };
            let unit = match (unit, asked.unit) {
                (Some(unit), _) => Some(names.unit(&unit)),
                (None, Some(HeaderUnit::Scale(unit))) => Some(unit.clone()),
                (None, _) => None,
            };
            return Ok((Value::Float(number), unit));
        }
        Field::Unit => text(code::read_text(cell)?.map(|unit| names.unit(&unit))),
        Field::Percent => float(quantity::read_percent(cell)?),
        Field::Int => quantity::read_int(cell)?.map_or(Value::Null, Value::Int),
        Field::Number => match quantity::read_number(cell)? {
            Some(number) if !asked.range.holds(number) => return Err(out_of(asked.range)),
            number => float(number),
        },
        Field::Bool => read_bool(cell)?.map_or(Value::Null, Value::Bool),
        Field::Identity => text(code::read(cell)?.map(|number| names.hash(&number))),
    };
    Ok((value, None))
}

/// A number that its column cannot hold.
fn out_of(range: Range) -> Refused {
    let (zh, en) = match (range.least, range.most) {
        (Some(least), Some(most)) => (
            format!("应在 {least} 与 {most} 之间"),
            format!("expected a number from {least} to {most}"),
        ),
        (Some(least), None) => (
            format!("不应小于 {least}"),
            format!("expected {least} or more"),
        ),
        (None, most) => {
            let most = most.unwrap_or_default();
            (
                format!("不应大于 {most}"),
                format!("expected {most} or less"),
            )
        }
    };
    Refused::new("range", zh, en)
}
