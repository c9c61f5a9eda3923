//! The full-size originals of the fixtures, where they are at hand: not part of the repository.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::PathBuf;

use kandeng_evidence::{FootprintNote, Limits, Photo, footprint};

fn originals(folder: &str) -> Vec<PathBuf> {
    let base = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/photos");
    let Ok(entries) = std::fs::read_dir(base.join(folder)) else {
        eprintln!("skipped: no original photos at ../shared/data/photos/{folder}");
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn the_drones_four_frames_cover_about_2640_square_metres_each() {
    let mut frames = Vec::new();
    for path in originals("drone") {
        let photo = Photo::read(&path, &Limits::default()).unwrap();
        let height = photo.drone.unwrap().relative_altitude_m.unwrap();
        assert!((40.0..=40.1).contains(&height), "{height}");
        let ground = footprint(&photo).unwrap();
        assert!(ground.notes.contains(&FootprintNote::HeightAboveTakeOff));
        frames.push(kandeng_geo::parse_wkt(&ground.wkt()).unwrap());
        println!(
            "{:?}: {:.1} m × {:.1} m, {:.0} m²",
            path.file_name(),
            ground.width_m,
            ground.height_m,
            ground.area_m2
        );
        assert_eq!((photo.width, photo.height), (4000, 2250));
        assert!((ground.width_m - 68.5).abs() < 0.5);
        assert!((ground.height_m - 38.6).abs() < 0.4);
        assert!((ground.area_m2 - 2_640.0).abs() < 25.0);
        assert!((kandeng_geo::mu_from_m2(ground.area_m2) - 4.0).abs() < 0.1);
    }
    let union = kandeng_geo::union_area_m2(&frames);
    println!("all of them: {union:.0} m²");
    let sum: f64 = frames.iter().map(kandeng_geo::area_m2).sum();
    assert!(union <= sum && (frames.is_empty() || union >= sum / 4.0));
}

#[test]
fn every_original_reads_with_time_place_and_hash() {
    for path in originals("drone").into_iter().chain(originals("gps")) {
        let photo = Photo::read(&path, &Limits::default()).unwrap();
        assert!(photo.taken.is_some() && photo.position.is_some() && photo.phash.is_some());
        assert_eq!(photo.edited_with, None);
    }
}
