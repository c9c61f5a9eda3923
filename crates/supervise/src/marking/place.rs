//! Cells by number and by Excel's letters. Pure.

/// Rows a sheet can have.
pub const MAX_ROW: u32 = 1_048_576;
/// Columns a sheet can have.
pub const MAX_COLUMN: u32 = 16_384;

/// A cell of a sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Name of the sheet as it stands on its tab.
    pub sheet: String,
    /// Row, from 1.
    pub row: u32,
    /// Column, from 1.
    pub column: u32,
}

impl Place {
    /// As a link inside the workbook spells it: `'项目'!C5`.
    pub(super) fn location(&self) -> String {
        let sheet = self.sheet.replace('\'', "''");
        format!("'{sheet}'!{}", cell_name(self.row, self.column))
    }
}

/// Letters of a column: 1 → `A`, 27 → `AA`.
pub(crate) fn column_name(mut column: u32) -> String {
    let mut letters = Vec::new();
    while column > 0 {
        column -= 1;
        letters.push(b'A' + (column % 26) as u8);
        column /= 26;
    }
    letters
        .iter()
        .rev()
        .map(|letter| char::from(*letter))
        .collect()
}

/// `C5` for row 5, column 3.
pub(super) fn cell_name(row: u32, column: u32) -> String {
    format!("{}{row}", column_name(column))
}

/// Row and column of `C5` or `$C$5`; nothing when it is not a cell.
pub(super) fn parse_cell(name: &str) -> Option<(u32, u32)> {
    let mut column = 0_u32;
    let mut row = 0_u32;
    let mut digits = false;
    for byte in name.bytes() {
        match byte {
            b'$' => {}
            b'A'..=b'Z' | b'a'..=b'z' if !digits => {
                column = column
                    .checked_mul(26)?
                    .checked_add(u32::from(byte.to_ascii_uppercase() - b'A') + 1)?;
            }
            b'0'..=b'9' if column > 0 => {
                digits = true;
                row = row.checked_mul(10)?.checked_add(u32::from(byte - b'0'))?;
            }
            _ => return None,
        }
    }
    ((1..=MAX_ROW).contains(&row) && (1..=MAX_COLUMN).contains(&column)).then_some((row, column))
}

/// A rectangle of cells, both corners belonging to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) first: (u32, u32),
    pub(super) last: (u32, u32),
}

impl Area {
    /// Reads `A1:C5`, or `A1` alone.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once(':').unwrap_or((text, text));
        Some(Self {
            first: parse_cell(first)?,
            last: parse_cell(last)?,
        })
    }

    pub(super) fn contains(&self, (row, column): (u32, u32)) -> bool {
        (self.first.0..=self.last.0).contains(&row)
            && (self.first.1..=self.last.1).contains(&column)
    }

    /// The smallest rectangle that also holds the cell.
    pub(super) fn widened_to(self, (row, column): (u32, u32)) -> Self {
        Self {
            first: (self.first.0.min(row), self.first.1.min(column)),
            last: (self.last.0.max(row), self.last.1.max(column)),
        }
    }

    /// `A1:C5`.
    pub(super) fn name(&self) -> String {
        let first = cell_name(self.first.0, self.first.1);
        if self.first == self.last {
            return first;
        }
        format!("{first}:{}", cell_name(self.last.0, self.last.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cell_names_read_back_as_the_same_cell() {
        for column in [1, 26, 27, 52, 702, 703, MAX_COLUMN] {
            for row in [1, 9, 10, MAX_ROW] {
                assert_eq!(parse_cell(&cell_name(row, column)), Some((row, column)));
            }
        }
        assert_eq!(cell_name(1, MAX_COLUMN), "XFD1");
    }

    #[test]
    fn what_is_no_cell_is_not_read_as_one() {
        for name in [
            "",
            "A",
            "5",
            "A0",
            "5A",
            "XFE1",
            "A1048577",
            "A1B",
            "Ａ1",
            "A99999999999",
        ] {
            assert_eq!(parse_cell(name), None, "{name}");
        }
        assert_eq!(parse_cell("$B$7"), Some((7, 2)));
    }

    #[test]
    fn a_link_quotes_the_sheet() {
        let place = Place {
            sheet: "O'Hara 项目".to_owned(),
            row: 5,
            column: 3,
        };
        assert_eq!(place.location(), "'O''Hara 项目'!C5");
    }
}
