//! The perceptual hash `LC256`: light and colour, 256 bits, of a photo's frame and of what is left of
//! it when its edges are trimmed. Why this one, and what was measured:
//! `docs/DECISIONS/perceptual-hash.md`.
//!
//! Of luma and two colour differences the lowest frequencies of the cosine transform are kept (14 of
//! luma, 9 of each colour, the means among them). Every value becomes 8 bits of a cyclic thermometer
//! code: for values less than 8 steps apart the number of differing bits *is* the number of steps. So
//! two pictures are near when their light and colours are, all over the frame: a copy is, the same
//! place on another day is not. A trimmed copy is near a hash of the crops.

use std::f64::consts::PI;
use std::fmt::Write as _;

use image::{DynamicImage, RgbImage};

use crate::small_picture::SmallPicture;

/// The name before the colon. Hashes of different algorithms are not compared.
pub const PHASH_ALGORITHM: &str = "LC256";
/// Bits in a hash.
pub const PHASH_BITS: usize = 256;
/// Two photos are near-duplicates when their [distance](PerceptualHash::distance) is at most this.
pub const PHASH_RADIUS: u32 = 15;
/// Crops that are hashed beside the frame.
pub const PHASH_CROPS: usize = WINDOWS.len() - 1;

/// Coefficients kept of luma, blue difference, red difference.
const KEPT: [usize; 3] = [14, 9, 9];
/// The highest frequency among those kept, plus one.
const FREQUENCIES: usize = 5;
/// Grey levels to a step of the code, by the sum of both frequencies; the colour differences count
/// double. Finer where pictures carry less.
const STEPS: [f32; FREQUENCIES] = [1.8, 1.55, 1.3, 1.05, 0.8];
/// Bits for one value.
const LEVELS: usize = 8;

/// The part of a side that a window keeps: from, to.
type Span = (f64, f64);

/// The spans that windows are made of: all of the side; 95 % of it, in five places; 90 %.
const SPANS: [Span; 7] = [
    (0.0, 1.0),
    (0.0, 0.95),
    (0.025, 0.975),
    (0.05, 1.0),
    (0.012_5, 0.962_5),
    (0.037_5, 0.987_5),
    (0.05, 0.95),
];

/// The windows that are hashed, as spans across and down, the frame first. Each side whole or trimmed
/// by 5 % at the one end, the other or both; between these, four more of both sides, so that no 5 %
/// crop is further than 1.25 % of one side from a window; and 5 % off every edge.
const WINDOWS: [(usize, usize); 21] = [
    (0, 0),
    (1, 0),
    (2, 0),
    (3, 0),
    (0, 1),
    (1, 1),
    (2, 1),
    (3, 1),
    (0, 2),
    (1, 2),
    (2, 2),
    (3, 2),
    (0, 3),
    (1, 3),
    (2, 3),
    (3, 3),
    (4, 4),
    (5, 4),
    (4, 5),
    (5, 5),
    (6, 6),
];

/// The hashes of one photo.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PerceptualHash {
    /// Of the whole frame: `LC256:` and 64 hex digits.
    pub frame: String,
    /// Of its [crops](PHASH_CROPS), one after the other: `LC256:` and 64 hex digits for each.
    pub crops: String,
}

impl PerceptualHash {
    /// The hashes of a picture that stands upright.
    pub fn of(image: &DynamicImage) -> Self {
        match image {
            DynamicImage::ImageRgb8(pixels) => Self::of_pixels(pixels),
            other => Self::of_pixels(&other.to_rgb8()),
        }
    }

    fn of_pixels(pixels: &RgbImage) -> Self {
        let hashes = lowest_frequencies(&SmallPicture::of(pixels));
        let text = |hashes: &[[u8; PHASH_BITS / 8]]| {
            let mut text = format!("{PHASH_ALGORITHM}:");
            for byte in hashes.as_flattened() {
                // Cannot fail: writing into a String never does.
                let _ = write!(text, "{byte:02x}");
            }
            text
        };
        let hashes = hashes.map(|values| code(&values));
        let (frame, crops) = hashes.split_at(1);
        Self {
            frame: text(frame),
            crops: text(crops),
        }
    }

    /// How far apart two photos are: the least number of differing bits between their frames, or
    /// between the frame of one and a crop of the other. `None` when their hashes cannot be compared.
    pub fn distance(&self, other: &Self) -> Option<u32> {
        let nearest_crop = |one: &Self, other: &Self| {
            let (algorithm, digits) = one.crops.split_once(':')?;
            let width = other.frame.split_once(':')?.1.len().max(1);
            (0..digits.len() / width)
                .filter_map(|i| digits.get(i * width..(i + 1) * width))
                .filter_map(|crop| hamming(&format!("{algorithm}:{crop}"), &other.frame))
                .min()
        };
        [
            hamming(&self.frame, &other.frame),
            nearest_crop(self, other),
            nearest_crop(other, self),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}

/// The number of bits in which two hashes differ; `None` when they are of different algorithms or
/// lengths, or are no hashes. Any algorithm's `NAME:hex` is understood.
pub fn hamming(a: &str, b: &str) -> Option<u32> {
    let ((algorithm, a), (other, b)) = (a.split_once(':')?, b.split_once(':')?);
    if !algorithm.eq_ignore_ascii_case(other) || a.len() != b.len() || a.is_empty() {
        return None;
    }
    a.chars()
        .zip(b.chars())
        .map(|(a, b)| Some((a.to_digit(16)? ^ b.to_digit(16)?).count_ones()))
        .sum()
}

/// The kept coefficients of a window in steps of the code, luma first.
type Values = [f32; PHASH_BITS / LEVELS];

/// Each value in the thermometer code. Half of the levels lie below zero, where most values are, so that
/// bits are set about as often as not; level by level, so that neighbours belong to different values.
fn code(values: &Values) -> [u8; PHASH_BITS / 8] {
    let mut bytes = [0; PHASH_BITS / 8];
    for level in 0..LEVELS {
        for (i, value) in values.iter().enumerate() {
            let above = value.round() as i64 + (LEVELS / 2) as i64 - level as i64;
            if above.rem_euclid(2 * LEVELS as i64) < LEVELS as i64 {
                let bit = level * values.len() + i;
                bytes[bit / 8] |= 0x80 >> (bit % 8);
            }
        }
    }
    bytes
}

/// One weight for each span and frequency.
type Weights = [f32; SPANS.len() * FREQUENCIES];

/// All windows at once: first along the rows for each span and frequency, then down.
fn lowest_frequencies(picture: &SmallPicture) -> [Values; WINDOWS.len()] {
    let across = weights(&picture.columns);
    let down = weights(&picture.rows);
    let mut all = [[0.0; PHASH_BITS / LEVELS]; WINDOWS.len()];
    let mut first = 0;
    for (plane, (cells, kept)) in picture.planes.iter().zip(KEPT).enumerate() {
        let colour = if plane == 0 { 1.0 } else { 2.0 };
        let rows: Vec<Weights> = cells
            .chunks_exact(across.len().max(1))
            .map(|row| sum(row.iter().copied().zip(&across)))
            .collect();
        for (values, (span_across, span_down)) in all.iter_mut().zip(WINDOWS) {
            for (value, (x, y)) in values[first..][..kept].iter_mut().zip(diagonals()) {
                let total: f32 = rows
                    .iter()
                    .zip(&down)
                    .map(|(row, weights)| {
                        row[span_across * FREQUENCIES + x] * weights[span_down * FREQUENCIES + y]
                    })
                    .sum();
                *value = total * colour / STEPS[x + y];
            }
        }
        first += kept;
    }
    all
}

fn sum<'a>(cells: impl Iterator<Item = (f32, &'a Weights)>) -> Weights {
    let mut sums = [0.0; SPANS.len() * FREQUENCIES];
    for (value, weights) in cells {
        for (sum, weight) in sums.iter_mut().zip(weights) {
            *sum += value * weight;
        }
    }
    sums
}

/// What each cell weighs in the cosine transform over each span: the wave's integral over the part of
/// the cell that lies in the span, so that a span may end within a cell.
fn weights(cells: &[Span]) -> Vec<Weights> {
    cells
        .iter()
        .map(|(from, to)| {
            std::array::from_fn(|i| {
                let (begin, end) = SPANS[i / FREQUENCIES];
                let place = |at: &f64| (at.clamp(begin, end) - begin) / (end - begin);
                let (from, to) = (place(from), place(to));
                let weight = match i % FREQUENCIES {
                    0 => to - from,
                    frequency => {
                        let turns = PI * frequency as f64;
                        2f64.sqrt() * ((turns * to).sin() - (turns * from).sin()) / turns
                    }
                };
                weight as f32
            })
        })
        .collect()
}

/// (0,0), (0,1), (1,0), (0,2), (1,1), (2,0) …: from the mean to finer and finer frequencies.
fn diagonals() -> impl Iterator<Item = (usize, usize)> {
    (0..FREQUENCIES).flat_map(|sum| (0..=sum).map(move |across| (across, sum - across)))
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    /// A picture that looks the same at every size: `from` … `to` of a wide view.
    fn view(width: u32, height: u32, across: Span, down: Span) -> PerceptualHash {
        let place = |(from, to): Span, at: u32, of: u32| {
            (from + (to - from) * (f64::from(at) + 0.5) / f64::from(of)) as f32
        };
        let pixels = RgbImage::from_fn(width, height, |x, y| {
            let (x, y) = (place(across, x, width), place(down, y, height));
            let wave = (x * 9.0).sin() * (y * 7.0).cos();
            Rgb([
                (x * 150.0 + 60.0 + wave * 40.0) as u8,
                (y * 120.0 + 60.0 - wave * 30.0) as u8,
                ((1.0 - x * y) * 160.0) as u8,
            ])
        });
        PerceptualHash::of(&DynamicImage::ImageRgb8(pixels))
    }

    const WHOLE: Span = (0.0, 1.0);

    #[test]
    fn a_hash_is_written_as_its_algorithm_and_hex() {
        let hash = view(200, 150, WHOLE, WHOLE);
        assert_eq!(hash.frame.len(), "LC256:".len() + PHASH_BITS / 4);
        assert_eq!(
            hash.crops.len(),
            "LC256:".len() + PHASH_CROPS * PHASH_BITS / 4
        );
        assert!(hash.frame.starts_with("LC256:") && hash.crops.starts_with("LC256:"));
        assert_eq!(hash.distance(&hash), Some(0));
    }

    #[test]
    fn the_size_of_a_picture_hardly_matters_down_to_a_few_pixels() {
        let hash = view(960, 720, WHOLE, WHOLE);
        for (width, height) in [(480, 360), (301, 203), (97, 61), (50, 20)] {
            let distance = hamming(&hash.frame, &view(width, height, WHOLE, WHOLE).frame);
            assert!(distance.is_some_and(|d| d <= 5), "{width}: {distance:?}");
        }
        for (width, height) in [(1, 1), (3, 1), (1, 300), (0, 0), (0, 3)] {
            view(width, height, WHOLE, WHOLE);
        }
    }

    #[test]
    fn each_crop_has_the_hash_of_the_picture_that_is_left() {
        let whole = view(1200, 900, WHOLE, WHOLE);
        let digits = whole.crops.strip_prefix("LC256:").unwrap();
        for (i, (across, down)) in WINDOWS[1..].iter().enumerate() {
            let trimmed = view(1140, 855, SPANS[*across], SPANS[*down]);
            let crop = format!("LC256:{}", &digits[i * 64..][..64]);
            let distance = hamming(&crop, &trimmed.frame).unwrap();
            assert!(distance <= 2, "{across} {down}: {distance}");
            assert!(whole.distance(&trimmed) <= Some(distance));
            assert_eq!(trimmed.distance(&whole), whole.distance(&trimmed));
        }
    }

    #[test]
    fn the_code_counts_the_steps_between_two_greys() {
        let grey = |level: u8| {
            let pixels = RgbImage::from_pixel(64, 64, Rgb([level; 3]));
            PerceptualHash::of(&DynamicImage::ImageRgb8(pixels)).frame
        };
        assert_eq!(hamming(&grey(72), &grey(81)), Some(5));
        assert_eq!(hamming(&grey(72), &grey(72)), Some(0));
    }

    #[test]
    fn only_hashes_of_one_algorithm_and_length_are_compared() {
        assert_eq!(hamming("LC256:ff", "LC256:0f"), Some(4));
        assert_eq!(hamming("lc256:FF", "LC256:ff"), Some(0));
        assert_eq!(hamming("LC256:ff", "PDQ:ff"), None);
        assert_eq!(hamming("LC256:ff", "LC256:fff"), None);
        assert_eq!(hamming("LC256:fx", "LC256:ff"), None);
        assert_eq!(hamming("ff", "ff"), None);
        assert_eq!(hamming("LC256:", "LC256:"), None);
    }

    #[test]
    fn a_photo_that_comes_with_its_frames_hash_only_is_compared_with_the_crops_of_the_other() {
        let whole = view(1200, 900, WHOLE, WHOLE);
        let trimmed = PerceptualHash {
            crops: String::new(),
            ..view(1140, 900, SPANS[3], WHOLE)
        };
        assert!(whole.distance(&trimmed) <= Some(2));
        assert!(hamming(&whole.frame, &trimmed.frame) > Some(2));
    }
}
