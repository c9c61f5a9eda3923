//! Hashes that are near one another, found through one block: hashes and crops are looked up by the
//! block's bits, on all processors at once. Pure; what is done with a hit is decided elsewhere.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::hamming_clusters::Pictures;
use super::hamming_scheme::Block;

/// Two hashes that are near, by their places; or a crop of the first, and the second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub(super) place: u32,
    pub(super) crop: Option<u8>,
    pub(super) other: u32,
}

/// What meets in one block, and in no earlier one.
pub(super) struct Search<'a, const W: usize> {
    pictures: &'a Pictures<'a, W>,
    block: &'a Block<W>,
    earlier: &'a [Block<W>],
    differences: Vec<u32>,
    buckets: Buckets<W>,
    radius: u32,
}

impl<'a, const W: usize> Search<'a, W> {
    pub(super) fn of(
        pictures: &'a Pictures<'a, W>,
        blocks: &'a [Block<W>],
        index: usize,
        radius: u32,
    ) -> Self {
        let block = &blocks[index];
        Self {
            pictures,
            block,
            earlier: &blocks[..index],
            differences: block.differences(),
            buckets: Buckets::of(&pictures.hashes, block),
            radius,
        }
    }

    /// Calls `take` with every hit, in an order that depends on the hashes only.
    pub(super) fn for_each_hit(&self, mut take: impl FnMut(Hit)) {
        let frames = |keys, take: &mut dyn FnMut(Hit)| self.frames(keys, take);
        in_parts(self.buckets.begins.len() - 1, frames, &mut take);
        if self.pictures.crops() > 0 {
            let crops = |places, take: &mut dyn FnMut(Hit)| self.crops(places, take);
            in_parts(self.pictures.hashes.len(), crops, &mut take);
        }
    }

    /// Whether no earlier block has told of these two.
    fn is_new(&self, x: &[u64; W], y: &[u64; W]) -> bool {
        !self.earlier.iter().any(|block| block.holds(x, y))
    }

    /// Each bucket with itself and with those within the tolerance.
    fn frames(&self, keys: Range<usize>, take: &mut dyn FnMut(Hit)) {
        for key in keys {
            let Some(left) = self.buckets.bucket(key) else {
                continue;
            };
            self.compare(&left, None, take);
            for difference in &self.differences {
                let other = key ^ *difference as usize;
                if other > key
                    && let Some(right) = self.buckets.bucket(other)
                {
                    self.compare(&left, Some(&right), take);
                }
            }
        }
    }

    /// All pairs between two buckets, or within one when there is no second.
    fn compare(
        &self,
        left: &Bucket<'_, W>,
        right: Option<&Bucket<'_, W>>,
        take: &mut dyn FnMut(Hit),
    ) {
        for (row, hash) in left.hashes.iter().enumerate() {
            let (hashes, places) = match right {
                Some(right) => (right.hashes, right.places),
                None => (&left.hashes[row + 1..], &left.places[row + 1..]),
            };
            let place = left.places[row];
            self.near_one(hash, &Bucket { hashes, places }, |other| {
                take(Hit {
                    place,
                    crop: None,
                    other,
                });
            });
        }
    }

    /// The crops of some hashes with the buckets they belong to.
    fn crops(&self, places: Range<usize>, take: &mut dyn FnMut(Hit)) {
        for place in places {
            for (number, crop) in self.pictures.crops_of(place).iter().enumerate() {
                let key = self.block.key(crop);
                let others = self.differences.iter().map(|difference| key ^ difference);
                for key in std::iter::once(key).chain(others) {
                    let Some(bucket) = self.buckets.bucket(key as usize) else {
                        continue;
                    };
                    self.near_one(crop, &bucket, |other| {
                        take(Hit {
                            place: place as u32,
                            crop: Some(number as u8),
                            other,
                        });
                    });
                }
            }
        }
    }

    /// Calls `hit` with the places of all in a bucket that lie within the radius of `x`, and are new.
    #[inline(always)]
    #[allow(clippy::inline_always)]
    fn near_one(&self, x: &[u64; W], bucket: &Bucket<'_, W>, mut hit: impl FnMut(u32)) {
        if !any_near(x, bucket.hashes, self.radius) {
            return;
        }
        for (y, place) in bucket.hashes.iter().zip(bucket.places) {
            if distance(x, y) <= self.radius && self.is_new(x, y) {
                hit(*place);
            }
        }
    }
}

/// Hits that a part may keep until it is their turn. A part with more is gone through again then.
const KEPT: usize = 1 << 16;

/// Does work of this length in parts on all processors; what the parts hit is taken in the order of the
/// parts, whoever is first.
fn in_parts(
    length: usize,
    work: impl Fn(Range<usize>, &mut dyn FnMut(Hit)) + Sync,
    take: &mut impl FnMut(Hit),
) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    // Where there is little to do, starting threads takes longer.
    if threads == 1 || length < 1 << 14 {
        work(0..length, take);
        return;
    }
    let each = length.div_ceil(8 * threads);
    let parts: Vec<Range<usize>> = (0..length)
        .step_by(each)
        .map(|begin| begin..(begin + each).min(length))
        .collect();
    let kept: Vec<Mutex<Option<Vec<Hit>>>> = parts.iter().map(|_| Mutex::default()).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((part, kept)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    parts.get(index).zip(kept.get(index))
                } {
                    let (mut hits, mut too_many) = (Vec::new(), false);
                    work(part.clone(), &mut |hit| {
                        too_many |= hits.len() == KEPT;
                        if !too_many {
                            hits.push(hit);
                        }
                    });
                    if let Ok(mut kept) = kept.lock() {
                        *kept = (!too_many).then_some(hits);
                    }
                }
            });
        }
    });
    for (part, kept) in parts.into_iter().zip(kept) {
        match kept.into_inner().ok().flatten() {
            Some(hits) => hits.into_iter().for_each(&mut *take),
            None => work(part, take),
        }
    }
}

/// The hashes of a bucket with their places among the distinct hashes.
struct Bucket<'a, const W: usize> {
    hashes: &'a [[u64; W]],
    places: &'a [u32],
}

/// Whether the first half of any of `hashes` lies within `radius` of that of `x`. Nearly always none
/// does, and whole hashes need not be looked at: this is where the time goes. Without branches the
/// compiler makes vector instructions of it; iterator adapters, which it may leave as calls where units
/// of code are not optimised together, take four times as long.
#[inline(always)]
#[allow(clippy::inline_always)]
fn any_near<const W: usize>(x: &[u64; W], hashes: &[[u64; W]], radius: u32) -> bool {
    let mut near = false;
    for y in hashes {
        near |= differing(x, y, W.div_ceil(2)) <= radius;
    }
    near
}

pub(super) fn distance<const W: usize>(x: &[u64; W], y: &[u64; W]) -> u32 {
    differing(x, y, W)
}

/// Bits that differ in the first words.
#[inline(always)]
#[allow(clippy::inline_always, clippy::needless_range_loop)]
fn differing<const W: usize>(x: &[u64; W], y: &[u64; W], words: usize) -> u32 {
    let mut sum = 0u32;
    for word in 0..words {
        // Cannot overflow: at most 64 for each of at most four words.
        sum = sum.wrapping_add((x[word] ^ y[word]).count_ones());
    }
    sum
}

/// The distinct hashes in the order of one block's keys.
struct Buckets<const W: usize> {
    /// Where the bucket of each key begins; one more at the end.
    begins: Vec<u32>,
    /// One bit for each key: whether its bucket holds anything. Most do not, and this stays in cache.
    filled: Vec<u64>,
    hashes: Vec<[u64; W]>,
    places: Vec<u32>,
}

impl<const W: usize> Buckets<W> {
    /// Counting sort by key.
    fn of(hashes: &[[u64; W]], block: &Block<W>) -> Self {
        let keys: Vec<u32> = hashes.iter().map(|hash| block.key(hash)).collect();
        let mut begins = vec![0u32; (1 << block.width()) + 1];
        for key in &keys {
            begins[*key as usize + 1] += 1;
        }
        let mut filled = vec![0u64; (1usize << block.width()).div_ceil(64)];
        for key in 1..begins.len() {
            filled[(key - 1) / 64] |= u64::from(begins[key] > 0) << ((key - 1) % 64);
            begins[key] += begins[key - 1];
        }
        let mut next = begins.clone();
        let mut sorted = Self {
            begins,
            filled,
            hashes: vec![[0; W]; hashes.len()],
            places: vec![0; hashes.len()],
        };
        for (place, (hash, key)) in hashes.iter().zip(&keys).enumerate() {
            let at = &mut next[*key as usize];
            sorted.hashes[*at as usize] = *hash;
            sorted.places[*at as usize] = place as u32;
            *at += 1;
        }
        sorted
    }

    /// The hashes with this key, if any.
    fn bucket(&self, key: usize) -> Option<Bucket<'_, W>> {
        if self.filled[key / 64] >> (key % 64) & 1 == 0 {
            return None;
        }
        let range = self.begins[key] as usize..self.begins[key + 1] as usize;
        Some(Bucket {
            hashes: &self.hashes[range.clone()],
            places: &self.places[range],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_are_taken_in_the_order_of_the_work_however_many_there_are() {
        let hits = |place: usize| if place % 3_000 < 1_000 { 200 } else { 1 };
        let work = |range: Range<usize>, take: &mut dyn FnMut(Hit)| {
            for place in range {
                for other in 0..hits(place) {
                    take(Hit {
                        place: place as u32,
                        crop: None,
                        other,
                    });
                }
            }
        };
        for length in [0, 1, 1 << 14, 50_000] {
            let mut taken = Vec::new();
            in_parts(length, work, &mut |hit: Hit| {
                taken.push((hit.place, hit.other))
            });
            let all = (0..length).map(|place| hits(place) as usize).sum::<usize>();
            assert_eq!(taken.len(), all);
            assert!(taken.is_sorted());
        }
    }
}
