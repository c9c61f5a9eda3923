//! One project while it is read: its rows so far, and what is not carried so far.

use jiff::Timestamp;
use jiff::civil::Date;
use kandeng_screening::Text;
use serde_json::Value;

use super::found::{Cell, NotCarried, Row};
use super::part::{Part, Said, step};
use crate::filing::Filing;
use crate::import::report::shown;

/// Yuan from which on an amount is none: no county's budget, but a number of another kind.
const MOST_YUAN: f64 = 1e13;

/// The reason that is told most often.
pub(super) fn no_item() -> Text {
    Text::new("42 项信息中没有这一项", "none of the 42 items is this")
}

pub(super) struct Taking<'f> {
    pub filing: &'f Filing,
    pub own: Vec<Cell>,
    pub rows: Vec<Row>,
    pub left: Vec<NotCarried>,
}

impl<'f> Taking<'f> {
    pub fn new(filing: &'f Filing) -> Self {
        Self {
            filing,
            own: Vec::new(),
            rows: Vec::new(),
            left: Vec::new(),
        }
    }

    /// A cell of the project's own row.
    pub fn put(&mut self, column: &'static str, said: Option<Said>) {
        self.own.extend(cell(column, said));
    }

    /// Whether a column of the project's own row was filled.
    pub fn has(&self, column: &str) -> bool {
        self.own.iter().any(|cell| cell.column == column)
    }

    /// A row of a list, of the cells that are there; none when none is.
    pub fn row(
        &mut self,
        table: &'static str,
        cells: impl IntoIterator<Item = (&'static str, Option<Said>)>,
    ) {
        let cells: Vec<Cell> = cells
            .into_iter()
            .filter_map(|(column, said)| cell(column, said))
            .collect();
        if !cells.is_empty() {
            self.rows.push(Row { table, cells });
        }
    }

    /// Notes what is not carried.
    pub fn leave(&mut self, place: impl Into<String>, value: Option<&str>, why: Text) {
        self.left.push(NotCarried {
            code: String::new(),
            place: place.into(),
            value: value.map(shown),
            why,
        });
    }

    /// Takes an amount in yuan. One in another currency, or in none that is named, is told and left: it is never taken
    /// as so many yuan.
    pub fn money(&mut self, part: &mut Part<'_>, key: &str) -> Option<Said> {
        let mut value = part.get(key)?;
        let place = value.place.clone();
        let currency = value.text("currency").map(|said| said.text);
        let amount = value.number("amount");
        if value
            .value
            .as_object()
            .is_some_and(serde_json::Map::is_empty)
        {
            part.take(key);
        }
        let amount = amount?;
        match currency.as_deref() {
            Some("CNY") => {}
            Some(other) => {
                let told = format!("{} {other}", amount.text);
                let why = Text::new(
                    format!("币种是 {other},不是人民币(CNY),没有当作元;请换算后自行填写"),
                    format!(
                        "the currency is {other} and not CNY; it is not taken as yuan. Convert it and fill it in"
                    ),
                );
                self.leave(place, Some(&told), why);
                return None;
            }
            None => {
                let why = Text::new(
                    "没有写币种,没有当作元",
                    "no currency is named; it is not taken as yuan",
                );
                self.leave(place, Some(&amount.text), why);
                return None;
            }
        }
        let yuan: f64 = amount.text.parse().unwrap_or(f64::INFINITY);
        if yuan.abs() >= MOST_YUAN {
            let why = Text::new("金额超出范围", "the amount is out of range");
            self.leave(amount.place, Some(&amount.text), why);
            return None;
        }
        // As a person writes it, without an exponent.
        let text = if amount.text.contains(['e', 'E']) {
            format!("{yuan:.2}")
        } else {
            amount.text.clone()
        };
        Some(amount.with(text))
    }

    /// Takes a moment as the day that it is in China.
    pub fn day(&mut self, part: &mut Part<'_>, key: &str) -> Option<Said> {
        let said = part.text(key)?;
        match day_in_china(&said.text) {
            Some(day) if (1900..2200).contains(&day.year()) => Some(said.with(day.to_string())),
            Some(_) => {
                let why = Text::new(
                    "日期超出范围(1900–2199 年)",
                    "the day is out of range (1900 to 2199)",
                );
                self.leave(said.place, Some(&said.text), why);
                None
            }
            None => {
                let why = Text::new(
                    "不是日期,应如 2025-03-14T00:00:00+08:00",
                    "no date; expected one such as 2025-03-14T00:00:00+08:00",
                );
                self.leave(said.place, Some(&said.text), why);
                None
            }
        }
    }

    /// Takes the days of a period.
    pub fn period(&mut self, part: &mut Part<'_>, key: &str) -> (Option<Said>, Option<Said>) {
        let Some(mut period) = part.get(key) else {
            return (None, None);
        };
        let days = (
            self.day(&mut period, "startDate"),
            self.day(&mut period, "endDate"),
        );
        // It follows from both.
        period.drop(&["durationInDays"]);
        days
    }

    /// Notes all that is left of a part, with one reason.
    pub fn leave_part(&mut self, part: &mut Part<'_>, why: Text) {
        let value = std::mem::take(part.value);
        let told = match &value {
            Value::Null => return,
            Value::String(text) => Some(text.clone()),
            Value::Array(_) | Value::Object(_) => None,
            other => Some(other.to_string()),
        };
        self.leave(part.place.clone(), told.as_deref(), why);
    }

    /// The same for a field, if it is there.
    pub fn leave_field(&mut self, part: &mut Part<'_>, key: &str, why: Text) {
        if let Some(mut field) = part.get(key) {
            self.leave_part(&mut field, why);
        }
        part.take(key);
    }

    /// Whether a choice has an answer of that name.
    pub fn knows(&self, choice: &str, name: &str) -> bool {
        let choices = self.filing.choices.get(choice).into_iter().flatten();
        choices.into_iter().any(|one| {
            [&one.key, &one.zh, &one.en].contains(&&name.to_owned())
                || one.aliases.iter().any(|alias| alias == name)
        })
    }
}

fn cell(column: &'static str, said: Option<Said>) -> Option<Cell> {
    said.map(|said| Cell {
        column,
        text: said.text,
        place: said.place,
    })
}

/// The day in China of a moment with its zone; a day without a time is that day.
fn day_in_china(text: &str) -> Option<Date> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(8));
        return Some(moment.to_zoned_datetime(zone).date());
    }
    // A time without a zone is China's.
    let day = text.split(['T', ' ']).next().unwrap_or_default();
    (day.len() == 10).then(|| day.parse().ok()).flatten()
}

/// The place of a field.
pub(super) fn at(part: &Part<'_>, key: &str) -> String {
    step(&part.place, key)
}

#[cfg(test)]
mod tests {
    use super::day_in_china;

    #[test]
    fn a_moment_is_the_day_that_it_is_in_china() {
        for (text, day) in [
            ("2025-03-14T00:00:00+08:00", "2025-03-14"),
            ("2025-03-13T16:00:00Z", "2025-03-14"),
            ("2025-03-13T15:59:59Z", "2025-03-13"),
            ("2025-03-13T20:00:00-05:00", "2025-03-14"),
            ("2025-03-14", "2025-03-14"),
            ("2025-03-14T09:30:00", "2025-03-14"),
        ] {
            assert_eq!(day_in_china(text).unwrap().to_string(), day, "{text}");
        }
        for text in [
            "",
            "三月",
            "2025-13-01",
            "2025-02-30T00:00:00Z",
            "14/03/2025",
        ] {
            assert_eq!(day_in_china(text), None, "{text}");
        }
    }
}
