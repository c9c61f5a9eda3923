//! The ground that a drone's frame shows.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::PathBuf;

use kandeng_evidence::{DroneAttitude, FootprintNote, Limits, NoFootprint, Photo, footprint};

fn nadir() -> Photo {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/drone_0027.jpg");
    let mut photo = Photo::read(&path, &Limits::default()).unwrap();
    // The fixture's pixels are a reduced copy; the frame was this large.
    (photo.width, photo.height) = (4000, 2250);
    photo
}

fn turned(change: impl FnOnce(&mut DroneAttitude)) -> Photo {
    let mut photo = nadir();
    let mut drone = photo.drone.unwrap();
    change(&mut drone);
    photo.drone = Some(drone);
    photo
}

#[test]
fn a_nadir_frame_from_40_metres_covers_about_4_mu() {
    let ground = footprint(&nadir()).unwrap();
    assert!((ground.width_m - 68.4).abs() < 0.3, "{}", ground.width_m);
    assert!((ground.height_m - 38.5).abs() < 0.3, "{}", ground.height_m);
    assert!(
        (ground.area_m2 - 2_640.0).abs() < 15.0,
        "{}",
        ground.area_m2
    );
    assert!(ground.notes.contains(&FootprintNote::HeightAboveTakeOff));
}

#[test]
fn a_reduced_copy_of_a_frame_shows_the_same_ground() {
    let mut small = nadir();
    (small.width, small.height) = (2000, 1125);
    let (large, small) = (footprint(&nadir()).unwrap(), footprint(&small).unwrap());
    assert!((large.area_m2 - small.area_m2).abs() < 1e-6);
}

#[test]
fn its_geodesic_area_is_that_of_the_plane_and_its_centre_is_the_drone() {
    let photo = nadir();
    let ground = footprint(&photo).unwrap();
    let polygon = kandeng_geo::parse_wkt(&ground.wkt()).unwrap();
    let geodesic = kandeng_geo::area_m2(&polygon);
    assert!((geodesic - ground.area_m2).abs() / ground.area_m2 < 1e-4);
    let position = photo.position.unwrap();
    let lon = ground.corners.iter().map(|c| c.0).sum::<f64>() / 4.0;
    let lat = ground.corners.iter().map(|c| c.1).sum::<f64>() / 4.0;
    let off = kandeng_geo::point_distance_m(lon, lat, position.lon, position.lat);
    assert!(off < 0.2, "{off}");
}

#[test]
fn the_long_side_lies_across_the_heading() {
    // Heading north: the long side runs west to east.
    let ground = footprint(&turned(|d| d.gimbal_yaw = Some(0.0))).unwrap();
    let [top_left, top_right, bottom_right, _] = ground.corners;
    assert!(top_right.0 > top_left.0 && top_left.1 > bottom_right.1);
    assert!((top_left.1 - top_right.1).abs() < 1e-6);
}

#[test]
fn the_wkt_is_closed_and_counter_clockwise() {
    let wkt = footprint(&nadir()).unwrap().wkt();
    let ring: Vec<(f64, f64)> = wkt
        .trim_start_matches("POLYGON ((")
        .trim_end_matches("))")
        .split(", ")
        .map(|pair| {
            let (lon, lat) = pair.split_once(' ').unwrap();
            (lon.parse().unwrap(), lat.parse().unwrap())
        })
        .collect();
    assert_eq!(ring.len(), 5);
    assert_eq!(ring[0], ring[4]);
    let (lon, lat) = ring[0];
    let twice: f64 = ring
        .windows(2)
        .map(|w| (w[0].0 - lon) * (w[1].1 - lat) - (w[1].0 - lon) * (w[0].1 - lat))
        .sum();
    assert!(twice > 0.0);
}

#[test]
fn tilting_the_camera_up_covers_more_ground_until_the_horizon() {
    let at = |pitch: f64| footprint(&turned(|d| d.gimbal_pitch = Some(pitch)));
    let (down, tilted) = (at(-90.0).unwrap(), at(-60.0).unwrap());
    assert!(tilted.area_m2 > down.area_m2 * 1.2);
    assert_eq!(at(-20.0).unwrap_err(), NoFootprint::Horizon);
    assert_eq!(at(0.0).unwrap_err(), NoFootprint::Horizon);
}

#[test]
fn what_is_missing_is_named() {
    let mut photo = nadir();
    photo.drone = None;
    assert_eq!(footprint(&photo).unwrap_err(), NoFootprint::NotADrone);
    let mut photo = nadir();
    photo.position = None;
    assert_eq!(footprint(&photo).unwrap_err(), NoFootprint::NoPosition);
    for height in [None, Some(0.0), Some(-3.0), Some(f64::NAN)] {
        let photo = turned(|d| d.relative_altitude_m = height);
        assert_eq!(footprint(&photo).unwrap_err(), NoFootprint::NoHeight);
    }
    let photo = turned(|d| (d.gimbal_yaw, d.flight_yaw) = (None, None));
    assert_eq!(footprint(&photo).unwrap_err(), NoFootprint::NoAttitude);
    let mut photo = nadir();
    (photo.model, photo.focal_length_35mm) = (None, None);
    let refusal = footprint(&photo).unwrap_err();
    assert_eq!(refusal, NoFootprint::NoAngleOfView);
    assert!(refusal.text().0.contains("视场角"));
}

#[test]
fn an_unknown_sensor_falls_back_on_the_equivalent_focal_length_and_says_so() {
    let mut photo = nadir();
    photo.model = Some("X1".to_owned());
    let ground = footprint(&photo).unwrap();
    assert!(ground.notes.contains(&FootprintNote::AngleFrom35mm));
    assert!(
        (ground.area_m2 / 2_640.0 - 1.0).abs() < 0.35,
        "{}",
        ground.area_m2
    );
}

#[test]
fn a_frame_that_is_the_middle_of_what_the_lens_saw_shows_less_ground() {
    let whole = footprint(&nadir()).unwrap();
    let mut photo = nadir();
    photo.digital_zoom = Some(2.0);
    let zoomed = footprint(&photo).unwrap();
    assert!((zoomed.area_m2 * 4.0 / whole.area_m2 - 1.0).abs() < 1e-2);
}

#[test]
fn a_missing_gimbal_heading_is_taken_from_the_airframe_and_said() {
    let ground = footprint(&turned(|d| d.gimbal_yaw = None)).unwrap();
    assert!(ground.notes.contains(&FootprintNote::HeadingOfAirframe));
    for note in ground.notes {
        let (zh, en) = note.text();
        assert!(!zh.is_ascii() && !en.is_empty());
    }
}
