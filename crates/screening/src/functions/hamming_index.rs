//! All pairs of perceptual hashes within a Hamming distance, through an index and not pair by pair.
//! Pure: knows no table and no engine. The choice of blocks stands in `hamming_scheme.rs`.
//!
//! Two hashes that differ in at most r bits cannot differ much in every part of them: if their bits
//! are dealt into m blocks that are given tolerances t₁ … tₘ with Σ (tᵢ + 1) = r + 1, at least one
//! block differs in at most its tᵢ bits (pigeonhole). For each block the hashes are put into buckets
//! by the block's bits, and only buckets whose keys differ in at most tᵢ bits are compared.

use std::collections::HashMap;

use super::hamming_scheme::{Block, scheme};

/// So many partners of one hash are reported at least; see [`HashTable::pairs`].
pub const PARTNERS: u8 = 32;

/// The longest hash that is indexed, in bits.
pub const LONGEST_BITS: usize = 256;

/// Two ids whose hashes differ in `distance` bits; `a` is the smaller id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// The smaller id.
    pub a: i64,
    /// The greater id.
    pub b: i64,
    /// Differing bits.
    pub distance: u32,
}

/// Hashes with their ids, apart by algorithm and length: only like is compared with like.
#[derive(Debug, Default, Clone)]
pub struct HashTable {
    classes: Vec<Class>,
    places: HashMap<(Box<str>, usize), usize>,
    last: usize,
}

#[derive(Debug, Clone)]
struct Class {
    algorithm: Box<str>,
    hexes: usize,
    ids: Vec<i64>,
    /// As many words for each id as its bits need, the first digits in the highest bits.
    words: Vec<u64>,
}

impl HashTable {
    /// Takes the hash `text`, written `ALGORITHM:HEX`, of `id`. False when it is not of that form or
    /// longer than [`LONGEST_BITS`]; it is left out then.
    pub fn insert(&mut self, id: i64, text: &str) -> bool {
        let Some((algorithm, hex)) = text.trim().split_once(':') else {
            return false;
        };
        if hex.is_empty() || hex.len() > LONGEST_BITS / 4 {
            return false;
        }
        let mut words = [0u64; LONGEST_BITS / 64];
        for (place, digit) in hex.bytes().enumerate() {
            let Some(value) = (digit as char).to_digit(16) else {
                return false;
            };
            words[place / 16] |= u64::from(value) << (60 - place % 16 * 4);
        }
        let class = self.class(algorithm, hex.len());
        class.ids.push(id);
        class.words.extend(&words[..hex.len().div_ceil(16)]);
        true
    }

    fn class(&mut self, algorithm: &str, hexes: usize) -> &mut Class {
        let known = self
            .classes
            .get(self.last)
            .is_some_and(|class| class.hexes == hexes && *class.algorithm == *algorithm);
        if !known {
            let place = self.places.len();
            self.last = *self
                .places
                .entry((algorithm.into(), hexes))
                .or_insert(place);
            if self.last == self.classes.len() {
                let (ids, words) = (Vec::new(), Vec::new());
                self.classes.push(Class {
                    algorithm: algorithm.into(),
                    hexes,
                    ids,
                    words,
                });
            }
        }
        // Cannot fail: `last` is the place of a class, which was pushed above if it was new.
        &mut self.classes[self.last]
    }

    /// Takes in all hashes of `other`.
    pub fn append(&mut self, other: &Self) {
        for class in &other.classes {
            let mine = self.class(&class.algorithm, class.hexes);
            mine.ids.extend(&class.ids);
            mine.words.extend(&class.words);
        }
    }

    /// Hashes held.
    pub fn len(&self) -> usize {
        self.classes.iter().map(|class| class.ids.len()).sum()
    }

    /// Whether it holds no hash.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that it keeps allocated.
    pub fn heap(&self) -> usize {
        let class = |class: &Class| {
            2 * class.algorithm.len()
                + 8 * (class.ids.capacity() + class.words.capacity())
                + size_of::<Class>()
                + 64
        };
        self.classes.iter().map(class).sum()
    }

    /// Writes everything held to `bytes`; [`Self::read`] takes it in again.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        for class in &self.classes {
            for size in [class.algorithm.len(), class.hexes, class.ids.len()] {
                bytes.extend((size as u64).to_le_bytes());
            }
            bytes.extend(class.algorithm.as_bytes());
            bytes.extend(class.ids.iter().flat_map(|id| id.to_le_bytes()));
            bytes.extend(class.words.iter().flat_map(|word| word.to_le_bytes()));
        }
    }

    /// Takes in what [`Self::write`] wrote; nothing when `bytes` are something else.
    pub fn read(&mut self, mut bytes: &[u8]) -> Option<()> {
        while !bytes.is_empty() {
            let name = usize::try_from(take_word(&mut bytes)?).ok()?;
            let hexes = usize::try_from(take_word(&mut bytes)?).ok()?;
            let count = usize::try_from(take_word(&mut bytes)?).ok()?;
            let (algorithm, rest) = bytes.split_at_checked(name)?;
            bytes = rest;
            let class = self.class(std::str::from_utf8(algorithm).ok()?, hexes);
            for _ in 0..count {
                class.ids.push(take_word(&mut bytes)? as i64);
            }
            for _ in 0..count * hexes.div_ceil(16) {
                class.words.push(take_word(&mut bytes)?);
            }
        }
        Some(())
    }

    /// All pairs of ids whose hashes are of one algorithm and one length and differ in at most
    /// `radius` bits, sorted by ids. An id is never paired with itself.
    ///
    /// Where very many hashes are alike (10,000 copies of one picture would make 50 million pairs),
    /// a pair is left out only when each of its two ids has at least [`PARTNERS`] others that are
    /// reported: everything with a partner shows partners, what belongs together stays together (as
    /// stars around the first of them, not as all pairs), and there are never more than
    /// [`PARTNERS`] pairs for each id. Which pairs stay depends on the hashes and ids only, not on
    /// the order in which they came.
    pub fn pairs(&self, radius: u32) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for class in &self.classes {
            let bits = class.hexes * 4;
            match class.hexes.div_ceil(16) {
                1 => class_pairs::<1>(class, bits, radius, &mut pairs),
                2 => class_pairs::<2>(class, bits, radius, &mut pairs),
                3 => class_pairs::<3>(class, bits, radius, &mut pairs),
                _ => class_pairs::<4>(class, bits, radius, &mut pairs),
            }
        }
        pairs.sort_unstable();
        // An id that came with several hashes may have met another more than once.
        pairs.dedup_by_key(|pair| (pair.a, pair.b));
        pairs
    }
}

fn take_word(bytes: &mut &[u8]) -> Option<u64> {
    let (word, rest) = bytes.split_first_chunk::<8>()?;
    *bytes = rest;
    Some(u64::from_le_bytes(*word))
}

fn class_pairs<const W: usize>(class: &Class, bits: usize, radius: u32, pairs: &mut Vec<Pair>) {
    let mut clusters = Clusters::<W>::of(class);
    clusters.pair_copies(pairs);
    // Different hashes differ in at least one bit.
    if radius == 0 || clusters.hashes.len() < 2 {
        return;
    }
    let blocks = scheme::<W>(clusters.hashes.len(), bits, radius);
    for index in 0..blocks.len() {
        let (block, earlier) = (&blocks[index], &blocks[..index]);
        let buckets = Buckets::of(&clusters.hashes, block);
        buckets.for_each_pair(block, |left, right| {
            compare(left, right, radius, |x, y, distance| {
                // The first block in which two hashes meet is the one that reports them.
                let met = |block: &Block<W>| block.holds(&x.hash, &y.hash);
                if !earlier.iter().any(met) {
                    clusters.pair(x.place, y.place, distance, pairs);
                }
            });
        });
    }
}

/// The hashes of a bucket with their places among the distinct hashes.
struct Bucket<'a, const W: usize> {
    hashes: &'a [[u64; W]],
    places: &'a [u32],
}

#[derive(Clone, Copy)]
struct Placed<const W: usize> {
    hash: [u64; W],
    place: usize,
}

/// Calls `hit` for all pairs between two buckets, or within one when there is no second.
fn compare<const W: usize>(
    left: &Bucket<'_, W>,
    right: Option<&Bucket<'_, W>>,
    radius: u32,
    mut hit: impl FnMut(Placed<W>, Placed<W>, u32),
) {
    for (row, x) in left.hashes.iter().enumerate() {
        let (hashes, places) = match right {
            Some(right) => (right.hashes, right.places),
            None => (&left.hashes[row + 1..], &left.places[row + 1..]),
        };
        if !any_near(x, hashes, radius) {
            continue;
        }
        for (y, place) in hashes.iter().zip(places) {
            let distance = distance(x, y);
            if distance <= radius {
                let x = Placed {
                    hash: *x,
                    place: left.places[row] as usize,
                };
                hit(
                    x,
                    Placed {
                        hash: *y,
                        place: *place as usize,
                    },
                    distance,
                );
            }
        }
    }
}

/// Whether any of `hashes` lies within `radius` of `x`. Nearly always none does: this is where the
/// time goes. Without branches the compiler makes vector instructions of it; iterator adapters, which
/// it may leave as calls where units of code are not optimised together, take four times as long.
#[inline(always)]
#[allow(clippy::inline_always)]
fn any_near<const W: usize>(x: &[u64; W], hashes: &[[u64; W]], radius: u32) -> bool {
    let mut near = false;
    for y in hashes {
        near |= distance(x, y) <= radius;
    }
    near
}

#[inline(always)]
#[allow(clippy::inline_always, clippy::needless_range_loop)]
fn distance<const W: usize>(x: &[u64; W], y: &[u64; W]) -> u32 {
    let mut sum = 0u32;
    for word in 0..W {
        // Cannot overflow: at most 64 for each of at most four words.
        sum = sum.wrapping_add((x[word] ^ y[word]).count_ones());
    }
    sum
}

/// The distinct hashes in the order of one block's keys.
struct Buckets<const W: usize> {
    /// Where the bucket of each key begins; one more at the end.
    begins: Vec<u32>,
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
        for key in 1..begins.len() {
            begins[key] += begins[key - 1];
        }
        let mut next = begins.clone();
        let mut sorted = Self {
            begins,
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

    fn bucket(&self, key: usize) -> Bucket<'_, W> {
        let range = self.begins[key] as usize..self.begins[key + 1] as usize;
        Bucket {
            hashes: &self.hashes[range.clone()],
            places: &self.places[range],
        }
    }

    /// Calls `visit` with each bucket alone and with each pair of buckets within the tolerance.
    fn for_each_pair(
        &self,
        block: &Block<W>,
        mut visit: impl FnMut(&Bucket<'_, W>, Option<&Bucket<'_, W>>),
    ) {
        let differences = block.differences();
        for key in 0..self.begins.len() - 1 {
            let left = self.bucket(key);
            if left.places.is_empty() {
                continue;
            }
            visit(&left, None);
            for difference in &differences {
                let other = key ^ *difference as usize;
                if other > key {
                    let right = self.bucket(other);
                    if !right.places.is_empty() {
                        visit(&left, Some(&right));
                    }
                }
            }
        }
    }
}

/// The distinct hashes, each with the ids that have it.
struct Clusters<const W: usize> {
    hashes: Vec<[u64; W]>,
    /// Where the ids of each hash begin in `ids`; one more at the end.
    begins: Vec<u32>,
    ids: Vec<i64>,
    /// Pairs reported of each id, up to [`PARTNERS`].
    partners: Vec<u8>,
    /// Pairs reported between large clusters, of each cluster, up to [`PARTNERS`].
    links: Vec<u8>,
}

const HUBS: usize = PARTNERS as usize;

impl<const W: usize> Clusters<W> {
    fn of(class: &Class) -> Self {
        let (hashes, _) = class.words.as_chunks::<W>();
        let mut entries: Vec<([u64; W], i64)> = hashes
            .iter()
            .copied()
            .zip(class.ids.iter().copied())
            .collect();
        entries.sort_unstable();
        entries.dedup();
        let mut clusters = Self {
            hashes: Vec::new(),
            begins: Vec::new(),
            ids: Vec::with_capacity(entries.len()),
            partners: vec![0; entries.len()],
            links: Vec::new(),
        };
        for (hash, id) in entries {
            if clusters.hashes.last() != Some(&hash) {
                clusters.begins.push(clusters.ids.len() as u32);
                clusters.hashes.push(hash);
            }
            clusters.ids.push(id);
        }
        clusters.begins.push(clusters.ids.len() as u32);
        clusters.links = vec![0; clusters.hashes.len()];
        clusters
    }

    fn members(&self, cluster: usize) -> std::ops::Range<usize> {
        self.begins[cluster] as usize..self.begins[cluster + 1] as usize
    }

    /// Pairs the ids that have the very same hash: each with the first [`PARTNERS`] of them.
    fn pair_copies(&mut self, pairs: &mut Vec<Pair>) {
        for cluster in 0..self.hashes.len() {
            let members = self.members(cluster);
            for member in members.clone().skip(1) {
                for hub in members.clone().take(HUBS.min(member - members.start)) {
                    self.report(hub, member, 0, pairs);
                }
            }
        }
    }

    /// Pairs the ids of two clusters. Those of a cluster that is larger than [`PARTNERS`] have their
    /// partners already, so that only its first ids are offered to the others.
    fn pair(&mut self, first: usize, second: usize, distance: u32, pairs: &mut Vec<Pair>) {
        let (left, right) = (self.members(first), self.members(second));
        if left.len() > HUBS && right.len() > HUBS {
            if self.links[first] < PARTNERS || self.links[second] < PARTNERS {
                for cluster in [first, second] {
                    self.links[cluster] = self.links[cluster].saturating_add(1);
                }
                self.report(left.start, right.start, distance, pairs);
            }
            return;
        }
        for x in left.take(HUBS) {
            for y in right.clone().take(HUBS) {
                if self.partners[x] < PARTNERS || self.partners[y] < PARTNERS {
                    self.report(x, y, distance, pairs);
                }
            }
        }
    }

    fn report(&mut self, x: usize, y: usize, distance: u32, pairs: &mut Vec<Pair>) {
        let (a, b) = (self.ids[x].min(self.ids[y]), self.ids[x].max(self.ids[y]));
        if a == b {
            return;
        }
        for member in [x, y] {
            self.partners[member] = self.partners[member].saturating_add(1);
        }
        pairs.push(Pair { a, b, distance });
    }
}

#[cfg(test)]
#[path = "hamming_index_tests.rs"]
mod tests;
