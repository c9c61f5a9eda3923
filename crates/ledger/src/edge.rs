//! From what is stored to the tree: tiles, the right edge, and whether it is what was signed.

use crate::checkpoint::{Checkpoint, Trust};
use crate::error::StoreError;
use crate::store::Reader;
use crate::tree::{Frontier, TILE_WIDTH, partial_widths};

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
            match reader.tile(level - 1, number)? {
                Some(tile) => hashes.push(tlog_tiles::Tile::subtree_hash(&tile)),
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
    let newest = reader.checkpoint()?;
    let size = newest.as_ref().map_or(0, |checkpoint| checkpoint.size);
    let beyond = reader.leaves(size, 1)?;
    if !beyond.is_empty() {
        return Err(StoreError::damaged(
            size,
            "the entry is under no checkpoint",
        ));
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
