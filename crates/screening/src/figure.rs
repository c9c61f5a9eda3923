//! Figures: the values that made a rule fire, as machines read them and as people do.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use datafusion::arrow::array::{Array, AsArray, cast::as_boolean_array};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Float64Type, Int32Type, Int64Type, TimeUnit, TimestampMillisecondType,
    UInt32Type, UInt64Type,
};
use serde::{Serialize, Serializer};

use crate::Text;

/// The language a person reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Simplified Chinese.
    Zh,
    /// English.
    En,
}

impl Text {
    /// The words in one language.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.zh,
            Language::En => &self.en,
        }
    }
}

/// How the values of choices are called, by column and value.
pub type Labels = BTreeMap<String, BTreeMap<String, Text>>;

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Figure {
    /// Nothing there.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number; fen when the figure's name ends in `_fen`.
    Int(i64),
    /// A number.
    Float(f64),
    /// Text.
    Text(String),
    /// A day.
    Date(jiff::civil::Date),
    /// An instant.
    Time(jiff::Timestamp),
    /// Several values.
    List(Vec<Figure>),
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Date(value) => serializer.collect_str(value),
            Self::Time(value) => serializer.collect_str(value),
            Self::List(values) => serializer.collect_seq(values),
        }
    }
}

impl Figure {
    /// The value at `row`. Types that rules do not yield come out as their Arrow display.
    pub(crate) fn at(array: &dyn Array, row: usize) -> Self {
        if array.is_null(row) {
            return Self::Null;
        }
        match array.data_type() {
            DataType::Boolean => Self::Bool(as_boolean_array(array).value(row)),
            DataType::Int64 => Self::Int(array.as_primitive::<Int64Type>().value(row)),
            DataType::Int32 => Self::Int(array.as_primitive::<Int32Type>().value(row).into()),
            DataType::UInt32 => Self::Int(array.as_primitive::<UInt32Type>().value(row).into()),
            DataType::UInt64 => {
                let value = array.as_primitive::<UInt64Type>().value(row);
                i64::try_from(value).map_or(Self::Float(value as f64), Self::Int)
            }
            DataType::Float64 => {
                let value = array.as_primitive::<Float64Type>().value(row);
                if value.is_finite() {
                    Self::Float(value)
                } else {
                    Self::Null
                }
            }
            DataType::Utf8 => Self::Text(array.as_string::<i32>().value(row).to_owned()),
            DataType::LargeUtf8 => Self::Text(array.as_string::<i64>().value(row).to_owned()),
            DataType::Utf8View => Self::Text(array.as_string_view().value(row).to_owned()),
            DataType::Date32 => {
                let days = array.as_primitive::<Date32Type>().value(row);
                date_from_days(days).map_or(Self::Null, Self::Date)
            }
            DataType::Timestamp(TimeUnit::Millisecond, _) => {
                let millis = array.as_primitive::<TimestampMillisecondType>().value(row);
                jiff::Timestamp::from_millisecond(millis).map_or(Self::Null, Self::Time)
            }
            DataType::List(_) => {
                let values = array.as_list::<i32>().value(row);
                Self::List(
                    (0..values.len())
                        .map(|index| Self::at(&values, index))
                        .collect(),
                )
            }
            DataType::LargeList(_) => {
                let values = array.as_list::<i64>().value(row);
                Self::List(
                    (0..values.len())
                        .map(|index| Self::at(&values, index))
                        .collect(),
                )
            }
            _ => datafusion::arrow::util::display::array_value_to_string(array, row)
                .map_or(Self::Null, Self::Text),
        }
    }

    /// Writes the value as a person reads it; the figure's name says what kind it is.
    pub fn show(&self, name: &str, labels: &Labels, language: Language, out: &mut String) {
        match self {
            Self::Null => out.push('–'),
            Self::Bool(value) => out.push_str(match (language, value) {
                (Language::Zh, true) => "是",
                (Language::Zh, false) => "否",
                (Language::En, true) => "yes",
                (Language::En, false) => "no",
            }),
            Self::Int(value) if name.ends_with("_fen") => show_fen(*value, language, out),
            Self::Int(value) => {
                // Cannot fail: writing to a String does not.
                let _ = write!(out, "{value}");
            }
            Self::Float(value) if name.ends_with("_share") => {
                let _ = write!(out, "{}%", trim_number(value * 100.0, 1));
            }
            Self::Float(value) => out.push_str(&trim_number(*value, 2)),
            Self::Text(value) => {
                match labels_of(labels, name).and_then(|labels| labels.get(value)) {
                    Some(label) => out.push_str(label.in_language(language)),
                    None => out.push_str(value),
                }
            }
            Self::Date(value) => match language {
                Language::Zh => {
                    let _ = write!(
                        out,
                        "{}年{}月{}日",
                        value.year(),
                        value.month(),
                        value.day()
                    );
                }
                Language::En => {
                    let _ = write!(out, "{value}");
                }
            },
            Self::Time(value) => {
                let local = value.to_zoned_datetime(jiff::tz::TimeZone::fixed(jiff::tz::offset(8)));
                let _ = write!(out, "{}", local.strftime("%Y-%m-%d %H:%M"));
            }
            Self::List(values) => {
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        out.push_str(match language {
                            Language::Zh => "、",
                            Language::En => ", ",
                        });
                    }
                    value.show(name, labels, language, out);
                }
            }
        }
    }
}

/// Labels for a figure called as a column is (`stage`), several of it (`items`), or one of them
/// (`first_item`).
fn labels_of<'a>(labels: &'a Labels, name: &str) -> Option<&'a BTreeMap<String, Text>> {
    let single = name.strip_suffix('s').unwrap_or(name);
    let last = single.rsplit('_').next().unwrap_or(single);
    labels
        .get(name)
        .or_else(|| labels.get(single))
        .or_else(|| labels.get(last))
}

/// The day that is `days` after 1970-01-01.
pub(crate) fn date_from_days(days: i32) -> Option<jiff::civil::Date> {
    let epoch = jiff::civil::date(1970, 1, 1);
    epoch
        .checked_add(jiff::Span::new().try_days(days).ok()?)
        .ok()
}

/// The days from 1970-01-01 to `date`.
pub(crate) fn days_from_date(date: jiff::civil::Date) -> i32 {
    let epoch = jiff::civil::date(1970, 1, 1);
    // Cannot fail: days between two civil dates are whole and fit.
    epoch.until(date).map_or(0, |span| span.get_days())
}

/// Fen as yuan with separators, and 万元 beside large amounts left to the reader.
fn show_fen(fen: i64, language: Language, out: &mut String) {
    if language == Language::En {
        out.push('¥');
    }
    if fen < 0 {
        out.push('-');
    }
    let yuan = fen.unsigned_abs() / 100;
    let rest = fen.unsigned_abs() % 100;
    let digits = yuan.to_string();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if rest > 0 {
        // Cannot fail: writing to a String does not.
        let _ = write!(out, ".{rest:02}");
    }
    if language == Language::Zh {
        out.push_str(" 元");
    }
}

/// A number with at most `places` decimals and no trailing zeros.
fn trim_number(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(figure: &Figure, name: &str, language: Language) -> String {
        let mut out = String::new();
        figure.show(name, &Labels::new(), language, &mut out);
        out
    }

    #[test]
    fn money_is_yuan_outside() {
        assert_eq!(
            shown(&Figure::Int(123_456_789), "sum_fen", Language::Zh),
            "1,234,567.89 元"
        );
        assert_eq!(
            shown(&Figure::Int(-60_000_000), "sum_fen", Language::En),
            "¥-600,000"
        );
    }

    #[test]
    fn shares_are_percent_and_numbers_lose_idle_zeros() {
        assert_eq!(
            shown(&Figure::Float(0.125), "paid_share", Language::En),
            "12.5%"
        );
        assert_eq!(shown(&Figure::Float(4.0), "area_mu", Language::En), "4");
    }

    #[test]
    fn days_survive_the_way_through_arrow() {
        let date = jiff::civil::date(2024, 2, 29);
        assert_eq!(date_from_days(days_from_date(date)), Some(date));
        assert_eq!(
            shown(&Figure::Date(date), "on", Language::Zh),
            "2024年2月29日"
        );
    }
}
