//! A block of text into rows: one document on each line, or documents one after another.

use kandeng_screening::Text;
use memchr::memchr_iter;
use serde::de::DeserializeSeed;
use serde_json::Deserializer;

use super::oddities::{Counts, Oddities};
use super::package::{Document, Shape};
use super::release::Release;
use super::rows::Rows;
use super::words;

/// A place where the text is no JSON.
#[derive(Clone, Debug)]
pub(super) struct Broken {
    /// Line, counted from 1 in the block.
    pub line: u64,
    pub column: u64,
    pub problem: Text,
    pub value: String,
}

/// What one block yields.
pub(super) struct Block {
    pub lines: u64,
    pub rows: Rows,
    pub broken: Vec<Broken>,
    /// The first line that is no UTF-8; nothing was read then.
    pub not_utf8: Option<u64>,
}

/// What is said of a block after its rows have gone their way.
pub(super) struct Account {
    pub index: usize,
    pub lines: u64,
    pub processes: usize,
    pub counts: Counts,
    pub oddities: Oddities,
    pub broken: Vec<Broken>,
    pub not_utf8: Option<u64>,
}

impl Block {
    pub(super) fn parse(bytes: &[u8], in_lines: bool) -> Self {
        let mut block = Self {
            lines: 0,
            rows: Rows::new(),
            broken: Vec::new(),
            not_utf8: None,
        };
        match std::str::from_utf8(bytes) {
            Ok(text) if in_lines => block.parse_lines(text),
            Ok(text) => block.parse_documents(text),
            Err(error) => {
                let before = bytes[..error.valid_up_to()]
                    .iter()
                    .filter(|byte| **byte == b'\n');
                block.not_utf8 = Some(before.count() as u64 + 1);
            }
        }
        block
    }

    /// The rows, and what is to be said of the block of that number.
    pub(super) fn account(mut self, index: usize) -> (Rows, Account) {
        let account = Account {
            index,
            lines: self.lines,
            processes: self.rows.processes.ocid.len(),
            counts: self.rows.counts,
            oddities: std::mem::take(&mut self.rows.oddities),
            broken: self.broken,
            not_utf8: self.not_utf8,
        };
        (self.rows, account)
    }

    fn parse_lines(&mut self, text: &str) {
        let mut begin = 0;
        let ends = memchr_iter(b'\n', text.as_bytes()).map(|place| place + 1);
        for end in ends.chain([text.len()]) {
            if begin == end {
                break;
            }
            self.lines += 1;
            let line = text[begin..end].trim_ascii();
            begin = end;
            if line.is_empty() {
                continue;
            }
            self.rows.line = self.lines;
            let before = self.rows.counts;
            if let Err(error) = read_document(line, &mut self.rows) {
                self.rows.counts = before;
                self.broken.push(Broken {
                    line: self.lines,
                    column: error.column() as u64,
                    problem: words::of_json(&error),
                    value: around(line, error.column()),
                });
            } else {
                self.rows.counts.documents += 1;
            }
        }
    }

    fn parse_documents(&mut self, text: &str) {
        let mut offset = 0;
        let mut line = 1;
        loop {
            let rest = &text[offset..];
            let blank = rest.len() - rest.trim_ascii_start().len();
            line += newlines(&rest[..blank]);
            offset += blank;
            let rest = &text[offset..];
            if rest.is_empty() {
                break;
            }
            self.rows.line = line;
            let mut documents = Deserializer::from_str(rest).into_iter::<Shape>();
            let result = match documents.next() {
                Some(Ok(shape)) => {
                    let document = &rest[..documents.byte_offset()];
                    offset += document.len();
                    line += newlines(document);
                    Document(&mut self.rows, &shape)
                        .deserialize(&mut Deserializer::from_str(document))
                }
                Some(Err(error)) => Err(error),
                None => break,
            };
            if let Err(error) = result {
                self.rows.cut_back();
                self.broken.push(Broken {
                    line: self.rows.line + error.line().max(1) as u64 - 1,
                    column: error.column() as u64,
                    problem: words::of_json(&error),
                    value: String::new(),
                });
                break;
            }
            self.rows.counts.documents += 1;
        }
        self.lines = newlines(text);
    }
}

/// A document: quickly if it is a release, which nearly all lines are, else by its shape.
///
/// A document that turns out broken leaves no rows.
fn read_document(text: &str, rows: &mut Rows) -> serde_json::Result<()> {
    let mark = rows.mark();
    if !rows.container {
        let mut deserializer = Deserializer::from_str(text);
        let quick = Release(&mut *rows).deserialize(&mut deserializer);
        match quick {
            Ok(()) if text.starts_with('{') => {
                let end = deserializer.end();
                if end.is_err() {
                    rows.cut_to(mark);
                }
                return end;
            }
            Ok(()) => {}
            Err(error) => {
                rows.cut_to(mark);
                if !rows.container {
                    return Err(error);
                }
            }
        }
    }
    let shape: Shape = serde_json::from_str(text)?;
    // The next line is most likely of the same kind; a release is read by its shape just as well.
    Document(&mut *rows, &shape)
        .deserialize(&mut Deserializer::from_str(text))
        .inspect_err(|_| rows.cut_to(mark))
}

fn newlines(text: &str) -> u64 {
    text.bytes().filter(|byte| *byte == b'\n').count() as u64
}

/// The text round a column, for people to find the place by.
fn around(line: &str, column: usize) -> String {
    let mut start = column.saturating_sub(20).min(line.len());
    while !line.is_char_boundary(start) {
        start -= 1;
    }
    line[start..].chars().take(40).collect()
}
