//! A boundary in a file that somebody sends, or as a list of corners: told apart by what is in it.

use std::io::{Cursor, Read as _};

use kandeng_geo::{Boundary, Datum, MAX_FILE_BYTES};

/// How packages begin.
const PACKAGE: &[u8] = b"PK\x03\x04";

/// The most files that a package with a boundary has.
const MOST_PARTS: usize = 64;

/// What may stand between the two numbers of a corner.
const SEPARATORS: [char; 7] = [',', '\u{ff0c}', ';', '\u{ff1b}', '\u{3001}', ' ', '\t'];

/// What is wrong, in Chinese and English.
type Wrong = (String, String);

/// Reads GeoJSON, KML, GPX, WKT, a shapefile, or a package that holds one of them, into WGS-84. `datum` is what whoever
/// sends it says; what the file itself says must not contradict it.
///
/// # Errors
/// What is wrong, in Chinese and English.
pub(crate) fn read_bytes(bytes: &[u8], datum: Option<Datum>) -> Result<Boundary, Wrong> {
    if bytes.starts_with(PACKAGE) {
        return packed(bytes, datum);
    }
    // The code that shapefiles begin with.
    if bytes.starts_with(&[0, 0, 0x27, 0x0A]) {
        return Boundary::from_shapefile(bytes, None, datum).map_err(|error| error.text());
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start();
    let read = match text.as_bytes().first() {
        Some(b'{') => Boundary::from_geojson(text, datum),
        Some(b'<') if text.contains("<gpx") => Boundary::from_gpx(text, datum),
        Some(b'<') => Boundary::from_kml(text, datum),
        _ => Boundary::from_wkt(text, datum.unwrap_or(Datum::Wgs84)),
    };
    read.map_err(|error| error.text())
}

/// The first boundary of a package: a shapefile with its `.prj`, else a file of another kind.
fn packed(bytes: &[u8], datum: Option<Datum>) -> Result<Boundary, Wrong> {
    let damaged = || {
        (
            "压缩包已损坏".to_owned(),
            "the package is damaged".to_owned(),
        )
    };
    let mut package = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| damaged())?;
    if package.len() > MOST_PARTS {
        return Err((
            format!("压缩包里文件过多(最多 {MOST_PARTS} 个)"),
            format!("there are too many files in the package (at most {MOST_PARTS})"),
        ));
    }
    let names: Vec<String> = package
        .file_names()
        .filter_map(|name| name.ok().map(|name| name.to_string()))
        .collect();
    let ends = |name: &str, ending: &str| {
        name.rsplit_once('.')
            .is_some_and(|(_, own)| own.eq_ignore_ascii_case(ending))
    };
    // What a package says of its size is not believed.
    let mut part = |name: &str| -> Result<Vec<u8>, Wrong> {
        let entry = package.by_name(name).map_err(|_| damaged())?;
        let mut part = Vec::new();
        entry
            .take(MAX_FILE_BYTES + 1)
            .read_to_end(&mut part)
            .map_err(|_| damaged())?;
        if part.len() as u64 > MAX_FILE_BYTES {
            return Err((
                "压缩包解开后过大".to_owned(),
                "the package is too large once unpacked".to_owned(),
            ));
        }
        Ok(part)
    };
    if let Some(shp) = names.iter().find(|name| ends(name, "shp")) {
        let stem = shp.len() - 4;
        let prj = names
            .iter()
            .find(|name| ends(name, "prj") && name.get(..name.len() - 4) == shp.get(..stem));
        let bytes = part(shp)?;
        let prj = prj.map(|name| part(name)).transpose()?;
        let prj = prj.map(|prj| String::from_utf8_lossy(&prj).into_owned());
        let read = Boundary::from_shapefile(&bytes, prj.as_deref(), datum);
        return read.map_err(|error| error.text());
    }
    let known = ["kml", "geojson", "json", "gpx", "wkt"];
    let found = names
        .iter()
        .find(|name| known.iter().any(|ending| ends(name, ending)));
    match found {
        Some(name) => {
            let bytes = part(name)?;
            // Packages can hold themselves, or each other without end.
            if bytes.starts_with(PACKAGE) {
                return Err((
                    "压缩包里还有压缩包,请解开后上传其中的文件".to_owned(),
                    "there is a package within the package; unpack it and send the file in it"
                        .to_owned(),
                ));
            }
            read_bytes(&bytes, datum)
        }
        None => Err((
            "压缩包里没有 Shapefile(.shp)、KML、GeoJSON 或 GPX".to_owned(),
            "there is no shapefile (.shp), KML, GeoJSON or GPX in the package".to_owned(),
        )),
    }
}

/// Reads corners, one a line: longitude (or easting) and latitude (or northing), with a comma or spaces between.
///
/// # Errors
/// What is wrong and in which line, in Chinese and English.
pub(crate) fn read_corners(typed: &str, datum: Option<Datum>) -> Result<Boundary, Wrong> {
    let mut corners: Vec<String> = Vec::new();
    for (place, line) in typed.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let numbers: Vec<f64> = line
            .split(SEPARATORS)
            .filter(|part| !part.is_empty())
            .map_while(|part| part.parse().ok().filter(|number: &f64| number.is_finite()))
            .collect();
        let parts = line.split(SEPARATORS);
        let is_whole = parts.filter(|part| !part.is_empty()).count() == numbers.len();
        let [x, y] = numbers[..] else {
            return Err(no_corner(place + 1));
        };
        if !is_whole {
            return Err(no_corner(place + 1));
        }
        corners.push(format!("{x} {y}"));
    }
    if corners.len() < 3 {
        return Err((
            "至少要三个拐点,每行一个".to_owned(),
            "there must be three corners at least, one a line".to_owned(),
        ));
    }
    if corners.first() != corners.last() {
        corners.push(corners[0].clone());
    }
    let text = format!("POLYGON(({}))", corners.join(", "));
    Boundary::from_wkt(&text, datum.unwrap_or(Datum::Wgs84)).map_err(|error| error.text())
}

fn no_corner(line: usize) -> Wrong {
    (
        format!("第 {line} 行读不出经度和纬度(应如 105.52031, 32.28170)"),
        format!("line {line} holds no longitude and latitude (such as 105.52031, 32.28170)"),
    )
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use kandeng_geo::area_m2;

    use super::*;

    const CORNERS: &str = "105.52, 32.28\n105.521 32.28\n\n105.521\u{ff0c}32.281\n105.52\t32.281\n";

    #[test]
    fn one_boundary_comes_in_many_forms() {
        let corners = read_corners(CORNERS, None).unwrap();
        let area = area_m2(&corners.area);
        assert!((10_000.0..11_000.0).contains(&area), "{area}");
        let wkt = corners.to_wkt();
        let ring =
            "[[105.52,32.28],[105.521,32.28],[105.521,32.281],[105.52,32.281],[105.52,32.28]]";
        let geojson = format!("\u{feff}{{\"type\":\"Polygon\",\"coordinates\":[{ring}]}}");
        let points = "105.52,32.28 105.521,32.28 105.521,32.281 105.52,32.281 105.52,32.28";
        let kml = format!(
            "<?xml version=\"1.0\"?><kml xmlns=\"http://www.opengis.net/kml/2.2\"><Placemark><Polygon>\
             <outerBoundaryIs><LinearRing><coordinates>{points}</coordinates></LinearRing></outerBoundaryIs>\
             </Polygon></Placemark></kml>"
        );
        let mut package = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        package.start_file("doc.kml", options).unwrap();
        package.write_all(kml.as_bytes()).unwrap();
        let kmz = package.finish().unwrap().into_inner();
        for bytes in [wkt.as_bytes(), geojson.as_bytes(), kml.as_bytes(), &kmz] {
            let read = read_bytes(bytes, None).unwrap();
            assert!((area_m2(&read.area) - area).abs() < 1.0);
        }
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        let wrong = |typed: &str| read_corners(typed, None).unwrap_err().1;
        assert!(wrong("105.52,32.28\n105.521\n1,2\n").contains("line 2"));
        assert!(wrong("105.52,32.28\n105.521,32.28x\n1,2\n").contains("line 2"));
        assert!(wrong("105.52,32.28\n105.521,32.28\n").contains("three corners"));
        assert!(
            read_bytes(b"PK\x03\x04x", None)
                .unwrap_err()
                .1
                .contains("damaged")
        );
        assert!(read_bytes(b"hello", None).is_err());
    }
}
