//! A value as it is typed: read again, it is the same value.

use kandeng_screening::ColumnType;
use kandeng_screening::arrow::array::{Array, AsArray as _};
use kandeng_screening::arrow::datatypes::{
    Date32Type, Float64Type, Int64Type, TimestampMillisecondType,
};

use crate::filing::Field;
use crate::import::columns::Value;
use crate::import::value::date;

/// A day in milliseconds.
const DAY: i64 = 86_400_000;

/// The canonical text of a value; nothing for none.
pub(super) fn text(field: Field, value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Text(text) => text.clone(),
        Value::Int(fen) if field == Field::Money => yuan(*fen),
        Value::Int(whole) => whole.to_string(),
        // Without its sign, 0.4 may be 40 % to whoever reads a column of such numbers.
        Value::Float(number) if field == Field::Percent => format!("{number}%"),
        Value::Float(number) => number.to_string(),
        Value::Date(day) => date::print(*day),
        Value::Time(millis) => moment(*millis),
        Value::Bool(true) => "是".to_owned(),
        Value::Bool(false) => "否".to_owned(),
    })
}

/// Fen as yuan, without thousands: `-1234.5` is `-1234.50`, whole yuan have no point.
pub(super) fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let fen = fen.unsigned_abs();
    match fen % 100 {
        0 => format!("{sign}{}", fen / 100),
        part => format!("{sign}{}.{part:02}", fen / 100),
    }
}

/// A moment as clocks in China show it, to the millisecond where it has any.
fn moment(millis: i64) -> String {
    let local = millis + date::SHANGHAI;
    let (day, within) = (local.div_euclid(DAY) as i32, local.rem_euclid(DAY));
    let text = date::print_moment(day, within);
    match within % 1000 {
        0 => text,
        part => format!("{text}.{part:03}"),
    }
}

/// A cell of an Arrow column of a declared type.
pub(super) fn value_at(array: &dyn Array, kind: ColumnType, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    // Cannot fail: the import builds each column in its declared type; one that it did not is read as nothing.
    let value = match kind {
        ColumnType::Text => array
            .as_string_opt::<i32>()
            .map(|texts| Value::Text(texts.value(row).to_owned())),
        ColumnType::Int | ColumnType::Money => array
            .as_primitive_opt::<Int64Type>()
            .map(|numbers| Value::Int(numbers.value(row))),
        ColumnType::Float => array
            .as_primitive_opt::<Float64Type>()
            .map(|numbers| Value::Float(numbers.value(row))),
        ColumnType::Date => array
            .as_primitive_opt::<Date32Type>()
            .map(|days| Value::Date(days.value(row))),
        ColumnType::Time => array
            .as_primitive_opt::<TimestampMillisecondType>()
            .map(|times| Value::Time(times.value(row))),
        ColumnType::Bool => array
            .as_boolean_opt()
            .map(|answers| Value::Bool(answers.value(row))),
    };
    value.unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::filing::{Filing, Range};
    use crate::import::convert::{Asked, Names, convert};
    use crate::import::value::Cell;

    struct Plain;

    impl Names for Plain {
        fn hash(&mut self, number: &str) -> String {
            number.to_owned()
        }
        fn unit(&mut self, written: &str) -> String {
            Filing::embedded()
                .units
                .canonical(written)
                .unwrap_or(written)
                .to_owned()
        }
    }

    fn read(field: Field, typed: &str) -> Value {
        let asked = Asked {
            field,
            answers: None,
            unit: None,
            range: Range::default(),
            epoch_1904: false,
        };
        convert(&mut Plain, &asked, Cell::text(typed)).unwrap().0
    }

    proptest! {
        #[test]
        fn a_value_that_is_typed_is_read_as_itself(
            fen in -10_i64.pow(15)..10_i64.pow(15),
            number in -1e9_f64..1e9,
            fraction in 0.0_f64..1.0,
            day in -25_000_i32..80_000,
            millis in 0_i64..4_000_000_000_000,
            answer in any::<bool>(),
        ) {
            for (field, value) in [
                (Field::Money, Value::Int(fen)),
                (Field::Int, Value::Int(fen % 100_000_000)),
                (Field::Number, Value::Float((number * 1e4).round() / 1e4)),
                (Field::Quantity, Value::Float((number * 1e2).round() / 1e2)),
                (Field::Percent, Value::Float((fraction * 1e6).round() / 1e6)),
                (Field::Date, Value::Date(day)),
                (Field::Time, Value::Time(millis)),
                (Field::Bool, Value::Bool(answer)),
            ] {
                let typed = text(field, &value).unwrap();
                prop_assert_eq!(read(field, &typed), value, "{}", typed);
            }
        }
    }
}
