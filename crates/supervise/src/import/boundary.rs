//! A boundary as a cell gives it: WKT, or the name of a file beside the input.

use std::path::{Component, Path, PathBuf};

use kandeng_geo::{Boundary, Datum, is_boundary_file};

/// Reads a boundary into WGS-84. Files are looked for in `folders`, and never outside them.
///
/// # Errors
/// What is wrong, in Chinese and English.
pub(crate) fn read(
    written: &str,
    datum: Option<Datum>,
    folders: &[PathBuf],
) -> Result<Boundary, (String, String)> {
    if !is_boundary_file(written) {
        return Boundary::from_wkt(written, datum.unwrap_or(Datum::Wgs84))
            .map_err(|error| error.text());
    }
    let Some(path) = find(written, folders) else {
        return Err((
            "找不到这个文件(应与输入放在同一文件夹)".to_owned(),
            "there is no such file beside the input".to_owned(),
        ));
    };
    Boundary::from_file(&path, datum).map_err(|error| error.text())
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
