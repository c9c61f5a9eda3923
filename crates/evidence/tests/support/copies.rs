//! Real pictures, and what is done to a picture that serves twice.

use std::path::PathBuf;

use kandeng_evidence::image::codecs::jpeg::JpegEncoder;
use kandeng_evidence::image::imageops;
use kandeng_evidence::image::{self, RgbImage};

use super::hashes::each;
use super::scenes::Dice;

/// Gives the copies of a picture; the number is the picture's, for what is drawn by lot.
pub type Change = fn(&RgbImage, u64) -> Vec<RgbImage>;

/// What the hash must survive. A crop by 5 % is tried in every meaning: of width and height, off any
/// side, corner or place, of the area, and off each edge.
pub const COPIES: [(&str, Change); 11] = [
    ("JPEG quality 60", |p, _| vec![reencoded(p, 60)]),
    ("half size", |p, _| vec![halved(p)]),
    ("half size, quality 60", |p, _| vec![worn(p)]),
    ("crop 5 % all round", |p, _| cropped(p, &ALL_ROUND)),
    ("crop 5 % all round, half, quality 60", |p, _| {
        all_worn(&cropped(p, &ALL_ROUND))
    }),
    ("crop 5 % off one side, half, quality 60", |p, _| {
        all_worn(&cropped(p, &ONE_SIDE))
    }),
    ("crop 5 % off two sides, half, quality 60", |p, _| {
        all_worn(&cropped(p, &ONE_CORNER))
    }),
    ("crop 5 % at any place, half, quality 60", |p, number| {
        let mut dice = Dice::new(number ^ 0x0FF5);
        let offs: Vec<_> = (0..6).map(|_| off(&mut dice, [0.05, 0.05])).collect();
        all_worn(&cropped(p, &offs))
    }),
    (
        "crop up to 5 % at any place, half, quality 60",
        |p, number| {
            let mut dice = Dice::new(number ^ 0xA11);
            let mut shares = || {
                let share = [dice.between(0.0, 0.05), dice.between(0.0, 0.05)];
                off(&mut dice, share)
            };
            let offs: Vec<_> = (0..4).map(|_| shares()).collect();
            all_worn(&cropped(p, &offs))
        },
    ),
    (
        "crop 5 % of the area all round, half, quality 60",
        |p, _| all_worn(&cropped(p, &[[0.012_7; 4]])),
    ),
    ("crop 5 % off every edge, half, quality 60", |p, _| {
        all_worn(&cropped(p, &[[0.05; 4]]))
    }),
];

pub const BRIGHTENED: Change = |picture, _| {
    let mut other = picture.clone();
    for value in other.iter_mut() {
        *value = (f32::from(*value) * 1.05).min(255.0) as u8;
    }
    vec![other]
};

/// Shares of the width and height taken off the left, top, right and bottom.
type Off = [f32; 4];

const ALL_ROUND: [Off; 1] = [[0.025; 4]];
const ONE_SIDE: [Off; 4] = [
    [0.05, 0.0, 0.0, 0.0],
    [0.0, 0.05, 0.0, 0.0],
    [0.0, 0.0, 0.05, 0.0],
    [0.0, 0.0, 0.0, 0.05],
];
const ONE_CORNER: [Off; 4] = [
    [0.05, 0.05, 0.0, 0.0],
    [0.0, 0.05, 0.05, 0.0],
    [0.0, 0.0, 0.05, 0.05],
    [0.05, 0.0, 0.0, 0.05],
];

/// These shares of width and height, taken off the two ends by lot.
fn off(dice: &mut Dice, [width, height]: [f32; 2]) -> Off {
    let (x, y) = (dice.unit(), dice.unit());
    [width * x, height * y, width * (1.0 - x), height * (1.0 - y)]
}

fn cropped(picture: &RgbImage, offs: &[Off]) -> Vec<RgbImage> {
    let (width, height) = picture.dimensions();
    let cut = |share: f32, of: u32| (share * of as f32).round() as u32;
    let crop = |off: &Off| {
        let (left, top) = (cut(off[0], width), cut(off[1], height));
        let (right, bottom) = (cut(off[2], width), cut(off[3], height));
        let (wide, high) = (width - left - right, height - top - bottom);
        imageops::crop_imm(picture, left, top, wide, high).to_image()
    };
    offs.iter().map(crop).collect()
}

fn reencoded(picture: &RgbImage, quality: u8) -> RgbImage {
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, quality)
        .encode_image(picture)
        .unwrap();
    image::load_from_memory(&file).unwrap().to_rgb8()
}

fn halved(picture: &RgbImage) -> RgbImage {
    let (width, height) = picture.dimensions();
    imageops::thumbnail(picture, width / 2, height / 2)
}

/// As a messenger sends it on.
fn worn(picture: &RgbImage) -> RgbImage {
    reencoded(&halved(picture), 60)
}

fn all_worn(pictures: &[RgbImage]) -> Vec<RgbImage> {
    pictures.iter().map(worn).collect()
}

/// The pictures of real photos: the small fixtures always, the originals where they are at hand.
pub fn real_pictures() -> Vec<RgbImage> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let originals = here.join("../../../shared/data/photos");
    let mut paths: Vec<PathBuf> = [originals.join("drone"), originals.join("gps")]
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    if paths.is_empty() {
        eprintln!("no original photos at ../shared/data/photos: measured on the small copies only");
        let names = [
            "drone_0027.jpg",
            "drone_0032.jpg",
            "camera_0010.jpg",
            "camera_0012.jpg",
        ];
        paths = names
            .map(|name| here.join("tests/fixtures").join(name))
            .to_vec();
    }
    paths.sort();
    each(&paths, |path| image::open(path).unwrap().to_rgb8())
}
