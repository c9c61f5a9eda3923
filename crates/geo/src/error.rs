//! What can be wrong with a datum, a boundary or a file that holds one. Each variant carries what
//! the caller needs to say where it stands; `text` gives the sentence in Chinese and English.

use std::fmt;

/// The formats a boundary is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Well-known text, as in a cell of a workbook.
    Wkt,
    /// GPS exchange format.
    Gpx,
    /// RFC 7946 and what went before it.
    GeoJson,
    /// Keyhole markup language.
    Kml,
    /// The `.shp` part of an ESRI Shapefile.
    Shapefile,
    /// The `.prj` part of an ESRI Shapefile.
    Prj,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wkt => "WKT",
            Self::Gpx => "GPX",
            Self::GeoJson => "GeoJSON",
            Self::Kml => "KML",
            Self::Shapefile => "Shapefile",
            Self::Prj => "PRJ",
        })
    }
}

/// Everything that this crate refuses, and why.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GeoError {
    /// A datum's name that is not known.
    #[error(
        "unknown datum \"{given}\": expected WGS-84, CGCS2000, GCJ-02, EPSG:4326, EPSG:4490 or EPSG:4491 to EPSG:4554"
    )]
    UnknownDatum {
        /// What was given, shortened.
        given: String,
    },
    /// A datum that is known and cannot be turned into WGS-84 here.
    #[error(
        "coordinates on {name} cannot be converted here: convert them to CGCS2000 first (the survey office has the parameters of older datums, Baidu a service for BD-09)"
    )]
    UnsupportedDatum {
        /// Its name.
        name: String,
    },
    /// A Shapefile without `.prj`, and no datum named.
    #[error("the file does not say its datum: put the .prj file beside it or name the datum")]
    DatumNeeded,
    /// The datum named by the caller is not the one the file or text names.
    #[error("the datum was given as {given} but the data say {found}")]
    DatumContradicts {
        /// What the caller named.
        given: String,
        /// What the data say.
        found: String,
    },
    /// Latitude before longitude, or northing before easting.
    #[error(
        "coordinates ({x}, {y}) are in the wrong order for {datum}: longitude (easting) comes first, then latitude (northing)"
    )]
    SwappedAxes {
        /// First coordinate.
        x: f64,
        /// Second coordinate.
        y: f64,
        /// The datum they were read with.
        datum: String,
    },
    /// Metres where degrees are expected.
    #[error("coordinates ({x}, {y}) look like metres, not degrees: name the projected datum{}", hint_en(.suggestion.as_deref()))]
    LooksProjected {
        /// First coordinate.
        x: f64,
        /// Second coordinate.
        y: f64,
        /// The zone that the figures point to.
        suggestion: Option<String>,
    },
    /// Degrees where metres are expected.
    #[error(
        "coordinates ({x}, {y}) look like degrees, but {datum} is in metres: name CGCS2000 or WGS-84"
    )]
    LooksGeographic {
        /// First coordinate.
        x: f64,
        /// Second coordinate.
        y: f64,
        /// The datum they were read with.
        datum: String,
    },
    /// An easting with another zone's prefix, or with or without one against the datum.
    #[error("easting {x} does not belong to {datum}{}", hint_en(.suggestion.as_deref()))]
    WrongZone {
        /// The easting.
        x: f64,
        /// The datum it was read with.
        datum: String,
        /// The datum that the figure points to.
        suggestion: Option<String>,
    },
    /// No such place in this datum.
    #[error("coordinates ({x}, {y}) are out of range for {datum}")]
    OutOfRange {
        /// First coordinate.
        x: f64,
        /// Second coordinate.
        y: f64,
        /// The datum they were read with.
        datum: String,
    },
    /// A point or a line where ground is expected.
    #[error("{found} is not an area: expected POLYGON or MULTIPOLYGON")]
    NotAnArea {
        /// What was found, shortened.
        found: String,
    },
    /// The text or file is not what its format asks for.
    #[error("not valid {format}: {detail}")]
    Syntax {
        /// The format.
        format: Format,
        /// What the reader said.
        detail: String,
    },
    /// Nothing with three different points.
    #[error(
        "no ring has three different points, so there is no ground (longest has {points} points)"
    )]
    TooFewPoints {
        /// Points of the longest ring.
        points: usize,
    },
    /// A file or text above the limit.
    #[error("too large: {bytes} bytes, at most {limit} are read")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// More points than a boundary can sensibly have.
    #[error("too many points: {vertices}, at most {limit} are read")]
    TooManyVertices {
        /// Points counted so far.
        vertices: usize,
        /// The limit.
        limit: usize,
    },
    /// More rings than a boundary can sensibly have.
    #[error("too many rings: {rings}, at most {limit} are read")]
    TooManyRings {
        /// Rings.
        rings: usize,
        /// The limit.
        limit: usize,
    },
    /// A scribble.
    #[error("the boundary crosses itself more than {limit} times: it is no boundary")]
    TooTangled {
        /// The limit.
        limit: usize,
    },
    /// A file whose ending is none of those read.
    #[error("\"{name}\" is not read: expected .gpx, .geojson, .json, .kml or .shp")]
    UnsupportedFile {
        /// Its name, shortened.
        name: String,
    },
    /// The file could not be read.
    #[error("\"{name}\" could not be read: {detail}")]
    Unreadable {
        /// Its name, shortened.
        name: String,
        /// What the system said.
        detail: String,
    },
}

impl GeoError {
    /// Its kind in a word, by which many of one kind can be counted.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::UnknownDatum { .. } => "unknown_datum",
            Self::UnsupportedDatum { .. } => "unsupported_datum",
            Self::DatumNeeded => "datum_needed",
            Self::DatumContradicts { .. } => "datum_contradicts",
            Self::SwappedAxes { .. } => "swapped_axes",
            Self::LooksProjected { .. } => "looks_projected",
            Self::LooksGeographic { .. } => "looks_geographic",
            Self::WrongZone { .. } => "wrong_zone",
            Self::OutOfRange { .. } => "out_of_range",
            Self::NotAnArea { .. } => "not_an_area",
            Self::Syntax { .. } => "syntax",
            Self::TooFewPoints { .. } => "too_few_points",
            Self::TooLarge { .. } => "too_large",
            Self::TooManyVertices { .. } => "too_many_vertices",
            Self::TooManyRings { .. } => "too_many_rings",
            Self::TooTangled { .. } => "too_tangled",
            Self::UnsupportedFile { .. } => "unsupported_file",
            Self::Unreadable { .. } => "unreadable",
        }
    }

    /// The sentence that a person reads: (Chinese, English).
    pub fn text(&self) -> (String, String) {
        let zh = match self {
            Self::UnknownDatum { given } => format!(
                "不认识的坐标系“{given}”，应为 WGS-84、CGCS2000、GCJ-02、EPSG:4326、EPSG:4490 或 EPSG:4491 至 EPSG:4554"
            ),
            Self::UnsupportedDatum { name } => format!(
                "{name} 坐标无法在此换算，请先换算为 CGCS2000（国家2000）：旧坐标系用测绘部门的转换参数，百度坐标用其平台的转换服务"
            ),
            Self::DatumNeeded => "文件未注明坐标系，请把 .prj 文件放在一起，或指定坐标系".into(),
            Self::DatumContradicts { given, found } => {
                format!("填写的坐标系为 {given}，但数据注明的是 {found}")
            }
            Self::SwappedAxes { x, y, datum } => format!(
                "坐标 ({x}, {y}) 的先后次序与 {datum} 不符，应先经度（横坐标、东）后纬度（纵坐标、北）"
            ),
            Self::LooksProjected { x, y, suggestion } => format!(
                "坐标 ({x}, {y}) 像是以米为单位而不是度，请注明投影坐标系{}",
                hint_zh(suggestion.as_deref())
            ),
            Self::LooksGeographic { x, y, datum } => format!(
                "坐标 ({x}, {y}) 像是经纬度，而 {datum} 以米为单位，请改填 CGCS2000 或 WGS-84"
            ),
            Self::WrongZone {
                x,
                datum,
                suggestion,
            } => {
                format!(
                    "横坐标 {x} 不属于 {datum}{}",
                    hint_zh(suggestion.as_deref())
                )
            }
            Self::OutOfRange { x, y, datum } => {
                format!("坐标 ({x}, {y}) 超出 {datum} 的范围")
            }
            Self::NotAnArea { found } => {
                format!("{found} 不是面，应为 POLYGON 或 MULTIPOLYGON（多边形）")
            }
            Self::Syntax { format, detail } => format!("不是有效的 {format}：{detail}"),
            Self::TooFewPoints { points } => {
                format!("没有一圈有三个不同的点，围不成地块（最多的一圈有 {points} 个点）")
            }
            Self::TooLarge { bytes, limit } => {
                format!("太大：{bytes} 字节，最多读取 {limit} 字节")
            }
            Self::TooManyVertices { vertices, limit } => {
                format!("点太多：{vertices} 个，最多读取 {limit} 个")
            }
            Self::TooManyRings { rings, limit } => {
                format!("圈太多：{rings} 个，最多读取 {limit} 个")
            }
            Self::TooTangled { limit } => {
                format!("边界自相交超过 {limit} 次，不成其为边界")
            }
            Self::UnsupportedFile { name } => {
                format!("不读取“{name}”，应为 .gpx、.geojson、.json、.kml 或 .shp 文件")
            }
            Self::Unreadable { name, detail } => format!("“{name}”读取失败：{detail}"),
        };
        (zh, self.to_string())
    }
}

fn hint_en(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |datum| format!(" (perhaps {datum})"))
}

fn hint_zh(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |datum| format!("（可能是 {datum}）"))
}

/// At most 40 characters of what was given, so that an error stays one line.
pub(crate) fn shortened(text: &str) -> String {
    shortened_to(text, 40)
}

/// At most `kept` characters of a text, without control characters.
pub(crate) fn shortened_to(text: &str, kept: usize) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let mut short: String = text.trim().chars().take(kept).map(clean).collect();
    if text.trim().chars().nth(kept).is_some() {
        short.push('…');
    }
    short
}
