//! The bytes of one input as blocks of UTF-8 text: unpacked, decoded, hashed, cut at line ends.
//!
//! Knows gzip and encodings, nothing of JSON beyond telling lines from one large document.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use encoding_rs::{Decoder, Encoding};
use flate2::read::MultiGzDecoder;
use kandeng_screening::Text;
use memchr::memrchr;
use serde::de::IgnoredAny;
use sha2::{Digest, Sha256};

use super::error::OcdsError;
use super::words;

/// Bytes looked at to tell a file's kind.
pub(super) const HEAD: usize = 64 << 10;
/// How a zip or workbook, an old workbook, and Parquet begin.
const OTHERS: [&[u8]; 3] = [b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1"];

/// Bytes of a block; large enough that reading and checking UTF-8 cost nothing beside parsing.
const BLOCK: usize = 4 << 20;
/// Unpacked bytes below which no ratio is suspicious.
const BOMB_FLOOR: u64 = 64 << 20;
/// Unpacked bytes to each packed one beyond which a file is refused. Real JSON packs 10 to 60 times.
const BOMB_RATIO: u64 = 250;

/// SHA-256 and length of what was read so far.
struct Seen {
    hash: Sha256,
    bytes: u64,
}

struct Hashing {
    file: File,
    seen: Arc<Mutex<Seen>>,
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.hash.update(&buffer[..count]);
        seen.bytes += count as u64;
        Ok(count)
    }
}

/// Decodes another encoding to UTF-8.
struct Decoding {
    inner: Box<dyn Read + Send>,
    decoder: Decoder,
    raw: Vec<u8>,
    start: usize,
    end: usize,
    last: bool,
}

impl Read for Decoding {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.start == self.end && !self.last {
                self.start = 0;
                self.end = self.inner.read(&mut self.raw)?;
                self.last = self.end == 0;
            }
            let (_, read, written, _) =
                self.decoder
                    .decode_to_utf8(&self.raw[self.start..self.end], buffer, self.last);
            self.start += read;
            if written > 0 || self.last || buffer.len() < 16 {
                return Ok(written);
            }
        }
    }
}

/// Bytes read so far, in room that is cleared once and used for one block after another.
#[derive(Default)]
pub(super) struct Buffer {
    room: Vec<u8>,
    filled: usize,
}

impl Buffer {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.room[..self.filled]
    }

    fn holding(bytes: Vec<u8>) -> Self {
        Self {
            filled: bytes.len(),
            room: bytes,
        }
    }

    /// Reads once, up to `wanted` bytes in all.
    fn read(&mut self, reader: &mut dyn Read, wanted: usize) -> io::Result<usize> {
        if self.room.len() < wanted {
            self.room.resize(wanted, 0);
        }
        let count = reader.read(&mut self.room[self.filled..wanted])?;
        self.filled += count;
        Ok(count)
    }
}

/// One input, read block by block.
pub(super) struct Source {
    pub file: String,
    reader: Box<dyn Read + Send>,
    seen: Arc<Mutex<Seen>>,
    gzip: bool,
    /// One document on each line, so that blocks can be parsed side by side.
    pub lines: bool,
    carry: Vec<u8>,
    at_end: bool,
    next: usize,
    unpacked: u64,
    /// What a damaged gzip file said, after the part before the damage was given out.
    pub damage: Option<Text>,
}

impl Source {
    pub(super) fn open(
        path: &Path,
        encoding: Option<&'static Encoding>,
    ) -> Result<Self, OcdsError> {
        let name = path.display().to_string();
        let failed = |source| OcdsError::Io {
            file: name.clone(),
            source,
        };
        let mut file = File::open(path).map_err(failed)?;
        let mut magic = [0; 2];
        let read = read_up_to(&mut file, &mut magic).map_err(failed)?;
        let gzip = read == 2 && magic == [0x1f, 0x8b];
        let file = File::open(path).map_err(failed)?;
        let seen = Arc::new(Mutex::new(Seen {
            hash: Sha256::new(),
            bytes: 0,
        }));
        let hashing = Hashing {
            file,
            seen: Arc::clone(&seen),
        };
        let mut reader: Box<dyn Read + Send> = if gzip {
            Box::new(MultiGzDecoder::new(io::BufReader::with_capacity(
                256 << 10,
                hashing,
            )))
        } else {
            Box::new(hashing)
        };
        if let Some(encoding) = encoding {
            reader = Box::new(Decoding {
                inner: reader,
                decoder: encoding.new_decoder_with_bom_removal(),
                raw: vec![0; 256 << 10],
                start: 0,
                end: 0,
                last: false,
            });
        }
        let mut source = Self {
            file: name,
            reader,
            seen,
            gzip,
            lines: false,
            carry: Vec::new(),
            at_end: false,
            next: 0,
            unpacked: 0,
            damage: None,
        };
        let mut head = Buffer::default();
        source.fill(&mut head, BLOCK)?;
        let Buffer { mut room, filled } = head;
        room.truncate(filled);
        let mut head = room;
        if head.starts_with(b"\xef\xbb\xbf") {
            head.drain(..3);
        }
        if source.at_end && head.iter().all(u8::is_ascii_whitespace) {
            return Err(match source.damage {
                Some(problem) => OcdsError::Gzip {
                    file: source.file,
                    problem,
                },
                None => OcdsError::Empty { file: source.file },
            });
        }
        if source.gzip && OTHERS.iter().any(|magic| head.starts_with(magic)) {
            return Err(OcdsError::PackedOther { file: source.file });
        }
        source.lines = is_lines(&head, source.at_end, path);
        source.carry = head;
        Ok(source)
    }

    /// Reads until `buffer` holds `wanted` bytes or the input ends.
    fn fill(&mut self, buffer: &mut Buffer, wanted: usize) -> Result<(), OcdsError> {
        while buffer.filled < wanted && !self.at_end {
            match buffer.read(&mut self.reader, wanted) {
                Ok(count) => {
                    self.at_end = count == 0;
                    self.unpacked += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if self.gzip => {
                    self.at_end = true;
                    self.damage = Some(words::of_gzip(&error));
                }
                Err(source) => {
                    return Err(OcdsError::Io {
                        file: self.file.clone(),
                        source,
                    });
                }
            }
            if self.gzip && self.unpacked > BOMB_FLOOR {
                let packed = self
                    .seen
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .bytes
                    .max(1);
                if self.unpacked / packed > BOMB_RATIO {
                    return Err(OcdsError::TooLarge {
                        file: self.file.clone(),
                        limit: self.unpacked,
                        ratio: self.unpacked / packed,
                    });
                }
            }
        }
        Ok(())
    }

    /// The next block into `buffer`, with its number; `None` at the end.
    pub(super) fn next_block(&mut self, buffer: &mut Buffer) -> Result<Option<usize>, OcdsError> {
        if self.carry.len() > buffer.room.len() {
            // The whole head of the file, at first: handed over, not copied.
            *buffer = Buffer::holding(std::mem::take(&mut self.carry));
        } else {
            buffer.filled = self.carry.len();
            buffer.room[..buffer.filled].copy_from_slice(&self.carry);
            self.carry.clear();
        }
        let mut wanted = BLOCK;
        loop {
            self.fill(buffer, wanted)?;
            if self.at_end {
                break;
            }
            if self.lines
                && let Some(end) = memrchr(b'\n', buffer.bytes())
            {
                self.carry.extend_from_slice(&buffer.bytes()[end + 1..]);
                buffer.filled = end + 1;
                break;
            }
            wanted = buffer.filled + buffer.filled.max(BLOCK);
        }
        if self.damage.is_some() && self.at_end && self.lines {
            // The line that the damage cut through is not there in full.
            buffer.filled = memrchr(b'\n', buffer.bytes()).map_or(0, |end| end + 1);
        }
        if buffer.filled == 0 {
            return Ok(None);
        }
        self.next += 1;
        Ok(Some(self.next - 1))
    }

    /// Length and SHA-256 (hex) of the file as it lies on disk; reads on to its end if need be.
    pub(super) fn finish(&mut self) -> (u64, String) {
        let mut rest = vec![0; 64 << 10];
        while !self.at_end && matches!(self.reader.read(&mut rest), Ok(count) if count > 0) {}
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let digest = seen.hash.clone().finalize();
        (
            seen.bytes,
            digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        )
    }
}

fn read_up_to(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

/// Whether each line is a document of its own, judged by the first three lines that are not blank.
pub(super) fn is_lines(head: &[u8], complete: bool, path: &Path) -> bool {
    let mut lines = head
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty());
    let ends_in_line = head.contains(&b'\n');
    let first: Vec<&[u8]> = lines.by_ref().take(3).collect();
    if first.len() < 2 && complete || !ends_in_line {
        return false;
    }
    let whole = |line: &&[u8]| {
        matches!(line.first(), Some(b'{' | b'['))
            && serde_json::from_slice::<IgnoredAny>(line).is_ok()
    };
    let named = path.file_name().is_some_and(|name| {
        let name = name.to_string_lossy().to_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name).to_owned();
        [".jsonl", ".ndjson", ".jsonlines"]
            .iter()
            .any(|ending| name.ends_with(ending))
    });
    match first.as_slice() {
        [one, ..] if whole(one) => true,
        [_, rest @ ..] if named => rest.iter().any(whole),
        [_, two, three] => whole(two) && whole(three) && !matches!(first[0], b"[" | b"{"),
        _ => false,
    }
}

/// The first bytes of a file, unpacked, for telling its kind; empty when it cannot be read.
pub(super) fn head(path: &Path) -> (Vec<u8>, bool) {
    let Ok(mut file) = File::open(path) else {
        return (Vec::new(), false);
    };
    let mut head = vec![0; 64 << 10];
    let read = read_up_to(&mut file, &mut head).unwrap_or(0);
    head.truncate(read);
    if !head.starts_with(&[0x1f, 0x8b]) {
        return (head, false);
    }
    let mut unpacked = vec![0; 64 << 10];
    let mut decoder = MultiGzDecoder::new(head.as_slice());
    let mut filled = 0;
    while filled < unpacked.len() {
        match decoder.read(&mut unpacked[filled..]) {
            Ok(count) if count > 0 => filled += count,
            _ => break,
        }
    }
    unpacked.truncate(filled);
    (unpacked, true)
}
