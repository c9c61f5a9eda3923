//! Ground: datums, boundaries read from what land offices and phones write, geodesic areas,
//! distances and overlaps. Pure functions of their arguments but for `Boundary::from_file`;
//! knows nothing of projects, tables or rules.
//!
//! Positions are (longitude, latitude) in degrees on WGS-84 unless a [`Datum`] says otherwise;
//! lengths are metres, areas square metres. Nothing here panics: an area with a coordinate that is
//! no longitude or latitude counts as empty, and broken rings give an error or a defined answer.
//!
//! ```
//! use kandeng_geo::{Boundary, Datum, area_m2, mu_from_m2};
//!
//! let field = "POLYGON((105.5200 32.2800, 105.5212 32.2803, 105.5215 32.2814, 105.5203 32.2817, 105.5196 32.2809))";
//! let boundary = Boundary::from_wkt(field, Datum::Cgcs2000)?;
//! assert!((mu_from_m2(area_m2(&boundary.area)) - 33.77).abs() < 0.01);
//! # Ok::<(), kandeng_geo::GeoError>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::float_cmp))]

mod boundary;
mod crossing;
mod datum;
mod datum_name;
mod error;
mod gauss_kruger;
mod gcj02;
mod hull;
mod measure;
mod overlap;
mod plane;
mod same_ground;
mod warning;

pub use boundary::wkt::{parse_wkt, to_wkt};
pub use boundary::{Boundary, MAX_FILE_BYTES, MAX_RINGS, MAX_VERTICES, is_boundary_file};
pub use crossing::crosses_itself;
pub use datum::{Datum, in_china};
pub use error::{Format, GeoError};
pub use gauss_kruger::GaussKruger;
pub use geo::{Coord, LineString, MultiPolygon, Point, Polygon};
pub use hull::hull_area_m2;
pub use measure::{
    M2_PER_MU, MeasuredArea, area_m2, contains, distance_m, m2_from_mu, measured_area, mu_from_m2,
    perimeter_m, point_distance_m,
};
pub use overlap::{
    Overlap, PARTNERS, SLIVER_M2, outside_share, overlap_m2, overlap_pairs, union_area_m2,
};
pub use plane::LocalPlane;
pub use same_ground::{SAME_GROUND_M, same_ground};
pub use warning::Warning;
