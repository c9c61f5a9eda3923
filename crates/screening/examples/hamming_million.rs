//! How long it takes to find all pairs within a radius among very many perceptual hashes.
//!
//! `cargo build --release -p kandeng -p kandeng-screening --example hamming_million`, then
//! `target/release/examples/hamming_million [COUNT] [RADIUS] [PLANTED] [CROPS] [KIND]`
//! (defaults 1000000 15 10000 0 photos) makes COUNT hashes of 256 bits by a fixed random generator, of
//! which PLANTED are copies of others with 0 … RADIUS bits turned, finds all pairs on one thread, and
//! prints one JSON object: seconds for taking the hashes in and for finding the pairs, pairs found,
//! planted pairs found. Exit status 1 when a planted pair is missing. KIND `photos` spreads the bits as
//! `LC256` does those of photographs, `random` evenly. With CROPS each hash has so many of crops, and
//! every other planted copy is one of a crop.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use kandeng_screening::functions::hamming_index::HashTable;

const BITS: usize = 256;
type Hash = [u8; BITS / 8];

/// How far the 32 values of `LC256` spread among generated scenes, and their means, in steps.
const SPREADS: [(f64, f64); 32] = [
    (64.8, 11.9),
    (9.3, 9.1),
    (-0.1, 4.5),
    (8.4, 7.7),
    (-0.1, 3.2),
    (-0.1, 2.9),
    (5.2, 7.8),
    (0.0, 3.5),
    (0.0, 3.2),
    (0.0, 3.0),
    (2.7, 11.2),
    (0.4, 4.2),
    (0.0, 4.0),
    (0.0, 3.8),
    (-14.7, 7.4),
    (8.5, 6.0),
    (0.0, 2.0),
    (4.1, 3.7),
    (-0.1, 1.9),
    (-0.1, 1.6),
    (1.0, 3.4),
    (0.0, 2.0),
    (0.0, 1.8),
    (2.3, 6.3),
    (-4.2, 3.9),
    (0.0, 2.0),
    (-1.3, 3.1),
    (0.0, 2.0),
    (0.1, 1.8),
    (0.0, 3.1),
    (0.0, 2.2),
    (-0.1, 1.8),
];

/// Knuth's MMIX generator, its halves mixed: enough to spread bits, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let mixed = (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ (mixed >> 29)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// Normally distributed, near enough: the sum of twelve.
    fn normal(&mut self) -> f64 {
        (0..12)
            .map(|_| (self.next() >> 11) as f64 / (1u64 << 53) as f64)
            .sum::<f64>()
            - 6.0
    }

    fn values(&mut self) -> [f64; 32] {
        SPREADS.map(|(mean, spread)| mean + spread * self.normal())
    }
}

/// The thermometer code of `LC256`.
fn code(values: &[f64; 32]) -> Hash {
    let mut hash = [0; BITS / 8];
    for bit in 0..BITS {
        let above = values[bit % 32].round() as i64 + 4 - (bit / 32) as i64;
        if above.rem_euclid(16) < 8 {
            hash[bit / 8] |= 0x80 >> (bit % 8);
        }
    }
    hash
}

/// A hash and those of its crops, which differ as those of photographs do: by a few steps.
fn picture(random: &mut Random, crops: usize, like_photos: bool) -> Vec<Hash> {
    if !like_photos {
        return (0..=crops)
            .map(|_| std::array::from_fn(|_| random.next() as u8))
            .collect();
    }
    let values = random.values();
    let mut hashes = vec![code(&values)];
    for _ in 0..crops {
        hashes.push(code(&values.map(|value| value + random.normal())));
    }
    hashes
}

fn text(hashes: &[Hash]) -> String {
    let mut text = String::from("LC256:");
    for byte in hashes.as_flattened() {
        // Cannot fail: writing to a String never does.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |place: usize, default| {
        let given = arguments.get(place).and_then(|text| text.parse().ok());
        given.unwrap_or(default)
    };
    let (count, radius, planted) = (
        argument(0, 1_000_000),
        argument(1, 15),
        argument(2, 10_000).min(argument(0, 1_000_000) / 2),
    );
    let crops = argument(3, 0);
    let like_photos = arguments.get(4).is_none_or(|kind| kind != "random");

    let mut random = Random(20_260_630);
    let mut pictures: Vec<(String, Option<String>)> = Vec::with_capacity(count);
    // Of the first pictures, what the planted ones are copies of.
    let mut originals: Vec<Vec<Hash>> = Vec::new();
    let mut expected = HashMap::new();
    for id in 0..count {
        let mut hashes = picture(&mut random, crops, like_photos);
        if id >= count - planted {
            let original = id - (count - planted);
            let of_crop = crops > 0 && id % 2 == 1;
            let shown = if of_crop { 1 + random.below(crops) } else { 0 };
            let mut copy = originals[original][shown];
            let distance = id % (radius + 1);
            let mut turned = Vec::new();
            while turned.len() < distance {
                let bit = random.below(BITS);
                if !turned.contains(&bit) {
                    turned.push(bit);
                    copy[bit / 8] ^= 1 << (bit % 8);
                }
            }
            hashes[0] = copy;
            expected.insert((original as i64, id as i64), distance as u32);
        }
        pictures.push((text(&hashes[..1]), (crops > 0).then(|| text(&hashes[1..]))));
        if originals.len() < planted {
            originals.push(hashes);
        }
    }

    let started = Instant::now();
    let mut table = HashTable::default();
    for (id, (hash, crops)) in pictures.iter().enumerate() {
        table.insert_with_crops(id as i64, hash, crops.as_deref());
    }
    let taken_in = started.elapsed();
    let started = Instant::now();
    let pairs = table.pairs(radius as u32);
    let found_in = started.elapsed();
    // A crop may by chance be nearer than what was planted.
    let as_planted = |(a, b, distance): (i64, i64, u32)| {
        (expected.get(&(a, b))).is_some_and(|planted| distance <= *planted)
    };
    let planted_found = pairs
        .iter()
        .filter(|pair| as_planted((pair.a, pair.b, pair.distance)))
        .count();
    println!(
        "{{\"hashes\":{count},\"crops\":{crops},\"bits\":{BITS},\"radius\":{radius},\"seconds\":{:.3},\
         \"seconds_taking_in\":{:.3},\"pairs\":{},\"planted\":{},\"planted_found\":{planted_found}}}",
        (taken_in + found_in).as_secs_f64(),
        taken_in.as_secs_f64(),
        pairs.len(),
        expected.len(),
    );
    if planted_found == expected.len() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
