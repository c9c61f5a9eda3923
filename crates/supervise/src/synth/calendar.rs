//! Days as whole numbers since 1970-01-01, because a county adds and compares them by the million.
//! Conversions follow the proleptic Gregorian calendar; time zones are only met in photo times.

use jiff::civil::Date;

/// Days since 1970-01-01.
pub(super) type Day = i32;

/// Milliseconds between UTC and Asia/Shanghai.
const SHANGHAI_MS: i64 = 8 * 3_600_000;

/// The number of a civil day.
pub(super) fn day_of(date: Date) -> Day {
    from_civil(
        i32::from(date.year()),
        i32::from(date.month()),
        i32::from(date.day()),
    )
}

/// The number of the day (year, month, day), by Hinnant's `days_from_civil`.
pub(super) fn from_civil(year: i32, month: i32, day: i32) -> Day {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a number, by Hinnant's `civil_from_days`.
pub(super) fn civil(day: Day) -> (i32, i32, i32) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted - era * 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * of_year + 2) / 153;
    let month = if month_index < 10 {
        month_index + 3
    } else {
        month_index - 9
    };
    let year = year_of_era + era * 400 + i32::from(month <= 2);
    (year, month, of_year - (153 * month_index + 2) / 5 + 1)
}

/// The calendar year of a day.
pub(super) fn year_of(day: Day) -> i32 {
    civil(day).0
}

/// `2024-03-14`.
pub(super) fn text(day: Day) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Milliseconds since the epoch in UTC of a wall-clock minute of that day in Asia/Shanghai.
pub(super) fn shanghai(day: Day, minute: i32) -> i64 {
    i64::from(day) * 86_400_000 + i64::from(minute) * 60_000 - SHANGHAI_MS
}

/// The day in Asia/Shanghai of an instant.
pub(super) fn shanghai_day(at_ms: i64) -> Day {
    (at_ms + SHANGHAI_MS).div_euclid(86_400_000) as Day
}

/// `2024-03-14 10:20:30` as a clock in Asia/Shanghai shows that instant.
pub(super) fn shanghai_text(at_ms: i64) -> String {
    let seconds = (at_ms + SHANGHAI_MS).rem_euclid(86_400_000) / 1000;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!(
        "{} {hours:02}:{minutes:02}:{:02}",
        text(shanghai_day(at_ms)),
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_convert_back_and_forth() {
        for day in (-1000..40_000).step_by(13) {
            let (year, month, of_month) = civil(day);
            assert_eq!(from_civil(year, month, of_month), day);
            let date = Date::new(year as i16, month as i8, of_month as i8).unwrap();
            assert_eq!(day_of(date), day);
        }
        assert_eq!(text(from_civil(2024, 2, 29)), "2024-02-29");
    }

    #[test]
    fn a_morning_in_shanghai_is_the_same_day() {
        let day = from_civil(2025, 5, 1);
        assert_eq!(shanghai_day(shanghai(day, 7 * 60)), day);
        assert_eq!(
            shanghai_text(shanghai(day, 7 * 60 + 5)),
            "2025-05-01 07:05:00"
        );
    }
}
