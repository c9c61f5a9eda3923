//! The perceptual hash `LC256`: light and colour, 256 bits. Why this one, and what was measured:
//! `docs/DECISIONS/perceptual-hash.md`.
//!
//! The picture is averaged down to 48 × 48 cells of luma and two colour differences; of each, the
//! lowest frequencies of the cosine transform are kept (12 of luma, 10 of each colour, the means
//! among them). Every value becomes 8 bits of a cyclic thermometer code of step 1.4 grey levels: for
//! values less than 8 steps apart the number of differing bits *is* the number of steps. So two
//! pictures are near when their light and colours are, all over the frame: a copy is, the same place
//! on another day is not.

use std::f32::consts::PI;
use std::fmt::Write as _;

use image::{DynamicImage, Rgb, RgbImage};

/// The name before the colon. Hashes of different algorithms are not compared.
pub const PHASH_ALGORITHM: &str = "LC256";
/// Bits in a hash.
pub const PHASH_BITS: usize = 256;
/// Two photos are near-duplicates when their hashes differ in at most this many bits.
pub const PHASH_RADIUS: u32 = 24;

/// Cells on a side of the reduced picture.
const SIDE: usize = 48;
/// Coefficients kept of luma, blue difference, red difference.
const KEPT: [usize; 3] = [12, 10, 10];
/// The highest frequency among those kept, plus one.
const FREQUENCIES: usize = 5;
/// Grey levels to a step of the code; the colour differences count double.
const STEPS: [f32; 3] = [1.4, 0.7, 0.7];
/// Bits for one value.
const LEVELS: usize = 8;

/// The hash of a picture that stands upright, as `LC256:` and 64 hex digits.
pub fn perceptual_hash(image: &DynamicImage) -> String {
    let values = match image {
        DynamicImage::ImageRgb8(pixels) => lowest_frequencies(pixels),
        other => lowest_frequencies(&other.to_rgb8()),
    };
    let mut bytes = [0u8; PHASH_BITS / 8];
    // Level by level, so that neighbouring bits belong to different values and an index over runs of
    // bits finds them independent.
    for level in 0..LEVELS {
        for (i, value) in values.iter().enumerate() {
            let phase = (value.round() as i64 - level as i64).rem_euclid(2 * LEVELS as i64);
            if phase < LEVELS as i64 {
                let bit = level * values.len() + i;
                bytes[bit / 8] |= 0x80 >> (bit % 8);
            }
        }
    }
    let mut text = format!("{PHASH_ALGORITHM}:");
    for byte in bytes {
        // Cannot fail: writing into a String never does.
        let _ = write!(text, "{byte:02x}");
    }
    text
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

/// The kept coefficients in steps of the code, luma first.
fn lowest_frequencies(pixels: &RgbImage) -> Vec<f32> {
    let planes = reduced(pixels);
    let waves: Vec<[f32; SIDE]> = (0..FREQUENCIES)
        .map(|frequency| {
            std::array::from_fn(|x| (PI * (x as f32 + 0.5) * frequency as f32 / SIDE as f32).cos())
        })
        .collect();
    let mut values = Vec::with_capacity(KEPT.iter().sum());
    for ((plane, kept), step) in planes.iter().zip(KEPT).zip(STEPS) {
        for (across, down) in diagonals().take(kept) {
            let sum: f32 = plane
                .chunks_exact(SIDE)
                .zip(waves[down])
                .map(|(row, weight)| {
                    let along: f32 = row.iter().zip(waves[across]).map(|(v, w)| v * w).sum();
                    along * weight
                })
                .sum();
            let norm = |frequency| if frequency == 0 { 1.0 } else { 2f32.sqrt() };
            let scale = norm(across) * norm(down) / (SIDE * SIDE) as f32;
            values.push(sum * scale / step);
        }
    }
    values
}

/// (0,0), (0,1), (1,0), (0,2), (1,1), (2,0) …: from the mean to finer and finer frequencies.
fn diagonals() -> impl Iterator<Item = (usize, usize)> {
    (0..FREQUENCIES).flat_map(|sum| (0..=sum).map(move |across| (across, sum - across)))
}

/// Luma, blue and red difference (ITU-R BT.601) averaged over `SIDE` × `SIDE` cells.
fn reduced(pixels: &RgbImage) -> [Vec<f32>; 3] {
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    let mut planes = [(); 3].map(|()| vec![0f32; SIDE * SIDE]);
    if width == 0 || height == 0 {
        return planes;
    }
    let mut sums = vec![[0u64; 4]; SIDE * SIDE];
    let column: Vec<usize> = (0..width).map(|x| x * SIDE / width).collect();
    for (y, row) in pixels.rows().enumerate() {
        let cells = &mut sums[y * SIDE / height * SIDE..][..SIDE];
        for (Rgb([red, green, blue]), cell) in row.zip(&column) {
            let sum = &mut cells[*cell];
            sum[0] += u64::from(*red);
            sum[1] += u64::from(*green);
            sum[2] += u64::from(*blue);
            sum[3] += 1;
        }
    }
    for (i, _) in sums.iter().enumerate() {
        let [red, green, blue] = mean_near(&sums, i);
        let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
        planes[0][i] = luma;
        planes[1][i] = 0.564 * (blue - luma);
        planes[2][i] = 0.713 * (red - luma);
    }
    planes
}

/// A cell's mean. Where a picture has fewer pixels than cells on a side, some cells are empty and take
/// the cell before or above, which is the same pixel.
fn mean_near(sums: &[[u64; 4]], cell: usize) -> [f32; 3] {
    let (mut x, mut y) = (cell % SIDE, cell / SIDE);
    while sums[y * SIDE + x][3] == 0 && (x > 0 || y > 0) {
        let row_empty = sums[y * SIDE..][..SIDE].iter().all(|sum| sum[3] == 0);
        if row_empty && y > 0 {
            y -= 1;
        } else if x > 0 {
            x -= 1;
        } else {
            y -= 1;
        }
    }
    let [red, green, blue, count] = sums[y * SIDE + x];
    let count = count.max(1) as f32;
    [
        red as f32 / count,
        green as f32 / count,
        blue as f32 / count,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shaded(width: u32, height: u32) -> DynamicImage {
        DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |x, y| {
            let (x, y) = (x as f32 / width as f32, y as f32 / height as f32);
            Rgb([
                (x * 200.0) as u8,
                (y * 180.0) as u8,
                ((1.0 - x * y) * 160.0) as u8,
            ])
        }))
    }

    #[test]
    fn a_hash_is_written_as_its_algorithm_and_hex() {
        let hash = perceptual_hash(&shaded(200, 150));
        assert_eq!(hash.len(), "LC256:".len() + PHASH_BITS / 4);
        assert!(hash.starts_with("LC256:"));
        assert_eq!(hamming(&hash, &hash), Some(0));
    }

    #[test]
    fn the_size_of_a_picture_hardly_matters_down_to_a_few_pixels() {
        let hash = perceptual_hash(&shaded(960, 720));
        for (width, height) in [(480, 360), (97, 61), (50, 20)] {
            let distance = hamming(&hash, &perceptual_hash(&shaded(width, height)));
            assert!(
                distance.is_some_and(|d| d <= PHASH_RADIUS),
                "{width}: {distance:?}"
            );
        }
        for (width, height) in [(1, 1), (3, 1), (1, 300), (0, 0)] {
            perceptual_hash(&shaded(width, height));
        }
    }

    #[test]
    fn the_code_counts_the_steps_between_two_greys() {
        let grey = |level: u8| {
            let pixels = RgbImage::from_pixel(64, 64, Rgb([level; 3]));
            perceptual_hash(&DynamicImage::ImageRgb8(pixels))
        };
        assert_eq!(hamming(&grey(70), &grey(77)), Some(5));
        assert_eq!(hamming(&grey(70), &grey(70)), Some(0));
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
}
