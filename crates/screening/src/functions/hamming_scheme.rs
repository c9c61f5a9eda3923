//! How the bits of a hash are dealt into blocks, so that finding neighbours costs least.
//! Pure: knows no table and no engine; `hamming_index.rs` uses it.

/// One block: some bits of the hash, and in how many of them two hashes may differ to be compared.
#[derive(Debug, Clone)]
pub(super) struct Block<const W: usize> {
    /// The places of its bits, counted from the highest bit of the first word.
    places: Vec<u32>,
    /// The same places as a mask.
    mask: [u64; W],
    tolerance: u32,
}

impl<const W: usize> Block<W> {
    fn of(places: Vec<u32>, tolerance: u32) -> Self {
        let mut mask = [0; W];
        for place in &places {
            mask[*place as usize / 64] |= 1 << (63 - place % 64);
        }
        Self {
            places,
            mask,
            tolerance,
        }
    }

    /// Bits of its key.
    pub(super) fn width(&self) -> usize {
        self.places.len()
    }

    /// The block's bits of `hash` as one number.
    pub(super) fn key(&self, hash: &[u64; W]) -> u32 {
        self.places.iter().fold(0, |key, place| {
            let bit = hash[*place as usize / 64] >> (63 - place % 64) & 1;
            key << 1 | bit as u32
        })
    }

    /// Whether the two hashes are compared on account of this block.
    pub(super) fn holds(&self, x: &[u64; W], y: &[u64; W]) -> bool {
        let differing: u32 = (x.iter().zip(y).zip(self.mask))
            .map(|((x, y), mask)| ((x ^ y) & mask).count_ones())
            .sum();
        differing <= self.tolerance
    }

    /// All differences between keys that are to be compared, but for none: every number of as many
    /// bits as the key with 1 … tolerance bits set.
    pub(super) fn differences(&self) -> Vec<u32> {
        let (mut all, mut last) = (Vec::new(), vec![0u32]);
        for _ in 0..self.tolerance {
            let mut next = Vec::new();
            for difference in last {
                // One more bit, above those that are set, so that each number comes once.
                for bit in 32 - difference.leading_zeros()..self.width() as u32 {
                    next.push(difference | 1 << bit);
                }
            }
            all.extend(&next);
            last = next;
        }
        all
    }
}

/// The blocks for `count` hashes of `bits` bits and pairs within `radius` (at least 1): as many as
/// make the least work by [`cost`], with Σ (tolerance + 1) = radius + 1.
///
/// The bits are dealt out in a fixed shuffled order, because neighbouring bits of a perceptual hash
/// tend to be equal, which would crowd a few buckets. A block that has more bits than pay off as a
/// key uses some of them: hashes that agree in all of its bits agree in those.
pub(super) fn scheme<const W: usize>(count: usize, bits: usize, radius: u32) -> Vec<Block<W>> {
    let most = (radius as usize + 1).min(bits);
    let (mut best, mut least) = ((1, 0), f64::INFINITY);
    for blocks in 1..=most {
        for width in 0..=(bits / blocks).min(WIDEST_KEY) {
            let cost = (0..blocks)
                .map(|block| cost(count, width, tolerance(block, blocks, radius)))
                .sum();
            if cost < least {
                (best, least) = ((blocks, width), cost);
            }
        }
    }
    let (blocks, width) = best;
    let shuffled = shuffled(bits);
    (0..blocks)
        .map(|block| {
            let places = shuffled.iter().skip(block).step_by(blocks).take(width);
            Block::of(places.copied().collect(), tolerance(block, blocks, radius))
        })
        .collect()
}

/// Keys are at most so wide: a table of four million buckets.
const WIDEST_KEY: usize = 22;

/// What is left of radius + 1 when each block has one of it is shared out evenly.
fn tolerance(block: usize, blocks: usize, radius: u32) -> u32 {
    let spare = radius as usize + 1 - blocks.min(radius as usize + 1);
    (spare / blocks + usize::from(block < spare % blocks)) as u32
}

/// About how many nanoseconds one block takes: sorting, walking the pairs of buckets, comparing.
fn cost(count: usize, width: usize, tolerance: u32) -> f64 {
    let n = count as f64;
    let keys = (1u64 << width) as f64;
    let neighbours = ball(width, tolerance);
    let walked = keys + keys.min(n) * neighbours / 2.0;
    let compared = n * n / 2.0 * (neighbours / keys).min(1.0);
    30.0 * n + 4.0 * walked + compared
}

/// Numbers of `width` bits within `tolerance` bits of a given one.
fn ball(width: usize, tolerance: u32) -> f64 {
    let (mut sum, mut choose) = (0.0, 1.0);
    for bits in 0..=(tolerance as usize).min(width) {
        sum += choose;
        choose = choose * (width - bits) as f64 / (bits + 1) as f64;
    }
    sum
}

/// The places 0 … bits − 1 in an order that looks random and is always the same.
fn shuffled(bits: usize) -> Vec<u32> {
    let mut places: Vec<u32> = (0..bits as u32).collect();
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    for last in (1..places.len()).rev() {
        // Knuth's MMIX generator; its high bits are the good ones.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        places.swap(last, (state >> 33) as usize % (last + 1));
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerances_and_blocks_add_up_to_the_radius_and_one() {
        for radius in 1..40 {
            for blocks in 1..=radius as usize + 1 {
                let sum: u32 = (0..blocks)
                    .map(|block| tolerance(block, blocks, radius) + 1)
                    .sum();
                assert_eq!(sum, radius + 1);
            }
        }
    }

    #[test]
    fn blocks_share_no_bit_and_stay_within_the_hash() {
        for (count, bits, radius) in [
            (10, 64, 7),
            (1_000_000, 64, 7),
            (50_000, 256, 30),
            (1_000, 4, 9),
        ] {
            let blocks = scheme::<4>(count, bits, radius);
            let mut seen = vec![false; bits];
            for place in blocks.iter().flat_map(|block| &block.places) {
                assert!(!std::mem::replace(&mut seen[*place as usize], true));
            }
        }
    }

    #[test]
    fn a_million_hashes_are_not_compared_pair_by_pair() {
        let blocks = scheme::<1>(1_000_000, 64, 7);
        let compared: f64 = blocks
            .iter()
            .map(|block| {
                5e11 * ball(block.width(), block.tolerance) / (1u64 << block.width()) as f64
            })
            .sum();
        assert!(
            compared < 1e9,
            "{compared} comparisons with {} blocks",
            blocks.len()
        );
    }

    #[test]
    fn differences_are_all_numbers_with_few_bits_set() {
        let block = Block::<1>::of((0..6).collect(), 2);
        let mut found = block.differences();
        found.sort_unstable();
        let all: Vec<u32> = (1..64u32)
            .filter(|number| number.count_ones() <= 2)
            .collect();
        assert_eq!(found, all);
    }
}
