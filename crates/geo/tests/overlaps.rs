//! Overlaps against the long way round, and against whatever rings there are.
#![allow(clippy::unwrap_used, clippy::float_cmp)]

use kandeng_geo::{
    LineString, LocalPlane, MultiPolygon, PARTNERS, Polygon, SLIVER_M2, area_m2, crosses_itself,
    distance_m, outside_share, overlap_m2, overlap_pairs, parse_wkt, perimeter_m, union_area_m2,
};
use proptest::prelude::*;

/// A rectangle of metres in a plane at 105.5° E, 32.3° N.
fn field(east: f64, north: f64, width: f64, height: f64) -> MultiPolygon<f64> {
    let plane = LocalPlane::at(105.5, 32.3).unwrap();
    plane.polygon(&[
        (east, north),
        (east + width, north),
        (east + width, north + height),
        (east, north + height),
    ])
}

#[track_caller]
fn close(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() <= expected.abs() * 2e-5 + 0.02,
        "{found} instead of {expected}"
    );
}

#[test]
fn two_fields_share_what_lies_in_both() {
    let (a, b) = (
        field(0.0, 0.0, 100.0, 100.0),
        field(60.0, 80.0, 100.0, 100.0),
    );
    close(overlap_m2(&a, &b), 40.0 * 20.0);
    close(outside_share(&a, &b).unwrap(), 0.92);
}

#[test]
fn neighbours_and_strangers_share_nothing() {
    let a = field(0.0, 0.0, 100.0, 100.0);
    assert!(overlap_m2(&a, &field(100.0, 0.0, 100.0, 100.0)) < SLIVER_M2);
    assert_eq!(overlap_m2(&a, &field(500.0, 0.0, 100.0, 100.0)), 0.0);
    assert_eq!(
        outside_share(&a, &field(500.0, 0.0, 100.0, 100.0)),
        Some(1.0)
    );
}

#[test]
fn a_field_inside_another_shares_all_of_itself() {
    let (outer, inner) = (field(0.0, 0.0, 100.0, 100.0), field(10.0, 10.0, 20.0, 20.0));
    close(overlap_m2(&outer, &inner), 400.0);
    assert!(outside_share(&inner, &outer).unwrap() < 1e-6);
    let pairs = overlap_pairs(&[outer, inner]);
    assert_eq!((pairs.len(), pairs[0].a, pairs[0].b), (1, 0, 1));
    close(pairs[0].share_of_smaller, 1.0);
}

#[test]
fn what_lies_in_a_hole_is_not_shared() {
    let mut ring = field(0.0, 0.0, 100.0, 100.0);
    ring.0[0].interiors_push(field(20.0, 20.0, 60.0, 60.0).0[0].exterior().clone());
    assert!(overlap_m2(&ring, &field(30.0, 30.0, 20.0, 20.0)) < 1e-6);
    close(
        overlap_m2(&ring, &field(0.0, 0.0, 50.0, 50.0)),
        2_500.0 - 900.0,
    );
    close(
        union_area_m2(&[ring, field(30.0, 30.0, 20.0, 20.0)]),
        6_400.0 + 400.0,
    );
}

#[test]
fn ground_in_several_areas_counts_once_in_the_union() {
    let frames = [
        field(0.0, 0.0, 68.5, 38.6),
        field(30.0, 0.0, 68.5, 38.6),
        field(500.0, 0.0, 10.0, 10.0),
    ];
    close(union_area_m2(&frames), 98.5 * 38.6 + 100.0);
    assert_eq!(union_area_m2(&[]), 0.0);
}

#[test]
fn the_direction_of_rings_does_not_matter_to_the_union() {
    let mut turned = field(30.0, 0.0, 68.5, 38.6);
    turned.0[0].exterior_mut(|ring| ring.0.reverse());
    close(
        union_area_m2(&[field(0.0, 0.0, 68.5, 38.6), turned]),
        98.5 * 38.6,
    );
}

#[test]
fn a_crossing_ring_takes_no_ground_off_another() {
    let plane = LocalPlane::at(105.5, 32.3).unwrap();
    let tie = plane.polygon(&[(0.0, 0.0), (100.0, 100.0), (100.0, 0.0), (0.0, 100.0)]);
    assert!(crosses_itself(&tie));
    close(
        union_area_m2(&[tie.clone(), field(0.0, 0.0, 100.0, 100.0)]),
        10_000.0,
    );
    close(overlap_m2(&tie, &field(0.0, 0.0, 50.0, 100.0)), 2_500.0);
}

#[test]
fn areas_without_ground_pair_with_nothing() {
    let nowhere = MultiPolygon(vec![Polygon::new(
        LineString::from(vec![(f64::NAN, 0.0), (1.0, 1.0), (2.0, 0.0)]),
        vec![],
    )]);
    let empty = MultiPolygon(vec![]);
    let line = MultiPolygon(vec![Polygon::new(
        LineString::from(vec![(105.5, 32.3), (105.6, 32.3)]),
        vec![],
    )]);
    let real = field(0.0, 0.0, 100.0, 100.0);
    assert!(
        overlap_pairs(&[nowhere.clone(), empty.clone(), line.clone(), real.clone()]).is_empty()
    );
    assert_eq!(outside_share(&empty, &real), None);
    assert_eq!(outside_share(&real, &nowhere), Some(1.0));
    close(union_area_m2(&[nowhere, empty, line, real]), 10_000.0);
}

/// A grid of fields of 40 m every 50 m, every thousandth with a copy shifted by half of it.
fn grid(n: usize) -> (Vec<MultiPolygon<f64>>, usize) {
    let side = (n as f64).sqrt() as usize;
    let step = 0.0005;
    let square = |x: f64, y: f64, w: f64| {
        MultiPolygon(vec![Polygon::new(
            LineString::from(vec![(x, y), (x + w, y), (x + w, y + w), (x, y + w), (x, y)]),
            vec![],
        )])
    };
    let place = |i: usize| {
        (
            104.0 + (i % side) as f64 * step,
            31.0 + (i / side) as f64 * step,
        )
    };
    let mut all: Vec<_> = (0..n)
        .map(|i| square(place(i).0, place(i).1, 0.0004))
        .collect();
    let planted: Vec<_> = (0..n)
        .step_by(1000)
        .map(|i| square(place(i).0 + 0.0002, place(i).1, 0.0002))
        .collect();
    let count = planted.len();
    all.extend(planted);
    (all, count)
}

#[test]
fn every_planted_overlap_among_fifty_thousand_is_found_and_nothing_else() {
    let (areas, planted) = grid(50_000);
    let pairs = overlap_pairs(&areas);
    assert_eq!(pairs.len(), planted);
    assert!(pairs.iter().all(|pair| pair.share_of_smaller > 0.999));
}

#[test]
fn many_copies_of_one_outline_each_show_their_partners_and_make_no_million_pairs() {
    let copies = vec![field(0.0, 0.0, 200.0, 100.0); 600];
    // A neighbour that overlaps one strip of them all.
    let strip = field(190.0, 0.0, 200.0, 100.0);
    let areas: Vec<_> = copies.into_iter().chain([strip]).collect();
    let pairs = overlap_pairs(&areas);
    let partners = |of: usize| pairs.iter().filter(|p| p.a == of || p.b == of).count();
    assert!((0..600).all(|copy| partners(copy) >= PARTNERS as usize));
    assert!(
        pairs.len() <= 600 * (PARTNERS as usize + 1),
        "{}",
        pairs.len()
    );
    assert_eq!(partners(600), 600);
}

/// Run with `cargo test --release -p kandeng-geo --test overlaps -- --ignored --nocapture`.
#[test]
#[ignore = "measures: a million fields take some seconds"]
fn a_million_fields_take_seconds() {
    let (areas, planted) = grid(1_000_000);
    let start = std::time::Instant::now();
    assert_eq!(overlap_pairs(&areas).len(), planted);
    println!("{} fields, pairs in {:?}", areas.len(), start.elapsed());
    let start = std::time::Instant::now();
    let total: f64 = areas.iter().map(area_m2).sum();
    println!("areas ({total:.0} m²) in {:?}", start.elapsed());
    let start = std::time::Instant::now();
    println!(
        "union {:.0} m² in {:?}",
        union_area_m2(&areas),
        start.elapsed()
    );
    let texts: Vec<String> = areas.iter().map(kandeng_geo::to_wkt).collect();
    let start = std::time::Instant::now();
    assert!(texts.iter().all(|text| parse_wkt(text).is_ok()));
    println!("WKT read in {:?}", start.elapsed());
    let start = std::time::Instant::now();
    assert!(
        areas
            .iter()
            .all(|area| distance_m(105.5, 32.3, area).is_some())
    );
    println!("distances in {:?}", start.elapsed());
}

/// Rings of any shape on a small patch of whole and broken metres, so that they touch, repeat and cross.
fn any_area() -> impl Strategy<Value = MultiPolygon<f64>> {
    let whole = (-9..9i32, -9..9i32).prop_map(|(e, n)| (f64::from(e) * 10.0, f64::from(n) * 10.0));
    let broken = (-90.0..90.0f64, -90.0..90.0f64);
    let ring = prop::collection::vec(prop_oneof![whole, broken], 0..9);
    prop::collection::vec(prop::collection::vec(ring, 1..3), 0..3).prop_map(|parts| {
        let plane = LocalPlane::at(105.5, 32.3).unwrap();
        let ring = |ring: &Vec<(f64, f64)>| -> LineString<f64> {
            ring.iter().map(|&(e, n)| plane.to_lon_lat(e, n)).collect()
        };
        parts
            .iter()
            .map(|rings| Polygon::new(ring(&rings[0]), rings[1..].iter().map(ring).collect()))
            .collect()
    })
}

/// A quadrangle with its corners in four quadrants: it never crosses itself.
fn plain_area() -> impl Strategy<Value = MultiPolygon<f64>> {
    (
        (-300.0..300.0f64, -300.0..300.0f64),
        prop::collection::vec(5.0..90.0f64, 8),
    )
        .prop_map(|((e, n), r)| {
            let plane = LocalPlane::at(105.5, 32.3).unwrap();
            plane.polygon(&[
                (e + r[0], n + r[1]),
                (e - r[2], n + r[3]),
                (e - r[4], n - r[5]),
                (e + r[6], n - r[7]),
            ])
        })
}

/// Found by the law below: the hole of this union touches its outer ring.
#[test]
fn a_hole_that_touches_its_outer_ring_stays_a_hole() {
    let plane = LocalPlane::at(105.5, 32.3).unwrap();
    let mut both = plane.polygon(&[
        (-73., 0.),
        (0., -50.),
        (52.5, 0.),
        (0., -60.),
        (36., 0.),
        (-10., -50.),
        (0., 0.),
    ]);
    both.0
        .extend(plane.polygon(&[(60., -20.), (0., 0.), (0., 10.)]));
    close(area_m2(&both), 2_431.598);
    close(union_area_m2(&[both.clone(), both]), 2_431.598);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_index_finds_what_all_pairs_find(areas in prop::collection::vec(plain_area(), 0..40)) {
        let found: Vec<_> = overlap_pairs(&areas).iter().map(|pair| (pair.a, pair.b, pair.area_m2)).collect();
        let mut expected = Vec::new();
        for a in 0..areas.len() {
            for b in a + 1..areas.len() {
                let shared = overlap_m2(&areas[a], &areas[b]);
                if shared > SLIVER_M2 {
                    expected.push((a, b, shared));
                }
            }
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn two_areas_make_up_their_union_and_what_they_share(a in plain_area(), b in plain_area()) {
        let apart = area_m2(&a) + area_m2(&b);
        let together = union_area_m2(&[a.clone(), b.clone()]) + overlap_m2(&a, &b);
        prop_assert!((apart - together).abs() < 0.3, "{apart} {together}");
    }

    #[test]
    fn any_rings_get_a_sensible_answer(a in any_area(), b in any_area()) {
        let (area_a, area_b, shared) = (area_m2(&a), area_m2(&b), overlap_m2(&a, &b));
        prop_assert!(area_a >= 0.0 && shared >= 0.0);
        prop_assert!(shared <= area_a.min(area_b) + 0.3, "{shared} of {area_a} {area_b}");
        prop_assert!((shared - overlap_m2(&b, &a)).abs() < 0.3);
        let union = union_area_m2(&[a.clone(), b.clone()]);
        prop_assert!((union + shared - area_a - area_b).abs() < 0.5, "{union} + {shared} = {area_a} + {area_b}");
        prop_assert!(outside_share(&a, &b).is_none_or(|share| (0.0..=1.0).contains(&share)));
        prop_assert!(perimeter_m(&a).is_finite());
        prop_assert!(distance_m(105.501, 32.301, &a).is_none_or(|metres| metres >= 0.0));
        let _ = overlap_pairs(&[a.clone(), b.clone(), a]);
    }

    #[test]
    fn any_figures_at_all_get_an_answer(points in prop::collection::vec((any::<f64>(), any::<f64>()), 0..8)) {
        let wild = MultiPolygon(vec![Polygon::new(LineString::from(points), vec![])]);
        let _ = (area_m2(&wild), crosses_itself(&wild), perimeter_m(&wild), union_area_m2(&[wild.clone(), wild.clone()]));
        let _ = (overlap_m2(&wild, &wild), overlap_pairs(&[wild.clone(), wild]));
    }

    #[test]
    fn rings_all_over_the_earth_get_an_answer(points in prop::collection::vec((-180.0..=180.0f64, -90.0..=90.0f64), 0..8)) {
        let wild = MultiPolygon(vec![Polygon::new(LineString::from(points), vec![])]);
        prop_assert!(area_m2(&wild).is_finite() && union_area_m2(&[wild.clone(), wild.clone()]).is_finite());
        prop_assert!(distance_m(105.5, 32.3, &wild).is_none_or(f64::is_finite));
    }
}
