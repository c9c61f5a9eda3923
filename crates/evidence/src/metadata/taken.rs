//! When a photo was taken, and how its zone is known.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{self, Offset};
use jiff::{SignedDuration, Timestamp};

use super::exif::ExifFacts;
use crate::Warning;

/// The clock of Asia/Shanghai: UTC+8 since 1991, before which there were no such photos.
const SHANGHAI: Offset = tz::offset(8);
/// How far a camera's clock may be from a quarter of an hour off GPS time, and still be a zone.
const CLOCK_SLACK_S: i64 = 300;

/// The moment a photo was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// In UTC.
    pub at: Timestamp,
    /// How the zone is known.
    pub zone: Zone,
}

impl Taken {
    /// The day in Asia/Shanghai.
    pub fn day(&self) -> Date {
        SHANGHAI.to_datetime(self.at).date()
    }
}

/// How the zone of a photo's time is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// The photo states its offset from UTC.
    Stated(Offset),
    /// The time is that of its satellite fix, which is UTC.
    GpsUtc,
    /// It says neither; Asia/Shanghai was assumed.
    AssumedShanghai,
}

impl Zone {
    /// What to tell a person: Chinese, English.
    pub fn text(&self) -> (String, String) {
        match self {
            Self::Stated(offset) => (
                format!("照片注明时区 UTC{offset}"),
                format!("zone stated in the photo: UTC{offset}"),
            ),
            Self::GpsUtc => (
                "取卫星定位时间 (UTC)".to_owned(),
                "time of the satellite fix (UTC)".to_owned(),
            ),
            Self::AssumedShanghai => (
                "照片未注明时区,按北京时间计".to_owned(),
                "no zone in the photo; Asia/Shanghai assumed".to_owned(),
            ),
        }
    }
}

/// Decides when a photo was taken; what does not fit is added to the warnings.
pub(crate) fn when(
    facts: &ExifFacts,
    not_after: Option<Timestamp>,
    warnings: &mut Vec<Warning>,
) -> Option<Taken> {
    let local = facts.local_time.as_deref().and_then(|text| {
        let read = date_time(text);
        if read.is_none() {
            warnings.push(Warning::ImpossibleDate(text.to_owned()));
        }
        read
    });
    let gps = satellite_time(facts);
    let stated = facts.offset.as_deref().and_then(|text| {
        let read = offset(text);
        // Spaces and colons alone: cameras that do not know their zone leave them blank.
        if read.is_none() && text.chars().any(char::is_alphanumeric) {
            warnings.push(Warning::ZoneUnreadable(text.to_owned()));
        }
        read
    });
    let taken = match (local, stated, gps) {
        (Some(local), Some(offset), _) => Taken {
            at: offset.to_timestamp(local).ok()?,
            zone: Zone::Stated(offset),
        },
        (_, _, Some(gps)) => Taken {
            at: gps,
            zone: Zone::GpsUtc,
        },
        (Some(local), None, None) => Taken {
            at: SHANGHAI.to_timestamp(local).ok()?,
            zone: Zone::AssumedShanghai,
        },
        (None, _, None) => return None,
    };
    if let (Some(local), Some(gps)) = (local, gps)
        && !clocks_agree(local, stated, gps)
    {
        warnings.push(Warning::ClocksDisagree {
            camera: local,
            satellites: gps,
        });
    }
    let year = taken.day().year();
    if year < 2000 {
        warnings.push(Warning::ClockNotSet(taken.day()));
    }
    let latest = not_after.and_then(|now| now.checked_add(SignedDuration::from_hours(24)).ok());
    if latest.is_some_and(|latest| taken.at > latest) {
        warnings.push(Warning::InTheFuture(taken.day()));
    }
    Some(taken)
}

/// Whether camera and satellites may both be right: apart by the stated zone, or by some zone.
fn clocks_agree(local: DateTime, stated: Option<Offset>, gps: Timestamp) -> bool {
    let Ok(as_if_utc) = Offset::UTC.to_timestamp(local) else {
        return false;
    };
    let apart = as_if_utc.as_second() - gps.as_second();
    if let Some(offset) = stated {
        return (apart - i64::from(offset.seconds())).abs() <= 3_600;
    }
    let from_quarter = (apart + 450).rem_euclid(900) - 450;
    (-12 * 3_600 - CLOCK_SLACK_S..=14 * 3_600 + CLOCK_SLACK_S).contains(&apart)
        && from_quarter.abs() <= CLOCK_SLACK_S
}

/// `2024:03:14 09:30:05`, as Exif has it; other separators are read too.
fn date_time(text: &str) -> Option<DateTime> {
    let numbers = numbers_in::<6>(text)?;
    let small = |i: usize| i8::try_from(numbers[i]).ok();
    let date = Date::new(
        i16::try_from(numbers[0]).ok().filter(|year| *year > 0)?,
        small(1)?,
        small(2)?,
    );
    // A leap second, 60, is shown as the last whole second before it.
    let time = Time::new(small(3)?, small(4)?, small(5)?.min(59), 0);
    Some(date.ok()?.to_datetime(time.ok()?))
}

fn satellite_time(facts: &ExifFacts) -> Option<Timestamp> {
    let date = numbers_in::<3>(facts.gps_date.as_deref()?)?;
    let [hours, minutes, seconds] = facts.gps_time?;
    let year = i16::try_from(date[0]).ok().filter(|year| *year > 1979)?;
    let day = Date::new(
        year,
        i8::try_from(date[1]).ok()?,
        i8::try_from(date[2]).ok()?,
    );
    let in_day = hours * 3_600.0 + minutes * 60.0 + seconds;
    if !(0.0..86_401.0).contains(&in_day) {
        return None;
    }
    let midnight = Offset::UTC.to_timestamp(day.ok()?.at(0, 0, 0, 0)).ok()?;
    midnight
        .checked_add(SignedDuration::from_secs(in_day as i64))
        .ok()
}

/// `+08:00`, `-03:30`, `Z`; also `+0800` and `UTC+8`, which some write.
fn offset(text: &str) -> Option<Offset> {
    let text = text.trim();
    let text = ["UTC", "GMT"]
        .iter()
        .find_map(|name| text.strip_prefix(name))
        .unwrap_or(text);
    if text.eq_ignore_ascii_case("z") {
        return Some(Offset::UTC);
    }
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let rest = text[1..].trim();
    let is_compact = rest.len() == 4 && rest.bytes().all(|byte| byte.is_ascii_digit());
    let [hours, minutes] = match numbers_in::<2>(rest) {
        _ if is_compact => [rest[..2].parse().ok()?, rest[2..].parse().ok()?],
        Some(both) => both,
        None => [rest.parse().ok().filter(|hours| *hours >= 0)?, 0],
    };
    if hours > 14 || minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok()
}

/// The first N runs of digits, each at most four long; what follows them is not read.
fn numbers_in<const N: usize>(text: &str) -> Option<[i32; N]> {
    let mut numbers = text
        .split(|c: char| !c.is_ascii_digit())
        .filter(|run| !run.is_empty())
        .map(|run| {
            if run.len() <= 4 {
                run.parse().ok()
            } else {
                None
            }
        });
    let mut found = [0; N];
    for slot in &mut found {
        *slot = numbers.next()??;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(local: &str) -> ExifFacts {
        ExifFacts {
            local_time: Some(local.to_owned()),
            ..ExifFacts::default()
        }
    }

    #[test]
    fn a_stated_offset_decides() {
        let facts = ExifFacts {
            offset: Some("+09:00".to_owned()),
            ..facts("2024:03:14 00:30:05")
        };
        let taken = when(&facts, None, &mut Vec::new()).unwrap();
        assert_eq!(taken.at.to_string(), "2024-03-13T15:30:05Z");
        assert_eq!(taken.zone, Zone::Stated(tz::offset(9)));
        assert_eq!(taken.day().to_string(), "2024-03-13");
    }

    #[test]
    fn offsets_are_read_in_the_spellings_that_cameras_have() {
        for text in ["+09:00", "+0900", " +09:00 ", "UTC+9", "GMT+09:00", "+9"] {
            assert_eq!(offset(text), Some(tz::offset(9)), "{text}");
        }
        assert_eq!(offset("-0330"), Offset::from_seconds(-12_600).ok());
        for text in ["", "+", "+x", "+-1", "+99:00", "+08:75", "9", "东八区"] {
            assert_eq!(offset(text), None, "{text}");
        }
        let told = |text: &str| {
            let mut warnings = Vec::new();
            let facts = ExifFacts {
                offset: Some(text.to_owned()),
                ..facts("2024:03:14 09:30:05")
            };
            let taken = when(&facts, None, &mut warnings).unwrap();
            assert_eq!(taken.zone, Zone::AssumedShanghai);
            warnings
        };
        assert_eq!(
            told("+99:00"),
            [Warning::ZoneUnreadable("+99:00".to_owned())]
        );
        assert_eq!(told("   :  "), []);
    }

    #[test]
    fn satellite_time_comes_next_and_its_zone_is_utc() {
        let facts = ExifFacts {
            gps_date: Some("2008:10:23".to_owned()),
            gps_time: Some([14.0, 27.0, 7.24]),
            ..facts("2008:10:22 16:28:39")
        };
        let mut warnings = Vec::new();
        let taken = when(&facts, None, &mut warnings).unwrap();
        assert_eq!(taken.at.to_string(), "2008-10-23T14:27:07Z");
        assert_eq!(taken.zone, Zone::GpsUtc);
        // The camera's calendar was a day behind.
        assert!(matches!(warnings[..], [Warning::ClocksDisagree { .. }]));
    }

    #[test]
    fn a_clock_that_is_a_zone_away_from_the_satellites_agrees_with_them() {
        let facts = ExifFacts {
            gps_date: Some("2024:05:01".to_owned()),
            gps_time: Some([0.0, 58.0, 50.0]),
            ..facts("2024:05:01 09:00:10")
        };
        let mut warnings = Vec::new();
        assert!(when(&facts, None, &mut warnings).is_some());
        assert!(warnings.is_empty());
    }

    #[test]
    fn without_either_shanghai_is_assumed_and_said() {
        let taken = when(&facts("2024:03:14 09:30:05"), None, &mut Vec::new()).unwrap();
        assert_eq!(taken.at.to_string(), "2024-03-14T01:30:05Z");
        assert_eq!(taken.zone, Zone::AssumedShanghai);
        assert!(taken.zone.text().0.contains("北京时间"));
    }

    #[test]
    fn impossible_unset_and_future_dates_are_warned_of() {
        for text in [
            "2024:02:30 10:00:00",
            "0000:00:00 00:00:00",
            "nonsense",
            "2024:13:01 25:00:00",
        ] {
            let mut warnings = Vec::new();
            assert_eq!(when(&facts(text), None, &mut warnings), None);
            assert_eq!(warnings, [Warning::ImpossibleDate(text.to_owned())]);
        }
        let mut warnings = Vec::new();
        let now = "2025-01-01T00:00:00Z".parse().unwrap();
        assert!(when(&facts("1980:01:01 00:00:12"), Some(now), &mut warnings).is_some());
        assert!(when(&facts("2031:01:01 00:00:12"), Some(now), &mut warnings).is_some());
        assert!(matches!(
            warnings[..],
            [Warning::ClockNotSet(_), Warning::InTheFuture(_)]
        ));
    }
}
