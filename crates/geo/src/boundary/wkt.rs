//! Well-known text: what stands in a cell of a workbook, and what our tables hold.

use std::borrow::Cow;
use std::str::FromStr;

use geo::{LineString, MultiPolygon};

use super::rings::{Reading, Ring};
use super::{Boundary, check_size};
use crate::datum::Datum;
use crate::error::{Format, GeoError, shortened};

/// An area on WGS-84 from well-known text, as our tables hold it.
///
/// # Errors
/// As for [`Boundary::from_wkt`].
pub fn parse_wkt(text: &str) -> Result<MultiPolygon<f64>, GeoError> {
    Boundary::from_wkt(text, Datum::Wgs84).map(|boundary| boundary.area)
}

/// Well-known text with eight decimals (about a millimetre): POLYGON for one part, MULTIPOLYGON
/// for several, `POLYGON EMPTY` for none.
pub fn to_wkt(area: &MultiPolygon<f64>) -> String {
    match area.0.as_slice() {
        [] => "POLYGON EMPTY".into(),
        [part] => format!("POLYGON{}", rings(part)),
        parts => {
            let parts: Vec<String> = parts.iter().map(rings).collect();
            format!("MULTIPOLYGON({})", parts.join(","))
        }
    }
}

fn rings(part: &geo::Polygon<f64>) -> String {
    let ring = |ring: &LineString<f64>| {
        let points: Vec<String> = ring
            .coords()
            .map(|c| format!("{:.8} {:.8}", c.x, c.y))
            .collect();
        format!("({})", points.join(","))
    };
    let rings: Vec<String> = std::iter::once(part.exterior())
        .chain(part.interiors())
        .map(ring)
        .collect();
    format!("({})", rings.join(","))
}

pub(super) fn read(text: &str) -> Result<Reading, GeoError> {
    check_size(text.len())?;
    let plain = half_width(
        text.trim()
            .trim_start_matches('\u{feff}')
            .trim_end_matches(';')
            .trim(),
    );
    let (srid, body) = match plain.split_once(';') {
        Some((srid, body)) if srid.trim().to_ascii_uppercase().starts_with("SRID") => {
            let number = srid.split_once('=').map_or("", |(_, number)| number);
            (Some(Datum::parse(number)?), body.trim())
        }
        _ => (None, plain.as_str()),
    };
    // Only these two are handed on: a collection nested a million deep would overrun the stack.
    let word: String = body.chars().take_while(char::is_ascii_alphabetic).collect();
    let word = word.to_ascii_uppercase();
    let kind = ["ZM", "Z", "M"]
        .iter()
        .find_map(|d| word.strip_suffix(d))
        .unwrap_or(&word);
    if !matches!(kind, "POLYGON" | "MULTIPOLYGON") {
        let found = shortened(if kind.is_empty() { body } else { kind });
        return Err(GeoError::NotAnArea { found });
    }
    check_brackets(body)?;
    let body = with_dimensions(body, &word);
    let parts = match ::wkt::Wkt::<f64>::from_str(&body).map_err(syntax)? {
        ::wkt::Wkt::Polygon(polygon) => vec![polygon],
        ::wkt::Wkt::MultiPolygon(many) => many.into_inner().0,
        other => {
            let found = shortened(&other.to_string());
            return Err(GeoError::NotAnArea { found });
        }
    };
    Ok(Reading {
        parts: parts.into_iter().map(part_rings).collect(),
        datum: srid,
        ..Reading::default()
    })
}

/// Heights without the `Z` that announces them, as many programs write them, get it.
fn with_dimensions<'t>(body: &'t str, word: &str) -> Cow<'t, str> {
    let rings = body[word.len()..].trim_start();
    let announced = !word.ends_with("GON") || !rings.starts_with('(');
    let first = rings.trim_start_matches(|c: char| c == '(' || c.is_whitespace());
    let end = first.find([',', ')']).unwrap_or(first.len());
    match first[..end].split_whitespace().count() {
        3 if !announced => format!("{word} Z {rings}").into(),
        4 if !announced => format!("{word} ZM {rings}").into(),
        _ => body.into(),
    }
}

fn part_rings(part: ::wkt::types::Polygon<f64>) -> Vec<Ring> {
    let rings = part.into_inner().0.into_iter();
    rings
        .map(|ring| ring.into_inner().0.iter().map(|c| (c.x, c.y)).collect())
        .collect()
}

/// Brackets closed, nested at most three deep, and nothing after the last: the parser stops there,
/// and a second polygon would be lost in silence.
fn check_brackets(body: &str) -> Result<(), GeoError> {
    let mut depth = 0_usize;
    let mut closed = false;
    for c in body.chars() {
        if closed && !c.is_whitespace() {
            return Err(syntax("something follows the last bracket"));
        }
        match c {
            '(' => depth += 1,
            ')' if depth == 0 => return Err(syntax("a bracket is closed that was not opened")),
            ')' => {
                depth -= 1;
                closed = depth == 0;
            }
            _ => {}
        }
        if depth > 3 {
            return Err(syntax("brackets are nested too deep"));
        }
    }
    if depth > 0 {
        return Err(syntax("a bracket is not closed"));
    }
    Ok(())
}

fn syntax(detail: &str) -> GeoError {
    GeoError::Syntax {
        format: Format::Wkt,
        detail: detail.to_owned(),
    }
}

/// Brackets, commas and spaces as Chinese keyboards type them → ASCII.
fn half_width(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let plain = |c| match c {
        '（' => '(',
        '）' => ')',
        '，' => ',',
        '；' => ';',
        '＝' => '=',
        '\u{3000}' | '\u{a0}' => ' ',
        other => other,
    };
    text.chars().map(plain).collect()
}
