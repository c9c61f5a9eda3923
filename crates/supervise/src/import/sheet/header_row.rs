//! The header of a sheet: found in its first rows, its columns known, what is missing or unknown told.

use std::collections::HashMap;

use super::{Mapped, SheetReader, State};
use crate::filing::{Column, Field};
use crate::import::columns::Value;
use crate::import::error::ImportError;
use crate::import::header::{HeaderUnit, Headers, unit_of_amounts};
use crate::import::percent::Percents;
use crate::import::places::Source;
use crate::import::report::Spot;
use crate::import::seal::Seal;
use crate::import::value::{Cell, money};
use crate::import::wan::Wan;

/// Rows before the header, such as a title.
const ROWS_BEFORE_HEADER: usize = 6;

impl SheetReader<'_, '_> {
    /// Looks for the header in the first rows.
    pub(super) fn look(
        &mut self,
        row: u32,
        cells: &[(u32, Cell<'_>)],
        seen: usize,
    ) -> Result<(), ImportError> {
        let texts: Vec<_> = cells
            .iter()
            .map(|(column, cell)| (*column, cell.to_text()))
            .collect();
        let headers = Headers::of(self.filing, self.sheet);
        let known = headers.matches(texts.iter().map(|(_, text)| text.as_str()));
        let required = texts.iter().any(|(_, text)| {
            headers
                .read(text)
                .is_some_and(|named| self.sheet.columns[named.column].required)
        });
        if !required && known < 2 {
            let named = texts.iter().find_map(|(_, text)| unit_of_amounts(text));
            self.above = named.or(self.above);
            if seen + 1 >= ROWS_BEFORE_HEADER {
                self.state = State::GivenUp;
                return self.no_header();
            }
            self.state = State::Looking(seen + 1);
            return Ok(());
        }
        self.map(row, &texts, &headers)
    }

    /// Takes a row as the header.
    fn map(
        &mut self,
        row: u32,
        texts: &[(u32, String)],
        headers: &Headers<'_>,
    ) -> Result<(), ImportError> {
        let mut source = Source {
            file: self.file.clone(),
            sheet: self.name.clone(),
            header_row: row + 1,
            columns: HashMap::new(),
            anchor: texts.first().map_or(1, |(column, _)| column + 1),
        };
        let named = |text: &str| headers.read(text).map(|named| named.column);
        self.seal = Seal::of(self.sheet).filter(|seal| {
            texts
                .iter()
                .any(|(_, text)| named(text).is_some_and(|column| seal.is_at(column)))
        });
        for (column, text) in texts.iter().filter(|(_, text)| !text.trim().is_empty()) {
            self.headed.insert(*column);
            let spot = Spot {
                file: &self.file,
                sheet: Some(&self.name),
                row: Some(u64::from(row) + 1),
                column: Some(text),
            };
            let Some(named) = headers.read(text) else {
                let (zh, en) = match headers.nearest(text) {
                    Some(near) => (
                        format!(",是否为“{}”?", near.zh),
                        format!("; is it {} ({})?", near.zh, near.key),
                    ),
                    None => (String::new(), String::new()),
                };
                self.reading.report.warn(
                    spot,
                    "unknown_column",
                    None,
                    format!("未知的列,未读取{zh}"),
                    format!("unknown column, not read{en}"),
                );
                continue;
            };
            let declared = &self.sheet.columns[named.column];
            if declared.recorded && self.seal.is_none() {
                self.reading.report.warn(
                    spot,
                    "unknown_column",
                    None,
                    "未知的列,未读取:此项由系统记录,不由填报",
                    "unknown column, not read: the system records this, nobody files it",
                );
                continue;
            }
            if source.columns.contains_key(&declared.key) {
                self.reading.report.warn(
                    spot,
                    "duplicate_header",
                    None,
                    "表头重复,只读取第一列",
                    "duplicate header; only the first column is read",
                );
                continue;
            }
            if let Some(written) = &named.no_unit {
                self.reading.report.no_unit(spot, declared.field, written);
            }
            source.columns.insert(declared.key.clone(), column + 1);
            if declared.required {
                source.anchor = column + 1;
            }
            let is_amount = declared.field == Field::Money && named.no_unit.is_none();
            let above = self.above.filter(|_| is_amount).map(HeaderUnit::Money);
            let place = *column as usize;
            if self.mapped.len() <= place {
                self.mapped.resize_with(place + 1, || None);
            }
            self.mapped[place] = Some(Mapped {
                index: named.column,
                header: text.clone(),
                unit: named.unit.or(above),
                answers: self.reading.answers(&self.sheet.table, named.column),
                merged: self.merged_rows(*column, row, declared),
                carried: Value::Null,
                wan: Wan::default(),
            });
        }
        for (index, declared) in self.sheet.columns.iter().enumerate() {
            let there = source.columns.contains_key(&declared.key);
            self.reading.mark_present(&self.sheet.table, index, there);
            if there {
                if declared.field == Field::Percent {
                    let length = self.reading.float_length(&self.sheet.table, index);
                    self.percents.insert(index, Percents::after(length));
                }
                continue;
            }
            if declared.required {
                return self.no_required(row, declared);
            }
            if self.is_needed(declared) {
                let spot = Spot {
                    file: &self.file,
                    sheet: Some(&self.name),
                    row: Some(u64::from(row) + 1),
                    column: Some(&declared.zh),
                };
                self.reading.report.warn(
                    spot,
                    "missing_column",
                    None,
                    "缺少此列",
                    format!("this column is missing ({})", declared.key),
                );
                self.reading
                    .missing_columns
                    .push((self.sheet.table.clone(), declared.key.clone()));
            }
        }
        self.tell_unit_above(row);
        let source = self.reading.add_source(source);
        self.state = State::Reading { source };
        Ok(())
    }

    /// Says that amounts are read in the unit that a line above the header names.
    fn tell_unit_above(&mut self, header: u32) {
        if self.above.is_none_or(|unit| unit == money::YUAN) {
            return;
        }
        let spot = Spot {
            file: &self.file,
            sheet: Some(&self.name),
            row: Some(u64::from(header) + 1),
            column: None,
        };
        self.reading.report.warn(
            spot,
            "unit_above",
            None,
            "表头上方注明了金额单位,未另写单位的金额列按此读取",
            "a line above the header names the unit of amounts; columns that name no other are read in it",
        );
    }

    /// Whether an item is not filled without this column.
    fn is_needed(&self, column: &Column) -> bool {
        let Some(item) = column.item.as_ref().and_then(|key| self.filing.item(key)) else {
            return false;
        };
        !item.retired
            && self
                .filing
                .filling_columns(item)
                .contains(&(self.sheet.table.as_str(), column.key.as_str()))
    }

    fn no_required(&mut self, row: u32, declared: &Column) -> Result<(), ImportError> {
        if self.sheet.table == "projects" {
            return Err(ImportError::NoProjectCode {
                file: self.file.clone(),
                sheet: self.name.clone(),
            });
        }
        let spot = Spot {
            file: &self.file,
            sheet: Some(&self.name),
            row: Some(u64::from(row) + 1),
            column: Some(&declared.zh),
        };
        self.reading.report.error(
            spot,
            "missing_column",
            None,
            "缺少此列,整表未读取",
            format!(
                "this column is missing ({}); the sheet was not read",
                declared.key
            ),
        );
        self.state = State::GivenUp;
        Ok(())
    }

    pub(super) fn no_header(&mut self) -> Result<(), ImportError> {
        if self.sheet.table == "projects" {
            return Err(ImportError::NoProjectCode {
                file: self.file.clone(),
                sheet: self.name.clone(),
            });
        }
        let spot = Spot {
            file: &self.file,
            sheet: Some(&self.name),
            ..Spot::default()
        };
        self.reading.report.warn(
            spot,
            "no_header",
            None,
            "前几行中没有可识别的表头,整表未读取",
            "no header was recognised in the first rows; the sheet was not read",
        );
        Ok(())
    }

    /// Rows whose cells of a column are merged below the header. Amounts are not repeated: a sum
    /// would count them again.
    fn merged_rows(&self, column: u32, header: u32, declared: &Column) -> Vec<(u32, u32)> {
        let counted = matches!(
            declared.field,
            Field::Money | Field::Quantity | Field::Percent | Field::Int | Field::Number
        );
        let blocks = self.merged.iter().filter(|block| {
            !counted
                && block.rows.0 > header
                && block.rows.0 < block.rows.1
                && (block.columns.0..=block.columns.1).contains(&column)
        });
        blocks.map(|block| block.rows).collect()
    }
}
