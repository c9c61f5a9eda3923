//! What is told of an input: odd values by field and fault, and how many documents of each kind.

use std::collections::BTreeMap;

/// What is odd about a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// A date-time without zone, a day alone, or no date at all.
    NotADate,
    /// A time without its zone, or a day alone, which still tells something.
    NoZone,
    /// Something else where a number is wanted, such as text.
    NotANumber,
    /// Something else where text is wanted.
    NotText,
    /// Something else where an object is wanted.
    NotAnObject,
    /// Something else where a list is wanted.
    NotAList,
    /// An amount that names no currency.
    NoCurrency,
    /// A release without an ocid.
    NoOcid,
    /// A record of which only some releases are there in full.
    PartlyLinked,
    /// JSON that is neither release nor record nor package.
    NotOcds,
}

/// The first of several odd values, and how many there are.
#[derive(Clone, Debug)]
pub(super) struct Odd {
    pub line: u64,
    pub value: String,
    pub count: u64,
}

/// Odd values by field and fault.
pub(super) type Oddities = BTreeMap<(&'static str, Fault), Odd>;

/// What a block held, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// JSON documents read: lines, or values in a file.
    pub documents: u64,
    /// Release packages among them.
    pub release_packages: u64,
    /// Record packages among them.
    pub record_packages: u64,
    /// Releases that are not compiled.
    pub releases: u64,
    /// Compiled releases, those of records among them.
    pub compiled_releases: u64,
    /// Versioned releases, of which the latest values were taken.
    pub versioned_releases: u64,
    /// Records.
    pub records: u64,
    /// Processes whose releases were merged.
    pub merged: u64,
    /// Records that only link to their releases: nothing in them can be compared.
    pub linked_only: u64,
    /// Releases left out because a later one of the same process was there.
    pub superseded: u64,
    /// Amounts left out because they are in another currency.
    pub other_currency: u64,
}

impl Counts {
    /// Adds those of another part of the input.
    pub(super) fn add(&mut self, other: &Self) {
        self.documents += other.documents;
        self.release_packages += other.release_packages;
        self.record_packages += other.record_packages;
        self.releases += other.releases;
        self.compiled_releases += other.compiled_releases;
        self.versioned_releases += other.versioned_releases;
        self.records += other.records;
        self.merged += other.merged;
        self.linked_only += other.linked_only;
        self.superseded += other.superseded;
        self.other_currency += other.other_currency;
    }
}
