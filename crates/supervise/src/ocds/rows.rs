//! Rows of one block of input while it is parsed: plain columns that can be cut back when a release
//! turns out broken. Numbers of processes, bids, awards and organisations are the block's own here.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use super::columns::{Awards, Bids, Contracts, Items, Processes};
use super::intern::{Interner, NONE, Texts};
use super::oddities::{Counts, Fault, Odd, Oddities};
use crate::diagnostic::shortened;

/// No date, no count.
pub(super) const NO_INT: i64 = i64::MIN;

/// The release being read, as far as it is known.
#[derive(Default)]
pub(super) struct Current {
    pub ocid: Option<u32>,
    pub date: Option<i64>,
    pub compiled: bool,
    pub has_tag: bool,
    pub versioned: bool,
    pub status: u32,
    pub method: u32,
    pub details: u32,
    pub start: Option<i64>,
    pub end: Option<i64>,
    pub tenderers: Option<i64>,
    pub buyer: u32,
    pub entity: u32,
}

/// The bid, award or contract being read.
#[derive(Default)]
pub(super) struct Entry {
    pub status: u32,
    pub amount: f64,
    pub has_amount: bool,
    pub currency: u32,
    pub date: Option<i64>,
    /// Between which instants a date without a zone lies.
    pub somewhere: Option<(i64, i64)>,
    pub award_id: u32,
    pub parties: Vec<u32>,
    /// Tenderers or suppliers named, those without an id among them.
    pub named: usize,
}

/// The organisation reference being read.
#[derive(Default)]
pub(super) struct Reference {
    pub id: String,
    pub name: String,
    pub scheme: String,
    pub identifier: String,
}

/// Lengths of all columns, to cut back to.
#[derive(Clone, Copy, Default)]
pub(super) struct Mark {
    processes: usize,
    bids: usize,
    awards: usize,
    contracts: usize,
    items: usize,
    bid: u32,
    award: u32,
}

/// Everything one block yields.
pub(super) struct Rows {
    pub processes: Processes,
    pub bids: Bids,
    pub awards: Awards,
    pub contracts: Contracts,
    pub items: Items,
    /// Ids of organisations.
    pub organizations: Interner,
    /// Names of organisations, by number; empty where none was given.
    pub names: Vec<Box<str>>,
    pub ocids: Texts,
    /// Ids of the awards that contracts belong to.
    pub award_ids: Texts,
    /// Statuses, methods, currencies, codes.
    pub words: Interner,
    pub bid_count: u32,
    pub award_count: u32,
    pub first_bid_currency: u32,
    pub first_currency: u32,
    pub oddities: Oddities,
    pub counts: Counts,
    pub line: u64,
    pub current: Current,
    pub entry: Entry,
    pub reference: Reference,
    /// The document is a package or a record, not a release.
    pub container: bool,
    /// Bids of the release being read whose date has no zone: their rows, and between which instants the
    /// date lies.
    about: Vec<(Range<usize>, (i64, i64))>,
    open: bool,
    mark: Mark,
}

impl Rows {
    pub(super) fn new() -> Self {
        Self {
            processes: Processes::default(),
            bids: Bids::default(),
            awards: Awards::default(),
            contracts: Contracts::default(),
            items: Items::default(),
            organizations: Interner::new(),
            names: Vec::new(),
            ocids: Texts::default(),
            award_ids: Texts::default(),
            words: Interner::new(),
            bid_count: 0,
            award_count: 0,
            first_bid_currency: NONE,
            first_currency: NONE,
            oddities: Oddities::new(),
            counts: Counts::default(),
            line: 1,
            current: Current::default(),
            entry: Entry::default(),
            reference: Reference::default(),
            container: false,
            about: Vec::new(),
            open: false,
            mark: Mark::default(),
        }
    }

    /// The number that the process being read will have.
    fn process(&self) -> u32 {
        self.processes.ocid.len() as u32
    }

    pub(super) fn odd(&mut self, field: &'static str, fault: Fault, value: &str) {
        let line = self.line;
        let odd = self.oddities.entry((field, fault)).or_insert_with(|| Odd {
            line,
            value: shortened(value),
            count: 0,
        });
        odd.count += 1;
    }

    /// Where the rows end now, to be cut back to later.
    pub(super) fn mark(&self) -> Mark {
        Mark {
            processes: self.processes.ocid.len(),
            bids: self.bids.bid.len(),
            awards: self.awards.award.len(),
            contracts: self.contracts.process.len(),
            items: self.items.process.len(),
            bid: self.bid_count,
            award: self.award_count,
        }
    }

    pub(super) fn begin_release(&mut self) {
        self.mark = self.mark();
        self.open = true;
        self.about.clear();
        self.current = Current {
            status: NONE,
            method: NONE,
            details: NONE,
            buyer: NONE,
            entity: NONE,
            ..Current::default()
        };
    }

    pub(super) fn end_release(&mut self) {
        let Some(ocid) = self.current.ocid else {
            self.odd("ocid", Fault::NoOcid, "");
            self.cut_back();
            return;
        };
        self.open = false;
        self.date_bids();
        let current = &self.current;
        let versioned = current.versioned;
        let partial = current.has_tag && !current.compiled && !versioned;
        let processes = &mut self.processes;
        processes.ocid.push(ocid);
        processes
            .line
            .push(u32::try_from(self.line).unwrap_or(u32::MAX));
        processes.date.push(current.date.unwrap_or(NO_INT));
        processes.status.push(current.status);
        processes.method.push(current.method);
        processes.details.push(current.details);
        processes.start.push(current.start.unwrap_or(NO_INT));
        processes.end.push(current.end.unwrap_or(NO_INT));
        processes
            .tenderers
            .push(current.tenderers.unwrap_or(NO_INT));
        processes.buyer.push(current.buyer);
        processes.entity.push(current.entity);
        processes.linked_only.push(false);
        processes.partial.push(partial);
        if versioned {
            self.counts.versioned_releases += 1;
        } else if partial {
            self.counts.releases += 1;
        } else {
            self.counts.compiled_releases += 1;
        }
    }

    /// Dates without a zone count where every zone puts them on the same side of the deadline. They then
    /// stand for the instant next to it: late bids for the earliest, others for the latest.
    fn date_bids(&mut self) {
        let Some(end) = self.current.end else { return };
        for (rows, (first, last)) in self.about.drain(..) {
            let date = match (first > end, last <= end) {
                (true, _) => first,
                (_, true) => last,
                _ => continue,
            };
            self.bids.date[rows].fill(date);
        }
    }

    /// A record that only links to its releases: a process of which nothing else is known.
    pub(super) fn push_linked_only(&mut self, ocid: &str) {
        self.begin_release();
        self.current.ocid = Some(self.ocids.push(ocid));
        self.current.compiled = true;
        self.end_release();
        if let Some(last) = self.processes.linked_only.last_mut() {
            *last = true;
        }
        self.counts.compiled_releases -= 1;
        self.counts.linked_only += 1;
    }

    /// Takes back what the release being read has left so far. Complete releases stay.
    pub(super) fn cut_back(&mut self) {
        if self.open {
            self.cut_to(self.mark);
        }
    }

    /// Takes back every row since `mark`, those of complete releases too.
    pub(super) fn cut_to(&mut self, mark: Mark) {
        self.open = false;
        macro_rules! cut {
            ($columns:expr, $length:expr, $($column:ident)+) => { $($columns.$column.truncate($length);)+ };
        }
        cut!(self.processes, mark.processes, ocid line date status method details start end);
        cut!(self.processes, mark.processes, tenderers buyer entity linked_only partial);
        cut!(self.bids, mark.bids, process bid tenderer group first sole status amount currency date);
        cut!(self.awards, mark.awards, process award supplier first sole status amount currency date);
        cut!(self.contracts, mark.contracts, process award_id status amount currency signed);
        cut!(self.items, mark.items, process award scheme classification);
        self.bid_count = mark.bid;
        self.award_count = mark.award;
    }

    pub(super) fn begin_entry(&mut self) {
        let mut parties = std::mem::take(&mut self.entry.parties);
        parties.clear();
        self.entry = Entry {
            status: NONE,
            currency: NONE,
            award_id: NONE,
            parties,
            ..Entry::default()
        };
    }

    /// The amount and currency of the entry; NaN where there is none that can be compared.
    fn take_amount(&mut self, field: &'static str) -> (f64, u32) {
        let currency = self.entry.currency;
        if !self.entry.has_amount {
            return (f64::NAN, NONE);
        }
        if currency == NONE {
            self.odd(field, Fault::NoCurrency, "");
            return (f64::NAN, NONE);
        }
        if self.first_currency == NONE {
            self.first_currency = currency;
        }
        (self.entry.amount, currency)
    }

    pub(super) fn end_bid(&mut self) {
        let (amount, currency) = self.take_amount("bids.details.value.currency");
        if self.first_bid_currency == NONE {
            self.first_bid_currency = currency;
        }
        let process = self.process();
        let bid = self.bid_count;
        self.bid_count += 1;
        let mut parties = std::mem::take(&mut self.entry.parties);
        let sole = self.entry.named == 1 && parties.len() == 1;
        let group = if parties.len() > 1 {
            self.group(&mut parties)
        } else {
            0
        };
        let rows = parties.len().max(1);
        if let Some(about) = self.entry.somewhere {
            let first = self.bids.date.len();
            self.about.push((first..first + rows, about));
        }
        for place in 0..rows {
            self.bids.process.push(process);
            self.bids.bid.push(bid);
            self.bids
                .tenderer
                .push(parties.get(place).copied().unwrap_or(NONE));
            self.bids.group.push(group);
            self.bids.first.push(place == 0);
            self.bids.sole.push(sole);
            self.bids.status.push(self.entry.status);
            self.bids.amount.push(amount);
            self.bids.currency.push(currency);
            self.bids.date.push(self.entry.date.unwrap_or(NO_INT));
        }
        self.entry.parties = parties;
    }

    /// A negative number that is the same for the same group of tenderers in every block.
    fn group(&self, parties: &mut Vec<u32>) -> i64 {
        parties.sort_unstable();
        parties.dedup();
        if parties.len() == 1 {
            return 0;
        }
        let mut ids: Vec<&str> = parties
            .iter()
            .map(|party| self.organizations.get(*party))
            .collect();
        ids.sort_unstable();
        let mut hasher = DefaultHasher::new();
        ids.hash(&mut hasher);
        -((hasher.finish() >> 2) as i64) - 1
    }

    pub(super) fn begin_award(&mut self) {
        self.begin_entry();
        self.award_count += 1;
    }

    pub(super) fn end_award(&mut self) {
        let (amount, currency) = self.take_amount("awards.value.currency");
        let process = self.process();
        let award = self.award_count - 1;
        let parties = std::mem::take(&mut self.entry.parties);
        let sole = self.entry.named == 1 && parties.len() == 1;
        for place in 0..parties.len().max(1) {
            self.awards.process.push(process);
            self.awards.award.push(award);
            self.awards
                .supplier
                .push(parties.get(place).copied().unwrap_or(NONE));
            self.awards.first.push(place == 0);
            self.awards.sole.push(sole);
            self.awards.status.push(self.entry.status);
            self.awards.amount.push(amount);
            self.awards.currency.push(currency);
            self.awards.date.push(self.entry.date.unwrap_or(NO_INT));
        }
        self.entry.parties = parties;
    }

    pub(super) fn end_contract(&mut self) {
        let (amount, currency) = self.take_amount("contracts.value.currency");
        self.contracts.process.push(self.process());
        self.contracts.award_id.push(self.entry.award_id);
        self.contracts.status.push(self.entry.status);
        self.contracts.amount.push(amount);
        self.contracts.currency.push(currency);
        self.contracts
            .signed
            .push(self.entry.date.unwrap_or(NO_INT));
    }

    pub(super) fn begin_item(&mut self) {
        self.items.process.push(self.process());
        self.items.award.push(self.award_count - 1);
        self.items.scheme.push(NONE);
        self.items.classification.push(NONE);
    }

    pub(super) fn begin_reference(&mut self) {
        let reference = &mut self.reference;
        reference.id.clear();
        reference.name.clear();
        reference.scheme.clear();
        reference.identifier.clear();
    }

    /// The organisation just read: by its id or, as in OCDS 1.0, by its identifier.
    pub(super) fn end_reference(&mut self) -> u32 {
        let reference = &mut self.reference;
        if reference.id.is_empty() && !reference.identifier.is_empty() {
            if !reference.scheme.is_empty() {
                reference.id.push_str(&reference.scheme);
                reference.id.push('-');
            }
            reference.id.push_str(&reference.identifier);
        }
        if reference.id.is_empty() {
            return NONE;
        }
        let number = self.organizations.number(&reference.id);
        if number as usize == self.names.len() {
            self.names.push(reference.name.as_str().into());
        } else if !reference.name.is_empty() && self.names[number as usize].is_empty() {
            self.names[number as usize] = reference.name.as_str().into();
        }
        number
    }

    pub(super) fn push_party(&mut self) {
        let party = self.end_reference();
        self.entry.named += 1;
        if party != NONE {
            self.entry.parties.push(party);
        }
    }
}
