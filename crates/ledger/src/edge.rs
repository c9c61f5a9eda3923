//! From what is stored to the tree: tiles, the right edge, and whether it is what was signed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tlog_tiles::Hash;

use crate::checkpoint::{Checkpoint, Trust};
use crate::error::StoreError;
use crate::store::Reader;
use crate::tree::{Frontier, HASH_SIZE, TILE_WIDTH, partial_widths};

/// Roots of full tiles, which never change: what partial tiles above level 0 are made of. Without them a
/// proof reads some hundred tiles at the tree's right edge.
#[derive(Default)]
pub(crate) struct Roots(Mutex<HashMap<(u8, u64), Hash>>);

/// Some levels' worth; then it is begun anew.
const ROOTS: usize = 8 * TILE_WIDTH;

impl Roots {
    fn of(
        &self,
        reader: &mut dyn Reader,
        level: u8,
        number: u64,
    ) -> Result<Option<Hash>, StoreError> {
        // A panic elsewhere cannot leave a wrong root here.
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(&(level, number)).copied();
        if known.is_some() {
            return Ok(known);
        }
        let root = root_of(reader, level, number)?;
        if let Some(root) = root {
            let mut roots = lock();
            if roots.len() >= ROOTS {
                roots.clear();
            }
            roots.insert((level, number), root);
        }
        Ok(root)
    }
}

fn root_of(reader: &mut dyn Reader, level: u8, number: u64) -> Result<Option<Hash>, StoreError> {
    let tile = reader.tile(level, number)?;
    Ok(tile
        .filter(|tile| tile.len() == TILE_WIDTH * HASH_SIZE)
        .map(|tile| tlog_tiles::Tile::subtree_hash(&tile)))
}

/// A tile of at least `width` hashes: the full one, or what there is of it.
///
/// # Errors
/// When the store fails or has not got so many.
pub fn tile(
    reader: &mut dyn Reader,
    level: u8,
    index: u64,
    width: usize,
) -> Result<Vec<u8>, StoreError> {
    tile_with(reader, None, level, index, width)
}

/// [`tile`], with roots that are known already.
pub(crate) fn tile_with(
    reader: &mut dyn Reader,
    roots: Option<&Roots>,
    level: u8,
    index: u64,
    width: usize,
) -> Result<Vec<u8>, StoreError> {
    if let Some(full) = reader.tile(level, index)? {
        return Ok(full);
    }
    let first = index * TILE_WIDTH as u64;
    let hashes = if level == 0 {
        let leaves = reader.leaves(first, width)?;
        leaves.iter().map(crate::leaf::Leaf::hash).collect()
    } else {
        let mut hashes = Vec::with_capacity(width);
        for number in first..first + width as u64 {
            let root = match roots {
                Some(roots) => roots.of(reader, level - 1, number)?,
                None => root_of(reader, level - 1, number)?,
            };
            match root {
                Some(root) => hashes.push(root),
                None => break,
            }
        }
        hashes
    };
    if hashes.len() < width {
        let position = (first + hashes.len() as u64) << (8 * u32::from(level));
        return Err(StoreError::damaged(position, "a tile is not complete"));
    }
    Ok(crate::tree::bytes_of(&hashes))
}

/// The right edge and the newest checkpoint, which is signed by the key and is of what is stored.
pub(crate) fn signed_edge(
    reader: &mut dyn Reader,
    trust: &Trust,
) -> Result<(Frontier, Option<Checkpoint>), StoreError> {
    let mut newest = reader.checkpoint()?;
    let mut size = newest.as_ref().map_or(0, |checkpoint| checkpoint.size);
    while !reader.leaves(size, 1)?.is_empty() {
        // What another node has appended since the line above came with its checkpoint.
        let newer = reader.checkpoint()?.filter(|newer| newer.size > size);
        let Some(newer) = newer else {
            let problem = "the entry is under no checkpoint";
            return Err(StoreError::damaged(size, problem));
        };
        size = newer.size;
        newest = Some(newer);
    }
    let frontier = load_frontier(reader, size)?;
    let Some(checkpoint) = &newest else {
        return Ok((frontier, None));
    };
    trust
        .verify(&checkpoint.note)
        .map_err(|error| StoreError::damaged(size, error.to_string()))?;
    if frontier.root() != checkpoint.root {
        return Err(StoreError::damaged(
            size,
            "the tree is not the one that was signed",
        ));
    }
    Ok((frontier, newest))
}

/// The right edge of the tree of `size` leaves, from full tiles and the leaves after them.
pub(crate) fn load_frontier(reader: &mut dyn Reader, size: u64) -> Result<Frontier, StoreError> {
    let mut tiles = Vec::new();
    for (level, width) in partial_widths(size).into_iter().enumerate() {
        let level = level as u8;
        let first = (size >> (8 * u32::from(level))) - width as u64;
        let mut hashes = Vec::with_capacity(width);
        if level == 0 {
            let leaves = if width == 0 {
                Vec::new()
            } else {
                reader.leaves(first, width)?
            };
            if leaves.len() != width {
                return Err(StoreError::damaged(
                    first + leaves.len() as u64,
                    format!("the entry is missing, the ledger has {size}"),
                ));
            }
            hashes.extend(leaves.iter().map(crate::leaf::Leaf::hash));
        } else {
            for number in first..first + width as u64 {
                let missing = || {
                    let position = number << (8 * u32::from(level));
                    StoreError::damaged(position, format!("tile {} {number} is missing", level - 1))
                };
                let tile = reader.tile(level - 1, number)?.ok_or_else(missing)?;
                if tile.len() != crate::tree::TILE_WIDTH * crate::tree::HASH_SIZE {
                    return Err(missing());
                }
                hashes.push(tlog_tiles::Tile::subtree_hash(&tile));
            }
        }
        tiles.push(crate::tree::bytes_of(&hashes));
    }
    Frontier::from_partial_tiles(size, &tiles)
        .ok_or_else(|| StoreError::damaged(size, "the right edge of the tree does not fit"))
}
