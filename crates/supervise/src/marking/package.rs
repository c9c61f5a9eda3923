//! The zip package of a workbook: reads parts within limits, and writes it again with some parts changed and all others
//! copied as they are compressed.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::MarkError;
use super::edit::Edits;
use super::relations::Relations;

/// Most that a package may unpack to: 2 GiB, ten times the largest filing expected.
const MAX_UNPACKED: u64 = 2 << 30;
/// Parts above this size are compressed fast rather than small.
const LARGE_PART: usize = 1 << 20;
/// How compound files begin: old `.xls` workbooks, and encrypted new ones.
const COMPOUND: [u8; 8] = [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];

/// A part as it is to be written.
#[derive(Debug)]
pub(super) enum Content {
    /// All of it.
    Bytes(Vec<u8>),
    /// What it was, and what changes in it.
    Edited(String, Edits),
}

impl Content {
    fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Edited(source, _) => source.len(),
        }
    }
}

/// Parts to be written, by name.
pub(super) type Parts = BTreeMap<String, Content>;

/// A package that was opened.
#[derive(Debug)]
pub(super) struct Package {
    path: PathBuf,
    archive: ZipArchive<BufReader<File>>,
    /// Names of all parts, in the order of the archive.
    names: Vec<String>,
    /// Number of each part by its name in lower case, as names of parts do not differ by case.
    numbers: HashMap<String, usize>,
    /// How much may still be unpacked.
    budget: u64,
}

impl Package {
    /// Opens a package and looks at the sizes it declares.
    pub(super) fn open(path: &Path) -> Result<Self, MarkError> {
        let failed = |source| MarkError::Open {
            path: path.to_owned(),
            source,
        };
        let mut file = File::open(path).map_err(failed)?;
        let mut start = [0; 8];
        let read = file.read(&mut start).map_err(failed)?;
        if read == 8 && start == COMPOUND {
            return Err(compound(path, file).map_err(failed)?);
        }
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let mut archive = ZipArchive::new(BufReader::with_capacity(1 << 17, file)).map_err(
            |error| match error {
                ZipError::Io(source) if source.kind() != io::ErrorKind::UnexpectedEof => {
                    failed(source)
                }
                _ => MarkError::NotAWorkbook {
                    path: path.to_owned(),
                },
            },
        )?;
        let mut numbers = HashMap::with_capacity(archive.len());
        let mut names = Vec::with_capacity(archive.len());
        let mut unpacked = 0_u64;
        for number in 0..archive.len() {
            let entry = archive
                .by_index_raw(number)
                .map_err(|error| MarkError::damaged("zip", error))?;
            if entry.encrypted() {
                return Err(MarkError::Encrypted {
                    path: path.to_owned(),
                });
            }
            unpacked = unpacked.saturating_add(entry.size());
            let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
            numbers.insert(part_key(&name), number);
            names.push(name);
        }
        let package = Self {
            path: path.to_owned(),
            archive,
            names,
            numbers,
            budget: MAX_UNPACKED,
        };
        if unpacked > MAX_UNPACKED {
            return Err(package.too_large());
        }
        Ok(package)
    }

    /// The error for a package that holds something else.
    pub(super) fn not_a_workbook(&self) -> MarkError {
        MarkError::NotAWorkbook {
            path: self.path.clone(),
        }
    }

    fn too_large(&self) -> MarkError {
        MarkError::TooLarge {
            path: self.path.clone(),
            limit_mib: MAX_UNPACKED >> 20,
        }
    }

    /// Whether there is a part of this name.
    pub(super) fn has(&self, part: &str) -> bool {
        self.numbers.contains_key(&part_key(part))
    }

    /// Names of all parts, in the order of the archive.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// A part unpacked; nothing when there is none. What a part declares as its size is not believed.
    pub(super) fn bytes(&mut self, part: &str) -> Result<Option<Vec<u8>>, MarkError> {
        let Some(number) = self.numbers.get(&part_key(part)) else {
            return Ok(None);
        };
        let entry = self
            .archive
            .by_index(*number)
            .map_err(|error| MarkError::damaged(part, error))?;
        let expected = entry.size().min(self.budget) as usize;
        let mut bytes = Vec::with_capacity(expected.min(1 << 28));
        let limit = self.budget;
        entry
            .take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| MarkError::damaged(part, error))?;
        self.budget = match limit.checked_sub(bytes.len() as u64) {
            Some(left) => left,
            None => return Err(self.too_large()),
        };
        Ok(Some(bytes))
    }

    /// A part as text without its byte order mark.
    pub(super) fn text(&mut self, part: &str) -> Result<Option<String>, MarkError> {
        let Some(bytes) = self.bytes(part)? else {
            return Ok(None);
        };
        let mut text =
            String::from_utf8(bytes).map_err(|_| MarkError::damaged(part, "not UTF-8"))?;
        if text.starts_with('\u{FEFF}') {
            text.drain(..'\u{FEFF}'.len_utf8());
        }
        Ok(Some(text))
    }

    /// Where a part points to; the package itself has the name "".
    pub(super) fn relations(&mut self, owner: &str) -> Result<Relations, MarkError> {
        match self.text(&Relations::part_of(owner))? {
            Some(source) => Relations::parse(owner, source),
            None => Ok(Relations::none(owner)),
        }
    }

    /// A name for a new part, `{stem}1{ending}` or with a higher number, that neither the package nor `parts` has.
    pub(super) fn free_part(&self, stem: &str, ending: &str, parts: &Parts) -> String {
        let mut number = 1_u32;
        loop {
            let name = format!("{stem}{number}{ending}");
            if !self.has(&name) && !parts.contains_key(&name) {
                return name;
            }
            number += 1;
        }
    }

    /// Writes the package with these parts changed or added. All others are copied as they are compressed.
    pub(super) fn write(
        mut self,
        parts: Parts,
        output: &mut (impl Write + Seek),
        failed: impl Fn(io::Error) -> MarkError,
    ) -> Result<(), MarkError> {
        let broken = |error: ZipError| match error {
            ZipError::Io(source) => failed(source),
            other => failed(io::Error::other(other)),
        };
        let mut fresh: BTreeMap<String, (String, Content)> = parts
            .into_iter()
            .map(|(name, content)| (part_key(&name), (name, content)))
            .collect();
        let mut writer = ZipWriter::new(output);
        writer
            .set_raw_comment(self.archive.comment().into())
            .map_err(broken)?;
        for number in 0..self.archive.len() {
            let entry = self
                .archive
                .by_index_raw(number)
                .map_err(|error| MarkError::damaged("zip", error))?;
            let name = &self.names[number];
            match fresh.remove(&part_key(name)) {
                Some((_, content)) => write_part(&mut writer, name, content, &failed)?,
                None => writer.raw_copy_file(entry).map_err(broken)?,
            }
        }
        for (name, content) in fresh.into_values() {
            write_part(&mut writer, &name, content, &failed)?;
        }
        writer.finish().map_err(broken)?;
        Ok(())
    }
}

fn write_part(
    writer: &mut ZipWriter<impl Write + Seek>,
    name: &str,
    content: Content,
    failed: &impl Fn(io::Error) -> MarkError,
) -> Result<(), MarkError> {
    let level = if content.len() > LARGE_PART { 2 } else { 6 };
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(level))
        .large_file(content.len() > 3 << 30);
    writer
        .start_file(name, options)
        .map_err(|error| failed(io::Error::other(error)))?;
    match content {
        Content::Bytes(bytes) => writer.write_all(&bytes),
        Content::Edited(source, edits) => {
            let mut gathered = io::BufWriter::with_capacity(1 << 16, writer);
            edits
                .write(&source, &mut gathered)
                .and_then(|()| gathered.flush())
        }
    }
    .map_err(failed)
}

/// A name of a part as it is compared: any case, any slash, with or without one in front.
fn part_key(name: &str) -> String {
    name.replace('\\', "/")
        .trim_start_matches('/')
        .to_lowercase()
}

/// What a compound file is: a workbook with a password, or something older.
fn compound(path: &Path, mut file: File) -> io::Result<MarkError> {
    let encrypted: Vec<u8> = "EncryptedPackage"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(MAX_UNPACKED).read_to_end(&mut bytes)?;
    let path = path.to_owned();
    Ok(
        if bytes
            .windows(encrypted.len())
            .any(|window| window == encrypted)
        {
            MarkError::Encrypted { path }
        } else {
            MarkError::NotAWorkbook { path }
        },
    )
}
