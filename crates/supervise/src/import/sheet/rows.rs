//! The rows of a sheet below its header: cell by cell into values, and these into their table.

use std::borrow::Cow;

use super::{EXAMPLE, SheetReader};
use crate::filing::Field;
use crate::import::columns::Value;
use crate::import::convert::{Asked, convert};
use crate::import::header::HeaderUnit;
use crate::import::percent::Percents;
use crate::import::reading::Unread;
use crate::import::report::Spot;
use crate::import::resident;
use crate::import::value::Cell;

impl SheetReader<'_, '_> {
    /// Reads a data row.
    pub(super) fn read(&mut self, row: u32, cells: &[(u32, Cell<'_>)], source: u32) {
        self.values.fill(Value::Null);
        self.units.clear();
        self.signed.clear();
        let is_example =
            cells.iter().any(
                |(column, cell)| match (self.mapped.get(*column as usize), cell) {
                    (Some(Some(mapped)), Cell::Text(text)) => {
                        self.sheet.columns[mapped.index].required && text.starts_with(EXAMPLE)
                    }
                    _ => false,
                },
            );
        if is_example {
            return;
        }
        let mut any = false;
        for (column, cell) in cells {
            if !cell.is_empty() {
                any |= self.cell(row, *column as usize, *cell, source);
            }
        }
        if !any {
            return;
        }
        self.carry_merged(row);
        self.settle_units(row);
        let spot = Spot {
            file: &self.file,
            sheet: Some(&self.name),
            row: Some(u64::from(row) + 1),
            column: None,
        };
        self.reading
            .settle_boundary(self.sheet, source, row + 1, &mut self.values, spot);
        if let Some(seal) = &self.seal {
            for column in seal.break_open(&mut self.values, &self.reading.options.key) {
                let spot = Spot {
                    column: Some(&self.sheet.columns[column].zh),
                    ..spot
                };
                self.reading.report.warn(
                    spot,
                    "seal",
                    None,
                    "没有本县密钥的有效封签,不作为系统记录读取",
                    "without a valid seal of this county's key; not taken as recorded by the system",
                );
            }
        }
        let lengths = std::mem::take(&mut self.signed).into_iter().map(|index| {
            let table = &self.sheet.table;
            (index, self.reading.float_length(table, index))
        });
        let lengths: Vec<_> = lengths.collect();
        self.reading
            .take(self.sheet, source, row + 1, &self.values, spot);
        for (index, length) in lengths {
            // A row that was not kept adds nothing.
            if self.reading.float_length(&self.sheet.table, index) > length
                && let Some(percents) = self.percents.get_mut(&index)
            {
                percents.sign(length);
            }
        }
    }

    /// Reads a cell; false when it is of no column that is read.
    fn cell(&mut self, row: u32, column: usize, cell: Cell<'_>, source: u32) -> bool {
        let Some(Some(mapped)) = self.mapped.get_mut(column) else {
            let column = column as u32;
            if !self.headed.contains(&column) {
                self.headless.entry(column).or_insert(row);
            }
            return false;
        };
        let declared = &self.sheet.columns[mapped.index];
        let asked = Asked {
            field: declared.field,
            answers: mapped.answers.as_deref(),
            unit: mapped.unit.as_ref(),
            range: declared.range(),
            epoch_1904: self.epoch_1904,
        };
        match convert(self.reading, &asked, cell) {
            Ok((value, unit)) => {
                if let (Some(HeaderUnit::Money(unit)), Value::Int(fen)) = (&mapped.unit, &value) {
                    mapped.wan.note(*unit, *fen, row, || cell.to_text());
                }
                if let (Field::Percent, Cell::Text(text)) = (declared.field, cell)
                    && Percents::is_signed(text)
                {
                    self.signed.push(mapped.index);
                }
                if let (Some(unit), Some(holder)) = (unit, &declared.unit)
                    && let Some(holder) = self.sheet.position(holder)
                {
                    self.units.push((holder, unit));
                }
                let hidden = match &value {
                    Value::Text(text) if declared.field != Field::Identity => {
                        match resident::hashed(text, &self.reading.options.key) {
                            Cow::Owned(hidden) => Some(hidden),
                            Cow::Borrowed(_) => None,
                        }
                    }
                    _ => None,
                };
                self.values[mapped.index] = match hidden {
                    None => value,
                    Some(hidden) => {
                        let spot = Spot {
                            file: &self.file,
                            sheet: Some(&self.name),
                            row: Some(u64::from(row) + 1),
                            column: Some(&mapped.header),
                        };
                        self.reading.report.warn(
                        spot,
                        "identity",
                        None,
                        "此列不应有身份证号;已换成哈希,请在原表中删去",
                        "an identity number does not belong here; it was replaced by its hash, remove it from the sheet",
                    );
                        Value::Text(hidden)
                    }
                };
            }
            Err(refused) => {
                let value = cell.to_text();
                let shown = (declared.field != Field::Identity).then_some(value.as_str());
                let spot = Spot {
                    file: &self.file,
                    sheet: Some(&self.name),
                    row: Some(u64::from(row) + 1),
                    column: Some(&mapped.header),
                };
                let written = match cell {
                    Cell::Text(text) => shown.map(|_| text.to_owned()),
                    _ => None,
                };
                let unread = Unread {
                    written,
                    expected: refused.expected.clone(),
                };
                let place = (source, row + 1, mapped.index);
                self.reading.unread.insert(place, unread);
                self.reading.report.refuse(spot, shown, refused);
            }
        }
        true
    }

    /// Repeats the value of a merged block in its later rows.
    fn carry_merged(&mut self, row: u32) {
        for mapped in self.mapped.iter_mut().flatten() {
            for (first, last) in &mapped.merged {
                if row == *first {
                    mapped.carried = self.values[mapped.index].clone();
                } else if (*first..=*last).contains(&row)
                    && self.values[mapped.index] == Value::Null
                {
                    self.values[mapped.index] = mapped.carried.clone();
                }
            }
        }
    }

    /// A unit written with a quantity goes into the column for units.
    fn settle_units(&mut self, row: u32) {
        for (holder, unit) in std::mem::take(&mut self.units) {
            if let Value::Text(stated) = &self.values[holder]
                && *stated != unit
            {
                let spot = Spot {
                    file: &self.file,
                    sheet: Some(&self.name),
                    row: Some(u64::from(row) + 1),
                    column: Some(&self.sheet.columns[holder].zh),
                };
                self.reading.report.warn(
                    spot,
                    "unit",
                    Some(stated),
                    format!("与数量后所写的单位“{unit}”不一致,按“{unit}”读取"),
                    format!(
                        "differs from the unit {unit} written with the quantity; {unit} was taken"
                    ),
                );
            }
            self.values[holder] = Value::Text(unit);
        }
    }
}
