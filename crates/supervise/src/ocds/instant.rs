//! Date-times of OCDS (RFC 3339 with a zone) into milliseconds since 1970, UTC.

/// Milliseconds since 1970 of `2024-03-14T09:30:00Z` or with an offset such as `+08:00`.
///
/// `None` for anything else: a day without a time, a time without a zone, a day that does not exist.
/// OCDS asks for RFC 3339, and a time without its zone cannot be compared with one that has it.
pub(super) fn milliseconds(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() < 20 || !matches!(bytes[10], b'T' | b't' | b' ') {
        return None;
    }
    if bytes[4] != b'-' || bytes[7] != b'-' || bytes[13] != b':' || bytes[16] != b':' {
        return None;
    }
    let year = number(&bytes[0..4])?;
    let (month, day) = (number(&bytes[5..7])?, number(&bytes[8..10])?);
    let (hour, minute, second) = (
        number(&bytes[11..13])?,
        number(&bytes[14..16])?,
        number(&bytes[17..19])?,
    );
    if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut rest = &bytes[19..];
    let mut fraction = 0;
    if rest[0] == b'.' {
        let digits = rest[1..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if digits == 0 {
            return None;
        }
        for place in 0..3 {
            let digit = if place < digits {
                i64::from(rest[1 + place] - b'0')
            } else {
                0
            };
            fraction = fraction * 10 + digit;
        }
        rest = &rest[1 + digits..];
    }
    let offset = match rest {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (number(&[*h1, *h2])?, number(&[*m1, *m2])?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = (hours * 60 + minutes) * 60;
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    let seconds =
        days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    Some(seconds * 1000 + fraction)
}

/// The first and the last instant that a time without a zone can stand for, or a day alone, wherever on
/// earth it was written down: zones reach from UTC−12 to UTC+14.
pub(super) fn somewhere(text: &str) -> Option<(i64, i64)> {
    const HOUR: i64 = 3_600_000;
    let (first, last) = match milliseconds(&format!("{text}Z")) {
        Some(time) => (time, time),
        None => (
            milliseconds(&format!("{text}T00:00:00Z"))?,
            milliseconds(&format!("{text}T23:59:59.999Z"))?,
        ),
    };
    Some((first - 14 * HOUR, last + 12 * HOUR))
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |value, byte| {
        byte.is_ascii_digit()
            .then(|| value * 10 + i64::from(byte - b'0'))
    })
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days of the proleptic Gregorian calendar, counted in years that begin in March.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::{milliseconds, somewhere};

    #[test]
    fn a_time_with_a_zone_is_an_instant() {
        assert_eq!(milliseconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(
            milliseconds("2024-02-29T08:00:00.5+08:00"),
            Some(1_709_164_800_500)
        );
        assert_eq!(milliseconds("1969-12-31T23:59:59.999Z"), Some(-1));
    }

    #[test]
    fn a_day_alone_or_a_time_without_zone_is_not_guessed_at() {
        for text in [
            "2024-03-14",
            "2024-03-14T09:30:00",
            "2023-02-29T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "14/03/2024",
        ] {
            assert_eq!(milliseconds(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_without_a_zone_lies_between_the_ends_of_the_earth() {
        let between = |first, last| Some((milliseconds(first)?, milliseconds(last)?));
        assert_eq!(
            somewhere("2021-12-09 11:42:00.0000000"),
            between("2021-12-09T11:42:00+14:00", "2021-12-09T11:42:00-12:00")
        );
        assert_eq!(
            somewhere("2021-12-09"),
            between("2021-12-09T00:00:00+14:00", "2021-12-09T23:59:59.999-12:00")
        );
        for text in [
            "",
            "yesterday",
            "2021-12",
            "2021-12-09T11:42",
            "2021-12-09T11:42:00Z",
        ] {
            assert_eq!(somewhere(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn it_agrees_with_a_calendar_library(second in -60_000_000_000_i64..200_000_000_000) {
            let instant = jiff::Timestamp::from_second(second).unwrap();
            proptest::prop_assert_eq!(milliseconds(&instant.to_string()), Some(second * 1000));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}") {
            let _ = milliseconds(&text);
            let _ = somewhere(&text);
        }
    }
}
