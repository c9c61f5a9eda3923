//! Files of a filing: photos and papers whose bytes the node keeps. A filing names a file in a cell, as a workbook does;
//! which bytes that name stands for is told by an event, for good. Bytes are never part of one.

mod erase;
mod kept;

use std::collections::BTreeMap;
use std::sync::Arc;

use kandeng_platform::{Context, Decide, Decision, Refusal};

use super::edit::{Cells, Edit, Filed, put};
use super::file::{changed, check};
use super::vouch::Level;
use super::{Project, ProjectEvent, not_filed, withdrawn};
use crate::filing::Filing;

pub use erase::{EraseFile, Told, erase_said, said_so_far};
pub(crate) use kept::{FROM_FILE, file_of_photo};
pub use kept::{FileKind, KeptFile, PHOTOS, file_column, free_name, names};

/// The most files that one project ever has.
pub const MOST_FILES: usize = 2_000;

/// The most files that one cell names.
pub const MOST_IN_CELL: usize = 50;

/// The most files that one event names: each takes some 2 KB, with the hashes of its crops.
const FILES: usize = 10;

/// A file that is added, and what is typed of it where it gets a row of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedFile {
    /// The file.
    pub file: KeptFile,
    /// What is typed in it beside what the file says.
    pub cells: Cells,
}

/// Where a file is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilePlace {
    /// In the list of photos, each in a new row.
    Photos,
    /// In a column of the project's own row.
    Own {
        /// Which.
        column: String,
    },
    /// In a row of a list.
    Row {
        /// The list.
        list: String,
        /// The row.
        row: u32,
        /// The column.
        column: String,
    },
}

/// Add files to what an item holds. Nothing that stands there is overwritten, so that whoever adds at the same time as
/// another is in nobody's way.
#[derive(Clone, Debug)]
pub struct AddFiles {
    /// The declaration that the project is filed by.
    pub filing: Arc<Filing>,
    /// Where they are named.
    pub place: FilePlace,
    /// Which.
    pub files: Vec<AddedFile>,
}

/// Whether a photo stands in a filing already, at that stage.
pub fn has_photo(filed: &Filed, sha256: &str, stage: Option<&str>) -> bool {
    let rows = filed
        .lists
        .get(PHOTOS)
        .into_iter()
        .flat_map(BTreeMap::values);
    rows.into_iter().any(|row| {
        row.get("sha256").is_some_and(|known| known == sha256)
            && row.get("stage").map(String::as_str) == stage
    })
}

impl Decide<AddFiles> for Project {
    fn decide(&self, add: AddFiles, cx: &Context) -> Result<Decision<ProjectEvent>, Refusal> {
        if self.code.is_none() {
            return Err(not_filed());
        }
        if self.withdrawn {
            return Err(withdrawn());
        }
        self.one_level(cx.actor, Level::Village)?;
        let mut edit = Edit::default();
        let mut kept = BTreeMap::new();
        let mut listed: Vec<String> = Vec::new();
        for (place, AddedFile { file, mut cells }) in add.files.into_iter().enumerate() {
            if self.erased.contains(&file.sha256) {
                return Err(erased(&file.name));
            }
            let other = self.files.get(&file.name).or_else(|| kept.get(&file.name));
            if other.is_some_and(|other: &KeptFile| other.sha256 != file.sha256) {
                return Err(name_taken(&file.name));
            }
            if let FilePlace::Photos = add.place {
                let stage = cells.get("stage").and_then(|stage| stage.as_deref());
                // The same once more, from a form that was sent twice.
                if has_photo(&self.filed, &file.sha256, stage) {
                    continue;
                }
                let says = file.says.iter();
                cells.extend(says.map(|(column, text)| (column.clone(), Some(text.clone()))));
                cells.insert("file".to_owned(), Some(file.name.clone()));
                let rows = edit.rows.entry(PHOTOS.to_owned()).or_default();
                // Above all numbers that were given: it gets the next.
                rows.insert(u32::MAX - MOST_FILES as u32 + place as u32, Some(cells));
            } else if !listed.contains(&file.name) {
                listed.push(file.name.clone());
            }
            if !self.files.contains_key(&file.name) {
                kept.insert(file.name.clone(), file);
            }
        }
        if self.files.len() + kept.len() > MOST_FILES {
            return Err(too_many(MOST_FILES));
        }
        let (row, column) = match add.place {
            FilePlace::Photos => (None, None),
            FilePlace::Own { column } => (None, Some(column)),
            FilePlace::Row { list, row, column } => (Some((list, row)), Some(column)),
        };
        if let Some(column) = column {
            let held = match &row {
                None => Some(&self.filed.fields),
                Some((list, row)) => {
                    let held = self.filed.lists.get(list).and_then(|rows| rows.get(row));
                    Some(held.ok_or_else(no_row)?)
                }
            };
            let typed = held.and_then(|held| held.get(&column));
            let mut all: Vec<&str> = typed.map_or_else(Vec::new, |cell| names(cell).collect());
            for name in &listed {
                if !all.contains(&name.as_str()) {
                    all.push(name);
                }
            }
            if all.len() > MOST_IN_CELL {
                return Err(too_many(MOST_IN_CELL));
            }
            let cell = Some(all.join("\n"));
            match row {
                None => {
                    edit.fields.insert(column, cell);
                }
                Some((list, row)) => {
                    let rows = edit.rows.entry(list).or_default();
                    rows.insert(row, Some(Cells::from([(column, cell)])));
                }
            }
        }
        let edit = self.numbered(edit);
        check(&add.filing, &edit, self)?;
        let edit = self.filed.news(edit);
        let mut events = Vec::new();
        let kept: Vec<KeptFile> = kept.into_values().collect();
        events.extend(kept.chunks(FILES).map(|files| ProjectEvent::FilesKept {
            by: cx.actor,
            files: files.to_vec(),
        }));
        if !edit.is_empty() {
            let items = edit.items(&add.filing, &self.filed);
            let edition = self.edition + 1;
            events.extend(changed(
                edition,
                cx.actor,
                items,
                edit,
                BTreeMap::new(),
                None,
            ));
        }
        Ok(Decision::of(events))
    }
}

impl Project {
    /// What a file that is kept says of itself stays as it says it: a change that types something else there is refused.
    pub(super) fn keep_what_files_say(&self, edit: &Edit) -> Result<(), Refusal> {
        let held = self.filed.lists.get(PHOTOS);
        for (number, cells) in edit.rows.get(PHOTOS).into_iter().flatten() {
            let Some(cells) = cells else {
                continue;
            };
            let mut row = held
                .and_then(|held| held.get(number))
                .cloned()
                .unwrap_or_default();
            let before = file_of_photo(&self.files, &row).cloned();
            put(&mut row, cells.clone(), false);
            let kept = match before {
                Some(kept) => kept,
                // A row that names the file anew, in a workbook.
                None => match file_of_photo(&self.files, &row) {
                    Some(kept) => kept.clone(),
                    None => continue,
                },
            };
            let differs = |column: &&str| {
                *column != "file" && row.get(*column) != kept.says.get(*column)
                    || *column == "file" && row.get("file") != Some(&kept.name)
            };
            if FROM_FILE.iter().any(differs) {
                return Err(said_by_the_file(&kept.name));
            }
        }
        Ok(())
    }
}

fn said_by_the_file(name: &str) -> Refusal {
    let name = crate::import::shown(name);
    Refusal::new(
        "said-by-the-file",
        format!("照片“{name}”的文件名、拍摄时间、位置等取自文件本身,不能改写;可移除这张照片再上传"),
        format!(
            "name, time and place of the photo {name} are what its file says and cannot be typed over; remove the photo and add another"
        ),
    )
}

fn name_taken(name: &str) -> Refusal {
    let name = crate::import::shown(name);
    Refusal::new(
        "file-name-taken",
        format!("本项目已有另一份名为“{name}”的文件,请再传一次"),
        format!("another file of this project is called {name}; send it once more"),
    )
}

fn erased(name: &str) -> Refusal {
    let name = crate::import::shown(name);
    Refusal::new(
        "file-was-erased",
        format!("“{name}”曾存入本项目,后被彻底删除,不能再存"),
        format!("{name} was kept for this project once and erased for good; it is not taken again"),
    )
}

fn too_many(most: usize) -> Refusal {
    Refusal::new(
        "too-many-files",
        format!("文件过多(最多 {most} 份)"),
        format!("there are too many files (at most {most})"),
    )
}

fn no_row() -> Refusal {
    Refusal::new(
        "no-such-row",
        "这一行已被移除,文件没有存入",
        "that row was removed meanwhile; the file was not kept",
    )
}
