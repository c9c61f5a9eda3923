//! A boundary as filed, read from text or a file and brought to WGS-84. The readers beside this
//! file only find rings; limits, datum, closing and plausibility are decided here, once for all.

mod geojson;
mod gpx;
mod kml;
mod rings;
mod shapefile;
pub mod wkt;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use geo::MultiPolygon;

use crate::datum::Datum;
use crate::datum_name;
use crate::error::{GeoError, shortened};
use crate::warning::Warning;
use rings::Reading;

/// Bytes of the largest file or text read.
pub const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;
/// Points of the largest boundary read.
pub const MAX_VERTICES: usize = 1_000_000;
/// Rings of the largest boundary read.
pub const MAX_RINGS: usize = 10_000;

/// A file that ends before its elements do: the part that is there may look like a whole boundary.
const CUT_OFF: &str = "the file is cut off";

/// A project's ground on WGS-84, with what was odd about its source.
#[derive(Clone, Debug, PartialEq)]
pub struct Boundary {
    /// The ground: rings closed, without repeated points; they may still cross.
    pub area: MultiPolygon<f64>,
    /// What its filer should know.
    pub warnings: Vec<Warning>,
}

impl Boundary {
    /// From well-known text: POLYGON or MULTIPOLYGON, heights ignored, `SRID=4547;` before it
    /// understood.
    ///
    /// # Errors
    /// [`GeoError`]: not an area, syntax, limits, or coordinates that the datum does not have.
    pub fn from_wkt(text: &str, datum: Datum) -> Result<Self, GeoError> {
        let mut reading = wkt::read(text)?;
        // WGS-84 is what callers pass when nothing was named, so the text may say better.
        let given = (datum != Datum::Wgs84).then_some(datum);
        let datum = agreed(given, reading.datum)?;
        reading.datum = None;
        reading.into_boundary(datum)
    }

    /// From the text of a GPX file: each track, else each route, is a walk round the ground.
    ///
    /// # Errors
    /// As for [`Boundary::from_wkt`].
    pub fn from_gpx(text: &str, datum: Option<Datum>) -> Result<Self, GeoError> {
        finish(gpx::read(text)?, datum)
    }

    /// From `GeoJSON`: a geometry, a feature or a collection; all its polygons together. The `crs`
    /// member of older files is understood.
    ///
    /// # Errors
    /// As for [`Boundary::from_wkt`], and [`GeoError::DatumContradicts`].
    pub fn from_geojson(text: &str, datum: Option<Datum>) -> Result<Self, GeoError> {
        finish(geojson::read(text)?, datum)
    }

    /// From the text of a KML file: all its polygons, else its tracks and lines as walks.
    ///
    /// # Errors
    /// As for [`Boundary::from_wkt`].
    pub fn from_kml(text: &str, datum: Option<Datum>) -> Result<Self, GeoError> {
        finish(kml::read(text)?, datum)
    }

    /// From the bytes of a `.shp` file and the text of its `.prj`.
    ///
    /// # Errors
    /// As for [`Boundary::from_wkt`]; [`GeoError::DatumNeeded`] when neither `prj` nor `datum` is
    /// there.
    pub fn from_shapefile(
        shp: &[u8],
        prj: Option<&str>,
        datum: Option<Datum>,
    ) -> Result<Self, GeoError> {
        let mut reading = shapefile::read(shp)?;
        // A datum named by the caller stands in for a .prj that says nothing useful, not for one that names another.
        let is_other = || prj.is_some_and(|prj| datum_name::unsupported(prj).is_some());
        reading.datum = match prj.map(shapefile::datum_of_prj).transpose() {
            Err(error) if datum.is_none() || is_other() => return Err(error),
            Err(_) => None,
            Ok(found) => found,
        };
        if reading.datum.is_none() && datum.is_none() {
            return Err(GeoError::DatumNeeded);
        }
        finish(reading, datum)
    }

    /// From a file, by its ending: `.gpx`, `.geojson`, `.json`, `.kml`, or `.shp` with the `.prj`
    /// beside it. Without `datum`, what the file says counts, else WGS-84 as those formats have it.
    ///
    /// # Errors
    /// [`GeoError::Unreadable`], [`GeoError::UnsupportedFile`], else as for the format.
    pub fn from_file(path: &Path, datum: Option<Datum>) -> Result<Self, GeoError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let ending = ending(&name).ok_or_else(|| GeoError::UnsupportedFile {
            name: shortened(&name),
        })?;
        let bytes = read_bounded(path)?;
        match ending {
            "gpx" => Self::from_gpx(&text(&bytes), datum),
            "kml" => Self::from_kml(&text(&bytes), datum),
            "shp" => {
                let prj = ["prj", "PRJ", "Prj"]
                    .iter()
                    .map(|ending| path.with_extension(ending));
                let prj = prj
                    .into_iter()
                    .find(|path| path.is_file())
                    .map(|path| read_bounded(&path));
                let prj = prj.transpose()?;
                Self::from_shapefile(&bytes, prj.as_deref().map(text).as_deref(), datum)
            }
            _ => Self::from_geojson(&text(&bytes), datum),
        }
    }

    /// Well-known text on WGS-84 with eight decimals (about a millimetre).
    pub fn to_wkt(&self) -> String {
        wkt::to_wkt(&self.area)
    }
}

/// Whether a name ends like one of the files that [`Boundary::from_file`] reads.
pub fn is_boundary_file(name: &str) -> bool {
    ending(name.trim()).is_some()
}

fn ending(name: &str) -> Option<&'static str> {
    let (stem, ending) = name.rsplit_once('.')?;
    let known = ["gpx", "geojson", "json", "kml", "shp"];
    let found = known
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(ending))?;
    (!stem.is_empty()).then_some(found)
}

fn finish(mut reading: Reading, datum: Option<Datum>) -> Result<Boundary, GeoError> {
    let datum = agreed(datum, reading.datum.take())?;
    reading.into_boundary(datum)
}

/// The datum that counts: the one named, the one found, or WGS-84 when there is neither.
fn agreed(given: Option<Datum>, found: Option<Datum>) -> Result<Datum, GeoError> {
    match (given, found) {
        (Some(given), Some(found)) if !given.agrees_with(found) => {
            Err(GeoError::DatumContradicts {
                given: given.to_string(),
                found: found.to_string(),
            })
        }
        (Some(datum), _) | (None, Some(datum)) => Ok(datum),
        (None, None) => Ok(Datum::Wgs84),
    }
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, GeoError> {
    let unreadable = |e: std::io::Error| GeoError::Unreadable {
        name: shortened(&path.file_name().unwrap_or_default().to_string_lossy()),
        detail: e.to_string(),
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    check_size(bytes.len())?;
    Ok(bytes)
}

fn check_size(bytes: usize) -> Result<(), GeoError> {
    if bytes as u64 > MAX_FILE_BYTES {
        return Err(GeoError::TooLarge {
            bytes: bytes as u64,
            limit: MAX_FILE_BYTES,
        });
    }
    Ok(())
}

/// The text of a file. Names in another encoding may be garbled; coordinates are ASCII and are not.
fn text(bytes: impl AsRef<[u8]>) -> String {
    let bytes = bytes.as_ref();
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    String::from_utf8_lossy(bytes).into_owned()
}
