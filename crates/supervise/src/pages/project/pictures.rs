//! Photos of a project as pages show them: the small picture where the node keeps the file, and what is known of it.

use kandeng_platform::page::Words;

use super::super::words::pick;
use super::items::written;
use crate::filing::{Column, Filing};
use crate::project::{FileKind, KeptFile, PHOTOS, ProjectPage, Row};

/// A photo.
#[derive(Clone, Debug)]
pub(crate) struct PictureView {
    /// Its row in the list.
    pub row: u32,
    /// Where the file is; nothing where the filing only states one.
    pub href: Option<String>,
    pub name: String,
    /// Stage, time, place, camera.
    pub lines: Vec<String>,
}

/// A document that an item names.
pub(crate) struct FileLink {
    pub href: String,
    pub name: String,
    pub about: String,
}

/// Where a file of a project is served.
pub(crate) fn href(page: &ProjectPage, file: &KeptFile) -> String {
    format!(
        "/supervise/projects/{}/evidence/{}",
        page.row.id, file.sha256
    )
}

/// The photos of a filing in order, at most so many, those that can be shown first.
pub(crate) fn pictures(
    words: Words,
    filing: &Filing,
    page: &ProjectPage,
    most: usize,
) -> Vec<PictureView> {
    let rows = page.filed.lists.get(PHOTOS).into_iter().flatten();
    let mut all: Vec<(u32, &Row)> = rows.map(|(number, row)| (*number, row)).collect();
    all.sort_by_key(|(_, row)| page.file_of_photo(row).is_none());
    let shown = all.into_iter().take(most);
    shown
        .map(|(number, row)| picture(words, filing, page, number, row))
        .collect()
}

/// One photo.
pub(crate) fn picture(
    words: Words,
    filing: &Filing,
    page: &ProjectPage,
    number: u32,
    row: &Row,
) -> PictureView {
    let kept = page.file_of_photo(row);
    let column = |key: &str| filing.column(PHOTOS, key);
    let cell = |key: &str| {
        let typed = row.get(key)?;
        let shown = page.shown(typed);
        Some(written(words, filing, column(key)?, &shown).into_owned())
    };
    let mut lines: Vec<String> = cell("stage").into_iter().collect();
    lines.push(match cell("taken_at").or_else(|| cell("taken_on")) {
        Some(at) => words.say_of("taken-at", at.as_str()),
        None => words.say("no-time"),
    });
    let degrees = |key: &str| row.get(key)?.trim().parse::<f64>().ok();
    lines.push(match degrees("lon").zip(degrees("lat")) {
        Some((lon, lat)) => format!("{lon:.5}, {lat:.5}"),
        None => words.say("no-place"),
    });
    lines.extend(cell("software").map(|program| words.say_of("made-with", program.as_str())));
    PictureView {
        row: number,
        href: kept.map(|kept| href(page, kept)),
        name: cell("file").unwrap_or_default(),
        lines,
    }
}

/// The documents that a cell names and that are kept.
pub(crate) fn links(words: Words, page: &ProjectPage, cell: &str) -> Vec<FileLink> {
    let kept = page.files_in(cell);
    kept.map(|file| link(words, page, file)).collect()
}

/// A file that is kept.
pub(crate) fn link(words: Words, page: &ProjectPage, file: &KeptFile) -> FileLink {
    FileLink {
        href: href(page, file),
        name: file.name.clone(),
        about: format!("{} · {}", kind_name(words, file.kind), size(file.bytes)),
    }
}

fn kind_name(words: Words, kind: FileKind) -> String {
    match kind {
        kind if kind.is_picture() => pick(words, "图片", "picture").to_owned(),
        kind => kind.ending().to_uppercase(),
    }
}

/// Whether a column of a photo's row is the file's to say.
pub(crate) fn is_the_files(page: &ProjectPage, table: &str, column: &Column, row: &Row) -> bool {
    table == PHOTOS
        && crate::project::files::FROM_FILE.contains(&column.key.as_str())
        && page.file_of_photo(row).is_some()
}

/// A length as people say it.
fn size(bytes: u64) -> String {
    match bytes {
        0..=1_048_575 => format!("{} KB", bytes.div_ceil(1_024)),
        more => format!("{:.1} MB", more as f64 / 1_048_576.0),
    }
}
