//! Days and moments as people and Excel write them.

use super::{Cell, Refused, half_width, stands_for_nothing};

/// Excel's serial of 1970-01-01 in the system that counts from 1900.
const EPOCH_1900: i64 = 25_569;
/// The same in the system that counts from 1904.
const EPOCH_1904: i64 = 24_107;
/// China's clocks, in milliseconds ahead of UTC; unchanged since 1991.
pub(crate) const SHANGHAI: i64 = 8 * 3_600_000;
/// A day in milliseconds.
const DAY: i64 = 86_400_000;

/// Days since 1970-01-01 of a day that exists between 1900 and 2199.
pub fn days(year: i32, month: u32, day: u32) -> Option<i32> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if !(1900..2200).contains(&year) || day == 0 || day > length {
        return None;
    }
    // Howard Hinnant's days_from_civil, for years after 0.
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted / 400;
    let of_era = shifted % 400;
    let month = month as i32;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day as i32 - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// A day as `2024-03-14`.
pub fn print(day: i32) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// A moment as `2024-03-14 09:30:00`.
pub fn print_moment(day: i32, millis: i64) -> String {
    let seconds = millis / 1000;
    format!(
        "{} {:02}:{:02}:{:02}",
        print(day),
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

fn civil(day: i32) -> (i32, i32, i32) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i32::from(month <= 2), month, day)
}

/// Reads a day. `epoch_1904`: whether the workbook counts its days from 1904.
///
/// # Errors
/// When it is no day, or one that does not exist.
pub fn read(cell: Cell<'_>, epoch_1904: bool) -> Result<Option<i32>, Refused> {
    match cell {
        Cell::Empty => Ok(None),
        Cell::Failed(error) => Err(Refused::formula(error)),
        Cell::Text(text) if stands_for_nothing(text) => Ok(None),
        Cell::Moment { day, .. } => Ok(Some(day)),
        Cell::Number(number) => serial_day(number, epoch_1904).map(Some).ok_or_else(refused),
        Cell::Text(text) => {
            let text = half_width(text);
            moment(&text)
                .map(|(day, _)| day)
                .or_else(|| serial_day(written_serial(&text)?, epoch_1904))
                .map(Some)
                .ok_or_else(refused)
        }
        Cell::Bool(_) => Err(refused()),
    }
}

/// Reads a moment, in milliseconds since 1970 in UTC. Without a zone it is China's.
///
/// # Errors
/// When it is no moment.
pub fn read_time(cell: Cell<'_>, epoch_1904: bool) -> Result<Option<i64>, Refused> {
    match cell {
        Cell::Empty => Ok(None),
        Cell::Failed(error) => Err(Refused::formula(error)),
        Cell::Text(text) if stands_for_nothing(text) => Ok(None),
        Cell::Moment { day, millis } => Ok(Some(i64::from(day) * DAY + millis - SHANGHAI)),
        Cell::Number(number) => serial_moment(number, epoch_1904)
            .map(Some)
            .ok_or_else(refused_time),
        Cell::Text(text) => {
            let text = half_width(text);
            if let Some(number) = written_serial(&text) {
                return serial_moment(number, epoch_1904)
                    .map(Some)
                    .ok_or_else(refused_time);
            }
            let (day, rest) = moment(&text).ok_or_else(refused_time)?;
            let (millis, offset) = clock(rest).ok_or_else(refused_time)?;
            Ok(Some(i64::from(day) * DAY + millis - offset))
        }
        Cell::Bool(_) => Err(refused_time()),
    }
}

/// The day in China of a moment in UTC.
pub fn day_in_china(millis: i64) -> i32 {
    (millis + SHANGHAI).div_euclid(DAY) as i32
}

/// A serial written as text, as CSV and cells formatted as text hold it: five digits, perhaps a part of a day.
fn written_serial(text: &str) -> Option<f64> {
    let text = text.trim();
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let numeric = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    (whole.len() == 5 && !part.is_empty() && numeric(whole) && numeric(part))
        .then(|| text.parse().ok())
        .flatten()
}

/// A serial with its part of a day, as a moment in UTC.
fn serial_moment(number: f64, epoch_1904: bool) -> Option<i64> {
    let day = serial_day(number, epoch_1904)?;
    let millis = (number.fract() * DAY as f64).round() as i64;
    Some(i64::from(day) * DAY + millis - SHANGHAI)
}

/// A serial, or eight digits that are a day.
fn serial_day(number: f64, epoch_1904: bool) -> Option<i32> {
    if (19_000_101.0..22_000_000.0).contains(&number) && number.fract() == 0.0 {
        let digits = number as i32;
        return days(
            digits / 10_000,
            (digits / 100 % 100) as u32,
            (digits % 100) as u32,
        );
    }
    // 1927 to 2173: a smaller number is no date that a project has.
    if !(10_000.0..100_000.0).contains(&number) {
        return None;
    }
    let epoch = if epoch_1904 { EPOCH_1904 } else { EPOCH_1900 };
    i32::try_from(number.floor() as i64 - epoch).ok()
}

/// A day at the beginning of `text`, and what follows it.
fn moment(text: &str) -> Option<(i32, &str)> {
    let text = text.trim();
    if let Some(digits) = text.get(..8)
        && digits.bytes().all(|digit| digit.is_ascii_digit())
        && !text[8..].starts_with(|letter: char| letter.is_ascii_digit())
    {
        let number: u32 = digits.parse().ok()?;
        let day = days((number / 10_000) as i32, number / 100 % 100, number % 100)?;
        return ends(&text[8..]).map(|rest| (day, rest));
    }
    let (year, rest) = digits(text, 4, 4)?;
    let (separator, rest) = first(rest)?;
    let (month, rest) = digits(rest.trim_start(), 1, 2)?;
    let (second, rest) = first(rest)?;
    let matching = match separator {
        '年' => second == '月',
        '-' | '/' | '.' => second == separator,
        _ => false,
    };
    if !matching {
        return None;
    }
    let (day, rest) = digits(rest.trim_start(), 1, 2)?;
    let rest = rest.strip_prefix(['日', '号']).unwrap_or(rest);
    let day = days(year as i32, month, day)?;
    ends(rest).map(|rest| (day, rest))
}

/// What may follow a day: nothing, or a clock's time, of which the day takes no notice.
fn ends(rest: &str) -> Option<&str> {
    let rest = rest.trim_start();
    let rest = rest.strip_prefix(['T', 't']).unwrap_or(rest).trim();
    (rest.is_empty() || clock(rest).is_some()).then_some(rest)
}

/// `09:30`, `9:30:15.250`, with `Z` or `+08:00`: milliseconds of the day, and the zone's.
fn clock(text: &str) -> Option<(i64, i64)> {
    if text.is_empty() {
        return Some((0, SHANGHAI));
    }
    let (hour, rest) = digits(text, 1, 2)?;
    let rest = rest.strip_prefix([':', '时'])?;
    let (minute, rest) = digits(rest, 1, 2)?;
    let rest = rest.strip_prefix('分').unwrap_or(rest);
    let mut millis = (i64::from(hour) * 60 + i64::from(minute)) * 60_000;
    let mut rest = rest;
    let mut second = 0;
    if let Some(after) = rest.strip_prefix(':') {
        (second, rest) = digits(after, 1, 2)?;
        millis += i64::from(second) * 1000;
        if let Some(after) = rest.strip_prefix('.') {
            let end = after
                .find(|letter: char| !letter.is_ascii_digit())
                .unwrap_or(after.len());
            let part: String = after[..end].chars().chain("000".chars()).take(3).collect();
            millis += part.parse::<i64>().ok()?;
            rest = &after[end..];
        }
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let rest = rest.trim();
    let offset = match rest.chars().next() {
        None => SHANGHAI,
        Some('Z' | 'z') if rest.len() == 1 => 0,
        Some(sign @ ('+' | '-')) => {
            let (hours, after) = digits(&rest[1..], 2, 2)?;
            let (minutes, after) = digits(after.strip_prefix(':').unwrap_or(after), 2, 2)?;
            if !after.is_empty() || hours > 18 || minutes > 59 {
                return None;
            }
            let offset = (i64::from(hours) * 60 + i64::from(minutes)) * 60_000;
            if sign == '-' { -offset } else { offset }
        }
        Some(_) => return None,
    };
    Some((millis, offset))
}

/// Between `least` and `most` digits at the beginning.
fn digits(text: &str, least: usize, most: usize) -> Option<(u32, &str)> {
    let count = text
        .bytes()
        .take(most)
        .take_while(u8::is_ascii_digit)
        .count();
    if count < least {
        return None;
    }
    Some((text[..count].parse().ok()?, &text[count..]))
}

fn first(text: &str) -> Option<(char, &str)> {
    let letter = text.trim_start().chars().next()?;
    let rest = &text.trim_start()[letter.len_utf8()..];
    Some((letter, rest))
}

fn refused() -> Refused {
    Refused::new(
        "date",
        "应为存在的日期,如 2024-03-14、2024/3/14、2024年3月14日",
        "expected a day that exists, such as 2024-03-14, 2024/3/14 or 2024年3月14日",
    )
}

fn refused_time() -> Refused {
    Refused::new(
        "time",
        "应为时间,如 2024-03-14 09:30",
        "expected a moment, such as 2024-03-14 09:30",
    )
}
