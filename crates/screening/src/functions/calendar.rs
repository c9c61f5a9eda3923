//! Days, full months and working days between two dates.
//! Pure: dates are days since 1970-01-01, as Arrow's Date32 counts them; knows no table and no engine.

use std::sync::OnceLock;

/// The public holidays as the State Council's General Office arranged them (see the file's head).
const HOLIDAYS: &str = include_str!("../../data/holidays_cn.csv");

/// Full months from `from` to `to`: the largest m such that `from` + m months ≤ `to`, where adding
/// months to the 29th, 30th or 31st stops at the end of a shorter month (31 January + 1 month is
/// 28 or 29 February). Negative when `to` lies before `from`.
pub fn months_between(from: i32, to: i32) -> i64 {
    if to < from {
        return -months_between(to, from);
    }
    let (first, last) = (CivilDate::of(from), CivilDate::of(to));
    let months = (last.year - first.year) * 12 + i64::from(last.month) - i64::from(first.month);
    let anniversary = first.day.min(days_in_month(last.year, last.month));
    if last.day < anniversary {
        months - 1
    } else {
        months
    }
}

/// Working days after `from` up to and including `to`, as mainland China works: Monday to Friday
/// without public holidays, and the weekend days worked to make up for them. Negative (counted the
/// other way round) when `to` lies before `from`; nothing when a day to be judged lies outside the
/// years of the holiday table (2023–2026).
pub fn working_days(from: i32, to: i32) -> Option<i64> {
    static CALENDAR: OnceLock<WorkingDays> = OnceLock::new();
    CALENDAR
        .get_or_init(|| WorkingDays::read(HOLIDAYS))
        .between(from, to)
}

/// The number of working days from the table's first day up to each of its days.
#[derive(Debug)]
struct WorkingDays {
    /// The day before the table's first.
    before: i32,
    /// `up_to[i]`: working days in the `i` days after `before`.
    up_to: Vec<u32>,
}

impl WorkingDays {
    /// Lines that cannot be read are left out: the tests read the table that is built in.
    fn read(table: &str) -> Self {
        let mut years: Option<(i64, i64)> = None;
        let mut departures = Vec::new();
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            let mut cells = line.split(',');
            let year = cells.next().and_then(|cell| cell.parse::<i64>().ok());
            let working = cells.next() == Some("work");
            let first = cells.next().and_then(parse_day);
            let last = cells.next().and_then(parse_day);
            let (Some(year), Some(first), Some(last)) = (year, first, last) else {
                continue;
            };
            let (from, to) = years.unwrap_or((year, year));
            years = Some((from.min(year), to.max(year)));
            departures.push((first, last, working));
        }
        let Some((from, to)) = years else {
            return Self {
                before: i32::MAX,
                up_to: Vec::new(),
            };
        };
        let before = days_from_civil(from, 1, 1) - 1;
        let end = days_from_civil(to, 12, 31);
        let mut up_to = vec![0];
        let mut count = 0;
        for day in before + 1..=end {
            // 1970-01-01 was a Thursday: 0 is Monday.
            let weekday = (day + 3).rem_euclid(7) < 5;
            let works = departures
                .iter()
                .find(|(first, last, _)| (*first..=*last).contains(&day))
                .map_or(weekday, |(_, _, working)| *working);
            count += u32::from(works);
            up_to.push(count);
        }
        Self { before, up_to }
    }

    fn between(&self, from: i32, to: i32) -> Option<i64> {
        Some(self.count(to)? - self.count(from)?)
    }

    fn count(&self, day: i32) -> Option<i64> {
        let index = usize::try_from(i64::from(day) - i64::from(self.before)).ok()?;
        self.up_to.get(index).copied().map(i64::from)
    }
}

struct CivilDate {
    year: i64,
    month: u32,
    day: u32,
}

impl CivilDate {
    /// The proleptic Gregorian date, counted in eras of 400 years that begin on 1 March.
    fn of(days: i32) -> Self {
        let shifted = i64::from(days) + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let day = (day_of_year - (153 * march_month + 2) / 5 + 1) as u32;
        let month = if march_month < 10 {
            march_month + 3
        } else {
            march_month - 9
        } as u32;
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day,
        }
    }
}

/// Days since 1970-01-01 of a proleptic Gregorian date; the inverse of [`CivilDate::of`].
fn days_from_civil(year: i64, month: u32, day: u32) -> i32 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let march_month = i64::from((month + 9) % 12);
    let day_of_year = (153 * march_month + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era - 719_468) as i32
}

fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn parse_day(text: &str) -> Option<i32> {
    let mut parts = text.splitn(3, '-');
    let year = parts.next()?.parse().ok()?;
    let month = parts.next()?.parse().ok()?;
    let day = parts.next()?.parse().ok()?;
    Some(days_from_civil(year, month, day))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> i32 {
        parse_day(text).unwrap()
    }

    fn worked(from: &str, to: &str) -> Option<i64> {
        working_days(day(from), day(to))
    }

    #[test]
    fn every_line_of_the_holiday_table_is_read() {
        for line in HOLIDAYS.lines().filter(|line| line.starts_with("20")) {
            let cells: Vec<&str> = line.split(',').collect();
            assert_eq!(cells.len(), 5, "{line}");
            assert!(["off", "work"].contains(&cells[1]), "{line}");
            let (first, last) = (day(cells[2]), day(cells[3]));
            assert!(first <= last && last - first < 10, "{line}");
            for day in first..=last {
                let weekend = (day + 3).rem_euclid(7) >= 5;
                assert!(
                    weekend || cells[1] == "off",
                    "only weekends are made up: {line}"
                );
            }
        }
    }

    #[test]
    fn years_have_the_working_days_that_their_notices_give() {
        // Weekdays of the year − weekdays off + weekend days worked.
        assert_eq!(worked("2022-12-31", "2023-12-31"), Some(249));
        assert_eq!(worked("2023-12-31", "2024-12-31"), Some(251));
        assert_eq!(worked("2024-12-31", "2025-12-31"), Some(248));
        assert_eq!(worked("2025-12-31", "2026-12-31"), Some(248));
    }

    #[test]
    fn the_first_day_is_not_counted_and_the_last_is() {
        assert_eq!(worked("2025-03-03", "2025-03-04"), Some(1));
        assert_eq!(worked("2025-03-07", "2025-03-10"), Some(1));
        assert_eq!(worked("2025-03-04", "2025-03-04"), Some(0));
        assert_eq!(worked("2025-03-10", "2025-03-07"), Some(-1));
    }

    #[test]
    fn holidays_are_off_and_make_up_days_are_worked() {
        assert_eq!(worked("2025-01-27", "2025-02-05"), Some(1));
        assert_eq!(worked("2026-02-13", "2026-02-14"), Some(1));
        assert_eq!(worked("2026-02-14", "2026-02-23"), Some(0));
        assert_eq!(worked("2023-10-06", "2023-10-08"), Some(2));
    }

    #[test]
    fn a_span_that_leaves_the_table_has_no_answer() {
        assert_eq!(worked("2022-12-30", "2023-01-05"), None);
        assert_eq!(worked("2026-12-30", "2027-01-01"), None);
        assert_eq!(worked("2022-12-31", "2023-01-03"), Some(1));
    }

    #[test]
    fn months_are_full_and_stop_at_the_end_of_shorter_months() {
        let months = |from: &str, to: &str| months_between(day(from), day(to));
        assert_eq!(months("2024-01-31", "2024-02-29"), 1);
        assert_eq!(months("2024-01-31", "2024-02-28"), 0);
        assert_eq!(months("2025-01-31", "2025-02-28"), 1);
        assert_eq!(months("2025-01-15", "2025-02-14"), 0);
        assert_eq!(months("2025-01-15", "2026-01-15"), 12);
        assert_eq!(months("2026-01-15", "2025-01-15"), -12);
        assert_eq!(months("2024-02-29", "2025-02-28"), 12);
    }

    proptest! {
        #[test]
        fn a_date_becomes_days_and_a_date_again(days in -800_000i32..800_000) {
            let date = CivilDate::of(days);
            prop_assert_eq!(days_from_civil(date.year, date.month, date.day), days);
            prop_assert!(date.day <= days_in_month(date.year, date.month));
        }

        #[test]
        fn working_days_add_up(a in 19_400i32..20_400, b in 19_400i32..20_400, c in 19_400i32..20_400) {
            prop_assert_eq!(
                working_days(a, b).unwrap() + working_days(b, c).unwrap(),
                working_days(a, c).unwrap()
            );
        }
    }
}
