//! Which of several releases of one process stands for it, found out block by block.

use std::collections::{BTreeSet, HashSet};

use super::intern::Interner;
use super::rows::Rows;

/// How much a release counts against another of its process: anything before a bare link, compiled
/// before partial, then the later date.
type Rank = (bool, bool, i64);

/// The release that stands for a process so far.
struct Standing {
    block: u32,
    place: u32,
    rank: Rank,
    partial: bool,
}

/// The processes of a run, by ocid.
pub(super) struct Choice {
    ocids: Interner,
    /// By number of the ocid.
    standing: Vec<Standing>,
    /// By block and place: the number of the ocid.
    blocks: Vec<Vec<u32>>,
    /// Block and place of releases that another one replaces.
    replaced: Vec<(u32, u32)>,
    /// Processes of which only partial releases are there, several of them: to be merged.
    unmerged: BTreeSet<u32>,
    /// Compiled releases that a later one replaces.
    pub superseded: u64,
    /// The first ocid of these.
    pub first_superseded: Option<String>,
}

impl Choice {
    pub(super) fn new() -> Self {
        Self {
            ocids: Interner::new(),
            standing: Vec::new(),
            blocks: Vec::new(),
            replaced: Vec::new(),
            unmerged: BTreeSet::new(),
            superseded: 0,
            first_superseded: None,
        }
    }

    /// Takes the next block in order.
    pub(super) fn add(&mut self, rows: &Rows) {
        let processes = &rows.processes;
        let block = self.blocks.len() as u32;
        let mut numbers = Vec::with_capacity(processes.ocid.len());
        for (place, ocid) in processes.ocid.iter().enumerate() {
            let text = rows.ocids.get(*ocid);
            let number = self.ocids.number(text);
            numbers.push(number);
            let partial = processes.partial[place];
            let here = Standing {
                block,
                place: place as u32,
                rank: (
                    !processes.linked_only[place],
                    !partial,
                    processes.date[place],
                ),
                partial,
            };
            match self.standing.get_mut(number as usize) {
                None => self.standing.push(here),
                Some(there) => {
                    // Of equals the later place stands.
                    let loser = if there.rank <= here.rank {
                        std::mem::replace(there, here)
                    } else {
                        here
                    };
                    self.replaced.push((loser.block, loser.place));
                    if there.partial {
                        self.unmerged.insert(number);
                    } else {
                        self.unmerged.remove(&number);
                        if !loser.partial {
                            self.superseded += 1;
                            self.first_superseded.get_or_insert_with(|| text.to_owned());
                        }
                    }
                }
            }
        }
        self.blocks.push(numbers);
    }

    /// The processes that have to be merged.
    pub(super) fn unmerged(&self) -> HashSet<String> {
        let names = self.unmerged.iter();
        names
            .map(|number| self.ocids.get(*number).to_owned())
            .collect()
    }

    /// By block and place whether the release stays; `None` when all do.
    pub(super) fn kept(&self) -> Option<Vec<Vec<bool>>> {
        if self.replaced.is_empty() {
            return None;
        }
        let mut kept: Vec<Vec<bool>> = self
            .blocks
            .iter()
            .map(|numbers| {
                let stays = |number| !self.unmerged.contains(number);
                numbers.iter().map(stays).collect()
            })
            .collect();
        for (block, place) in &self.replaced {
            kept[*block as usize][*place as usize] = false;
        }
        Some(kept)
    }
}
