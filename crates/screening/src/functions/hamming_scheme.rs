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

/// The blocks for these hashes of `bits` bits, `crops` more that are looked up among them, and pairs
/// within `radius` (at least 1): as many as make the least work by [`cost`], with
/// Σ (tolerance + 1) = radius + 1.
pub(super) fn scheme<const W: usize>(
    hashes: &[[u64; W]],
    crops: usize,
    bits: usize,
    radius: u32,
) -> Vec<Block<W>> {
    scheme_for(&Sample::of(hashes, bits), hashes.len(), crops, radius)
}

/// The same for a number of hashes of which `sample` shows the kind. A block that has more bits than
/// pay off as a key uses the best of them: hashes that agree in all of its bits agree in those.
pub(super) fn scheme_for<const W: usize>(
    sample: &Sample,
    count: usize,
    crops: usize,
    radius: u32,
) -> Vec<Block<W>> {
    let bits = sample.order.len();
    let most = (radius as usize + 1).min(bits);
    let (mut best, mut least) = ((1, 0), f64::INFINITY);
    for blocks in 1..=most {
        for width in 0..=(bits / blocks).min(WIDEST_KEY) {
            let told_apart = 2f64.powf(sample.worth[blocks * width] / blocks as f64);
            let cost = (0..blocks)
                .map(|block| {
                    let tolerance = tolerance(block, blocks, radius);
                    cost(count, crops, width, told_apart, tolerance)
                })
                .sum();
            if cost < least {
                (best, least) = ((blocks, width), cost);
            }
        }
    }
    let (blocks, width) = best;
    let dealt = sample.deal(blocks).into_iter().enumerate();
    dealt
        .map(|(block, mut places)| {
            places.truncate(width);
            Block::of(places, tolerance(block, blocks, radius))
        })
        .collect()
}

/// How the bits of some of the hashes behave. Bits of a perceptual hash are seldom set half of the time
/// and independent of one another; keys of bits that are not would crowd a few buckets.
pub(super) struct Sample {
    /// All bits, first those that are set about as often as not.
    order: Vec<u32>,
    /// The square of the correlation of each bit with each, row by row.
    likeness: Vec<f32>,
    /// What the first so many bits of the order are worth: 1 each when set half of the time.
    worth: Vec<f64>,
}

impl Sample {
    /// Looks at no more hashes than this.
    const MOST: usize = 1_024;

    pub(super) fn of<const W: usize>(hashes: &[[u64; W]], bits: usize) -> Self {
        let some = hashes
            .iter()
            .step_by(hashes.len().div_ceil(Self::MOST).max(1));
        let count = some.len().max(1) as f64;
        let words = some.len().div_ceil(64);
        // For each bit, the hashes in which it is set.
        let mut set = vec![vec![0u64; words]; bits];
        for (row, hash) in some.enumerate() {
            for (place, set) in set.iter_mut().enumerate() {
                set[row / 64] |= (hash[place / 64] >> (63 - place % 64) & 1) << (row % 64);
            }
        }
        let shares: Vec<f64> = set
            .iter()
            .map(|set| f64::from(set.iter().map(|word| word.count_ones()).sum::<u32>()) / count)
            .collect();
        let likeness = |x: usize, y: usize| {
            let both: u32 = (set[x].iter().zip(&set[y]))
                .map(|(x, y)| (x & y).count_ones())
                .sum();
            let (p, q) = (shares[x], shares[y]);
            let spread = p * (1.0 - p) * q * (1.0 - q);
            let excess = f64::from(both) / count - p * q;
            if spread > 0.0 {
                (excess * excess / spread) as f32
            } else {
                0.0
            }
        };
        let mut order: Vec<u32> = (0..bits as u32).collect();
        order.sort_by(|x, y| {
            let lopsided = |place: &u32| (shares[*place as usize] - 0.5).abs();
            lopsided(x).total_cmp(&lopsided(y))
        });
        let mut worth = vec![0.0];
        for place in &order {
            let share = shares[*place as usize];
            let collision = share * share + (1.0 - share) * (1.0 - share);
            worth.push(worth[worth.len() - 1] - collision.log2());
        }
        Self {
            order,
            likeness: (0..bits * bits)
                .map(|pair| likeness(pair / bits, pair % bits))
                .collect(),
            worth,
        }
    }

    /// Deals all bits to so many blocks, each in turn to the block whose bits it is least like. A block
    /// has its best bits first.
    fn deal(&self, blocks: usize) -> Vec<Vec<u32>> {
        let bits = self.order.len();
        let mut dealt = vec![Vec::new(); blocks];
        for (turn, place) in self.order.iter().enumerate() {
            // So many bits each block has when all have been dealt their share of this round.
            let room = turn / blocks + 1;
            let like = |block: &Vec<u32>| -> f32 {
                let row = &self.likeness[*place as usize * bits..][..bits];
                block.iter().map(|other| row[*other as usize]).sum()
            };
            let open = dealt.iter_mut().filter(|block| block.len() < room);
            if let Some(block) = open.min_by(|x, y| like(x).total_cmp(&like(y))) {
                block.push(*place);
            }
        }
        dealt
    }
}

/// Keys are at most so wide: a table of four million buckets.
const WIDEST_KEY: usize = 22;

/// What is left of radius + 1 when each block has one of it is shared out evenly.
fn tolerance(block: usize, blocks: usize, radius: u32) -> u32 {
    let spare = radius as usize + 1 - blocks.min(radius as usize + 1);
    (spare / blocks + usize::from(block < spare % blocks)) as u32
}

/// About how many nanoseconds one block takes: sorting, walking the pairs of buckets, comparing; and
/// for each crop going to its buckets, which lie anywhere, and comparing. `told_apart`: how many keys
/// there would be as good, if all were equally frequent.
fn cost(count: usize, crops: usize, width: usize, told_apart: f64, tolerance: u32) -> f64 {
    let n = count as f64;
    let keys = (1u64 << width) as f64;
    let neighbours = ball(width, tolerance);
    let walked = keys + keys.min(n) * neighbours / 2.0;
    let compared = n * n / 2.0 * (neighbours / told_apart).min(1.0);
    let looked_up = crops as f64 * (neighbours * 20.0 + n * (neighbours / told_apart).min(1.0));
    30.0 * n + 4.0 * walked + compared + looked_up
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

#[cfg(test)]
mod tests {
    use super::*;

    fn random<const W: usize>(count: usize) -> Vec<[u64; W]> {
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        // Knuth's MMIX generator, its halves mixed.
        let mut word = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let mixed = (state ^ (state >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            mixed ^ (mixed >> 29)
        };
        (0..count)
            .map(|_| std::array::from_fn(|_| word()))
            .collect()
    }

    #[test]
    fn bits_that_go_together_are_dealt_to_different_blocks_and_constant_ones_last() {
        // The second half of the bits repeats the first, and four bits are never set.
        let hashes: Vec<[u64; 1]> = random::<1>(2_000)
            .into_iter()
            .map(|[word]| [(word << 32 | word & 0xffff_ffff) & !0xf])
            .collect();
        let dealt = Sample::of(&hashes, 64).deal(4);
        for block in &dealt {
            assert_eq!(block.len(), 16);
            let repeated = block.iter().filter(|place| block.contains(&(**place + 32)));
            assert!(repeated.count() <= 1, "{block:?}");
            assert!(block[15] >= 60 && block[..15].iter().all(|place| *place < 60));
        }
    }

    #[test]
    fn bits_that_are_seldom_set_are_worth_less() {
        let half = Sample::of(&random::<1>(5_000), 64).worth[64];
        let seldom: Vec<[u64; 1]> = random::<3>(5_000)
            .iter()
            .map(|[a, b, c]| [a & b & c])
            .collect();
        assert!(half > 63.0, "{half}");
        assert!(Sample::of(&seldom, 64).worth[64] < 32.0);
        assert_eq!(Sample::of::<1>(&[], 64).order.len(), 64);
    }

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
            let blocks = scheme_for::<4>(&Sample::of(&random::<4>(300), bits), count, 0, radius);
            let mut seen = vec![false; bits];
            for place in blocks.iter().flat_map(|block| &block.places) {
                assert!(!std::mem::replace(&mut seen[*place as usize], true));
            }
        }
    }

    #[test]
    fn a_million_hashes_are_not_compared_pair_by_pair() {
        let blocks = scheme_for::<1>(&Sample::of(&random::<1>(5_000), 64), 1_000_000, 0, 7);
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
