//! A file that is kept: what it is, and by which name cells call it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::filing::{Field, Filing, Item};
use crate::project::edit::Row;

/// The list of photos: each file a row of its own.
pub const PHOTOS: &str = "photos";

/// Columns of a photo's row for which the file speaks where it is kept: nobody types there.
pub(crate) const FROM_FILE: [&str; 13] = [
    "file",
    "taken_at",
    "taken_on",
    "lon",
    "lat",
    "accuracy_m",
    "software",
    "camera",
    "sha256",
    "phash",
    "phash_crops",
    "footprint",
    "seal",
];

/// What a file is, by what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs)] // each is what it is called
pub enum FileKind {
    Jpeg,
    Png,
    Webp,
    Pdf,
    Docx,
    Xlsx,
    Pptx,
    Odt,
    Ods,
    Ofd,
}

impl FileKind {
    /// Whether it is a picture, of which there are previews.
    pub fn is_picture(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Webp)
    }

    /// As HTTP names it.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Pdf => "application/pdf",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Pptx => {
                "application/vnd.openxmlformats-officedocument.presentationml.presentation"
            }
            Self::Odt => "application/vnd.oasis.opendocument.text",
            Self::Ods => "application/vnd.oasis.opendocument.spreadsheet",
            Self::Ofd => "application/ofd",
        }
    }

    /// How names of such files end.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Pdf => "pdf",
            Self::Docx => "docx",
            Self::Xlsx => "xlsx",
            Self::Pptx => "pptx",
            Self::Odt => "odt",
            Self::Ods => "ods",
            Self::Ofd => "ofd",
        }
    }
}

/// A file that the node keeps for a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFile {
    /// SHA-256 of its bytes, 64 lower-case hexadecimal digits: what the node keeps it by.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
    /// What it is.
    pub kind: FileKind,
    /// The name that cells of this project call it by; no other of its files has it.
    pub name: String,
    /// Of a photo: what its file says, as cells of its row in [`PHOTOS`].
    #[serde(skip_serializing_if = "Row::is_empty", default)]
    pub says: Row,
}

/// The table and column in which files of an item are named, for an item that holds photos or documents.
pub fn file_column<'f>(filing: &'f Filing, item: &'f Item) -> Option<(&'f str, &'f str)> {
    if item.kind != "photos" && !item.kind.contains("documents") {
        return None;
    }
    filing
        .columns_of(&item.key)
        .into_iter()
        .find(|(table, key)| {
            let column = filing.column(table, key);
            let is_name = *key == "file" || key.ends_with("_file");
            is_name && column.is_some_and(|column| column.field == Field::Text)
        })
}

/// The names that a cell lists, one a line.
pub fn names(cell: &str) -> impl Iterator<Item = &str> {
    cell.lines().map(str::trim).filter(|name| !name.is_empty())
}

/// A name like `wanted` that no other file of the project has: itself where the same bytes have it or none have.
pub fn free_name(files: &BTreeMap<String, KeptFile>, wanted: &str, sha256: &str) -> String {
    let is_free = |name: &str| files.get(name).is_none_or(|known| known.sha256 == sha256);
    if is_free(wanted) {
        return wanted.to_owned();
    }
    let (stem, ending) = match wanted.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => (stem, format!(".{ending}")),
        _ => (wanted, String::new()),
    };
    (2..u32::MAX)
        .map(|number| format!("{stem} ({number}){ending}"))
        .find(|name| is_free(name))
        // Cannot be: a project has fewer files than there are numbers.
        .unwrap_or_else(|| sha256.to_owned())
}

/// The kept file of a photo's row.
pub(crate) fn file_of_photo<'f>(
    files: &'f BTreeMap<String, KeptFile>,
    row: &Row,
) -> Option<&'f KeptFile> {
    let kept = files.get(row.get("file")?.trim())?;
    (row.get("sha256") == Some(&kept.sha256)).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(name: &str, digit: char) -> KeptFile {
        KeptFile {
            sha256: digit.to_string().repeat(64),
            bytes: 1,
            kind: FileKind::Jpeg,
            name: name.to_owned(),
            says: Row::new(),
        }
    }

    #[test]
    fn another_file_of_the_same_name_gets_a_number() {
        let known = [kept("a.jpg", '1'), kept("a (2).jpg", '2')];
        let files = BTreeMap::from(known.map(|file| (file.name.clone(), file)));
        assert_eq!(free_name(&files, "b.jpg", &"3".repeat(64)), "b.jpg");
        assert_eq!(free_name(&files, "a.jpg", &"1".repeat(64)), "a.jpg");
        assert_eq!(free_name(&files, "a.jpg", &"3".repeat(64)), "a (3).jpg");
        assert_eq!(free_name(&files, ".jpg", &"3".repeat(64)), ".jpg");
    }

    #[test]
    fn items_that_hold_files_name_them_in_a_column() {
        let filing = Filing::embedded();
        let of = |key: &str| file_column(filing, filing.item(key).unwrap());
        assert_eq!(of("site_photos"), Some((PHOTOS, "file")));
        assert_eq!(
            of("village_resolution"),
            Some(("projects", "resolution_file"))
        );
        assert_eq!(
            of("acceptance_papers"),
            Some(("projects", "acceptance_file"))
        );
        assert_eq!(of("vouchers"), Some(("payments", "voucher_file")));
        assert_eq!(of("name"), None);
    }
}
