//! The tables that OCDS input becomes: their columns, and a block's rows as Arrow batches.

use std::sync::Arc;

use kandeng_screening::arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMillisecondArray,
};
use kandeng_screening::arrow::error::ArrowError;
use kandeng_screening::{ColumnType, TableDeclaration};

use super::intern::{Interner, NONE};
use super::rows::{NO_INT, Rows};

/// The tables, as `rules/ocds/pack.toml` declares them too.
pub fn declarations() -> Vec<TableDeclaration> {
    use ColumnType::{Bool, Float, Int, Text, Time};
    vec![
        TableDeclaration::new(
            "ocds_tenders",
            &[
                ("process", Int),
                ("ocid", Text),
                ("line", Int),
                ("date", Time),
                ("tender_status", Text),
                ("procurement_method", Text),
                ("procurement_method_details", Text),
                ("tender_start", Time),
                ("tender_end", Time),
                ("number_of_tenderers", Int),
                ("buyer", Int),
                ("procuring_entity", Int),
                ("linked_only", Bool),
            ],
        )
        .ordered_by("process"),
        TableDeclaration::new(
            "ocds_bids",
            &[
                ("process", Int),
                ("bid", Int),
                ("tenderer", Int),
                ("bidder", Int),
                ("is_first", Bool),
                ("is_sole", Bool),
                ("status", Text),
                ("amount", Float),
                ("date", Time),
            ],
        )
        .ordered_by("process"),
        TableDeclaration::new(
            "ocds_awards",
            &[
                ("process", Int),
                ("award", Int),
                ("supplier", Int),
                ("is_first", Bool),
                ("is_sole", Bool),
                ("status", Text),
                ("amount", Float),
                ("date", Time),
            ],
        )
        .ordered_by("process"),
        TableDeclaration::new(
            "ocds_contracts",
            &[
                ("process", Int),
                ("award_id", Text),
                ("status", Text),
                ("amount", Float),
                ("signed", Time),
            ],
        )
        .ordered_by("process"),
        TableDeclaration::new(
            "ocds_items",
            &[
                ("process", Int),
                ("award", Int),
                ("scheme", Text),
                ("classification", Text),
            ],
        )
        .ordered_by("process"),
        TableDeclaration::new(
            "ocds_organizations",
            &[("organization", Int), ("id", Text), ("name", Text)],
        ),
    ]
}

/// How a block's own numbers become those of the whole run.
pub(super) struct Numbering<'a> {
    pub process: i64,
    pub bid: i64,
    pub award: i64,
    pub line: i64,
    /// From a block's organisation to the run's.
    pub organizations: &'a [u32],
    /// The main currency; amounts in others are left out.
    pub currency: Option<&'a str>,
}

/// A block's rows as one batch for each of the first five tables. `other_currency` gets the block's
/// process of every amount left out, one for each bid or award.
pub(super) fn batches(
    rows: &Rows,
    declarations: &[TableDeclaration],
    numbering: &Numbering<'_>,
    other_currency: &mut Vec<u32>,
) -> Result<[RecordBatch; 5], ArrowError> {
    let main = numbering
        .currency
        .and_then(|currency| rows.words.find(currency))
        .unwrap_or(NONE);
    let mut amounts = |amounts: &[f64], currencies: &[u32], first: Option<&[bool]>, of: &[u32]| {
        in_currency(main, amounts, currencies, |row| {
            if first.is_none_or(|first| first[row]) {
                other_currency.push(of[row]);
            }
        })
    };
    let words = |number| rows.words.text(number);
    let processes = &rows.processes;
    let own: Vec<u32> = (0..processes.ocid.len() as u32).collect();
    let lines: Vec<u32> = processes.line.clone();
    let tenders = vec![
        shifted(&own, numbering.process),
        texts(&processes.ocid, |number| rows.ocids.text(number)),
        shifted(&lines, numbering.line),
        times(&processes.date),
        texts(&processes.status, words),
        texts(&processes.method, words),
        texts(&processes.details, words),
        times(&processes.start),
        times(&processes.end),
        ints(&processes.tenderers),
        mapped(&processes.buyer, numbering.organizations),
        mapped(&processes.entity, numbering.organizations),
        flags(&processes.linked_only),
    ];
    let bids = &rows.bids;
    let bidders: Int64Array = bids
        .group
        .iter()
        .zip(&bids.tenderer)
        .map(|(group, tenderer)| match (*group, *tenderer) {
            (0, NONE) => None,
            (0, tenderer) => Some(i64::from(numbering.organizations[tenderer as usize])),
            (group, _) => Some(group),
        })
        .collect();
    let bids = vec![
        shifted(&bids.process, numbering.process),
        shifted(&bids.bid, numbering.bid),
        mapped(&bids.tenderer, numbering.organizations),
        Arc::new(bidders) as ArrayRef,
        flags(&bids.first),
        flags(&bids.sole),
        texts(&bids.status, words),
        amounts(
            &bids.amount,
            &bids.currency,
            Some(&bids.first),
            &bids.process,
        ),
        times(&bids.date),
    ];
    let awards = &rows.awards;
    let awards = vec![
        shifted(&awards.process, numbering.process),
        shifted(&awards.award, numbering.award),
        mapped(&awards.supplier, numbering.organizations),
        flags(&awards.first),
        flags(&awards.sole),
        texts(&awards.status, words),
        amounts(
            &awards.amount,
            &awards.currency,
            Some(&awards.first),
            &awards.process,
        ),
        times(&awards.date),
    ];
    let contracts = &rows.contracts;
    let contracts = vec![
        shifted(&contracts.process, numbering.process),
        texts(&contracts.award_id, |number| rows.award_ids.text(number)),
        texts(&contracts.status, words),
        amounts(
            &contracts.amount,
            &contracts.currency,
            None,
            &contracts.process,
        ),
        times(&contracts.signed),
    ];
    let items = &rows.items;
    let items = vec![
        shifted(&items.process, numbering.process),
        shifted(&items.award, numbering.award),
        texts(&items.scheme, words),
        texts(&items.classification, words),
    ];
    let batch = |table: usize, columns: Vec<ArrayRef>| {
        RecordBatch::try_new(declarations[table].schema(), columns)
    };
    Ok([
        batch(0, tenders)?,
        batch(1, bids)?,
        batch(2, awards)?,
        batch(3, contracts)?,
        batch(4, items)?,
    ])
}

/// The table of organisations.
pub(super) fn organizations(
    ids: &Interner,
    names: &[Box<str>],
    declaration: &TableDeclaration,
) -> Result<RecordBatch, ArrowError> {
    let numbers: Vec<u32> = (0..ids.len() as u32).collect();
    let name: StringArray = names
        .iter()
        .map(|name| (!name.is_empty()).then_some(&**name))
        .collect();
    RecordBatch::try_new(
        declaration.schema(),
        vec![
            shifted(&numbers, 0),
            texts(&numbers, |number| ids.text(number)),
            Arc::new(name),
        ],
    )
}

fn shifted(numbers: &[u32], by: i64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(
        numbers.iter().map(|number| i64::from(*number) + by),
    ))
}

fn mapped(numbers: &[u32], organizations: &[u32]) -> ArrayRef {
    let numbers = numbers
        .iter()
        .map(|number| (*number != NONE).then(|| i64::from(organizations[*number as usize])));
    Arc::new(numbers.collect::<Int64Array>())
}

fn ints(numbers: &[i64]) -> ArrayRef {
    Arc::new(
        numbers
            .iter()
            .map(|number| (*number != NO_INT).then_some(*number))
            .collect::<Int64Array>(),
    )
}

fn times(instants: &[i64]) -> ArrayRef {
    let instants = instants
        .iter()
        .map(|instant| (*instant != NO_INT).then_some(*instant));
    Arc::new(
        instants
            .collect::<TimestampMillisecondArray>()
            .with_timezone("UTC"),
    )
}

fn texts<'a>(numbers: &[u32], text: impl Fn(u32) -> Option<&'a str>) -> ArrayRef {
    let texts = numbers.iter().map(|number| text(*number));
    Arc::new(texts.collect::<StringArray>())
}

fn flags(flags: &[bool]) -> ArrayRef {
    Arc::new(BooleanArray::from(flags.to_vec()))
}

/// Amounts in the main currency; rows of others are left empty and handed over.
fn in_currency(
    main: u32,
    amounts: &[f64],
    currencies: &[u32],
    mut other: impl FnMut(usize),
) -> ArrayRef {
    let values = amounts.iter().zip(currencies).enumerate();
    let values: Float64Array = values
        .map(|(row, (amount, currency))| {
            if amount.is_nan() {
                return None;
            }
            if *currency != main {
                other(row);
                return None;
            }
            Some(*amount)
        })
        .collect();
    Arc::new(values)
}
