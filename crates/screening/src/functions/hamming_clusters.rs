//! Hashes that are the same, taken together, and the pairs reported of them: enough for each, never all
//! pairs of a crowd. Pure: knows no table and no engine; `hamming_index.rs` finds what is near.

use std::ops::Range;

use super::hamming_index::{Class, PARTNERS, Pair, distance};

/// The distinct hashes, each with the ids that have it and the crops of its picture.
pub(super) struct Clusters<'a, const W: usize> {
    pub(super) hashes: Vec<[u64; W]>,
    /// The crops of each hash, as a part of `all_crops`.
    crops: Vec<Range<usize>>,
    all_crops: &'a [[u64; W]],
    /// Where the ids of each hash begin in `ids`; one more at the end.
    begins: Vec<u32>,
    ids: Vec<i64>,
    /// Pairs reported of each id, up to [`PARTNERS`].
    partners: Vec<u8>,
    /// Pairs reported between large clusters, of each cluster, up to [`PARTNERS`].
    links: Vec<u8>,
}

const HUBS: usize = PARTNERS as usize;

impl<'a, const W: usize> Clusters<'a, W> {
    pub(super) fn of(class: &'a Class) -> Self {
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
        let mut clusters = Self {
            hashes: Vec::new(),
            crops: Vec::new(),
            all_crops: class.crop_words.as_chunks::<W>().0,
            begins: Vec::new(),
            ids: Vec::with_capacity(entries.len()),
            partners: Vec::new(),
            links: Vec::new(),
        };
        for (hash, id, crops) in entries {
            if clusters.hashes.last() != Some(&hash) {
                clusters.begins.push(clusters.ids.len() as u32);
                clusters.hashes.push(hash);
                clusters.crops.push(0..0);
                clusters.ids.push(id);
            } else if clusters.ids.last() != Some(&id) {
                clusters.ids.push(id);
            }
            if let Some(known) = clusters.crops.last_mut()
                && known.start == known.end
            {
                *known = crops;
            }
        }
        clusters.begins.push(clusters.ids.len() as u32);
        clusters.partners = vec![0; clusters.ids.len()];
        clusters.links = vec![0; clusters.hashes.len()];
        clusters
    }

    /// Crops of all hashes.
    pub(super) fn crops(&self) -> usize {
        self.crops.iter().map(Range::len).sum()
    }

    pub(super) fn crops_of(&self, cluster: usize) -> &'a [[u64; W]] {
        &self.all_crops[self.crops[cluster].clone()]
    }

    /// The distances of the crops of either to the hash of the other: first the crops of the smaller
    /// place, in order.
    fn crop_distances(&self, x: usize, y: usize) -> impl Iterator<Item = (usize, usize, u32)> {
        [(x.min(y), x.max(y)), (x.max(y), x.min(y))]
            .into_iter()
            .flat_map(move |(one, other)| {
                let crops = self.crops_of(one).iter().enumerate();
                crops.map(move |(i, crop)| (one, i, distance(crop, &self.hashes[other])))
            })
    }

    /// Pairs two hashes that are near each other.
    pub(super) fn pair_frames(&mut self, x: usize, y: usize, pairs: &mut Vec<Pair>) {
        let frames = distance(&self.hashes[x], &self.hashes[y]);
        let crops = self.crop_distances(x, y).map(|(.., distance)| distance);
        let least = crops.fold(frames, u32::min);
        self.pair(x, y, least, pairs);
    }

    /// Pairs a hash with another that one of its crops is near, unless the hashes are themselves, or
    /// another of their crops tells of the pair: the first that is near does.
    pub(super) fn pair_crop(
        &mut self,
        x: usize,
        crop: usize,
        y: usize,
        radius: u32,
        pairs: &mut Vec<Pair>,
    ) {
        if x == y || distance(&self.hashes[x], &self.hashes[y]) <= radius {
            return;
        }
        let near = |(.., distance): &(usize, usize, u32)| *distance <= radius;
        let first = self.crop_distances(x, y).find(near);
        if first.is_none_or(|(place, number, _)| (place, number) != (x, crop)) {
            return;
        }
        let crops = self.crop_distances(x, y).map(|(.., distance)| distance);
        let least = crops.fold(radius, u32::min);
        self.pair(x, y, least, pairs);
    }

    fn members(&self, cluster: usize) -> std::ops::Range<usize> {
        self.begins[cluster] as usize..self.begins[cluster + 1] as usize
    }

    /// Pairs the ids that have the very same hash: each with the first [`PARTNERS`] of them.
    pub(super) fn pair_copies(&mut self, pairs: &mut Vec<Pair>) {
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
