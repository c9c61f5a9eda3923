//! Blocks of all inputs into the tables of one run: numbers made unique, later releases preferred,
//! one currency, and what was odd summed up.

use std::collections::HashSet;
use std::sync::Arc;

use kandeng_screening::arrow::array::RecordBatch;
use kandeng_screening::{Batches, Tables};

use super::intern::{Interner, NONE};
use super::rows::{Counts, NO_INT, Rows};
use super::tables::{self, Numbering};

/// A block's rows and where its lines begin.
pub(super) struct Part {
    pub rows: Rows,
    /// Lines of the file before the block.
    pub lines_before: u64,
}

/// Which processes of which parts stay.
pub(super) struct Choice {
    /// By part, then by process; empty when all stay.
    keep: Vec<Vec<bool>>,
    /// Compiled releases that a later one replaces: the first such ocid and their number.
    pub superseded: u64,
    pub first_superseded: Option<String>,
    /// Processes of which only partial releases are there, several of them: to be merged.
    pub unmerged: HashSet<String>,
}

/// Chooses among releases of the same process.
pub(super) fn choose(parts: &[Part]) -> Choice {
    let mut ocids = Interner::new();
    // By ocid: part and place of the release that stands for the process so far.
    let mut standing: Vec<(u32, u32)> = Vec::new();
    let mut choice = Choice {
        keep: Vec::new(),
        superseded: 0,
        first_superseded: None,
        unmerged: HashSet::new(),
    };
    for (number, part) in parts.iter().enumerate() {
        for (place, ocid) in part.rows.processes.ocid.iter().enumerate() {
            let text = part.rows.ocids.get(*ocid);
            let known = ocids.number(text) as usize;
            let here = (number as u32, place as u32);
            if known == standing.len() {
                standing.push(here);
                continue;
            }
            if choice.keep.is_empty() {
                choice.keep = parts
                    .iter()
                    .map(|part| vec![true; part.rows.processes.ocid.len()])
                    .collect();
            }
            let there = standing[known];
            let (winner, loser) = if precedes(parts, there, here) {
                (here, there)
            } else {
                (there, here)
            };
            standing[known] = winner;
            choice.keep[loser.0 as usize][loser.1 as usize] = false;
            if is_partial(parts, winner) {
                choice.unmerged.insert(text.to_owned());
            } else {
                choice.unmerged.remove(text);
                if !is_partial(parts, loser) {
                    choice.superseded += 1;
                    choice
                        .first_superseded
                        .get_or_insert_with(|| text.to_owned());
                }
            }
        }
    }
    if !choice.unmerged.is_empty() {
        for (part, keep) in parts.iter().zip(&mut choice.keep) {
            for (ocid, keep) in part.rows.processes.ocid.iter().zip(keep) {
                *keep = *keep && !choice.unmerged.contains(part.rows.ocids.get(*ocid));
            }
        }
    }
    choice
}

fn is_partial(parts: &[Part], (part, place): (u32, u32)) -> bool {
    parts[part as usize].rows.processes.partial[place as usize]
}

/// Whether the second release stands for the process rather than the first: compiled before partial,
/// anything before a bare link, then the later date, then the later place.
fn precedes(parts: &[Part], first: (u32, u32), second: (u32, u32)) -> bool {
    let rank = |(part, place): (u32, u32)| {
        let processes = &parts[part as usize].rows.processes;
        let place = place as usize;
        (
            !processes.linked_only[place],
            !processes.partial[place],
            processes.date[place],
        )
    };
    rank(first) <= rank(second)
}

/// Tables, counts and the currency that amounts are in.
pub(super) struct Finished {
    pub tables: Tables,
    pub counts: Counts,
    pub currency: Option<String>,
    pub processes: usize,
}

/// Makes the tables. Each part is given up as soon as it has become batches.
pub(super) fn finish(
    parts: Vec<Part>,
    choice: &Choice,
    currency: Option<&str>,
) -> Result<Finished, kandeng_screening::arrow::error::ArrowError> {
    let currency = currency.map(str::to_owned).or_else(|| {
        let first = |of: fn(&Rows) -> u32| {
            parts
                .iter()
                .find_map(|part| part.rows.words.text(of(&part.rows)).map(str::to_owned))
        };
        first(|rows| rows.first_bid_currency).or_else(|| first(|rows| rows.first_currency))
    });
    let declarations = tables::declarations();
    let mut counts = Counts::default();
    let mut ids = Interner::new();
    let mut names: Vec<Box<str>> = Vec::new();
    let mut gathered: [Vec<RecordBatch>; 5] = Default::default();
    let (mut process, mut bid, mut award, mut kept) = (0, 0, 0, 0);
    let mut other_currency = 0;
    for (number, mut part) in parts.into_iter().enumerate() {
        let rows = &mut part.rows;
        counts.add(&rows.counts);
        let mut organizations = Vec::with_capacity(rows.organizations.len());
        for local in 0..rows.organizations.len() as u32 {
            let global = ids.number(rows.organizations.get(local));
            let name = std::mem::take(&mut rows.names[local as usize]);
            if global as usize == names.len() {
                names.push(name);
            } else if names[global as usize].is_empty() {
                names[global as usize] = name;
            }
            organizations.push(global);
        }
        let main = currency
            .as_deref()
            .map_or(NONE, |currency| rows.words.number(currency));
        // A part that was merged later on has no entry: all of it stays.
        let keep = choice.keep.get(number).map(Vec::as_slice);
        let batches = tables::batches(
            rows,
            &declarations,
            &mut Numbering {
                process,
                bid,
                award,
                line: part.lines_before as i64,
                organizations: &organizations,
                keep,
                currency: main,
                other_currency: &mut other_currency,
            },
        )?;
        process += rows.processes.ocid.len() as i64;
        bid += i64::from(rows.bid_count);
        award += i64::from(rows.award_count);
        kept += batches[0].num_rows();
        for (gathered, batch) in gathered.iter_mut().zip(batches) {
            if batch.num_rows() > 0 {
                gathered.push(batch);
            }
        }
    }
    counts.other_currency = other_currency;
    counts.superseded = choice.superseded;
    let mut tables = Tables::new();
    for (declaration, batches) in declarations.iter().zip(gathered) {
        tables.insert(
            &declaration.name,
            Arc::new(Batches::new(declaration.schema(), batches)),
        );
    }
    let last = &declarations[5];
    let organizations = tables::organizations(&ids, &names, last)?;
    tables.insert(
        &last.name,
        Arc::new(Batches::new(last.schema(), vec![organizations])),
    );
    Ok(Finished {
        tables,
        counts,
        currency,
        processes: kept,
    })
}
