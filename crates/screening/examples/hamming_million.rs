//! How long it takes to find all pairs within a radius among very many perceptual hashes.
//!
//! `cargo build --release -p kandeng -p kandeng-screening --example hamming_million`, then
//! `target/release/examples/hamming_million [COUNT] [BITS] [RADIUS] [PLANTED]`
//! (defaults 1000000 64 7 10000) makes COUNT hashes by a fixed random generator, of which PLANTED are
//! copies of others with 0 … RADIUS bits turned, finds all pairs on one thread, and prints one JSON
//! object: seconds for taking the hashes in and for finding the pairs, pairs found, planted pairs
//! found. Exit status 1 when a planted pair is missing.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use kandeng_screening::functions::hamming_index::HashTable;

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
}

fn main() -> ExitCode {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|argument| argument.parse::<usize>());
    let mut argument = |default| arguments.next().and_then(Result::ok).unwrap_or(default);
    let (count, bits) = (argument(1_000_000), argument(64));
    let (radius, planted) = (argument(7), argument(10_000));

    let mut random = Random(20_260_630);
    let bytes = bits / 8;
    let mut hashes: Vec<Vec<u8>> = Vec::with_capacity(count);
    let mut expected = HashMap::new();
    for id in 0..count {
        if id < count.saturating_sub(planted) || id == 0 {
            hashes.push((0..bytes).map(|_| random.next() as u8).collect());
        } else {
            let original = random.below(count.saturating_sub(planted).max(1));
            let mut copy = hashes[original].clone();
            let distance = id % (radius + 1);
            let mut turned = Vec::new();
            while turned.len() < distance {
                let bit = random.below(bits);
                if !turned.contains(&bit) {
                    turned.push(bit);
                    copy[bit / 8] ^= 1 << (bit % 8);
                }
            }
            hashes.push(copy);
            expected.insert((original as i64, id as i64), distance as u32);
        }
    }
    let texts: Vec<String> = hashes
        .iter()
        .map(|hash| {
            let mut text = String::from("D:");
            for byte in hash {
                // Cannot fail: writing to a String never does.
                let _ = write!(text, "{byte:02x}");
            }
            text
        })
        .collect();

    let started = Instant::now();
    let mut table = HashTable::default();
    for (id, text) in texts.iter().enumerate() {
        table.insert(id as i64, text);
    }
    let taken_in = started.elapsed();
    let started = Instant::now();
    let pairs = table.pairs(radius as u32);
    let found_in = started.elapsed();
    let planted_found = pairs
        .iter()
        .filter(|pair| expected.get(&(pair.a, pair.b)) == Some(&pair.distance))
        .count();
    println!(
        "{{\"hashes\":{count},\"bits\":{bits},\"radius\":{radius},\"seconds\":{:.3},\
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
