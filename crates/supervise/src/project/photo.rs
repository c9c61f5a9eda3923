//! A photo's row as its file speaks for it: the cells that a workbook's import would have read from the same file.

use kandeng_evidence::{Photo, footprint};

use super::edit::Row;
use super::files::PHOTOS;
use super::print;
use crate::filing::Filing;
use crate::import::columns::Value;
use crate::import::seal::Seal;
use crate::import::value::date;
use crate::import::{IdentityKey, residents_hashed};

/// The most letters of what a camera or a program calls itself.
const MOST_LETTERS: usize = 120;

/// The cells that the file of a photo fills, in canonical form, with the county's seal over what was recorded.
pub fn photo_cells(
    filing: &Filing,
    key: &IdentityKey,
    code: &str,
    name: &str,
    photo: &Photo,
) -> Row {
    let Some(sheet) = filing.sheet(PHOTOS) else {
        return Row::new();
    };
    let said = |text: String| {
        let short: String = text.chars().take(MOST_LETTERS).collect();
        Value::Text(residents_hashed(&short, key).into_owned())
    };
    let taken = photo.taken.as_ref().map(|taken| taken.at.as_millisecond());
    let place = photo.position.as_ref();
    let hash = photo.phash.as_ref();
    let program = photo.edited_with.clone().or_else(|| photo.software.clone());
    let ground = footprint(photo).ok().map(|ground| ground.wkt());
    let known = [
        ("project_code", Some(Value::Text(code.to_owned()))),
        ("file", Some(Value::Text(name.to_owned()))),
        ("taken_at", taken.map(Value::Time)),
        (
            "taken_on",
            taken.map(|at| Value::Date(date::day_in_china(at))),
        ),
        ("lon", place.map(|place| Value::Float(place.lon))),
        ("lat", place.map(|place| Value::Float(place.lat))),
        (
            "accuracy_m",
            place.and_then(|place| place.accuracy_m).map(Value::Float),
        ),
        ("software", program.map(said)),
        ("camera", photo.camera().map(said)),
        ("sha256", Some(Value::Text(photo.sha256.clone()))),
        ("phash", hash.map(|hash| Value::Text(hash.frame.clone()))),
        (
            "phash_crops",
            hash.map(|hash| Value::Text(hash.crops.clone())),
        ),
        ("footprint", ground.map(Value::Text)),
    ];
    let mut values = vec![Value::Null; sheet.columns.len()];
    for (column, value) in known {
        if let (Some(place), Some(value)) = (sheet.position(column), value) {
            values[place] = value;
        }
    }
    if let Some(seal) = Seal::of(sheet) {
        seal.close(&mut values, key);
    }
    let columns = sheet.columns.iter().zip(values);
    columns
        .filter(|(column, _)| column.key != "project_code")
        .filter_map(|(column, value)| {
            let text = print::text(column.field, &value)?;
            Some((column.key.clone(), text))
        })
        .collect()
}
