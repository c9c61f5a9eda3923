//! Hashes that are the same, taken together, and the pairs reported of them: enough for each, never all
//! pairs of a crowd. Pure: knows no table and no engine; `hamming_search.rs` finds what is near.

use std::ops::Range;

use super::hamming_index::{Class, PARTNERS, Pair};
use super::hamming_search::{Hit, distance};

/// The distinct hashes, each with the crops of its picture.
pub(super) struct Pictures<'a, const W: usize> {
    pub(super) hashes: Vec<[u64; W]>,
    /// The crops of each hash, as a part of `all_crops`.
    crops: Vec<Range<usize>>,
    all_crops: &'a [[u64; W]],
}

impl<const W: usize> Pictures<'_, W> {
    /// Crops of all hashes.
    pub(super) fn crops(&self) -> usize {
        self.crops.iter().map(Range::len).sum()
    }

    pub(super) fn crops_of(&self, place: usize) -> &[[u64; W]] {
        &self.all_crops[self.crops[place].clone()]
    }

    fn apart(&self, x: usize, y: usize) -> u32 {
        distance(&self.hashes[x], &self.hashes[y])
    }

    /// The distances of the crops of either to the hash of the other: first the crops of the smaller
    /// place, in order.
    fn crops_apart(&self, x: usize, y: usize) -> impl Iterator<Item = (usize, usize, u32)> {
        [(x.min(y), x.max(y)), (x.max(y), x.min(y))]
            .into_iter()
            .flat_map(move |(one, other)| {
                let crops = self.crops_of(one).iter().enumerate();
                crops.map(move |(i, crop)| (one, i, distance(crop, &self.hashes[other])))
            })
    }

    fn least_apart(&self, x: usize, y: usize) -> u32 {
        let crops = self.crops_apart(x, y).map(|(.., distance)| distance);
        crops.fold(self.apart(x, y), u32::min)
    }
}

/// The ids of each distinct hash, and what was reported of them.
pub(super) struct Clusters {
    /// Where the ids of each hash begin in `ids`; one more at the end.
    begins: Vec<u32>,
    ids: Vec<i64>,
    /// Pairs reported of each id, up to [`PARTNERS`].
    partners: Vec<u8>,
    /// Pairs reported between large clusters, of each cluster, up to [`PARTNERS`].
    links: Vec<u8>,
    pub(super) pairs: Vec<Pair>,
}

const HUBS: usize = PARTNERS as usize;

impl Clusters {
    /// The distinct hashes of a class, and the ids that have them.
    pub(super) fn of<const W: usize>(class: &Class) -> (Pictures<'_, W>, Self) {
        let (hashes, _) = class.words.as_chunks::<W>();
        let mut end = 0;
        let crops = class.crops.iter().map(|crops| {
            end += usize::from(*crops);
            end - usize::from(*crops)..end
        });
        let mut entries: Vec<([u64; W], i64, Range<usize>)> = hashes
            .iter()
            .zip(&class.ids)
            .zip(crops)
            .map(|((hash, id), crops)| (*hash, *id, crops))
            .collect();
        entries.sort_unstable_by_key(|(hash, id, crops)| (*hash, *id, crops.start));
        let mut pictures = Pictures {
            hashes: Vec::new(),
            crops: Vec::new(),
            all_crops: class.crop_words.as_chunks::<W>().0,
        };
        let (mut begins, mut ids) = (Vec::new(), Vec::with_capacity(entries.len()));
        for (hash, id, crops) in entries {
            if pictures.hashes.last() != Some(&hash) {
                begins.push(ids.len() as u32);
                pictures.hashes.push(hash);
                pictures.crops.push(0..0);
                ids.push(id);
            } else if ids.last() != Some(&id) {
                ids.push(id);
            }
            if let Some(known) = pictures.crops.last_mut()
                && known.start == known.end
            {
                *known = crops;
            }
        }
        begins.push(ids.len() as u32);
        let clusters = Self {
            partners: vec![0; ids.len()],
            links: vec![0; pictures.hashes.len()],
            begins,
            ids,
            pairs: Vec::new(),
        };
        (pictures, clusters)
    }

    /// Reports two hashes that are near each other, or a hash and another that one of its crops is near;
    /// the latter not when the hashes are near themselves, or when another of their crops tells of the
    /// pair: the first that is near does.
    pub(super) fn take<const W: usize>(
        &mut self,
        pictures: &Pictures<'_, W>,
        hit: Hit,
        radius: u32,
    ) {
        let (x, y) = (hit.place as usize, hit.other as usize);
        if let Some(crop) = hit.crop {
            if x == y || pictures.apart(x, y) <= radius {
                return;
            }
            let mut crops = pictures.crops_apart(x, y);
            let first = crops.find(|(.., distance)| *distance <= radius);
            if first.is_none_or(|(place, number, _)| (place, number) != (x, usize::from(crop))) {
                return;
            }
        }
        self.pair(x, y, pictures.least_apart(x, y));
    }

    fn members(&self, cluster: usize) -> Range<usize> {
        self.begins[cluster] as usize..self.begins[cluster + 1] as usize
    }

    /// Pairs the ids that have the very same hash: each with the first [`PARTNERS`] of them.
    pub(super) fn pair_copies(&mut self) {
        for cluster in 0..self.links.len() {
            let members = self.members(cluster);
            for member in members.clone().skip(1) {
                for hub in members.clone().take(HUBS.min(member - members.start)) {
                    self.report(hub, member, 0);
                }
            }
        }
    }

    /// Pairs the ids of two clusters. Those of a cluster that is larger than [`PARTNERS`] have their
    /// partners already, so that only its first ids are offered to the others.
    fn pair(&mut self, first: usize, second: usize, distance: u32) {
        let (left, right) = (self.members(first), self.members(second));
        if left.len() > HUBS && right.len() > HUBS {
            if self.links[first] < PARTNERS || self.links[second] < PARTNERS {
                for cluster in [first, second] {
                    self.links[cluster] = self.links[cluster].saturating_add(1);
                }
                self.report(left.start, right.start, distance);
            }
            return;
        }
        for x in left.take(HUBS) {
            for y in right.clone().take(HUBS) {
                if self.partners[x] < PARTNERS || self.partners[y] < PARTNERS {
                    self.report(x, y, distance);
                }
            }
        }
    }

    fn report(&mut self, x: usize, y: usize, distance: u32) {
        let (a, b) = (self.ids[x].min(self.ids[y]), self.ids[x].max(self.ids[y]));
        if a == b {
            return;
        }
        for member in [x, y] {
            self.partners[member] = self.partners[member].saturating_add(1);
        }
        self.pairs.push(Pair { a, b, distance });
    }
}
