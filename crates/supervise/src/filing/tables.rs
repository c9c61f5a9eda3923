//! The tables that rules read, derived from the sheets.

use std::sync::Arc;

use kandeng_screening::arrow::array::{ArrayRef, RecordBatch, StringArray};
use kandeng_screening::{Batches, ColumnDeclaration, ColumnType, TableDeclaration};

use super::declaration::{Field, Filing, Sheet};

/// The column that every sheet's table begins with: the row's number in its table.
pub(crate) const ROW_NO: &str = "row_no";

impl Field {
    /// What the table's column holds.
    pub fn column_type(self) -> ColumnType {
        match self {
            Self::Text
            | Self::Code
            | Self::Uscc
            | Self::Choice
            | Self::Unit
            | Self::Identity
            | Self::Boundary => ColumnType::Text,
            Self::Date => ColumnType::Date,
            Self::Time => ColumnType::Time,
            Self::Money => ColumnType::Money,
            Self::Quantity | Self::Percent | Self::Number => ColumnType::Float,
            Self::Int => ColumnType::Int,
            Self::Bool => ColumnType::Bool,
        }
    }
}

impl Sheet {
    /// The table of this sheet: `row_no`, then its columns.
    pub fn table(&self) -> TableDeclaration {
        let row_no = ColumnDeclaration {
            name: ROW_NO.to_owned(),
            kind: ColumnType::Int,
        };
        let columns = self.columns.iter().map(|column| ColumnDeclaration {
            name: column.key.clone(),
            kind: column.field.column_type(),
        });
        TableDeclaration {
            name: self.table.clone(),
            columns: std::iter::once(row_no).chain(columns).collect(),
            ordered_by: Vec::new(),
        }
    }
}

impl Filing {
    /// Tables that are always there, if only empty: the sheets, `duplicates` and `allowed_units`.
    pub fn tables(&self) -> Vec<TableDeclaration> {
        let mut tables: Vec<_> = self.sheets.iter().map(Sheet::table).collect();
        tables.push(Self::duplicates());
        tables.push(Self::allowed_units_table());
        tables
    }

    /// Tables that may be absent, and so may each of their columns.
    pub fn registers(&self) -> Vec<TableDeclaration> {
        self.registers.iter().map(Sheet::table).collect()
    }

    /// Later rows of `projects` with a code that was there before.
    pub(crate) fn duplicates() -> TableDeclaration {
        TableDeclaration::new(
            "duplicates",
            &[
                ("project_code", ColumnType::Text),
                (ROW_NO, ColumnType::Int),
                ("first_row_no", ColumnType::Int),
            ],
        )
    }

    fn allowed_units_table() -> TableDeclaration {
        TableDeclaration::new(
            "allowed_units",
            &[("kind", ColumnType::Text), ("unit", ColumnType::Text)],
        )
    }

    /// The table `allowed_units(kind, unit)`.
    pub fn allowed_units(&self) -> Batches {
        let schema = Self::allowed_units_table().schema();
        let column = |of: fn((&str, &str)) -> String| -> ArrayRef {
            Arc::new(
                self.units
                    .pairs()
                    .map(|pair| Some(of(pair)))
                    .collect::<StringArray>(),
            )
        };
        let kinds = column(|pair| pair.0.to_owned());
        let units = column(|pair| pair.1.to_owned());
        // Cannot fail: two columns of text of one length, as declared.
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![kinds, units]);
        Batches::new(schema, batch.into_iter().collect())
    }
}
