//! The tree over all leaves (RFC 6962 §2.1), cut into tiles of 256 hashes (C2SP tlog-tiles).
//!
//! A [`Frontier`] is all that appending needs: the hashes of the right edge's partial tiles. Tiles
//! are given out once they are full and never change again.

use tlog_tiles::tlog::{EMPTY_HASH, Hash};
use tlog_tiles::{HashReader, node_hash, split_stored_hash_index};

/// Hashes in a full tile.
pub const TILE_WIDTH: usize = 256;

/// Bytes of a hash.
pub const HASH_SIZE: usize = 32;

/// A full tile on its way to the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullTile {
    /// 0 over leaves, 1 over tiles of level 0, and so on.
    pub level: u8,
    /// The number within the level.
    pub index: u64,
    /// 256 hashes.
    pub hashes: Vec<u8>,
}

/// The right edge of a tree: for each level the hashes that no full tile holds yet.
///
/// ```
/// use kandeng_ledger::tree::Frontier;
/// let mut frontier = Frontier::default();
/// frontier.push(tlog_tiles::record_hash(b"first"));
/// assert_eq!(frontier.size(), 1);
/// assert_eq!(frontier.root(), tlog_tiles::record_hash(b"first"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frontier {
    size: u64,
    /// By level of tiles: fewer than 256 hashes.
    partial: Vec<Vec<Hash>>,
    /// Roots of the complete subtrees that make up the tree, largest first: one for each bit of `size`.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The frontier of a tree of `size` leaves, from its partial tiles by level (concatenated hashes, as
    /// [`partial_widths`] says).
    ///
    /// Nothing when the widths are wrong.
    pub fn from_partial_tiles(size: u64, tiles: &[Vec<u8>]) -> Option<Self> {
        let widths = partial_widths(size);
        if widths.len() != tiles.len() {
            return None;
        }
        let mut partial = Vec::with_capacity(tiles.len());
        for (tile, width) in tiles.iter().zip(widths) {
            if tile.len() != width * HASH_SIZE {
                return None;
            }
            partial.push(hashes_of(tile));
        }
        let mut frontier = Self {
            size,
            partial,
            peaks: Vec::new(),
        };
        frontier.peaks = frontier.peaks_of_tiles();
        Some(frontier)
    }

    /// Leaves in the tree.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root over all leaves.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else {
            return EMPTY_HASH;
        };
        peaks.fold(*last, |right, left| node_hash(*left, right))
    }

    /// Adds a leaf's hash and gives the tiles that it fills, lowest level first.
    pub fn push(&mut self, leaf: Hash) -> Vec<FullTile> {
        let mut peak = leaf;
        // Roots of the tiles that this leaf fills, by level: subtrees of 2⁸, 2¹⁶, … leaves.
        let mut roots = [leaf; 8];
        // As in adding one to a binary number: each trailing one bit is a subtree that is joined.
        for height in 1..=self.size.trailing_ones() as usize {
            // Cannot fail: there is a peak for each bit of the size.
            if let Some(left) = self.peaks.pop() {
                peak = node_hash(left, peak);
            }
            if height % 8 == 0 {
                roots[height / 8 - 1] = peak;
            }
        }
        self.peaks.push(peak);
        self.size += 1;

        let mut full = Vec::new();
        let mut hash = leaf;
        for (level, root) in roots.into_iter().enumerate() {
            if self.partial.len() == level {
                self.partial.push(Vec::with_capacity(TILE_WIDTH));
            }
            self.partial[level].push(hash);
            if self.partial[level].len() < TILE_WIDTH {
                break;
            }
            let hashes = bytes_of(&self.partial[level]);
            self.partial[level].clear();
            hash = root;
            full.push(FullTile {
                level: level as u8,
                index: (self.size >> (8 * (level + 1))) - 1,
                hashes,
            });
        }
        full
    }

    /// The partial tile of a level as bytes; empty when the level's last tile is full.
    pub fn partial_tile(&self, level: u8) -> Vec<u8> {
        self.partial
            .get(usize::from(level))
            .map(|hashes| bytes_of(hashes))
            .unwrap_or_default()
    }

    fn peaks_of_tiles(&self) -> Vec<Hash> {
        let mut peaks = Vec::new();
        for (level, hashes) in self.partial.iter().enumerate().rev() {
            let width = (self.size >> (8 * level)) as usize % TILE_WIDTH;
            let mut start = 0;
            for bit in (0..8).rev() {
                if width & (1 << bit) != 0 {
                    let end = start + (1 << bit);
                    peaks.push(tlog_tiles::Tile::subtree_hash(&bytes_of(
                        &hashes[start..end],
                    )));
                    start = end;
                }
            }
        }
        peaks
    }
}

/// The widths of the partial tiles of a tree of `size` leaves, by level; zero where a level has none.
pub fn partial_widths(size: u64) -> Vec<usize> {
    let mut widths = Vec::new();
    let mut at_level = size;
    while at_level > 0 {
        widths.push(at_level as usize % TILE_WIDTH);
        at_level >>= 8;
    }
    widths
}

/// Hashes of a tile's bytes; a remainder is left out.
pub fn hashes_of(bytes: &[u8]) -> Vec<Hash> {
    bytes
        .as_chunks::<HASH_SIZE>()
        .0
        .iter()
        .map(|hash| Hash(*hash))
        .collect()
}

/// Hashes one after the other.
pub fn bytes_of(hashes: &[Hash]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(hashes.len() * HASH_SIZE);
    for hash in hashes {
        bytes.extend_from_slice(&hash.0);
    }
    bytes
}

/// Where tiles come from: full ones from a store, partial ones from the frontier or a published file.
pub trait TileSource {
    /// The bytes of a tile of at least `width` hashes.
    ///
    /// # Errors
    /// A sentence, when it is not there.
    fn tile(&self, level: u8, index: u64, width: usize) -> Result<Vec<u8>, String>;
}

/// Any hash of a tree of some size, by way of its tiles: what proofs are made of.
pub struct Hashes<'a, S: TileSource> {
    source: &'a S,
    size: u64,
}

impl<'a, S: TileSource> Hashes<'a, S> {
    /// The hashes of the tree of `size` leaves.
    pub fn new(source: &'a S, size: u64) -> Self {
        Self { source, size }
    }
}

impl<S: TileSource> HashReader for Hashes<'_, S> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::tlog::Error> {
        // Several hashes mostly come from one tile.
        let mut last: Option<(u8, u64, Vec<u8>)> = None;
        let mut hashes = Vec::with_capacity(indexes.len());
        for index in indexes {
            let (depth, number) = split_stored_hash_index(*index);
            let level = depth / 8;
            let within = depth % 8;
            let first = number << within;
            let tile_index = first / TILE_WIDTH as u64;
            let fresh = !matches!(&last, Some((l, n, _)) if (*l, *n) == (level, tile_index));
            if fresh {
                let at_level = self.size >> (8 * u32::from(level));
                let width = (at_level - tile_index * TILE_WIDTH as u64).min(TILE_WIDTH as u64);
                let bytes = self
                    .source
                    .tile(level, tile_index, width as usize)
                    .map_err(|_| tlog_tiles::tlog::Error::InvalidTile)?;
                last = Some((level, tile_index, bytes));
            }
            // Cannot be nothing: it was set above.
            let bytes = last.as_ref().map_or(&[][..], |(_, _, bytes)| bytes);
            let start = (first % TILE_WIDTH as u64) as usize * HASH_SIZE;
            let part = bytes
                .get(start..start + (HASH_SIZE << within))
                .ok_or(tlog_tiles::tlog::Error::InvalidTile)?;
            hashes.push(tlog_tiles::Tile::subtree_hash(part));
        }
        Ok(hashes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::collections::BTreeMap;
    use tlog_tiles::tlog::{
        check_record, check_tree, prove_record, prove_tree, stored_hashes, tree_hash,
    };

    /// All hashes of a tree, as the library stores them.
    #[derive(Default)]
    struct Stored(RefCell<Vec<Hash>>);

    impl HashReader for Stored {
        fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::tlog::Error> {
            let stored = self.0.borrow();
            Ok(indexes
                .iter()
                .map(|index| stored[*index as usize])
                .collect())
        }
    }

    impl Stored {
        fn push(&self, number: u64, data: &[u8]) {
            let hashes = stored_hashes(number, data, self).unwrap();
            self.0.borrow_mut().extend(hashes);
        }
    }

    /// Full tiles by level and number, and the frontier's partial ones.
    #[derive(Default)]
    struct Tiles {
        full: BTreeMap<(u8, u64), Vec<u8>>,
        frontier: Frontier,
    }

    impl Tiles {
        fn push(&mut self, data: &[u8]) {
            for tile in self.frontier.push(tlog_tiles::record_hash(data)) {
                self.full.insert((tile.level, tile.index), tile.hashes);
            }
        }
    }

    impl TileSource for Tiles {
        fn tile(&self, level: u8, index: u64, width: usize) -> Result<Vec<u8>, String> {
            match self.full.get(&(level, index)) {
                Some(hashes) => Ok(hashes.clone()),
                None => {
                    let tile = self.frontier.partial_tile(level);
                    assert!(tile.len() >= width * HASH_SIZE);
                    Ok(tile)
                }
            }
        }
    }

    #[test]
    fn the_root_is_the_librarys_at_every_size() {
        let stored = Stored::default();
        let mut frontier = Frontier::default();
        for number in 0..1_500_u64 {
            assert_eq!(frontier.root(), tree_hash(number, &stored).unwrap());
            stored.push(number, &number.to_be_bytes());
            frontier.push(tlog_tiles::record_hash(&number.to_be_bytes()));
        }
    }

    #[test]
    fn the_trees_of_certificate_transparency_have_their_roots() {
        // Leaves and roots by which implementations of RFC 6962 are commonly checked (google/certificate-transparency,
        // merkletree/merkle_tree_test.cc).
        let hex = |text: &str| -> Vec<u8> {
            let digits = (0..text.len()).step_by(2);
            digits
                .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
                .collect()
        };
        let mut frontier = Frontier::default();
        for (leaf, root) in [
            (
                "",
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            ),
            (
                "00",
                "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            ),
            (
                "10",
                "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            ),
            (
                "2021",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ),
            (
                "3031",
                "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            ),
            (
                "40414243",
                "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            ),
            (
                "5051525354555657",
                "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            ),
            (
                "606162636465666768696a6b6c6d6e6f",
                "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
            ),
        ] {
            frontier.push(tlog_tiles::record_hash(&hex(leaf)));
            assert_eq!(frontier.root().0.to_vec(), hex(root));
        }
        // And the one over nothing (RFC 6962 §2.1): SHA-256 of no bytes.
        let none = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Frontier::default().root().0.to_vec(), hex(none));
    }

    #[test]
    fn a_frontier_comes_back_from_its_partial_tiles() {
        let mut tiles = Tiles::default();
        for number in 0..66_000_u64 {
            tiles.push(&number.to_be_bytes());
            if number % 977 == 0 || number > 65_530 && number < 65_545 {
                let partial: Vec<_> = (0..tiles.frontier.partial.len() as u8)
                    .map(|level| tiles.frontier.partial_tile(level))
                    .collect();
                let size = tiles.frontier.size();
                let back = Frontier::from_partial_tiles(size, &partial).unwrap();
                assert_eq!(back.peaks, tiles.frontier.peaks, "{size}");
                assert_eq!(back.root(), tiles.frontier.root());
            }
        }
        assert_eq!(tiles.full.len(), 257 + 1);
    }

    #[test]
    fn inclusion_and_consistency_hold_for_all_sizes_to_300() {
        let mut tiles = Tiles::default();
        let mut roots = vec![tiles.frontier.root()];
        for size in 1..=300_u64 {
            tiles.push(&size.to_be_bytes());
            let root = tiles.frontier.root();
            roots.push(root);
            let hashes = Hashes::new(&tiles, size);
            for number in 0..size {
                let proof = prove_record(size, number, &hashes).unwrap();
                let leaf = tlog_tiles::record_hash(&(number + 1).to_be_bytes());
                check_record(&proof, size, root, number, leaf).unwrap();
                assert!(check_record(&proof, size, root, number, roots[1]).is_err() || number == 0);
            }
            for old in 1..=size {
                let proof = prove_tree(size, old, &hashes).unwrap();
                check_tree(&proof, size, root, old, roots[old as usize]).unwrap();
            }
        }
    }
}
