//! Geometry through SQL. A square of a thousandth of a degree at 32° N is about 94.5 m × 110.9 m.

use super::{context, each_encoding, parallel, row, rows};

/// A square whose south-west corner lies `east` and `north` thousandths of a degree from 105.5° E, 32° N.
fn square(east: f64, north: f64) -> String {
    let (west, south) = (105.5 + east / 1e3, 32.0 + north / 1e3);
    let (east, north) = (west + 1e-3, south + 1e-3);
    format!(
        "POLYGON (({west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}))"
    )
}

const BOW_TIE: &str = "POLYGON ((105.5 32, 105.501 32.001, 105.501 32, 105.5 32.001, 105.5 32))";

#[test]
fn areas_and_lengths_are_measured_in_every_encoding_of_text() {
    let square = square(0.0, 0.0);
    each_encoding(
        &[Some(&square), None, Some("POLYGON ((105"), Some(&square)],
        |context| {
            assert_eq!(
                rows(
                    context,
                    "select round(area_m2(name) / 100), round(perimeter_m(name)), crosses_itself(name) from t"
                ),
                ["105.0|411.0|false", "-|-|-", "-|-|-", "105.0|411.0|false"]
            );
        },
    );
    assert_eq!(row(&format!("select crosses_itself('{BOW_TIE}')")), "true");
}

#[test]
fn two_outlines_share_ground() {
    let (a, b, far) = (square(0.0, 0.0), square(0.5, 0.0), square(9.0, 0.0));
    assert_eq!(
        row(&format!(
            "select round(overlap_m2('{a}', '{b}') / area_m2('{a}'), 4), round(outside_share('{a}', '{b}'), 4), overlap_m2('{a}', '{far}'), outside_share('{a}', '{far}'), outside_share('{a}', null), overlap_m2('x', '{a}')"
        )),
        "0.5|0.5|0.0|1.0|-|-"
    );
}

#[test]
fn distances_are_metres() {
    let a = square(0.0, 0.0);
    assert_eq!(
        row(&format!(
            "select distance_m(105.5005, 32.0005, '{a}'), round(distance_m(105.5005, 32.002, '{a}')), distance_m(null, 32, '{a}'), distance_m(105, 32, 'x')"
        )),
        "0.0|111.0|-|-"
    );
    assert_eq!(
        row(
            "select round(point_distance_m(105.5, 32, 105.5, 32.001)), point_distance_m(105.5, 32, 105.5, 32), point_distance_m(105, 32, null, 32)"
        ),
        "111.0|0.0|-"
    );
    assert_eq!(row("select point_distance_m(105, 32, 105, 32)"), "0.0");
}

#[test]
fn pairs_of_outlines_come_with_their_ground() {
    let (a, b, far) = (square(0.0, 0.0), square(0.5, 0.0), square(9.0, 0.0));
    let table = format!(
        "(values (7, '{a}'), (3, '{b}'), (5, '{far}'), (1, null), (2, 'x'), (7, '{a}')) as t(id, boundary)"
    );
    let sql = format!("with pairs as (select unnest(overlap_pairs(id, boundary)) as pair from {table})
        select pair['a'], pair['b'], round(pair['area_m2'] / 100), round(pair['share_of_smaller'], 2) from pairs");
    for context in [context(), parallel()] {
        assert_eq!(rows(&context, &sql), ["3|7|52.0|0.5", "3|7|52.0|0.5"]);
    }
}

#[test]
fn unions_and_hulls_are_made_for_each_group() {
    let (a, b, far) = (square(0.0, 0.0), square(0.5, 0.0), square(9.0, 0.0));
    let sql = format!(
        "select g, round(union_area_m2(w) / 100) from (values (1, '{a}'), (1, '{b}'), (1, '{a}'), (1, null), (2, '{far}'), (2, '{a}'), (3, null), (4, 'x')) as t(g, w) group by g order by g"
    );
    for context in [context(), parallel()] {
        assert_eq!(rows(&context, &sql), ["1|157.0", "2|210.0", "3|-", "4|-"]);
    }
    // One point: a disc of 100 m. No point, no widening: nothing.
    let sql = "select g, round(hull_area_m2(lon, lat, w)) from (values (1, 105.5, 32.0, 100.0), (2, null, 32.0, 100.0), (3, 105.5, 32.0, null), (1, 105.5, 32.0, null)) as t(g, lon, lat, w) group by g order by g";
    for context in [context(), parallel()] {
        assert_eq!(rows(&context, sql), ["1|31416.0", "2|-", "3|-"]);
    }
    assert_eq!(
        row(
            "select round(hull_area_m2(lon, lat, 0) / 100) from (values (105.5, 32.0), (105.501, 32.0), (105.5, 32.001)) as t(lon, lat)"
        ),
        "52.0"
    );
}
