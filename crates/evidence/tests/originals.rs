//! The full-size originals of the fixtures, where they are at hand: not part of the repository.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::PathBuf;

use kandeng_evidence::{Limits, Photo, footprint};

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
    for path in originals("drone") {
        let photo = Photo::read(&path, &Limits::default()).unwrap();
        let ground = footprint(&photo).unwrap();
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
    }
}

#[test]
fn every_original_reads_with_time_place_and_hash() {
    for path in originals("drone").into_iter().chain(originals("gps")) {
        let photo = Photo::read(&path, &Limits::default()).unwrap();
        assert!(photo.taken.is_some() && photo.position.is_some() && photo.phash.is_some());
        assert_eq!(photo.edited_with, None);
    }
}
