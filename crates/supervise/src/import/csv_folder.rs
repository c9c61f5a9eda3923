//! CSV files: their encoding found, their records fed to a sheet's reader.

use std::borrow::Cow;
use std::path::Path;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, GB18030, GBK, UTF_8};

use super::error::ImportError;
use super::options::ImportOptions;
use super::reading::Reading;
use super::sheet::SheetReader;
use super::value::Cell;
use crate::filing::Sheet;
use crate::marking::looks_like_formula;

/// The largest CSV file that is read; larger ones belong into Parquet.
const MOST_BYTES: u64 = 4 << 30;

/// Lines in which the header is looked for, to see how its fields are parted.
const LINES_BEFORE_HEADER: usize = 12;

/// Reads one file into its table.
///
/// # Errors
/// When the file cannot be read or decoded, or the reader stops.
pub(crate) fn read<'o>(
    reading: &mut Reading<'o>,
    sheet: &'o Sheet,
    path: &Path,
) -> Result<(), ImportError> {
    let bytes = load(path)?;
    let text = decode(path, &bytes, reading.options)?;
    let name = super::stem(path);
    let file = path.display().to_string();
    let mut reader = SheetReader::new(reading, sheet, &file, &name, false, Vec::new());
    records(path, &text, |row, record, swallowed| {
        if swallowed > 0 {
            reader.swallowed(row, swallowed);
            return Ok(());
        }
        let cells: Vec<_> = record
            .iter()
            .enumerate()
            .map(|(column, field)| (column as u32, Cell::text(as_written(field))))
            .collect();
        reader.row(row, &cells)
    })?;
    reader.finish()
}

/// A field without the apostrophe that keeps table programs from taking it for a formula.
fn as_written(field: &str) -> &str {
    match field.strip_prefix('\'') {
        Some(rest) if looks_like_formula(rest.trim_start_matches('\'')) => rest,
        _ => field,
    }
}

/// Gives each record with its row, from 0, as a table program shows it: blank lines are rows, and a
/// field that goes over several lines is not. With it come the lines that a stray quotation mark has put into this
/// one record, 0 where there is none.
pub(crate) fn records(
    path: &Path,
    text: &str,
    mut take: impl FnMut(u32, &csv::StringRecord, u64) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let delimiter = delimiter(text);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut row = 0;
    loop {
        let start = reader.position().byte() as usize;
        let line = reader.position().line();
        let read = reader
            .read_record(&mut record)
            .map_err(|error| ImportError::broken(path, "CSV", error))?;
        if !read {
            return Ok(());
        }
        // The reader passes over blank lines before the record.
        let blank = blank_lines(text.as_bytes(), start);
        row += blank;
        let lines = reader.position().line() - line;
        let end = reader.position().byte() as usize;
        let swallowed = match text.as_bytes().get(start..end) {
            Some(raw) if lines > u64::from(blank) + 1 && is_misquoted(raw, delimiter) => {
                lines - u64::from(blank)
            }
            _ => 0,
        };
        take(row, &record, swallowed)?;
        row += 1;
    }
}

/// Whether a record over several lines is so by a quotation mark that nobody closed, or that closes in the middle of
/// a field: then its later lines were rows of their own.
fn is_misquoted(record: &[u8], delimiter: u8) -> bool {
    let is_end = |byte: u8| byte == delimiter || matches!(byte, b'\r' | b'\n');
    let mut bytes = record.iter().copied().peekable();
    let mut begins = true;
    while let Some(byte) = bytes.next() {
        if !(begins && byte == b'"') {
            begins = is_end(byte);
            continue;
        }
        let mut is_over_lines = false;
        loop {
            match bytes.next() {
                // Two are one in the text.
                Some(b'"') if bytes.next_if_eq(&b'"').is_some() => {}
                Some(b'"') => break,
                Some(byte) => is_over_lines |= byte == b'\n',
                None => return true,
            }
        }
        if is_over_lines && bytes.peek().is_some_and(|after| !is_end(*after)) {
            return true;
        }
        begins = false;
    }
    false
}

/// Blank lines from `start` on, where a record may begin.
fn blank_lines(bytes: &[u8], start: usize) -> u32 {
    let (before, mut rest) = bytes.split_at(start.min(bytes.len()));
    // The last record's line may have been left between its two marks.
    if before.ends_with(b"\r") {
        rest = rest.strip_prefix(b"\n").unwrap_or(rest);
    }
    let mut count = 0;
    while let [b'\r', b'\n', after @ ..] | [b'\r' | b'\n', after @ ..] = rest {
        rest = after;
        count += 1;
    }
    count
}

/// What parts the fields: the mark that stands most often in the first line that has any; lines of a
/// title before it have none.
fn delimiter(text: &str) -> u8 {
    let counts = text.lines().take(LINES_BEFORE_HEADER).map(|line| {
        [b'\t', b';', b','].map(|mark| (line.bytes().filter(|byte| *byte == mark).count(), mark))
    });
    let most = counts.filter_map(|counts| counts.into_iter().max_by_key(|(count, _)| *count));
    most.into_iter()
        .find(|(count, _)| *count > 0)
        .map_or(b',', |(_, mark)| mark)
}

/// The bytes of a file.
pub(crate) fn load(path: &Path) -> Result<Vec<u8>, ImportError> {
    let io = |error: std::io::Error| ImportError::io(path, &error);
    let length = std::fs::metadata(path).map_err(io)?.len();
    if length == 0 {
        return Err(ImportError::Empty(path.to_owned()));
    }
    if length > MOST_BYTES {
        return Err(ImportError::TooLarge {
            path: path.to_owned(),
            what: format!("{} MB", length >> 20),
            limit: format!("{} MB", MOST_BYTES >> 20),
        });
    }
    std::fs::read(path).map_err(io)
}

/// The text of a file: as told, else UTF-8, else GB18030 where it is that.
pub(crate) fn decode<'b>(
    path: &Path,
    bytes: &'b [u8],
    options: &ImportOptions,
) -> Result<Cow<'b, str>, ImportError> {
    if let Some(name) = &options.encoding {
        let encoding = Encoding::for_label(name.trim().as_bytes())
            .ok_or_else(|| ImportError::UnknownEncoding(name.clone()))?;
        let (text, used, wrong) = encoding.decode(bytes);
        if wrong {
            return Err(ImportError::WrongEncoding {
                path: path.to_owned(),
                encoding: used.name().to_owned(),
            });
        }
        return Ok(text);
    }
    let (text, _, wrong) = UTF_8.decode(bytes);
    if !wrong {
        return Ok(text);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&bytes[..bytes.len().min(1 << 20)], bytes.len() <= 1 << 20);
    let guess = detector.guess(None, Utf8Detection::Deny);
    if guess == GBK || guess == GB18030 {
        let (text, _, wrong) = GB18030.decode(bytes);
        if !wrong {
            return Ok(text);
        }
    }
    Err(ImportError::Encoding(path.to_owned()))
}
