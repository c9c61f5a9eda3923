//! The ledger as static resources (C2SP tlog-tiles): `checkpoint`, `tile/L/N`, `tile/entries/N`.
//!
//! Whoever serves or copies these shows leaves, which are commitments, and nothing else.

use std::fmt;
use std::str::FromStr;

use crate::edge::tile;
use crate::error::StoreError;
use crate::store::Reader;
use crate::tree::{TILE_WIDTH, partial_widths};

/// One resource of a ledger, by its path.
///
/// ```
/// use kandeng_ledger::Resource;
/// let tile = Resource::Tile { level: 0, number: 1_234_067, width: 256 };
/// assert_eq!(tile.to_string(), "tile/0/x001/x234/067");
/// assert_eq!("tile/0/x001/x234/067".parse(), Ok(tile));
/// assert_eq!(
///     "tile/entries/273.p/112".parse(),
///     Ok(Resource::Entries { number: 273, width: 112 })
/// );
/// assert!("tile/0/067/068".parse::<Resource>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// The newest signed checkpoint.
    Checkpoint,
    /// Hashes of the tree.
    Tile {
        /// 0 over leaves.
        level: u8,
        /// The number within the level.
        number: u64,
        /// Hashes in it, 256 when full.
        width: usize,
    },
    /// A bundle of leaves.
    Entries {
        /// The number of the bundle.
        number: u64,
        /// Leaves in it, 256 when full.
        width: usize,
    },
}

/// A path that names no resource of a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no resource of a ledger has this path")]
pub struct NoResource;

impl fmt::Display for Resource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, width) = match self {
            Self::Checkpoint => return formatter.write_str("checkpoint"),
            Self::Tile {
                level,
                number,
                width,
            } => {
                write!(formatter, "tile/{level}/")?;
                (*number, *width)
            }
            Self::Entries { number, width } => {
                formatter.write_str("tile/entries/")?;
                (*number, *width)
            }
        };
        let mut groups = vec![number % 1_000];
        let mut rest = number / 1_000;
        while rest > 0 {
            groups.push(rest % 1_000);
            rest /= 1_000;
        }
        for group in groups[1..].iter().rev() {
            write!(formatter, "x{group:03}/")?;
        }
        write!(formatter, "{:03}", groups[0])?;
        if width < TILE_WIDTH {
            write!(formatter, ".p/{width}")?;
        }
        Ok(())
    }
}

impl FromStr for Resource {
    type Err = NoResource;

    fn from_str(path: &str) -> Result<Self, NoResource> {
        if path == "checkpoint" {
            return Ok(Self::Checkpoint);
        }
        // The longest is a level of two digits, seven groups and a width.
        if path.len() > 60 {
            return Err(NoResource);
        }
        let rest = path.strip_prefix("tile/").ok_or(NoResource)?;
        let (level, rest) = rest.split_once('/').ok_or(NoResource)?;
        let (groups, width) = match rest.split_once(".p/") {
            Some((groups, width)) => (groups, width.parse().map_err(|_| NoResource)?),
            None => (rest, TILE_WIDTH),
        };
        let mut number = 0_u64;
        for group in groups.split('/') {
            let digits: u64 = group
                .trim_start_matches('x')
                .parse()
                .map_err(|_| NoResource)?;
            number = number
                .checked_mul(1_000)
                .and_then(|number| number.checked_add(digits))
                .ok_or(NoResource)?;
        }
        let resource = if level == "entries" {
            Self::Entries { number, width }
        } else {
            let level = level.parse().map_err(|_| NoResource)?;
            Self::Tile {
                level,
                number,
                width,
            }
        };
        // Every resource has one path; all other spellings are none.
        if (1..=TILE_WIDTH).contains(&width) && resource.to_string() == path {
            Ok(resource)
        } else {
            Err(NoResource)
        }
    }
}

impl Resource {
    /// The resources that a tree of `new` leaves has and one of `old` had not, but the checkpoint.
    pub fn new_between(old: u64, new: u64) -> Vec<Self> {
        let width = TILE_WIDTH as u64;
        let mut resources = Vec::new();
        for (level, partial) in partial_widths(new).into_iter().enumerate() {
            let shift = 8 * level as u32;
            let (from, to) = (old >> shift, new >> shift);
            if from == to {
                continue;
            }
            let mut push = |number, width| {
                if level == 0 {
                    resources.push(Self::Entries { number, width });
                }
                resources.push(Self::Tile {
                    level: level as u8,
                    number,
                    width,
                });
            };
            for number in from / width..to / width {
                push(number, TILE_WIDTH);
            }
            if partial > 0 {
                push(to / width, partial);
            }
        }
        resources
    }

    /// Whether it will never change again.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Checkpoint => false,
            Self::Tile { width, .. } | Self::Entries { width, .. } => *width == TILE_WIDTH,
        }
    }

    /// The bytes of the resource; nothing when the ledger does not reach so far.
    ///
    /// # Errors
    /// When the store fails.
    pub fn bytes(self, reader: &mut dyn Reader) -> Result<Option<Vec<u8>>, StoreError> {
        let newest = reader.checkpoint()?;
        let size = newest.as_ref().map_or(0, |checkpoint| checkpoint.size);
        match self {
            Self::Checkpoint => Ok(newest.map(|checkpoint| checkpoint.note.into_bytes())),
            Self::Tile {
                level,
                number,
                width,
            } => {
                let at_level = size.checked_shr(8 * u32::from(level)).unwrap_or(0);
                if !reaches(at_level, number, width) {
                    return Ok(None);
                }
                let mut bytes = tile(reader, level, number, width)?;
                bytes.truncate(width * crate::tree::HASH_SIZE);
                Ok(Some(bytes))
            }
            Self::Entries { number, width } => {
                if !reaches(size, number, width) {
                    return Ok(None);
                }
                let leaves = reader.leaves(number * TILE_WIDTH as u64, width)?;
                let mut bytes = Vec::with_capacity(leaves.len() * 67);
                for leaf in leaves {
                    bytes.extend_from_slice(&(leaf.0.len() as u16).to_be_bytes());
                    bytes.extend_from_slice(&leaf.0);
                }
                Ok(Some(bytes))
            }
        }
    }
}

/// Whether a level with `size` hashes has `width` of the tile `number`.
fn reaches(size: u64, number: u64, width: usize) -> bool {
    number
        .checked_mul(TILE_WIDTH as u64)
        .and_then(|first| first.checked_add(width as u64))
        .is_some_and(|end| end <= size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_of_70000_has_the_tiles_of_the_specification() {
        // The example of C2SP tlog-tiles, "Partial Tiles".
        let resources = Resource::new_between(0, 70_000);
        let tiles = |level, full| {
            let fits = |resource: &&Resource| {
                matches!(resource, Resource::Tile { level: of, width, .. }
                    if *of == level && (*width == TILE_WIDTH) == full)
            };
            resources.iter().filter(fits).collect::<Vec<_>>()
        };
        assert_eq!(tiles(0, true).len(), 273);
        assert_eq!(tiles(0, false)[0].to_string(), "tile/0/273.p/112");
        assert_eq!(tiles(1, true).len(), 1);
        assert_eq!(tiles(1, false)[0].to_string(), "tile/1/001.p/17");
        assert_eq!(tiles(2, false)[0].to_string(), "tile/2/000.p/1");
        assert_eq!(resources.len(), 273 + 1 + 1 + 1 + 1 + 274);
    }

    #[test]
    fn a_path_has_one_spelling() {
        for odd in [
            "",
            "checkpoint/",
            "tile/0/0",
            "tile/00/000",
            "tile/0/x000/000",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/entries/000/",
            "tile/entries/../000",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        ] {
            assert!(odd.parse::<Resource>().is_err(), "{odd}");
        }
    }
}
