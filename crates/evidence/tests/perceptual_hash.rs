//! The distances of the perceptual hash, measured and held: copies within the radius, everything else
//! outside. `cargo test --release -p kandeng-evidence --test perceptual_hash -- --nocapture` prints them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod support {
    pub mod copies;
    pub mod hashes;
    pub mod scenes;
}

use image_hasher::{HashAlg, HasherConfig};
use kandeng_evidence::image::{DynamicImage, RgbImage};
use kandeng_evidence::{PHASH_RADIUS, PerceptualHash};
use support::copies::{BRIGHTENED, COPIES, Change, real_pictures};
use support::hashes::{Hashes, Spread, each};
use support::scenes::{Place, Stage};

/// Pixels of a scene that is looked at whole.
const SMALL: (u32, u32) = (64, 48);
/// Pixels of a scene that is cropped: a fortieth is a whole number of them.
const LARGE: (u32, u32) = (160, 120);
const SCENES: u64 = 10_000;

fn scene(seed: u64, (width, height): (u32, u32)) -> RgbImage {
    Place::new(seed).photograph(Stage::Before, 0, 0.0, width, height)
}

fn copies(pictures: &[RgbImage], change: Change) -> Spread {
    let numbered: Vec<(u64, &RgbImage)> = (0..).zip(pictures).collect();
    let distances = each(&numbered, |(number, picture)| {
        let hashes = Hashes::of(picture);
        let changed = change(picture, *number);
        let distances = changed.iter().map(|copy| hashes.apart(&Hashes::of(copy)));
        distances.collect::<Vec<_>>()
    });
    Spread::of(distances.into_iter().flatten().collect())
}

#[test]
fn every_copy_lies_within_the_radius() {
    let seeds: Vec<u64> = (0..400).collect();
    let sets = [
        ("real", real_pictures()),
        ("generated", each(&seeds, |seed| scene(*seed, LARGE))),
    ];
    for (whose, pictures) in &sets {
        for (what, change) in COPIES {
            let spread = copies(pictures, change);
            spread.print(&format!("{whose}: {what}"));
            assert!(spread.most() <= PHASH_RADIUS, "{whose}: {what}");
            // A margin for what is said of a 5 % crop; smaller crops lie between those that are hashed.
            if !what.contains("up to") {
                assert!(spread.most() + 3 <= PHASH_RADIUS, "{whose}: {what}");
            }
        }
        // Not asked for; said in the documentation, and held where it is said.
        let spread = copies(pictures, BRIGHTENED);
        spread.print(&format!("{whose}: brightened by 5 %"));
        let asked = if *whose == "real" { 100 } else { 90 };
        assert!(spread.within() * 100 >= spread.len() * asked, "{whose}");
    }
}

#[test]
fn no_two_real_frames_count_as_duplicates() {
    let hashes = each(&real_pictures(), Hashes::of);
    let spread = Spread::of(among(&hashes));
    spread.print("real frames among each other");
    assert!(spread.least() >= PHASH_RADIUS + 25);
}

#[test]
fn no_two_of_ten_thousand_scenes_count_as_duplicates() {
    const SHOWN: u32 = 40;
    let seeds: Vec<u64> = (0..SCENES).collect();
    let hashes = each(&seeds, |seed| Hashes::of(&scene(*seed, SMALL)));
    // From both ends, so that both threads have as much to do.
    let rows: Vec<usize> = (0..hashes.len())
        .step_by(2)
        .chain((0..hashes.len()).skip(1).step_by(2))
        .collect();
    let near = each(&rows, |i| {
        let others = hashes[..*i].iter();
        let near = others.filter_map(|other| hashes[*i].apart_if_near(other, SHOWN));
        near.collect::<Vec<u32>>()
    });
    let mut near: Vec<u32> = near.into_iter().flatten().collect();
    near.sort_unstable();
    for distance in near.chunk_by(|a, b| a == b).map(|same| same[0]) {
        let pairs = near.partition_point(|d| *d <= distance);
        println!("pairs of different scenes at distance ≤ {distance}: {pairs}");
    }
    assert!(!near.is_empty(), "some are less than {SHOWN} apart");
    assert!(near[0] >= PHASH_RADIUS + 10, "{}", near[0]);
}

#[test]
fn a_place_photographed_again_at_a_later_stage_is_no_duplicate() {
    let seeds: Vec<u64> = (0..400).collect();
    let stages = [Stage::Before, Stage::During, Stage::After, Stage::Upkeep];
    for (wander, what) in [(0.0, "a tripod"), (0.02, "2 % off"), (0.05, "5 % off")] {
        let distances = each(&seeds, |seed| {
            let place = Place::new(*seed);
            let visit = |(stage, visit): (&Stage, u64)| {
                Hashes::of(&place.photograph(*stage, visit, wander, SMALL.0, SMALL.1))
            };
            among(&stages.iter().zip(1..).map(visit).collect::<Vec<_>>())
        });
        let spread = Spread::of(distances.into_iter().flatten().collect());
        spread.print(&format!("later stage, standpoint: {what}"));
        assert!(spread.least() >= PHASH_RADIUS + 3, "{what}");
    }
}

fn among(hashes: &[Hashes]) -> Vec<u32> {
    let pairs = (0..hashes.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
    pairs.map(|(i, j)| hashes[i].apart(&hashes[j])).collect()
}

#[test]
fn the_text_form_measures_as_the_bits_do() {
    let text = |p: &RgbImage| PerceptualHash::of(&DynamicImage::ImageRgb8(p.clone()));
    let (a, b) = (scene(1, SMALL), scene(2, SMALL));
    let apart = Hashes::of(&a).apart(&Hashes::of(&b));
    assert_eq!(text(&a).distance(&text(&b)), Some(apart));
}

/// For the record in `docs/DECISIONS/perceptual-hash.md`: the hashes of the library, measured alike.
#[test]
#[ignore = "a comparison for the record, not a check"]
fn compare_with_the_librarys_hashes() {
    let seeds: Vec<u64> = (0..1_000).collect();
    let pictures = each(&seeds, |seed| scene(*seed, LARGE));
    let few: Vec<(u64, &RgbImage)> = (0..).zip(&pictures[..200]).collect();
    for (name, algorithm, side, dct) in [
        ("Median + DCT, 64 bits", HashAlg::Median, 8, true),
        ("Gradient, 64 bits", HashAlg::Gradient, 8, false),
        ("Gradient, 256 bits", HashAlg::Gradient, 16, false),
        (
            "DoubleGradient, 256 bits",
            HashAlg::DoubleGradient,
            16,
            false,
        ),
        ("Blockhash, 256 bits", HashAlg::Blockhash, 16, false),
        ("Mean + DCT, 256 bits", HashAlg::Mean, 16, true),
    ] {
        let mut config = HasherConfig::new()
            .hash_size(side, side)
            .hash_alg(algorithm);
        if dct {
            config = config.preproc_dct();
        }
        let of_library = |p: &RgbImage| config.to_hasher().hash_image(p);
        let hashes = each(&pictures, of_library);
        let mut different = u32::MAX;
        for (i, a) in hashes.iter().enumerate() {
            different = hashes[..i]
                .iter()
                .map(|b| a.dist(b))
                .fold(different, u32::min);
        }
        let worst = |wanted: &str| {
            let change = COPIES.iter().find(|(what, _)| *what == wanted).unwrap().1;
            let distances = each(&few, |(number, picture)| {
                let before = of_library(picture);
                let changed = change(picture, *number);
                let distances = changed.iter().map(|copy| of_library(copy).dist(&before));
                distances.max().unwrap()
            });
            distances.into_iter().max().unwrap()
        };
        let mut again = each(&seeds[..500], |seed| {
            let place = Place::new(*seed);
            let shot =
                |stage, visit| of_library(&place.photograph(stage, visit, 0.05, LARGE.0, LARGE.1));
            shot(Stage::During, 2).dist(&shot(Stage::After, 3))
        });
        again.sort_unstable();
        println!(
            "{name:26} quality 60 ≤ {:2}, crop all round ≤ {:2}, one side ≤ {:2} | scenes ≥ {different:2} | later stage: min {}, 5 % {}",
            worst("JPEG quality 60"),
            worst("crop 5 % all round"),
            worst("crop 5 % off one side, half, quality 60"),
            again[0],
            again[25],
        );
    }
}
