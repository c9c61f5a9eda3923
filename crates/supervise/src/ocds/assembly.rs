//! Blocks of all inputs into the tables of one run, each as soon as it is parsed: numbers made unique
//! in order of the input, one currency. Whoever parsed a block turns it into columns, so this costs no
//! time of its own, and rows are held twice for the blocks at hand only.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use kandeng_screening::arrow::array::{AsArray, BooleanArray, RecordBatch};
use kandeng_screening::arrow::compute::filter_record_batch;
use kandeng_screening::arrow::datatypes::Int64Type;
use kandeng_screening::arrow::error::ArrowError;
use kandeng_screening::{Batches, TableDeclaration, Tables};

use super::choice::Choice;
use super::intern::Interner;
use super::oddities::Counts;
use super::rows::Rows;
use super::tables::{self, Numbering};

/// The tables while blocks come in, from several threads and in any order.
pub(super) struct Assembly {
    declarations: Vec<TableDeclaration>,
    state: Mutex<State>,
}

struct State {
    /// The number of the first block of this file, over all files.
    file: usize,
    /// Lines of this file before the next block; `None` where the file is not read by lines.
    lines: Option<u64>,
    /// The number of the block that is next in order.
    next: usize,
    /// Blocks that came before their turn, with their lines.
    early: BTreeMap<usize, (Rows, u64)>,
    /// Blocks whose turn it was before the currency was known.
    undecided: Vec<Turn>,
    /// The currency that is compared, once it is known.
    currency: Option<String>,
    /// The first currency of anything but a bid, should no bid have any.
    fallback: Option<String>,
    organizations: Interner,
    names: Vec<Box<str>>,
    choice: Choice,
    first: First,
    counts: Counts,
    pieces: Vec<Piece>,
}

/// The first numbers of a block.
#[derive(Clone, Copy, Default)]
struct First {
    process: i64,
    bid: i64,
    award: i64,
}

/// A block whose numbers are known.
struct Turn {
    block: usize,
    rows: Rows,
    first: First,
    line: i64,
    organizations: Vec<u32>,
}

/// A block as columns.
struct Piece {
    block: usize,
    first_process: i64,
    batches: [RecordBatch; 5],
    /// The process of every amount that is in another currency, counted from the block's first.
    other_currency: Vec<u32>,
}

/// Tables, counts and the currency that amounts are in.
pub(super) struct Finished {
    pub tables: Tables,
    pub counts: Counts,
    pub currency: Option<String>,
    pub processes: usize,
    pub superseded: u64,
    pub first_superseded: Option<String>,
}

impl Assembly {
    /// No blocks yet. `currency` is the one asked for.
    pub(super) fn new(currency: Option<&str>) -> Self {
        Self {
            declarations: tables::declarations(),
            state: Mutex::new(State {
                file: 0,
                lines: None,
                next: 0,
                early: BTreeMap::new(),
                undecided: Vec::new(),
                currency: currency.map(str::to_owned),
                fallback: None,
                organizations: Interner::new(),
                names: Vec::new(),
                choice: Choice::new(),
                first: First::default(),
                counts: Counts::default(),
                pieces: Vec::new(),
            }),
        }
    }

    /// The blocks that follow are of another file, whose lines are counted if it has any.
    pub(super) fn begin_file(&mut self, in_lines: bool) {
        let state = self.state_mut();
        state.file = state.next;
        state.lines = in_lines.then_some(0);
    }

    /// Takes a block of this file, and makes columns of it and of those that waited for it.
    pub(super) fn add(&self, index: usize, rows: Rows, lines: u64) -> Result<(), ArrowError> {
        let (turns, currency) = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let block = state.file + index;
            state.early.insert(block, (rows, lines));
            loop {
                let next = state.next;
                let Some((rows, lines)) = state.early.remove(&next) else {
                    break;
                };
                let turn = state.number(rows, true);
                state.undecided.push(turn);
                state.lines = state.lines.map(|before| before + lines);
            }
            if state.currency.is_none() {
                return Ok(());
            }
            (std::mem::take(&mut state.undecided), state.currency.clone())
        };
        let pieces = self.columns(turns, currency.as_deref())?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.pieces.extend(pieces);
        Ok(())
    }

    fn columns(&self, turns: Vec<Turn>, currency: Option<&str>) -> Result<Vec<Piece>, ArrowError> {
        turns
            .into_iter()
            .map(|turn| {
                let mut other_currency = Vec::new();
                let numbering = Numbering {
                    process: turn.first.process,
                    bid: turn.first.bid,
                    award: turn.first.award,
                    line: turn.line,
                    organizations: &turn.organizations,
                    currency,
                };
                let batches = tables::batches(
                    &turn.rows,
                    &self.declarations,
                    &numbering,
                    &mut other_currency,
                )?;
                Ok(Piece {
                    block: turn.block,
                    first_process: turn.first.process,
                    batches,
                    other_currency,
                })
            })
            .collect()
    }

    /// Processes of which only partial releases are there, several of them.
    pub(super) fn unmerged(&mut self) -> HashSet<String> {
        self.state_mut().choice.unmerged()
    }

    /// Takes processes that were merged after all blocks had been read.
    pub(super) fn add_merged(&mut self, rows: Rows) {
        let state = self.state_mut();
        state.lines = None;
        let turn = state.number(rows, false);
        state.undecided.push(turn);
    }

    fn state_mut(&mut self) -> &mut State {
        self.state.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tables.
    pub(super) fn finish(mut self) -> Result<Finished, ArrowError> {
        let state = self.state_mut();
        let turns = std::mem::take(&mut state.undecided);
        let fallback = state.fallback.take();
        let currency = state.currency.take().or(fallback);
        let last = self.columns(turns, currency.as_deref())?;
        let Self {
            declarations,
            state,
        } = self;
        let mut state = state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.pieces.extend(last);
        state.pieces.sort_unstable_by_key(|piece| piece.block);
        let kept = state.choice.kept();
        let mut gathered: [Vec<RecordBatch>; 5] = Default::default();
        let mut processes = 0;
        for piece in state.pieces {
            // What was merged later on was not chosen among: all of it stays.
            let kept = kept.as_ref().and_then(|kept| kept.get(piece.block));
            let stays = |process: usize| kept.is_none_or(|kept| kept[process]);
            let others = piece.other_currency.iter();
            state.counts.other_currency +=
                others.filter(|process| stays(**process as usize)).count() as u64;
            for (place, (gathered, batch)) in gathered.iter_mut().zip(piece.batches).enumerate() {
                let batch = match kept {
                    None => batch,
                    Some(_) => {
                        let of = batch.column(0).as_primitive::<Int64Type>();
                        let keep: BooleanArray = of
                            .values()
                            .iter()
                            .map(|process| Some(stays((process - piece.first_process) as usize)))
                            .collect();
                        filter_record_batch(&batch, &keep)?
                    }
                };
                if place == 0 {
                    processes += batch.num_rows();
                }
                if batch.num_rows() > 0 {
                    gathered.push(batch);
                }
            }
        }
        state.counts.superseded = state.choice.superseded;
        let mut tables = Tables::new();
        for (declaration, batches) in declarations.iter().zip(gathered) {
            tables.insert(
                &declaration.name,
                Arc::new(Batches::new(declaration.schema(), batches)),
            );
        }
        let last = &declarations[5];
        let organizations = tables::organizations(&state.organizations, &state.names, last)?;
        tables.insert(
            &last.name,
            Arc::new(Batches::new(last.schema(), vec![organizations])),
        );
        Ok(Finished {
            tables,
            counts: state.counts,
            currency,
            processes,
            superseded: state.choice.superseded,
            first_superseded: state.choice.first_superseded,
        })
    }
}

impl State {
    /// Gives the block that is next its numbers; `chosen` tells whether its releases may have to give
    /// way to others.
    fn number(&mut self, mut rows: Rows, chosen: bool) -> Turn {
        let block = self.next;
        self.next += 1;
        self.counts.add(&rows.counts);
        if chosen {
            self.choice.add(&rows);
        }
        let word = |word| rows.words.text(word).map(str::to_owned);
        if self.currency.is_none() {
            self.currency = word(rows.first_bid_currency);
        }
        if self.fallback.is_none() {
            self.fallback = word(rows.first_currency);
        }
        let first = self.first;
        self.first.process += rows.processes.ocid.len() as i64;
        self.first.bid += i64::from(rows.bid_count);
        self.first.award += i64::from(rows.award_count);
        Turn {
            block,
            first,
            line: self.lines.unwrap_or(0) as i64,
            organizations: self.organizations_of(&mut rows),
            rows,
        }
    }

    /// From the block's organisations to those of the run. The first name seen is kept.
    fn organizations_of(&mut self, rows: &mut Rows) -> Vec<u32> {
        let names = std::mem::take(&mut rows.names);
        names
            .into_iter()
            .enumerate()
            .map(|(local, name)| {
                let number = self
                    .organizations
                    .number(rows.organizations.get(local as u32));
                match self.names.get_mut(number as usize) {
                    None => self.names.push(name),
                    Some(known) if known.is_empty() => *known = name,
                    Some(_) => {}
                }
                number
            })
            .collect()
    }
}
