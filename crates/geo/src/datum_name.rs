//! Names of datums as people, land offices and GIS programs write them.

use crate::datum::Datum;
use crate::error::{GeoError, shortened};
use crate::gauss_kruger::GaussKruger;

/// Names of WGS-84 and CGCS2000 in degrees and of GCJ-02, upper case without separators.
const PLAIN: [(&str, Datum); 22] = [
    ("WGS84", Datum::Wgs84),
    ("WGS1984", Datum::Wgs84),
    ("GCSWGS1984", Datum::Wgs84),
    ("WGS84坐标系", Datum::Wgs84),
    ("GPS", Datum::Wgs84),
    ("CRS84", Datum::Wgs84),
    ("CGCS2000", Datum::Cgcs2000),
    ("CGCS2000坐标系", Datum::Cgcs2000),
    ("GCSCHINAGEODETICCOORDINATESYSTEM2000", Datum::Cgcs2000),
    ("CHINAGEODETICCOORDINATESYSTEM2000", Datum::Cgcs2000),
    ("国家2000", Datum::Cgcs2000),
    ("国家2000坐标系", Datum::Cgcs2000),
    ("国家2000大地坐标系", Datum::Cgcs2000),
    ("国家大地2000", Datum::Cgcs2000),
    ("2000国家大地坐标系", Datum::Cgcs2000),
    ("大地2000", Datum::Cgcs2000),
    ("GCJ02", Datum::Gcj02),
    ("GCJ02坐标系", Datum::Gcj02),
    ("火星坐标", Datum::Gcj02),
    ("火星坐标系", Datum::Gcj02),
    ("高德", Datum::Gcj02),
    ("国测局02", Datum::Gcj02),
];

/// Parts of names of datums whose way to WGS-84 is not public or not linear, and what to call them.
const UNSUPPORTED: [(&str, &str); 10] = [
    ("BEIJING1954", "Beijing 1954 (北京54)"),
    ("BEIJING54", "Beijing 1954 (北京54)"),
    ("北京54", "Beijing 1954 (北京54)"),
    ("1954北京", "Beijing 1954 (北京54)"),
    ("XIAN1980", "Xi'an 1980 (西安80)"),
    ("XIAN80", "Xi'an 1980 (西安80)"),
    ("西安80", "Xi'an 1980 (西安80)"),
    ("1980西安", "Xi'an 1980 (西安80)"),
    ("BD09", "BD-09 (百度)"),
    ("百度", "BD-09 (百度)"),
];

/// What to call the datum that a text names, if it is one that cannot be converted.
pub(crate) fn unsupported(text: &str) -> Option<&'static str> {
    let name: String = text
        .chars()
        .take(20_000)
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_uppercase)
        .collect();
    let found = UNSUPPORTED.iter().find(|(part, _)| name.contains(part))?;
    Some(found.1)
}

pub(crate) fn parse(text: &str) -> Result<Datum, GeoError> {
    let unknown = || GeoError::UnknownDatum {
        given: shortened(text),
    };
    if text.len() > 4_096 {
        return Err(unknown());
    }
    if let Some(datum) = by_epsg(text) {
        return Ok(datum);
    }
    let name: String = text
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_uppercase)
        .collect();
    if let Some((_, datum)) = PLAIN.iter().find(|(plain, _)| *plain == name) {
        return Ok(*datum);
    }
    if let Some(name) = unsupported(&name) {
        let name = name.to_owned();
        return Err(GeoError::UnsupportedDatum { name });
    }
    // urn:ogc:def:crs:OGC:1.3:CRS84, OGC:CRS84
    if name.starts_with("URNOGC") && name.ends_with("CRS84") || name == "OGCCRS84" {
        return Ok(Datum::Wgs84);
    }
    zone_by_name(&name)
        .map(Datum::GaussKruger)
        .ok_or_else(unknown)
}

/// `EPSG:4547`, `epsg 4547`, `urn:ogc:def:crs:EPSG::4547`, `EPSG:9.9:4547`, `4547`.
fn by_epsg(text: &str) -> Option<Datum> {
    let text = text.trim().to_ascii_uppercase();
    let (before, number) = text
        .rsplit_once([':', '：', ' ', '/'])
        .unwrap_or(("", &text));
    let named = before.is_empty() || before.contains("EPSG");
    let code = number.strip_prefix("EPSG").unwrap_or(number);
    match code.parse().ok().filter(|_| named)? {
        4326_u16 => Some(Datum::Wgs84),
        4490 => Some(Datum::Cgcs2000),
        other => GaussKruger::from_epsg(other).map(Datum::GaussKruger),
    }
}

/// `CGCS20003DEGREEGKCM114E`, `CGCS2000GKZONE20`, `国家20003度带38带`, `CGCS20003度带中央经线114`.
fn zone_by_name(name: &str) -> Option<GaussKruger> {
    let rest = ["CGCS2000", "国家2000", "大地2000", "2000国家大地坐标系"]
        .iter()
        .find_map(|datum| name.split_once(datum))
        .map(|(_, rest)| rest)?;
    let three = ["3DEGREE", "3度", "三度", "3分带"]
        .iter()
        .any(|w| rest.contains(w));
    let six = ["6DEGREE", "6度", "六度", "6分带"]
        .iter()
        .any(|w| rest.contains(w));
    if three && six {
        return None;
    }
    if let Some(meridian) = number_after(rest, &["CM", "中央经线", "中央子午线"]) {
        // The formula of a meridian is the same in both widths; a 6° zone must be called one.
        return if six {
            let zone = meridian.saturating_add(3) / 6;
            GaussKruger::from_zone(6, zone, false).filter(|z| z.meridian() == meridian)
        } else {
            let zone = meridian / 3;
            GaussKruger::from_zone(3, zone, false).filter(|z| z.meridian() == meridian)
        };
    }
    let zone = number_after(rest, &["ZONE", "第", "度带", "分带"])
        .or_else(|| number_before(rest, "带"))?;
    let prefixed = GaussKruger::prefixed(zone)?;
    let fits = match prefixed.width() {
        3 => !six,
        _ => !three,
    };
    fits.then_some(prefixed)
}

fn number_after(text: &str, words: &[&str]) -> Option<u8> {
    words.iter().find_map(|word| {
        let rest = text.split_once(word)?.1;
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        rest[..end].parse().ok()
    })
}

fn number_before(text: &str, word: &str) -> Option<u8> {
    text.split(word).find_map(|before| {
        let start = before.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| {
            at + before[at..].chars().next().map_or(1, char::len_utf8)
        });
        before[start..].parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epsg(text: &str) -> Option<u16> {
        parse(text).unwrap_or_else(|e| panic!("{text}: {e}")).epsg()
    }

    #[test]
    fn plain_names_are_known_in_any_spelling() {
        for name in [
            "WGS-84",
            "wgs84",
            "WGS 84",
            "EPSG:4326",
            "4326",
            "urn:ogc:def:crs:OGC:1.3:CRS84",
        ] {
            assert_eq!(parse(name), Ok(Datum::Wgs84), "{name}");
        }
        for name in [
            "CGCS2000",
            "CGCS 2000",
            "国家2000",
            "EPSG:4490",
            "2000国家大地坐标系",
            "urn:ogc:def:crs:EPSG::4490",
        ] {
            assert_eq!(parse(name), Ok(Datum::Cgcs2000), "{name}");
        }
        for name in ["GCJ-02", "gcj02", "火星坐标", "火星坐标系"] {
            assert_eq!(parse(name), Ok(Datum::Gcj02), "{name}");
        }
    }

    #[test]
    fn zones_are_known_by_number_and_by_name() {
        for name in [
            "EPSG:4547",
            "epsg：4547",
            "EPSG 4547",
            "EPSG4547",
            "4547",
            " 4547 ",
            "urn:ogc:def:crs:EPSG::4547",
            "http://www.opengis.net/def/crs/EPSG/0/4547",
            "CGCS2000_3_Degree_GK_CM_114E",
            "CGCS2000 / 3-degree Gauss-Kruger CM 114E",
            "国家2000 3度带 中央经线114",
            "CGCS2000三度带中央子午线114度",
        ] {
            assert_eq!(epsg(name), Some(4547), "{name}");
        }
        for name in [
            "CGCS2000_3_Degree_GK_Zone_38",
            "国家2000 3度带 38带",
            "CGCS2000 第38带",
            "CGCS2000 3度带38带",
        ] {
            assert_eq!(epsg(name), Some(4526), "{name}");
        }
        assert_eq!(epsg("CGCS2000_GK_Zone_20"), Some(4498));
        assert_eq!(epsg("CGCS2000 6度带 中央经线117"), Some(4509));
    }

    #[test]
    fn old_datums_are_named_and_refused() {
        for (name, said) in [
            ("北京54", "Beijing"),
            ("Xian_1980_3_Degree_GK_CM_114E", "Xi'an"),
            ("百度坐标", "BD-09"),
        ] {
            let error = parse(name).unwrap_err();
            assert!(
                matches!(&error, GeoError::UnsupportedDatum { name } if name.contains(said)),
                "{error}"
            );
        }
    }

    #[test]
    fn anything_else_is_unknown() {
        for name in [
            "",
            " ",
            "EPSG:",
            "EPSG:3857",
            "4490.5",
            "4555",
            "CGCS2000 3度带 20带",
            "CGCS2000 99带",
            "国家2000 3度带 中央经线115",
            "米",
            "带",
        ] {
            assert!(
                matches!(parse(name), Err(GeoError::UnknownDatum { .. })),
                "{name}: {:?}",
                parse(name)
            );
        }
    }
}
