//! Ground: areas, outlines and distances, of single rows and of groups.
//! Thin adapters around the geometry crate. Coordinates are degrees in WGS-84, longitude first;
//! an outline is WKT, POLYGON or MULTIPOLYGON. A missing outline or one that cannot be read gives NULL.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray, Float64Array};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{ColumnarValue, ScalarUDF};
use kandeng_geo::MultiPolygon;

use super::arguments::{Kind, Text, Values, numbers};
use super::fold::{Fold, take_float};
use super::outlines::{LastOutline, Outlines};
use super::scalar::{Scalar, one, two};

/// The scalar functions of this file.
pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    use DataType::{Boolean, Float64};
    use Kind::{Number, Text};
    vec![
        Scalar::function("area_m2", &[Text], Float64, area_m2),
        Scalar::function("perimeter_m", &[Text], Float64, perimeter_m),
        Scalar::function("crosses_itself", &[Text], Boolean, crosses_itself),
        Scalar::function("overlap_m2", &[Text, Text], Float64, overlap_m2),
        Scalar::function("outside_share", &[Text, Text], Float64, outside_share),
        Scalar::function("distance_m", &[Number, Number, Text], Float64, distance_m),
        Scalar::function("point_distance_m", &[Number; 4], Float64, point_distance_m),
    ]
}

/// `area_m2(wkt)`: geodesic area in square metres; ground covered twice counts once.
fn area_m2(arguments: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    measure(arguments, rows, kandeng_geo::area_m2)
}

/// `perimeter_m(wkt)`: geodesic length of all rings in metres, holes included.
fn perimeter_m(arguments: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    measure(arguments, rows, kandeng_geo::perimeter_m)
}

fn measure(
    arguments: &[ColumnarValue],
    rows: usize,
    measure: fn(&MultiPolygon<f64>) -> f64,
) -> Result<ArrayRef> {
    let texts = Text::of(one(arguments)?)?;
    let mut outline = LastOutline::default();
    let measures: Float64Array = (0..rows)
        .map(|row| outline.of(texts.at(row)).map(measure))
        .collect();
    Ok(Arc::new(measures))
}

/// `crosses_itself(wkt)`: whether a ring crosses itself or another.
fn crosses_itself(arguments: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let texts = Text::of(one(arguments)?)?;
    let mut outline = LastOutline::default();
    let answers: BooleanArray = (0..rows)
        .map(|row| outline.of(texts.at(row)).map(kandeng_geo::crosses_itself))
        .collect();
    Ok(Arc::new(answers))
}

/// `overlap_m2(a, b)`: the ground that both outlines cover, in square metres.
fn overlap_m2(arguments: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    compare(arguments, rows, |a, b| Some(kandeng_geo::overlap_m2(a, b)))
}

/// `outside_share(a, b)`: the share of a's area (0 to 1) that lies outside b; NULL when a has none.
fn outside_share(arguments: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    compare(arguments, rows, kandeng_geo::outside_share)
}

fn compare(
    arguments: &[ColumnarValue],
    rows: usize,
    compare: fn(&MultiPolygon<f64>, &MultiPolygon<f64>) -> Option<f64>,
) -> Result<ArrayRef> {
    let (left, right) = two(arguments)?;
    let (left, right) = (Text::of(left)?, Text::of(right)?);
    let (mut a, mut b) = (LastOutline::default(), LastOutline::default());
    let results: Float64Array = (0..rows)
        .map(|row| compare(a.of(left.at(row))?, b.of(right.at(row))?))
        .collect();
    Ok(Arc::new(results))
}

/// `distance_m(lon, lat, wkt)`: metres from a point to an outline, 0 inside.
fn distance_m(arguments: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let [longitude, latitude, texts] = arguments else {
        return internal_err!("three arguments expected, got {}", arguments.len());
    };
    let (longitude, latitude) = (numbers(longitude)?, numbers(latitude)?);
    let texts = Text::of(texts)?;
    let mut outline = LastOutline::default();
    let distances: Float64Array = (0..rows)
        .map(|row| {
            let area = outline.of(texts.at(row))?;
            kandeng_geo::distance_m(longitude.at(row)?, latitude.at(row)?, area)
        })
        .collect();
    Ok(Arc::new(distances))
}

/// `point_distance_m(lon1, lat1, lon2, lat2)`: geodesic distance of two points in metres.
fn point_distance_m(arguments: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let [lon1, lat1, lon2, lat2] = arguments else {
        return internal_err!("four arguments expected, got {}", arguments.len());
    };
    let (lon1, lat1) = (numbers(lon1)?, numbers(lat1)?);
    let (lon2, lat2) = (numbers(lon2)?, numbers(lat2)?);
    let distances: Float64Array = (0..rows)
        .map(|row| {
            let from = (lon1.at(row)?, lat1.at(row)?);
            let to = (lon2.at(row)?, lat2.at(row)?);
            let distance = kandeng_geo::point_distance_m(from.0, from.1, to.0, to.1);
            (!distance.is_nan()).then_some(distance)
        })
        .collect();
    Ok(Arc::new(distances))
}

/// `union_area_m2(wkt)`: the ground that at least one outline covers, in square metres; NULL when
/// there is no outline that can be read.
#[derive(Debug, Default)]
pub(super) struct UnionArea {
    outlines: Outlines,
}

impl Fold for UnionArea {
    const NAME: &'static str = "union_area_m2";
    const TAKES: &'static [Kind] = &[Kind::Text];
    type Columns<'a> = Text<'a>;

    fn gives() -> DataType {
        DataType::Float64
    }

    fn columns(arrays: &[ArrayRef]) -> Result<Self::Columns<'_>> {
        match arrays {
            [outlines] => Text::of_array(outlines.as_ref()),
            _ => internal_err!("one argument expected, got {}", arrays.len()),
        }
    }

    fn add(&mut self, outlines: &Self::Columns<'_>, row: usize) -> Result<()> {
        if let Some(outline) = outlines.at(row) {
            self.outlines.insert(outline);
        }
        Ok(())
    }

    fn heap(&self) -> usize {
        self.outlines.heap()
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        self.outlines.write(bytes);
    }

    fn read(&mut self, bytes: &[u8]) -> Option<()> {
        self.outlines.read(bytes)
    }

    fn results(groups: &mut [Self]) -> Result<ArrayRef> {
        let areas: Float64Array = groups
            .iter()
            .map(|group| {
                let outlines = group.outlines.areas();
                (!outlines.is_empty()).then(|| kandeng_geo::union_area_m2(outlines))
            })
            .collect();
        Ok(Arc::new(areas))
    }
}

/// `hull_area_m2(lon, lat, widen_m)`: the area in square metres of the convex hull of the points,
/// widened on all sides; NULL without points. `widen_m` is the first that is not NULL.
#[derive(Debug, Default)]
pub(super) struct HullArea {
    widen_m: Option<f64>,
    points: Vec<(f64, f64)>,
}

impl Fold for HullArea {
    const NAME: &'static str = "hull_area_m2";
    const TAKES: &'static [Kind] = &[Kind::Number; 3];
    type Columns<'a> = [Values<'a, Float64Type>; 3];

    fn gives() -> DataType {
        DataType::Float64
    }

    fn columns(arrays: &[ArrayRef]) -> Result<Self::Columns<'_>> {
        match arrays {
            [longitude, latitude, widen_m] => Ok([
                Values::of_array(longitude.as_ref())?,
                Values::of_array(latitude.as_ref())?,
                Values::of_array(widen_m.as_ref())?,
            ]),
            _ => internal_err!("three arguments expected, got {}", arrays.len()),
        }
    }

    fn add(
        &mut self,
        [longitude, latitude, widen_m]: &Self::Columns<'_>,
        row: usize,
    ) -> Result<()> {
        self.widen_m = self.widen_m.or_else(|| widen_m.at(row));
        let point = longitude.at(row).zip(latitude.at(row));
        self.points
            .extend(point.filter(|(x, y)| x.is_finite() && y.is_finite()));
        Ok(())
    }

    fn heap(&self) -> usize {
        16 * self.points.capacity()
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.widen_m.unwrap_or(f64::NAN).to_le_bytes());
        for (x, y) in &self.points {
            bytes.extend(x.to_le_bytes());
            bytes.extend(y.to_le_bytes());
        }
    }

    fn read(&mut self, mut bytes: &[u8]) -> Option<()> {
        let widen_m = take_float(&mut bytes)?;
        self.widen_m = self.widen_m.or((!widen_m.is_nan()).then_some(widen_m));
        while !bytes.is_empty() {
            self.points
                .push((take_float(&mut bytes)?, take_float(&mut bytes)?));
        }
        Some(())
    }

    fn results(groups: &mut [Self]) -> Result<ArrayRef> {
        let areas: Float64Array = groups
            .iter()
            .map(|group| {
                let widen_m = group.widen_m.filter(|_| !group.points.is_empty())?;
                Some(kandeng_geo::hull_area_m2(&group.points, widen_m))
            })
            .collect();
        Ok(Arc::new(areas))
    }
}
