//! Where things are: villages tile a grid, each village has eight plots, projects take plots.
//! The ground lies in the Taklamakan desert, where no village is; coordinates are WGS-84.

use super::random::Stream;
use std::fmt::Write as _;

/// Villages of one county.
pub(super) const VILLAGES_PER_COUNTY: usize = 750;
/// Plots of one village, and so the projects it may have.
pub(super) const PLOTS: usize = 8;

/// Degrees of longitude and latitude that a village spans, about 1.8 km each way.
const VILLAGE: (f64, f64) = (0.0208, 0.0162);
/// Degrees from one county's corner to the next: 30 and 25 villages, and a strip between.
const COUNTY: (f64, f64) = (0.0208 * 30.0 + 0.08, 0.0162 * 25.0 + 0.08);
const CORNER: (f64, f64) = (81.2, 37.9);

/// A box in degrees: west, south, east, north.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tile {
    pub(super) west: f64,
    pub(super) south: f64,
    pub(super) east: f64,
    pub(super) north: f64,
}

impl Tile {
    /// Its middle (longitude, latitude).
    pub(super) fn centre(&self) -> (f64, f64) {
        (
            f64::midpoint(self.west, self.east),
            f64::midpoint(self.south, self.north),
        )
    }

    /// Its outline as WKT, counter-clockwise.
    pub(super) fn wkt(&self) -> String {
        let Self {
            west,
            south,
            east,
            north,
        } = self;
        polygon(&[
            (*west, *south),
            (*east, *south),
            (*east, *north),
            (*west, *north),
        ])
    }
}

/// How a county's villages are laid out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    /// Villages of one township.
    pub(super) township_villages: usize,
    /// Villages in a row of a township.
    pub(super) side: usize,
}

impl Grid {
    /// The layout for this many villages: few villages, small townships.
    pub(super) fn of(villages: usize) -> Self {
        let (township_villages, side) = match villages {
            0..16 => (4, 2),
            16..60 => (6, 3),
            60..400 => (16, 4),
            _ => (25, 5),
        };
        Self {
            township_villages,
            side,
        }
    }

    /// The ground of a village, by its number over all counties.
    pub(super) fn village(&self, village: usize) -> Tile {
        let within = village % VILLAGES_PER_COUNTY;
        let (west, south) = self.township_corner(village);
        let place = within % self.township_villages;
        let west = west + (place % self.side) as f64 * VILLAGE.0;
        let south = south + (place / self.side) as f64 * VILLAGE.1;
        Tile {
            west,
            south,
            east: west + VILLAGE.0,
            north: south + VILLAGE.1,
        }
    }

    fn township_corner(&self, village: usize) -> (f64, f64) {
        let county = county_tile(village / VILLAGES_PER_COUNTY);
        let township = village % VILLAGES_PER_COUNTY / self.township_villages;
        (
            county.west + (township % 6 * self.side) as f64 * VILLAGE.0,
            county.south + (township / 6 * self.side) as f64 * VILLAGE.1,
        )
    }

    /// The ground of the township that holds this village.
    pub(super) fn township(&self, village: usize) -> Tile {
        let (west, south) = self.township_corner(village);
        let rows = self.township_villages.div_ceil(self.side);
        Tile {
            west,
            south,
            east: west + self.side as f64 * VILLAGE.0,
            north: south + rows as f64 * VILLAGE.1,
        }
    }

    /// The ground of one plot of a village.
    pub(super) fn plot(&self, village: usize, plot: usize) -> Tile {
        let ground = self.village(village);
        let (width, height) = (VILLAGE.0 / 4.0, VILLAGE.1 / 2.0);
        let west = ground.west + (plot % 4) as f64 * width;
        let south = ground.south + (plot / 4 % 2) as f64 * height;
        Tile {
            west,
            south,
            east: west + width,
            north: south + height,
        }
    }
}

/// The ground of a county.
pub(super) fn county_tile(county: usize) -> Tile {
    let west = CORNER.0 + (county % 12) as f64 * COUNTY.0;
    let south = CORNER.1 + (county / 12) as f64 * COUNTY.1;
    Tile {
        west,
        south,
        east: west + VILLAGE.0 * 30.0,
        north: south + VILLAGE.1 * 25.0,
    }
}

/// A spot in the strip outside every county, of its own for each number.
pub(super) fn outside_every_county(number: usize) -> (f64, f64) {
    let tile = county_tile(0);
    (
        tile.west - 0.02 - 0.02 * (number / 20) as f64,
        tile.south + 0.01 + 0.018 * (number % 20) as f64,
    )
}

/// Metres of a degree of longitude and of latitude at this latitude, on the WGS-84 ellipsoid.
pub(super) fn metres_per_degree(latitude: f64) -> (f64, f64) {
    const AXIS: f64 = 6_378_137.0;
    const ECCENTRICITY_SQUARED: f64 = 0.006_694_379_990_14;
    let sine = latitude.to_radians().sin();
    let root = 1.0 - ECCENTRICITY_SQUARED * sine * sine;
    let across = AXIS / root.sqrt() * latitude.to_radians().cos();
    let along = AXIS * (1.0 - ECCENTRICITY_SQUARED) / (root * root.sqrt());
    (across.to_radians(), along.to_radians())
}

/// A point so many metres east and north of another.
pub(super) fn offset(from: (f64, f64), east_m: f64, north_m: f64) -> (f64, f64) {
    let (across, along) = metres_per_degree(from.1);
    (from.0 + east_m / across, from.1 + north_m / along)
}

/// A field of this area around a centre, inside a box of 390 m by 760 m, as corners east and north in metres.
/// Edges bulge a little as walked ones do; the corners run counter-clockwise and never cross.
pub(super) fn field(area_m2: f64, stream: &mut Stream) -> Vec<(f64, f64)> {
    let longest = (area_m2 * 1.9).sqrt().min(740.0);
    let (half_north, half_east) = (longest / 2.0, area_m2 / longest / 2.0);
    let mut bulge = || stream.within(0.985, 1.03);
    let corners = [
        (-half_east, -half_north),
        (0.0, -half_north * bulge()),
        (half_east, -half_north),
        (half_east * bulge(), 0.0),
        (half_east, half_north),
        (0.0, half_north * bulge()),
        (-half_east, half_north),
        (-half_east * bulge(), 0.0),
    ];
    let twice: f64 = (0..corners.len())
        .map(|at| {
            let (a, b) = (corners[at], corners[(at + 1) % corners.len()]);
            a.0 * b.1 - b.0 * a.1
        })
        .sum();
    let scale = (area_m2 / (twice / 2.0)).sqrt();
    corners
        .iter()
        .map(|(east, north)| (east * scale, north * scale))
        .collect()
}

/// Corners in metres around a centre as WKT in degrees.
pub(super) fn field_wkt(centre: (f64, f64), corners: &[(f64, f64)]) -> String {
    let degrees: Vec<_> = corners
        .iter()
        .map(|(east, north)| offset(centre, *east, *north))
        .collect();
    polygon(&degrees)
}

/// A closed ring as WKT, to a hundredth of a metre.
fn polygon(ring: &[(f64, f64)]) -> String {
    let mut text = String::with_capacity(ring.len() * 24 + 32);
    text.push_str("POLYGON ((");
    for (lon, lat) in ring.iter().chain(ring.first()) {
        // Cannot fail: writing to a String.
        let _ = write!(text, "{lon:.7} {lat:.7}, ");
    }
    text.truncate(text.len() - 2);
    text.push_str("))");
    text
}
