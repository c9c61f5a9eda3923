//! A ledger as it is published (C2SP tlog-tiles): files in a folder, or resources of a server.
//!
//! Nothing that comes from there is believed; sizes are limited before anything is read.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::chapter::{Chapter, Item, Log, PAGE, full_tiles};
use super::{Fault, Wrong};
use crate::checkpoint::{Checkpoint, Trust};
use crate::leaf::{LEAF_SIZE, Leaf};
use crate::resource::Resource;
use crate::tree::{HASH_SIZE, TILE_WIDTH, partial_widths};

/// The most bytes of a checkpoint: a signature has 150, and there may be many witnesses.
const NOTE: usize = 64 * 1024;

/// Where published resources come from.
pub trait Fetch: Send {
    /// The bytes of a resource, at most `most`; nothing when it is not there.
    ///
    /// # Errors
    /// A sentence, when it cannot be had or is too large.
    fn fetch(&mut self, resource: &Resource, most: usize) -> Result<Option<Vec<u8>>, String>;
}

/// A published ledger.
pub struct Tiles {
    from: Box<dyn Fetch>,
}

impl Tiles {
    /// The ledger that is published in a folder.
    pub fn of_folder(path: impl Into<PathBuf>) -> Self {
        Self::from(Box::new(Files(path.into())))
    }

    /// The ledger that is published at a URL, the one before `/checkpoint`.
    pub fn at(url: &str) -> Self {
        Self::from(Box::new(Server {
            url: url.trim_end_matches('/').to_owned(),
            agent: crate::http::agent(Duration::from_secs(20)),
        }))
    }

    /// The ledger that comes from wherever.
    pub fn from(from: Box<dyn Fetch>) -> Self {
        Self { from }
    }

    /// The newest checkpoint, its signature verified; nothing when there is none.
    ///
    /// # Errors
    /// When it cannot be had or is not signed by the ledger.
    pub fn newest(&mut self, trust: &Trust) -> Result<Option<Checkpoint>, Wrong> {
        let Some(bytes) = self.fetch(0, &Resource::Checkpoint, NOTE)? else {
            return Ok(None);
        };
        let note = String::from_utf8_lossy(&bytes);
        match trust.verify(&note) {
            Ok(verified) => Ok(Some(verified.checkpoint)),
            Err(error) => Err(Wrong {
                position: 0,
                fault: Fault::Signature {
                    size: Trust::parse_unverified(&note).map_or(0, |checkpoint| checkpoint.size),
                    problem: error.to_string(),
                },
            }),
        }
    }

    pub(super) fn log(&mut self, newest: Option<Checkpoint>) -> Published<'_> {
        Published {
            tiles: self,
            newest,
        }
    }

    fn fetch(
        &mut self,
        position: u64,
        resource: &Resource,
        most: usize,
    ) -> Result<Option<Vec<u8>>, Wrong> {
        self.from.fetch(resource, most).map_err(|problem| Wrong {
            position,
            fault: Fault::Store(problem),
        })
    }

    /// A resource of `width` parts of `part` bytes; the full one when the partial one has gone.
    fn parts(
        &mut self,
        position: u64,
        of: impl Fn(usize) -> Resource,
        width: usize,
        part: usize,
    ) -> Result<Option<Vec<u8>>, Wrong> {
        let found = self.fetch(position, &of(width), width * part)?;
        if found.is_some() || width == TILE_WIDTH {
            return Ok(found);
        }
        let full = self.fetch(position, &of(TILE_WIDTH), TILE_WIDTH * part)?;
        Ok(full.map(|mut full| {
            full.truncate(width * part);
            full
        }))
    }
}

/// A published ledger up to a checkpoint.
pub(super) struct Published<'a> {
    tiles: &'a mut Tiles,
    newest: Option<Checkpoint>,
}

impl Log for Published<'_> {
    fn chapter(&mut self, first: u64) -> Result<Chapter, Wrong> {
        let size = self.newest.as_ref().map_or(0, |newest| newest.size);
        let end = (first + PAGE as u64).min(size);
        let mut items = Vec::with_capacity(PAGE);
        let mut next = first;
        while next < end {
            let number = next / TILE_WIDTH as u64;
            let width = (end - next).min(TILE_WIDTH as u64) as usize;
            let bundle = |width| Resource::Entries { number, width };
            let bytes = self.tiles.parts(next, bundle, width, 2 + LEAF_SIZE)?;
            let missing = |position| Wrong {
                position,
                fault: Fault::Missing,
            };
            for entry in bytes.ok_or_else(|| missing(next))?.chunks(2 + LEAF_SIZE) {
                let leaf = entry
                    .strip_prefix(&(LEAF_SIZE as u16).to_be_bytes())
                    .and_then(Leaf::from_bytes)
                    .ok_or(Wrong {
                        position: next,
                        fault: Fault::Changed("leaf"),
                    })?;
                items.push(Item::Leaf(leaf));
                next += 1;
            }
            if next != number * TILE_WIDTH as u64 + width as u64 {
                return Err(missing(next));
            }
        }
        let mut tiles = HashMap::new();
        for (level, number) in full_tiles(first, end) {
            let position = number << (8 * (u32::from(level) + 1));
            let full = Resource::Tile {
                level,
                number,
                width: TILE_WIDTH,
            };
            if let Some(tile) = self.tiles.fetch(position, &full, TILE_WIDTH * HASH_SIZE)? {
                tiles.insert((level, number), tile);
            }
        }
        let mut edge = HashMap::new();
        if end == size {
            for (level, width) in partial_widths(size).into_iter().enumerate() {
                let level = level as u8;
                let number = size >> (8 * (u32::from(level) + 1));
                let tile = |width| Resource::Tile {
                    level,
                    number,
                    width,
                };
                // One that is not there stays empty, and is no tile of that width.
                if width > 0 {
                    let found = self.tiles.parts(end - 1, tile, width, HASH_SIZE)?;
                    edge.insert(level, found.unwrap_or_default());
                }
            }
        }
        let last = self.newest.iter().filter(|newest| newest.size == end);
        Ok(Chapter {
            items,
            tiles,
            edge,
            signed: last.cloned().collect(),
            cosigned: Vec::new(),
        })
    }

    fn beyond(&mut self, _: u64) -> Result<(), Wrong> {
        // What lies there under no checkpoint is on its way.
        Ok(())
    }
}

struct Files(PathBuf);

impl Fetch for Files {
    fn fetch(&mut self, resource: &Resource, most: usize) -> Result<Option<Vec<u8>>, String> {
        let path = self.0.join(resource.to_string());
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(said(&path, &error)),
        };
        let mut bytes = Vec::new();
        file.take(most as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| said(&path, &error))?;
        if bytes.len() > most {
            return Err(format!("{} is larger than it can be", path.display()));
        }
        Ok(Some(bytes))
    }
}

fn said(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

struct Server {
    url: String,
    agent: ureq::Agent,
}

impl Fetch for Server {
    fn fetch(&mut self, resource: &Resource, most: usize) -> Result<Option<Vec<u8>>, String> {
        let url = format!("{}/{resource}", self.url);
        let away = |error: ureq::Error| format!("{url}: {error}");
        let mut answer = self.agent.get(&url).call().map_err(away)?;
        match answer.status().as_u16() {
            200 => answer
                .body_mut()
                .with_config()
                .limit(most as u64 + 1)
                .read_to_vec()
                .map_err(away)
                .and_then(|bytes| {
                    if bytes.len() > most {
                        return Err(format!("{url} is larger than it can be"));
                    }
                    Ok(Some(bytes))
                }),
            404 | 410 => Ok(None),
            other => Err(format!("{url}: it answered {other}")),
        }
    }
}
