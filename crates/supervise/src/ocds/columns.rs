//! The tables of one block as plain columns, of equal length each.

/// Columns of `ocds_tenders`, one row for each process.
#[derive(Default)]
pub(super) struct Processes {
    pub ocid: Vec<u32>,
    pub line: Vec<u32>,
    pub date: Vec<i64>,
    pub status: Vec<u32>,
    pub method: Vec<u32>,
    pub details: Vec<u32>,
    pub start: Vec<i64>,
    pub end: Vec<i64>,
    pub tenderers: Vec<i64>,
    pub buyer: Vec<u32>,
    pub entity: Vec<u32>,
    pub linked_only: Vec<bool>,
    /// Not compiled: other releases of the same process have to be merged with it.
    pub partial: Vec<bool>,
}

/// Columns of `ocds_bids`, one row for each tenderer of a bid.
#[derive(Default)]
pub(super) struct Bids {
    pub process: Vec<u32>,
    pub bid: Vec<u32>,
    pub tenderer: Vec<u32>,
    /// Same for bids of the same group of tenderers; 0 where there is one tenderer.
    pub group: Vec<i64>,
    pub first: Vec<bool>,
    pub sole: Vec<bool>,
    pub status: Vec<u32>,
    pub amount: Vec<f64>,
    pub currency: Vec<u32>,
    pub date: Vec<i64>,
}

/// Columns of `ocds_awards`, one row for each supplier of an award.
#[derive(Default)]
pub(super) struct Awards {
    pub process: Vec<u32>,
    pub award: Vec<u32>,
    pub supplier: Vec<u32>,
    pub first: Vec<bool>,
    pub sole: Vec<bool>,
    pub status: Vec<u32>,
    pub amount: Vec<f64>,
    pub currency: Vec<u32>,
    pub date: Vec<i64>,
}

/// Columns of `ocds_contracts`.
#[derive(Default)]
pub(super) struct Contracts {
    pub process: Vec<u32>,
    pub award_id: Vec<u32>,
    pub status: Vec<u32>,
    pub amount: Vec<f64>,
    pub currency: Vec<u32>,
    pub signed: Vec<i64>,
}

/// Columns of `ocds_items`: the items of awards.
#[derive(Default)]
pub(super) struct Items {
    pub process: Vec<u32>,
    pub award: Vec<u32>,
    pub scheme: Vec<u32>,
    pub classification: Vec<u32>,
}
