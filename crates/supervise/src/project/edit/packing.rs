//! An edit cut into parts that fit into events.

use super::Edit;

/// Bytes of cells in one event, as JSON. A payload has at most 64 KiB.
const EVENT_BYTES: usize = 48 * 1024;

/// Edits that are filled one after the other.
#[derive(Default)]
pub(super) struct Packing {
    full: Vec<Edit>,
    filling: Edit,
    bytes: usize,
}

impl Packing {
    /// Puts a cell in, in pieces where it is long.
    pub(super) fn cell(&mut self, of: Option<(&str, u32)>, column: &str, typed: Option<String>) {
        let Some(mut typed) = typed else {
            self.put(of, column, None, 4);
            return;
        };
        loop {
            let (end, bytes) = fitting(&typed, EVENT_BYTES);
            if end == typed.len() {
                self.put(of, column, Some(typed), bytes);
                return;
            }
            // Longer than an event holds: its pieces follow one another, each in an event of its own.
            let rest = typed.split_off(end);
            self.put(of, column, Some(typed), bytes);
            self.next();
            self.filling.continued = true;
            typed = rest;
        }
    }

    fn put(&mut self, of: Option<(&str, u32)>, column: &str, typed: Option<String>, bytes: usize) {
        let bytes = bytes + column.len() + of.map_or(0, |(list, _)| list.len()) + 32;
        // A piece that goes on stands alone at the front, so that it is clear which cell goes on.
        if self.bytes > 0 && (self.bytes + bytes > EVENT_BYTES || self.filling.continued) {
            self.next();
        }
        self.bytes += bytes;
        match of {
            None => {
                self.filling.fields.insert(column.to_owned(), typed);
            }
            Some((list, row)) => {
                let rows = self.filling.rows.entry(list.to_owned()).or_default();
                let cells = rows.entry(row).or_default();
                cells
                    .get_or_insert_default()
                    .insert(column.to_owned(), typed);
            }
        }
    }

    /// Puts in that a row goes.
    pub(super) fn gone(&mut self, list: &str, row: u32) {
        if self.bytes > 0 && (self.bytes + 16 > EVENT_BYTES || self.filling.continued) {
            self.next();
        }
        self.bytes += 16;
        let rows = self.filling.rows.entry(list.to_owned()).or_default();
        rows.insert(row, None);
    }

    fn next(&mut self) {
        self.full.push(std::mem::take(&mut self.filling));
        self.bytes = 0;
    }

    /// All of them.
    pub(super) fn done(mut self) -> Vec<Edit> {
        if !self.filling.is_empty() {
            self.full.push(self.filling);
        }
        self.full
    }
}

/// How much of a text fits into so many bytes of JSON, and how many those are.
fn fitting(text: &str, most: usize) -> (usize, usize) {
    let mut bytes = 2;
    for (place, letter) in text.char_indices() {
        let more = match letter {
            '"' | '\\' | '\u{8}' | '\u{c}' | '\n' | '\r' | '\t' => 2,
            '\0'..='\u{1f}' => 6,
            _ => letter.len_utf8(),
        };
        if bytes + more > most {
            return (place, bytes);
        }
        bytes += more;
    }
    (text.len(), bytes)
}
