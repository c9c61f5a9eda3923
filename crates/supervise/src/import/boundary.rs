//! A boundary as a cell gives it: WKT, or the name of a file beside the input.

use std::path::{Component, Path, PathBuf};

use kandeng_geo::{Boundary, Datum, GeoError, is_boundary_file};
use kandeng_screening::Text;

use super::columns::Value;
use crate::diagnostic::Severity;
use crate::filing::{Column, Field, Sheet};

/// What is to be told of a boundary.
pub(crate) struct Told<'a> {
    pub severity: Severity,
    pub kind: &'static str,
    pub column: &'a Column,
    pub value: Option<&'a str>,
    /// The boundary as it was written.
    pub written: Option<&'a str>,
    pub message: Text,
}

/// Puts the boundaries of a row into WGS-84; one that cannot be read becomes nothing, and that is
/// told.
pub(crate) fn settle(
    sheet: &Sheet,
    values: &mut [Value],
    datum: Option<Datum>,
    folders: &[PathBuf],
    tell: &mut dyn FnMut(Told<'_>),
) {
    for (index, column) in sheet.columns.iter().enumerate() {
        let (Field::Boundary, Value::Text(written)) = (column.field, &values[index]) else {
            continue;
        };
        let mut told = |severity, kind, value: Option<&str>, (zh, en): (String, String)| {
            tell(Told {
                severity,
                kind,
                column,
                value,
                written: Some(written),
                message: Text::new(zh, en),
            });
        };
        let stated =
            sheet
                .position(&format!("{}_datum", column.key))
                .and_then(|datum| match &values[datum] {
                    Value::Text(name) => Some(name.as_str()),
                    _ => None,
                });
        let datum = match stated.map(Datum::parse) {
            None => datum,
            Some(Ok(datum)) => Some(datum),
            Some(Err(error)) => {
                told(Severity::Error, "datum", stated, error.text());
                values[index] = Value::Null;
                continue;
            }
        };
        values[index] = match read(written, datum, folders) {
            Ok(read) => {
                for warning in &read.warnings {
                    let named = is_boundary_file(written).then_some(written.as_str());
                    told(Severity::Warning, warning.kind(), named, warning.text());
                }
                Value::Text(read.to_wkt())
            }
            Err((kind, problem)) => {
                told(Severity::Error, kind, Some(written), problem);
                Value::Null
            }
        };
    }
}

/// Reads a boundary into WGS-84. Files are looked for in `folders`, and never outside them.
///
/// # Errors
/// What kind of thing is wrong, and what, in Chinese and English.
pub(crate) fn read(
    written: &str,
    datum: Option<Datum>,
    folders: &[PathBuf],
) -> Result<Boundary, (&'static str, (String, String))> {
    let wrong = |error: GeoError| (error.kind(), error.text());
    if names_another_file(written) {
        // Says which files are read.
        return Boundary::from_file(Path::new(written), datum).map_err(wrong);
    }
    if !is_boundary_file(written) {
        return Boundary::from_wkt(written, datum.unwrap_or(Datum::Wgs84)).map_err(wrong);
    }
    let Some(path) = find(written, folders) else {
        let absent = (
            "找不到这个文件(应与输入放在同一文件夹)".to_owned(),
            "there is no such file beside the input".to_owned(),
        );
        return Err(("no_boundary_file", absent));
    };
    Boundary::from_file(&path, datum).map_err(wrong)
}

/// Whether a cell names a file of a kind that is not read: `field.kmz`.
fn names_another_file(written: &str) -> bool {
    let ending = Path::new(written.trim()).extension();
    let ending = ending.map(|ending| ending.to_string_lossy());
    !is_boundary_file(written)
        && !written.contains(['(', '（'])
        && ending.is_some_and(|ending| {
            (2..=5).contains(&ending.len())
                && ending.starts_with(|letter: char| letter.is_ascii_alphabetic())
                && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

/// A file that a cell names, below one of the folders.
pub(crate) fn find(name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    let name = name.replace('\\', "/");
    let path = Path::new(&name);
    if !path
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
    {
        return None;
    }
    folders
        .iter()
        .map(|folder| folder.join(path))
        .find(|path| path.is_file())
}
