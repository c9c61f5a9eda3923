//! Which kind of input a path is, by what is in it rather than by its name.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use kandeng_screening::Text;

use super::error::ImportError;

/// A kind of input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// A workbook of Excel since 2007.
    Xlsx,
    /// A workbook of Excel before.
    Xls,
    /// A workbook of `LibreOffice`.
    Ods,
    /// A folder of CSV files, or one of them.
    Csv,
    /// A folder of Parquet files, or one of them.
    Parquet,
}

impl InputKind {
    /// Its name.
    pub fn text(self) -> Text {
        match self {
            Self::Xlsx => Text::new("Excel 工作簿(.xlsx)", "Excel workbook (.xlsx)"),
            Self::Xls => Text::new("旧版 Excel 工作簿(.xls)", "old Excel workbook (.xls)"),
            Self::Ods => Text::new("OpenDocument 工作簿(.ods)", "OpenDocument workbook (.ods)"),
            Self::Csv => Text::new("CSV 文件", "CSV files"),
            Self::Parquet => Text::new("Parquet 文件", "Parquet files"),
        }
    }
}

/// The kind of input at a path.
///
/// # Errors
/// When it cannot be read, is empty, or is none of the kinds.
pub fn detect(path: &Path) -> Result<InputKind, ImportError> {
    let io = |error: std::io::Error| ImportError::io(path, &error);
    let metadata = std::fs::metadata(path).map_err(io)?;
    if metadata.is_dir() {
        if !files(path, "parquet")?.is_empty() {
            return Ok(InputKind::Parquet);
        }
        if !files(path, "csv")?.is_empty() {
            return Ok(InputKind::Csv);
        }
        return Err(ImportError::UnknownKind(path.to_owned()));
    }
    if metadata.len() == 0 {
        return Err(ImportError::Empty(path.to_owned()));
    }
    let mut start = [0; 8];
    let mut file = File::open(path).map_err(io)?;
    let length = file.read(&mut start).map_err(io)?;
    let start = &start[..length];
    if start.starts_with(b"PK\x03\x04") {
        return package(path);
    }
    if start.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        let mut rest = Vec::new();
        file.read_to_end(&mut rest).map_err(io)?;
        let encrypted: Vec<u8> = "EncryptedPackage"
            .bytes()
            .flat_map(|letter| [letter, 0])
            .collect();
        if rest
            .windows(encrypted.len())
            .any(|window| window == encrypted)
        {
            return Err(ImportError::Password(path.to_owned()));
        }
        return Ok(InputKind::Xls);
    }
    if start.starts_with(b"PAR1") {
        return Ok(InputKind::Parquet);
    }
    let is_csv = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    if is_csv {
        Ok(InputKind::Csv)
    } else {
        Err(unknown(path))
    }
}

/// Not one of the kinds that are read, whatever its name says.
fn unknown(path: &Path) -> ImportError {
    let kind = path.extension().map(OsStr::to_ascii_lowercase);
    let is_named_so = kind.is_some_and(|kind| {
        ["xlsx", "xlsm", "xls", "ods"]
            .iter()
            .any(|name| kind == *name)
    });
    if is_named_so {
        ImportError::NoWorkbook(path.to_owned())
    } else {
        ImportError::UnknownKind(path.to_owned())
    }
}

/// Which workbook a zip file is.
fn package(path: &Path) -> Result<InputKind, ImportError> {
    let file = File::open(path).map_err(|error| ImportError::io(path, &error))?;
    let archive = zip::ZipArchive::new(std::io::BufReader::new(file))
        .map_err(|error| ImportError::broken(path, "workbook", error))?;
    let has = |name: &str| {
        archive
            .file_names()
            .flatten()
            .any(|entry| entry.eq_ignore_ascii_case(name))
    };
    if has("xl/workbook.xml") {
        Ok(InputKind::Xlsx)
    } else if has("content.xml") {
        Ok(InputKind::Ods)
    } else {
        Err(unknown(path))
    }
}

/// Files of an extension in a folder, by name; the path itself when it is a file.
pub(crate) fn files(path: &Path, extension: &str) -> Result<Vec<PathBuf>, ImportError> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(|error| ImportError::io(path, &error))? {
        let entry = entry.map_err(|error| ImportError::io(path, &error))?.path();
        let matches = entry
            .extension()
            .is_some_and(|own| own.eq_ignore_ascii_case(extension));
        if matches && entry.is_file() {
            found.push(entry);
        }
    }
    found.sort();
    Ok(found)
}
