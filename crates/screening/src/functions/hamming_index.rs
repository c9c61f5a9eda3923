//! All pairs of perceptual hashes within a Hamming distance, through an index and not pair by pair.
//! Pure: knows no table and no engine. The choice of blocks stands in `hamming_scheme.rs`.
//!
//! Two hashes that differ in at most r bits cannot differ much in every part of them: if their bits
//! are dealt into m blocks that are given tolerances t₁ … tₘ with Σ (tᵢ + 1) = r + 1, at least one
//! block differs in at most its tᵢ bits (pigeonhole). For each block the hashes are put into buckets
//! by the block's bits, and only buckets whose keys differ in at most tᵢ bits are compared. The crops
//! of pictures are looked up in the same buckets, and never compared with one another.

use std::collections::HashMap;

use super::hamming_clusters::Clusters;
use super::hamming_scheme::scheme;
use super::hamming_search::Search;

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

#[derive(Debug, Clone, Default)]
pub(super) struct Class {
    algorithm: Box<str>,
    hexes: usize,
    pub(super) ids: Vec<i64>,
    /// As many words for each id as its bits need, the first digits in the highest bits.
    pub(super) words: Vec<u64>,
    /// How many crops each id has.
    pub(super) crops: Vec<u8>,
    /// The words of all crops, in the order of the ids.
    pub(super) crop_words: Vec<u64>,
}

/// The digits of a hash, or of several one after the other, as words; `None` when they are no digits.
fn words_of(hex: &str, hexes: usize, words: &mut Vec<u64>) -> Option<()> {
    for hash in hex.as_bytes().chunks(hexes) {
        for digits in hash.chunks(16) {
            let mut word = 0;
            for digit in digits {
                word = word << 4 | u64::from((*digit as char).to_digit(16)?);
            }
            words.push(word << (64 - 4 * digits.len()));
        }
    }
    Some(())
}

impl HashTable {
    /// Takes the hash `text`, written `ALGORITHM:HEX`, of `id`. False when it is not of that form or
    /// longer than [`LONGEST_BITS`]; it is left out then.
    pub fn insert(&mut self, id: i64, text: &str) -> bool {
        self.insert_with_crops(id, text, None)
    }

    /// Takes the hash of `id` and those of its picture's crops, up to 255, written as `ALGORITHM:` and
    /// their digits one after the other. Crops that are not of that form, or not of the algorithm and
    /// length of the hash, are left out; false when the hash is.
    pub fn insert_with_crops(&mut self, id: i64, text: &str, crops: Option<&str>) -> bool {
        let Some((algorithm, hex)) = text.trim().split_once(':') else {
            return false;
        };
        if hex.is_empty() || hex.len() > LONGEST_BITS / 4 {
            return false;
        }
        let class = self.class(algorithm, hex.len());
        let before = class.words.len();
        if words_of(hex, hex.len(), &mut class.words).is_none() {
            class.words.truncate(before);
            return false;
        }
        class.ids.push(id);
        let crops = crops
            .and_then(|crops| crops.trim().split_once(':'))
            .filter(|(other, _)| other.eq_ignore_ascii_case(algorithm))
            .map_or("", |(_, digits)| digits);
        let count = u8::try_from(crops.len() / hex.len()).unwrap_or(0);
        let before = class.crop_words.len();
        let whole = crops.len() == usize::from(count) * hex.len();
        if whole && words_of(crops, hex.len(), &mut class.crop_words).is_some() {
            class.crops.push(count);
        } else {
            class.crop_words.truncate(before);
            class.crops.push(0);
        }
        true
    }

    fn class(&mut self, algorithm: &str, hexes: usize) -> &mut Class {
        let is_class =
            |class: &Class| class.hexes == hexes && class.algorithm.eq_ignore_ascii_case(algorithm);
        let known = self.classes.get(self.last).is_some_and(is_class);
        if !known {
            let place = self.places.len();
            let name = algorithm.to_ascii_uppercase().into_boxed_str();
            self.last = *self.places.entry((name, hexes)).or_insert(place);
            if self.last == self.classes.len() {
                self.classes.push(Class {
                    algorithm: algorithm.into(),
                    hexes,
                    ..Class::default()
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
            mine.crops.extend(&class.crops);
            mine.crop_words.extend(&class.crop_words);
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
                + 8 * (class.ids.capacity() + class.words.capacity() + class.crop_words.capacity())
                + class.crops.capacity()
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
            bytes.extend(&class.crops);
            let words = class.words.iter().chain(&class.crop_words);
            bytes.extend(words.flat_map(|word| word.to_le_bytes()));
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
            let (crops, rest) = bytes.split_at_checked(count)?;
            bytes = rest;
            class.crops.extend(crops);
            let each = hexes.div_ceil(16);
            for _ in 0..count * each {
                class.words.push(take_word(&mut bytes)?);
            }
            for _ in 0..crops.iter().map(|crops| usize::from(*crops)).sum::<usize>() * each {
                class.crop_words.push(take_word(&mut bytes)?);
            }
        }
        Some(())
    }

    /// All pairs of ids whose hashes are of one algorithm and one length and differ in at most
    /// `radius` bits, sorted by ids. An id is never paired with itself. Where crops are known, the hash
    /// of one may as well be within `radius` of a crop of the other; the distance is the least of all.
    /// Pictures of the very same hash are one picture, which has the crops of the first id that has any.
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
    let (pictures, mut clusters) = Clusters::of::<W>(class);
    clusters.pair_copies();
    let crops = pictures.crops();
    // Different hashes differ in at least one bit.
    if pictures.hashes.len() > 1 && (radius > 0 || crops > 0) {
        let blocks = scheme::<W>(&pictures.hashes, crops, bits, radius.max(1));
        for index in 0..blocks.len() {
            Search::of(&pictures, &blocks, index, radius)
                .for_each_hit(|hit| clusters.take(&pictures, hit, radius));
        }
    }
    pairs.append(&mut clusters.pairs);
}

#[cfg(test)]
#[path = "hamming_index_tests.rs"]
mod tests;
