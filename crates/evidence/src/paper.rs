//! Papers: documents that are kept and shown to nobody but as files. Told apart by what is in them and never by a name;
//! one that is cut off, or that carries a program, is refused.

use std::fs::File;
use std::io::{Read, Seek as _, SeekFrom};
use std::path::Path;

use thiserror::Error;

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Paper {
    /// Portable Document Format.
    Pdf,
    /// Office Open XML, text.
    Docx,
    /// Office Open XML, spreadsheet.
    Xlsx,
    /// Office Open XML, slides.
    Pptx,
    /// OpenDocument text.
    Odt,
    /// OpenDocument spreadsheet.
    Ods,
    /// Fixed layout by GB/T 33190, as electronic invoices and official papers in China are.
    Ofd,
}

/// Why a file is not taken as a document.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PaperError {
    /// The file could not be read.
    #[error("the file cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// None of the formats that are taken.
    #[error("not a document: expected PDF, docx, xlsx, pptx, odt, ods or OFD")]
    NotAPaper,
    /// It begins as a document and has no end.
    #[error("the file is cut off before its end, or damaged")]
    Incomplete,
    /// It carries a program.
    #[error("the file holds macros; save it without them")]
    Macros,
}

impl PaperError {
    /// What to tell a person: Chinese, English.
    pub fn text(&self) -> (String, String) {
        let zh = match self {
            Self::Unreadable(cause) => format!("无法读取文件:{cause}"),
            Self::Empty => "文件为空".to_owned(),
            Self::NotAPaper => {
                "不是可收的文件:应为 PDF、docx、xlsx、pptx、odt、ods 或 OFD".to_owned()
            }
            Self::Incomplete => "文件不完整或已损坏".to_owned(),
            Self::Macros => "文件含有宏;请另存为不含宏的文件".to_owned(),
        };
        (zh, self.to_string())
    }
}

/// How far from its start a PDF may begin, and how far from its end it may say that it ends.
const PDF_START: usize = 1_024;
const PDF_END: u64 = 2_048;

/// The most bytes that are read of the part in which a package says what it is.
const MIMETYPE: u64 = 128;

impl Paper {
    /// Looks into a file.
    ///
    /// # Errors
    /// [`PaperError`]: what is wrong with it.
    pub fn of(path: &Path) -> Result<Self, PaperError> {
        let mut file = File::open(path)?;
        let mut start = Vec::new();
        Read::by_ref(&mut file)
            .take(PDF_START as u64)
            .read_to_end(&mut start)?;
        if start.is_empty() {
            return Err(PaperError::Empty);
        }
        if start.windows(5).any(|five| five == b"%PDF-") {
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(PDF_END)))?;
            let mut end = Vec::new();
            file.take(PDF_END).read_to_end(&mut end)?;
            let ends = end.windows(5).any(|five| five == b"%%EOF");
            return ends.then_some(Self::Pdf).ok_or(PaperError::Incomplete);
        }
        if !start.starts_with(b"PK\x03\x04") {
            return Err(PaperError::NotAPaper);
        }
        file.rewind()?;
        Self::of_package(file)
    }

    fn of_package(file: File) -> Result<Self, PaperError> {
        // The list of what is in a package stands at its end.
        let mut package = zip::ZipArchive::new(file).map_err(|_| PaperError::Incomplete)?;
        let (mut office, mut kind) = (false, None);
        for name in package.file_names().filter_map(Result::ok) {
            // As programs that open them do, whatever the letters' case.
            let part = name.to_lowercase();
            let is_program = part.ends_with("vbaproject.bin")
                || part.starts_with("basic/")
                || part.starts_with("scripts/");
            if is_program {
                return Err(PaperError::Macros);
            }
            office |= name == "[Content_Types].xml";
            kind = match &*name {
                "word/document.xml" => Some(Self::Docx),
                "xl/workbook.xml" => Some(Self::Xlsx),
                "ppt/presentation.xml" => Some(Self::Pptx),
                "OFD.xml" => Some(Self::Ofd),
                _ => kind,
            };
        }
        if kind == Some(Self::Ofd) {
            return Ok(Self::Ofd);
        }
        if office {
            return kind.ok_or(PaperError::NotAPaper);
        }
        let mut says = String::new();
        if let Ok(part) = package.by_name("mimetype") {
            // What is no text is no such name.
            let _ = part.take(MIMETYPE).read_to_string(&mut says);
        }
        match says.trim() {
            "application/vnd.oasis.opendocument.text" => Ok(Self::Odt),
            "application/vnd.oasis.opendocument.spreadsheet" => Ok(Self::Ods),
            _ => Err(PaperError::NotAPaper),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn of(bytes: &[u8]) -> Result<Paper, PaperError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        Paper::of(file.path())
    }

    fn package(parts: &[(&str, &str)]) -> Vec<u8> {
        let mut package = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, text) in parts {
            let options = zip::write::SimpleFileOptions::default();
            package.start_file(*name, options).unwrap();
            package.write_all(text.as_bytes()).unwrap();
        }
        package.finish().unwrap().into_inner()
    }

    #[test]
    fn a_document_is_known_by_what_is_in_it() {
        assert_eq!(of(b"%PDF-1.7\nx\n%%EOF\n").unwrap(), Paper::Pdf);
        let types = ("[Content_Types].xml", "<Types/>");
        for (part, paper) in [
            ("word/document.xml", Paper::Docx),
            ("xl/workbook.xml", Paper::Xlsx),
            ("ppt/presentation.xml", Paper::Pptx),
        ] {
            assert_eq!(of(&package(&[types, (part, "<x/>")])).unwrap(), paper);
        }
        let text = "application/vnd.oasis.opendocument.text";
        assert_eq!(of(&package(&[("mimetype", text)])).unwrap(), Paper::Odt);
        assert_eq!(of(&package(&[("OFD.xml", "<x/>")])).unwrap(), Paper::Ofd);
    }

    #[test]
    fn what_is_cut_off_is_no_document_and_carries_a_program_is_refused() {
        let types = ("[Content_Types].xml", "<Types/>");
        let whole = package(&[types, ("word/document.xml", "<x/>")]);
        assert!(matches!(of(b""), Err(PaperError::Empty)));
        assert!(matches!(of(b"MZ\x90\0"), Err(PaperError::NotAPaper)));
        assert!(matches!(of(b"<html>"), Err(PaperError::NotAPaper)));
        assert!(matches!(of(b"%PDF-1.7\nx"), Err(PaperError::Incomplete)));
        let cut = &whole[..whole.len() / 2];
        assert!(matches!(of(cut), Err(PaperError::Incomplete)));
        let other = package(&[("run.exe", "x")]);
        assert!(matches!(of(&other), Err(PaperError::NotAPaper)));
        let macros = package(&[
            types,
            ("word/document.xml", "<x/>"),
            ("word/vbaProject.bin", "x"),
        ]);
        assert!(matches!(of(&macros), Err(PaperError::Macros)));
        for part in [
            "word/VBAProject.bin",
            "Scripts/python/a.py",
            "basic/script-lc.xml",
        ] {
            let behind = package(&[types, ("OFD.xml", "<x/>"), (part, "x")]);
            assert!(matches!(of(&behind), Err(PaperError::Macros)), "{part}");
        }
    }
}
