//! The tables of a county and their columns, and a buffer that takes rows in order and gives columns.
//! Columns and types are those that the county's rules read; `row_no` is given by whoever reads the files.

use kandeng_screening::ColumnType::{self, Bool, Date, Float, Int, Money, Text, Time};
use kandeng_screening::arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMillisecondArray,
};
use kandeng_screening::arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use kandeng_screening::arrow::datatypes::{Field, Schema, SchemaRef};
use kandeng_screening::arrow::error::ArrowError;
use std::sync::Arc;

/// A table: its key and its columns.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) key: &'static str,
    pub(super) columns: &'static [(&'static str, ColumnType)],
}

impl Table {
    pub(super) fn schema(&self) -> SchemaRef {
        let fields: Vec<Field> = self
            .columns
            .iter()
            .map(|(name, kind)| Field::new(*name, kind.arrow(), true))
            .collect();
        Arc::new(Schema::new(fields))
    }
}

/// Indices into [`TABLES`].
pub(super) mod at {
    pub(in super::super) const PROJECTS: usize = 0;
    pub(in super::super) const SOURCES: usize = 1;
    pub(in super::super) const BIDS: usize = 2;
    pub(in super::super) const PROGRESS: usize = 3;
    pub(in super::super) const INSPECTIONS: usize = 4;
    pub(in super::super) const PLAN: usize = 5;
    pub(in super::super) const PAYMENTS: usize = 6;
    pub(in super::super) const PHOTOS: usize = 7;
    pub(in super::super) const PANEL: usize = 8;
    pub(in super::super) const CHECKS: usize = 9;
    pub(in super::super) const INCOME: usize = 10;
    pub(in super::super) const SIGNATURES: usize = 11;
    pub(in super::super) const CHANGES: usize = 12;
    pub(in super::super) const OUTLINES: usize = 13;
    pub(in super::super) const ELIGIBLE: usize = 14;
    pub(in super::super) const DECEASED: usize = 15;
    pub(in super::super) const DIVISIONS: usize = 16;
    pub(in super::super) const COMPANIES: usize = 17;
    pub(in super::super) const OFFICIALS: usize = 18;
    pub(in super::super) const RELATIVES: usize = 19;
    pub(in super::super) const PROGRAMMES: usize = 20;
}

/// Every table: the filing's sheets, then the registers.
pub(super) const TABLES: &[Table] = &[
    Table {
        key: "projects",
        columns: &[
            ("project_code", Text),
            ("name", Text),
            ("kind", Text),
            ("village_code", Text),
            ("address", Text),
            ("lon", Float),
            ("lat", Float),
            ("owner_name", Text),
            ("owner_uscc", Text),
            ("scale", Float),
            ("scale_unit", Text),
            ("approval_number", Text),
            ("approval_authority", Text),
            ("approval_date", Date),
            ("approved_budget", Money),
            ("resolution_date", Date),
            ("resolution_file", Text),
            ("procurement_method", Text),
            ("tender_start", Date),
            ("tender_end", Date),
            ("bid_opening", Date),
            ("contractor_name", Text),
            ("contractor_uscc", Text),
            ("contract_number", Text),
            ("contract_date", Date),
            ("contract_amount", Money),
            ("planned_start", Date),
            ("planned_finish", Date),
            ("start_date", Date),
            ("boundary", Text),
            ("boundary_method", Text),
            ("boundary_accuracy_m", Float),
            ("boundary_datum", Text),
            ("paid_total", Money),
            ("payee_name", Text),
            ("payee_uscc", Text),
            ("retention_amount", Money),
            ("retention_due", Date),
            ("finish_date", Date),
            ("acceptance_date", Date),
            ("accepted_scale", Float),
            ("accepted_scale_unit", Text),
            ("settlement", Money),
            ("acceptance_file", Text),
            ("asset_owner", Text),
            ("upkeep_body", Text),
            ("upkeep_fund", Money),
            ("households", Int),
            ("people", Int),
            ("stage", Text),
        ],
    },
    Table {
        key: "fund_sources",
        columns: &[
            ("project_code", Text),
            ("level", Text),
            ("amount", Money),
            ("arrival_date", Date),
        ],
    },
    Table {
        key: "bids",
        columns: &[
            ("project_code", Text),
            ("bidder_name", Text),
            ("bidder_uscc", Text),
            ("amount", Money),
            ("bid_date", Date),
            ("status", Text),
        ],
    },
    Table {
        key: "progress",
        columns: &[
            ("project_code", Text),
            ("date", Date),
            ("percent", Float),
            ("note", Text),
        ],
    },
    Table {
        key: "inspections",
        columns: &[
            ("project_code", Text),
            ("date", Date),
            ("by", Text),
            ("finding", Text),
        ],
    },
    Table {
        key: "payment_plan",
        columns: &[
            ("project_code", Text),
            ("due_date", Date),
            ("percent", Float),
            ("amount", Money),
        ],
    },
    Table {
        key: "payments",
        columns: &[
            ("project_code", Text),
            ("date", Date),
            ("amount", Money),
            ("payee_name", Text),
            ("payee_uscc", Text),
            ("payee_id", Text),
            ("account", Text),
            ("purpose", Text),
            ("programme", Text),
            ("voucher", Text),
            ("voucher_file", Text),
        ],
    },
    Table {
        key: "photos",
        columns: &[
            ("project_code", Text),
            ("stage", Text),
            ("file", Text),
            ("covers_site", Bool),
            ("taken_at", Time),
            ("taken_on", Date),
            ("lon", Float),
            ("lat", Float),
            ("accuracy_m", Float),
            ("software", Text),
            ("camera", Text),
            ("sha256", Text),
            ("phash", Text),
            ("phash_crops", Text),
            ("footprint", Text),
            ("capture_record", Bool),
            ("seal", Text),
        ],
    },
    Table {
        key: "panel",
        columns: &[
            ("project_code", Text),
            ("role", Text),
            ("body", Text),
            ("member_id", Text),
        ],
    },
    Table {
        key: "upkeep_checks",
        columns: &[("project_code", Text), ("date", Date), ("state", Text)],
    },
    Table {
        key: "income",
        columns: &[
            ("project_code", Text),
            ("year", Int),
            ("income", Money),
            ("paid_out", Money),
        ],
    },
    Table {
        key: "signatures",
        columns: &[
            ("project_code", Text),
            ("category", Text),
            ("signed_at", Time),
        ],
    },
    Table {
        key: "item_changes",
        columns: &[("project_code", Text), ("item", Text), ("changed_at", Time)],
    },
    Table {
        key: "outlines",
        columns: &[
            ("project_code", Text),
            ("measured_mu", Float),
            ("error_mu", Float),
        ],
    },
    Table {
        key: "eligible",
        columns: &[
            ("id", Text),
            ("programme", Text),
            ("from", Date),
            ("to", Date),
        ],
    },
    Table {
        key: "deceased",
        columns: &[("id", Text), ("date", Date)],
    },
    Table {
        key: "divisions",
        columns: &[
            ("code", Text),
            ("name", Text),
            ("households", Int),
            ("people", Int),
            ("boundary", Text),
        ],
    },
    Table {
        key: "companies",
        columns: &[
            ("uscc", Text),
            ("name", Text),
            ("founded", Date),
            ("capital", Money),
            ("staff", Int),
            ("phone", Text),
            ("address", Text),
            ("legal_rep_id", Text),
        ],
    },
    Table {
        key: "officials",
        columns: &[("id", Text)],
    },
    Table {
        key: "relatives",
        columns: &[("id", Text), ("official_id", Text)],
    },
    Table {
        key: "programmes",
        columns: &[("programme", Text), ("unit", Text), ("rate", Money)],
    },
];

/// The values of one column.
#[derive(Debug)]
pub(super) enum Values {
    Text {
        bytes: String,
        ends: Vec<i32>,
        given: Vec<bool>,
    },
    Whole(Vec<Option<i64>>),
    Float(Vec<Option<f64>>),
    Day(Vec<Option<i32>>),
    Flag(Vec<Option<bool>>),
}

/// Rows of one table, filled cell by cell in the order of its columns.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) table: usize,
    pub(super) columns: Vec<Values>,
    next: usize,
}

impl Sheet {
    pub(super) fn new(table: usize) -> Self {
        let columns = TABLES[table]
            .columns
            .iter()
            .map(|(_, kind)| match kind {
                Text => Values::Text {
                    bytes: String::new(),
                    ends: vec![0],
                    given: Vec::new(),
                },
                Int | Money | Time => Values::Whole(Vec::new()),
                Float => Values::Float(Vec::new()),
                Date => Values::Day(Vec::new()),
                Bool => Values::Flag(Vec::new()),
            })
            .collect();
        Self {
            table,
            columns,
            next: 0,
        }
    }

    /// An empty one of every table.
    pub(super) fn all() -> Vec<Self> {
        (0..TABLES.len()).map(Self::new).collect()
    }

    /// Whole rows so far.
    pub(super) fn rows(&self) -> usize {
        match self.columns.last() {
            Some(Values::Text { given, .. }) => given.len(),
            Some(Values::Whole(cells)) => cells.len(),
            Some(Values::Float(cells)) => cells.len(),
            Some(Values::Day(cells)) => cells.len(),
            Some(Values::Flag(cells)) => cells.len(),
            None => 0,
        }
    }

    fn cell(&mut self) -> &mut Values {
        let at = self.next;
        self.next = (at + 1) % self.columns.len();
        &mut self.columns[at]
    }

    /// Text; an empty one is no value.
    pub(super) fn text(&mut self, value: &str) -> &mut Self {
        if let Values::Text { bytes, ends, given } = self.cell() {
            bytes.push_str(value);
            ends.push(bytes.len() as i32);
            given.push(!value.is_empty());
        }
        self
    }

    /// A count, an amount in fen, or milliseconds.
    pub(super) fn whole(&mut self, value: impl Into<Option<i64>>) -> &mut Self {
        if let Values::Whole(cells) = self.cell() {
            cells.push(value.into());
        }
        self
    }

    pub(super) fn float(&mut self, value: impl Into<Option<f64>>) -> &mut Self {
        if let Values::Float(cells) = self.cell() {
            cells.push(value.into());
        }
        self
    }

    pub(super) fn day(&mut self, value: impl Into<Option<i32>>) -> &mut Self {
        if let Values::Day(cells) = self.cell() {
            cells.push(value.into());
        }
        self
    }

    pub(super) fn flag(&mut self, value: impl Into<Option<bool>>) -> &mut Self {
        if let Values::Flag(cells) = self.cell() {
            cells.push(value.into());
        }
        self
    }

    /// The rows as an Arrow batch of the table's schema.
    ///
    /// # Errors
    /// When columns differ in length, which would be a fault of this folder.
    pub(super) fn into_batch(self) -> Result<RecordBatch, ArrowError> {
        let kinds = TABLES[self.table].columns;
        let arrays: Vec<ArrayRef> = self
            .columns
            .into_iter()
            .zip(kinds)
            .map(|(values, (_, kind))| -> Result<ArrayRef, ArrowError> {
                Ok(match values {
                    Values::Text { bytes, ends, given } => Arc::new(StringArray::try_new(
                        OffsetBuffer::new(ScalarBuffer::from(ends)),
                        Buffer::from_vec(bytes.into_bytes()),
                        Some(NullBuffer::from(given)),
                    )?),
                    Values::Whole(cells) if *kind == Time => {
                        Arc::new(TimestampMillisecondArray::from(cells).with_timezone("UTC"))
                    }
                    Values::Whole(cells) => Arc::new(Int64Array::from(cells)),
                    Values::Float(cells) => Arc::new(Float64Array::from(cells)),
                    Values::Day(cells) => Arc::new(Date32Array::from(cells)),
                    Values::Flag(cells) => Arc::new(BooleanArray::from(cells)),
                })
            })
            .collect::<Result<_, _>>()?;
        RecordBatch::try_new(TABLES[self.table].schema(), arrays)
    }
}

/// One value as the text formats need it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    Empty,
    Text(&'a str),
    Whole(i64),
    Money(i64),
    Float(f64),
    Day(i32),
    Time(i64),
    Flag(bool),
}

impl Sheet {
    /// The value in one row and column.
    pub(super) fn value(&self, row: usize, column: usize) -> Cell<'_> {
        let (_, kind) = TABLES[self.table].columns[column];
        match &self.columns[column] {
            Values::Text { bytes, ends, given } if given[row] => {
                Cell::Text(&bytes[ends[row] as usize..ends[row + 1] as usize])
            }
            Values::Text { .. } => Cell::Empty,
            Values::Whole(cells) => cells[row].map_or(Cell::Empty, |value| match kind {
                Money => Cell::Money(value),
                Time => Cell::Time(value),
                _ => Cell::Whole(value),
            }),
            Values::Float(cells) => cells[row].map_or(Cell::Empty, Cell::Float),
            Values::Day(cells) => cells[row].map_or(Cell::Empty, Cell::Day),
            Values::Flag(cells) => cells[row].map_or(Cell::Empty, Cell::Flag),
        }
    }
}
