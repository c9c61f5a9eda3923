//! Workbooks, folders of CSV or Parquet and registers, read into tables.
//! Knows the filing's declaration; knows no rules, and writes nothing but the county's key.

pub(crate) mod boundary;
pub(crate) mod boundary_file;
mod cells;
pub(crate) mod collected;
pub(crate) mod columns;
pub(crate) mod convert;
mod csv_folder;
mod detect;
mod error;
mod header;
mod identity;
mod keys;
mod names;
mod ods_merged;
mod options;
mod original;
mod package;
mod parquet_cast;
mod parquet_codes;
mod parquet_columns;
mod parquet_folder;
mod parquet_origin;
mod parquet_table;
mod parts;
mod percent;
mod photo_words;
pub(crate) mod photos;
mod places;
mod plain_wkt;
pub(crate) mod pointers;
mod reached;
pub(crate) mod reading;
mod refusals;
pub(crate) mod report;
pub(crate) mod resident;
pub(crate) mod seal;
mod sheet;
pub mod value;
mod wan;
mod workbook;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use kandeng_screening::Tables;
use sha2::{Digest as _, Sha256};

pub use detect::{InputKind, detect};
pub use error::ImportError;
pub(crate) use identity::hex;
pub use identity::{IdentityKey, key_of};
pub use options::ImportOptions;
pub use original::{OriginalSheet, original_sheets};
pub use places::Place;
pub use report::shown;
pub use resident::{hashed as residents_hashed, masked as residents_masked};

use crate::diagnostic::Diagnostic;
use crate::packages::NotCarried;
use parts::Part;
use places::Places;
use pointers::Pointers;
use reading::Reading;
pub use reading::Unread;
use sheet::SheetReader;
use workbook::Workbook;

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// As it was named.
    pub path: PathBuf,
    /// SHA-256 of its bytes, in lower-case hexadecimal.
    pub sha256: String,
}

/// What was read.
pub struct Import {
    /// The tables: every sheet of the declaration, and the registers that were there.
    pub tables: Tables,
    /// What was wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// Columns that an item needs and a sheet has not: `(table, column)`.
    pub missing_columns: Vec<(String, String)>,
    /// The kind of each input, in the order given.
    pub kinds: Vec<InputKind>,
    places: Places,
    unread: HashMap<(u32, u32, usize), Unread>,
    refusals: Vec<Arc<refusals::Refusals>>,
    keys: Arc<keys::Keys>,
    told_of_keys: bool,
    hashing: Option<JoinHandle<Vec<InputFile>>>,
    inputs: Vec<InputFile>,
    /// Of a package of open data.
    pointers: Option<Pointers>,
    not_carried: HashMap<String, Vec<NotCarried>>,
}

impl Import {
    /// Where a value stands in the input, for a row of a table.
    ///
    /// For a column that the sheet has not, its header row at the column of the project code.
    pub fn place(&self, table: &str, row_no: i64, column: &str) -> Option<Place> {
        let mut place = self.places.cell(table, row_no, column)?;
        place.pointer = self.pointer(table, row_no, column).map(str::to_owned);
        Some(place)
    }

    /// What of a package is not taken, by the codes of its projects.
    pub fn not_carried(&self) -> &HashMap<String, Vec<NotCarried>> {
        &self.not_carried
    }

    /// Whether this is a package of open data, which says only what it has: what it leaves out stays as it is.
    pub fn says_only_what_it_has(&self) -> bool {
        self.pointers.is_some()
    }

    /// Whether a package says anything of a cell.
    pub(crate) fn says(&self, table: &str, row_no: i64, column: &str) -> bool {
        self.pointer(table, row_no, column).is_some()
    }

    /// Where a value stood in a package of open data.
    fn pointer(&self, table: &str, row_no: i64, column: &str) -> Option<&str> {
        let pointers = self.pointers.as_ref()?;
        let (_, row) = self.places.row(table, row_no)?;
        pointers.of(table, row, column)
    }

    /// What a package of open data comes to.
    ///
    /// # Errors
    /// When the tables cannot be built.
    pub(crate) fn of_package(
        reading: Reading<'_>,
        input: InputFile,
        pointers: Pointers,
        not_carried: HashMap<String, Vec<NotCarried>>,
    ) -> Result<Self, ImportError> {
        let gathered = reading.finish()?;
        Ok(Self {
            tables: gathered.tables,
            diagnostics: gathered.diagnostics,
            missing_columns: Vec::new(),
            kinds: Vec::new(),
            places: gathered.places,
            unread: gathered.unread,
            refusals: gathered.refusals,
            keys: gathered.keys,
            told_of_keys: true,
            hashing: None,
            inputs: vec![input],
            pointers: Some(pointers),
            not_carried,
        })
    }

    /// Whether the input has a column at all.
    pub fn has_column(&self, table: &str, column: &str) -> bool {
        self.places.has_column(table, column)
    }

    /// What stands in a cell that could not be read; `column` is its place in the declared sheet. Nothing is
    /// known of files in Parquet.
    pub fn unread(&self, table: &str, row_no: i64, column: usize) -> Option<&Unread> {
        let (source, row) = self.places.row(table, row_no)?;
        self.unread.get(&(source, row, column))
    }

    /// Where a column's header stands.
    pub fn header(&self, table: &str, column: &str) -> Option<Place> {
        self.places.header(table, column)
    }

    /// The files with their hashes, which a thread has worked out meanwhile.
    pub fn inputs(&mut self) -> &[InputFile] {
        if let Some(hashing) = self.hashing.take() {
            // Cannot fail: the thread leaves out what it cannot read and has nothing to panic about.
            self.inputs = hashing.join().unwrap_or_default();
        }
        &self.inputs
    }

    /// What was wrong with values of Parquet columns, as far as rules have read them, and whether
    /// hashes of different keys were met: ask after the run.
    pub fn refused(&self) -> Vec<Diagnostic> {
        let columns = self.refusals.iter();
        let mut all: Vec<_> = columns.flat_map(|column| column.diagnostics()).collect();
        if !self.told_of_keys {
            all.extend(self.keys.diagnostic(self.places.first_file()));
        }
        all
    }

    /// Rows of each table, where they are known without reading it.
    pub fn rows(&self) -> BTreeMap<String, usize> {
        let counted = self
            .tables
            .names()
            .filter_map(|name| Some((name.to_owned(), self.tables.get(name)?.rows()?)));
        counted.collect()
    }
}

/// Something that sheets are read from.
enum Opened {
    Workbook(Box<Workbook>),
    Csv(Vec<PathBuf>),
    Parquet(Vec<PathBuf>),
}

/// Reads inputs into tables. Projects are read first, so that later rows meet them.
///
/// # Errors
/// When an input cannot be read at all; whatever is wrong with a part of it is a diagnostic.
pub fn read(inputs: &[PathBuf], options: &ImportOptions) -> Result<Import, ImportError> {
    let mut reading = Reading::new(options);
    let mut kinds = Vec::new();
    let mut opened = Vec::new();
    let mut files = Vec::new();
    for path in inputs.iter().chain(&options.registers) {
        let kind = detect(path)?;
        kinds.push(kind);
        let below = if path.is_dir() {
            Some(path.as_path())
        } else {
            path.parent()
        };
        reading.folders.push(
            below
                .filter(|folder| !folder.as_os_str().is_empty())
                .unwrap_or(Path::new("."))
                .to_owned(),
        );
        let parts = match kind {
            InputKind::Csv => detect::files(path, "csv")?,
            InputKind::Parquet => {
                tell_mixed(&mut reading, path)?;
                detect::files(path, "parquet")?
            }
            _ => vec![path.clone()],
        };
        files.extend(parts.iter().cloned());
        opened.push((path, kind, parts));
    }
    kinds.truncate(inputs.len());
    let hashing = std::thread::spawn(move || files.into_iter().filter_map(hash_file).collect());
    let mut sources = Vec::new();
    for (path, kind, parts) in opened {
        sources.push(match kind {
            InputKind::Csv => Opened::Csv(parts),
            InputKind::Parquet => Opened::Parquet(parts),
            _ => {
                let book = Workbook::open(path, kind, options)?;
                tell_unanswered(&mut reading, &book);
                Opened::Workbook(Box::new(book))
            }
        });
    }
    let parts = parts::list(&mut reading, &sources, inputs.len())?;
    for part in &parts {
        options.check_cancelled()?;
        read_part(&mut reading, &mut sources[part.opened], part)?;
    }
    let mut gathered = reading.finish()?;
    let keys = gathered.keys.diagnostic(gathered.places.first_file());
    let told_of_keys = keys.is_some();
    gathered.diagnostics.extend(keys);
    Ok(Import {
        tables: gathered.tables,
        diagnostics: gathered.diagnostics,
        missing_columns: gathered.missing_columns,
        kinds,
        places: gathered.places,
        unread: gathered.unread,
        refusals: gathered.refusals,
        keys: gathered.keys,
        told_of_keys,
        hashing: Some(hashing),
        inputs: Vec::new(),
        pointers: None,
        not_carried: HashMap::new(),
    })
}

/// Says that a folder of Parquet files holds CSV files too, which are not read.
fn tell_mixed(reading: &mut Reading<'_>, path: &Path) -> Result<(), ImportError> {
    if !path.is_dir() {
        return Ok(());
    }
    let count = detect::files(path, "csv")?.len();
    if count > 0 {
        let shown = path.display().to_string();
        let spot = report::Spot {
            file: &shown,
            ..report::Spot::default()
        };
        reading.report.warn(
            spot,
            "mixed",
            None,
            format!("同一文件夹中另有 {count} 个 CSV 文件,未读取"),
            format!("{count} CSV files in the same folder were not read"),
        );
    }
    Ok(())
}

/// Says that a workbook holds formulas without results: their cells read as empty.
fn tell_unanswered(reading: &mut Reading<'_>, book: &Workbook) {
    let count = book.unanswered;
    if count > 0 {
        let shown = book.path.display().to_string();
        let spot = report::Spot {
            file: &shown,
            ..report::Spot::default()
        };
        reading.report.warn(
            spot,
            "unanswered",
            None,
            format!("有 {count} 个公式没有保存计算结果,按空白读取;请用 Excel 或 WPS 打开并保存后再试"),
            format!(
                "{count} formulas have no stored result and were read as empty; open and save the workbook in Excel or LibreOffice first"
            ),
        );
    }
}

/// Reads one sheet or file.
fn read_part<'o>(
    reading: &mut Reading<'o>,
    source: &mut Opened,
    part: &Part<'o>,
) -> Result<(), ImportError> {
    match source {
        Opened::Workbook(book) => {
            let merged = book.merged(&part.name);
            let file = book.path.display().to_string();
            let epoch = book.epoch_1904();
            let mut reader =
                SheetReader::new(reading, part.sheet, &file, &part.name, epoch, merged);
            book.read(&part.name, &mut reader)?;
            reader.finish()
        }
        Opened::Csv(files) => csv_folder::read(reading, part.sheet, &files[part.index]),
        Opened::Parquet(files) => parquet_folder::read(reading, part.sheet, &files[part.index]),
    }
}

/// A file's name without its extension.
pub(crate) fn stem(path: &Path) -> String {
    path.file_stem()
        .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

pub(crate) fn hash_file(path: PathBuf) -> Option<InputFile> {
    let mut file = std::fs::File::open(&path).ok()?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        let read = std::io::Read::read(&mut file, &mut buffer).ok()?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
    }
    Some(InputFile {
        path,
        sha256: identity::hex(&hash.finalize()),
    })
}
