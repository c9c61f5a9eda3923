//! What is read of a ledger at once: entries, and the tiles and checkpoints that belong to them.

use std::collections::HashMap;

use super::{Fault, Wrong};
use crate::checkpoint::Checkpoint;
use crate::leaf::Leaf;
use crate::store::{Reader, Stored};
use crate::tree::TILE_WIDTH;

/// Entries that are read at once: whole tiles.
pub(super) const PAGE: usize = 16 * TILE_WIDTH;

/// Checkpoints that are read at once: about as many as batches of a busy ledger signed over a chapter, since
/// those beyond it are read again with the next.
const NOTES: usize = 128;

/// An entry, as much of it as there is to look at.
pub(super) enum Item {
    Whole(Stored),
    Leaf(Leaf),
}

/// Consecutive entries and what is stored about the tree as far as they go.
pub(super) struct Chapter {
    pub items: Vec<Item>,
    /// Full tiles that end within these entries, those that are there.
    pub tiles: HashMap<(u8, u64), Vec<u8>>,
    /// Partial tiles of the tree's right edge, by level, where somebody stores them.
    pub edge: HashMap<u8, Vec<u8>>,
    pub signed: Vec<Checkpoint>,
    pub cosigned: Vec<Checkpoint>,
}

/// A ledger, as verification reads it.
pub(super) trait Log: Send {
    /// Entries from `first`, a multiple of [`PAGE`], to the next multiple or the end.
    fn chapter(&mut self, first: u64) -> Result<Chapter, Wrong>;

    /// Whether anything stands after the last checkpoint.
    fn beyond(&mut self, size: u64) -> Result<(), Wrong>;
}

/// Full tiles that end within the entries from `first` to before `end`.
pub(super) fn full_tiles(first: u64, end: u64) -> Vec<(u8, u64)> {
    let mut tiles = Vec::new();
    for level in 0..8_u8 {
        let shift = 8 * (u32::from(level) + 1);
        let numbers = first >> shift..end >> shift;
        if numbers.is_empty() && end >> shift == 0 {
            break;
        }
        tiles.extend(numbers.map(|number| (level, number)));
    }
    tiles
}

/// A store.
pub(super) struct Local<'a> {
    reader: &'a mut dyn Reader,
    size: u64,
}

impl<'a> Local<'a> {
    pub(super) fn new(reader: &'a mut dyn Reader, size: u64) -> Self {
        Self { reader, size }
    }
}

impl Log for Local<'_> {
    fn chapter(&mut self, first: u64) -> Result<Chapter, Wrong> {
        let limit = PAGE.min((self.size - first) as usize);
        let mut entries = self.reader.entries(first, limit)?;
        // Where one is missing, later ones stand in its place.
        let end = first + limit as u64;
        entries.retain(|entry| entry.position < end);
        let items: Vec<_> = entries.into_iter().map(Item::Whole).collect();
        let end = first + items.len() as u64;
        let mut tiles = HashMap::new();
        for (level, number) in full_tiles(first, end) {
            if let Some(tile) = self.reader.tile(level, number)? {
                tiles.insert((level, number), tile);
            }
        }
        Ok(Chapter {
            items,
            tiles,
            edge: HashMap::new(),
            signed: up_to(first, end, |from| self.reader.checkpoints(from, NOTES))?,
            cosigned: up_to(first, end, |from| self.reader.cosigned(from, NOTES))?,
        })
    }

    fn beyond(&mut self, size: u64) -> Result<(), Wrong> {
        // In this order: what another appends meanwhile comes with its checkpoint.
        if self.reader.leaves(size, 1)?.is_empty() {
            return Ok(());
        }
        let newest = self.reader.checkpoint()?;
        if newest.is_some_and(|newest| newest.size > size) {
            return Ok(());
        }
        Err(Wrong {
            position: size,
            fault: Fault::Unsigned,
        })
    }
}

/// Checkpoints of more than `first` entries and at most `end`.
fn up_to(
    first: u64,
    end: u64,
    mut read: impl FnMut(u64) -> Result<Vec<Checkpoint>, crate::StoreError>,
) -> Result<Vec<Checkpoint>, Wrong> {
    let mut all: Vec<Checkpoint> = Vec::new();
    loop {
        let from = all.last().map_or(first + 1, |last| last.size + 1);
        let page = read(from)?;
        let more = page.len() == NOTES && page.last().is_some_and(|last| last.size < end);
        all.extend(page.into_iter().filter(|checkpoint| checkpoint.size <= end));
        if !more {
            return Ok(all);
        }
    }
}
