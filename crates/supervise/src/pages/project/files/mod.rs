//! Photos and papers of an item: added and removed on a page of their own, served to whoever may read the project.
//!
//! A file arrives in a folder of its own and is looked into before anything is kept; what is refused leaves nothing
//! behind.

mod add;
mod erase;
mod look;
mod page;
mod remove;
mod serve;

use std::time::Duration;

use axum::http::Method;
use kandeng_platform::authority::Action;
use kandeng_platform::page::{Asked, Problem, Routes};

use super::super::arrived::Most;
use super::of_path;
use crate::filing::{Category, Filing, Item};
use crate::project::{Cells, Edit, FilePlace, PHOTOS, ProjectPage, file_column, names};

pub(crate) use add::{Adding, Beside};
pub(crate) use remove::{Removed, remove_one};
pub(crate) use serve::{original, preview};

/// The most files that are sent at once.
pub(crate) const MOST_AT_ONCE: usize = 20;

/// The most bytes of a photo, of a paper, and of all that is sent at once.
const PHOTO_BYTES: u64 = 20 << 20;
const PAPER_BYTES: u64 = 50 << 20;
pub(crate) const MOST_BYTES: usize = 410 << 20;

/// How long files may take to arrive, over a poor connection too.
pub(crate) const MOST_TIME: Duration = Duration::from_mins(20);

pub(super) fn routes() -> Routes {
    use Action::{ChangeItems, EraseFile, UploadEvidence, ViewProject};
    let page = "/supervise/projects/{id}/items/{category}/files/{item}";
    Routes::new()
        .asks(Method::GET, page, UploadEvidence, of_path, page::shown)
        .asks(Method::POST, page, UploadEvidence, of_path, add::add)
        .up_to(MOST_BYTES, MOST_TIME)
        .asks(
            Method::POST,
            "/supervise/projects/{id}/items/{category}/files/{item}/remove",
            ChangeItems,
            of_path,
            remove::remove,
        )
        .asks(
            Method::GET,
            "/supervise/projects/{id}/evidence/{file}",
            ViewProject,
            of_path,
            serve::original,
        )
        .asks(
            Method::GET,
            "/supervise/projects/{id}/evidence/{file}/preview",
            ViewProject,
            of_path,
            serve::preview,
        )
        .asks(
            Method::GET,
            "/supervise/projects/{id}/removed",
            EraseFile,
            of_path,
            erase::shown,
        )
        .asks(
            Method::POST,
            "/supervise/projects/{id}/removed",
            EraseFile,
            of_path,
            erase::erase,
        )
}

/// An item that files are added to: its category, itself, the table and column in which they are named.
pub(crate) struct Holder<'f> {
    category: &'f Category,
    item: &'f Item,
    table: &'f str,
    column: &'f str,
}

impl<'f> Holder<'f> {
    /// The item of the path, if it holds files. The path of a page names its category too.
    pub(crate) fn of(filing: &'f Filing, asked: &Asked) -> Result<Self, Problem> {
        let key = asked.params.get("item").unwrap_or_default();
        let within = asked.params.get("category");
        let mut categories = filing
            .categories
            .iter()
            .filter(|category| within.is_none_or(|key| category.key == key));
        let found = categories.find_map(|category| {
            let item = category.items.iter().find(|item| item.key == key)?;
            Some((category, item))
        });
        let (category, item) = found
            .filter(|(_, item)| !item.retired)
            .ok_or_else(Problem::not_found)?;
        let (table, column) = file_column(filing, item).ok_or_else(Problem::not_found)?;
        Ok(Self {
            category,
            item,
            table,
            column,
        })
    }

    /// Whether each file is a photo in a row of its own.
    fn is_of_photos(&self) -> bool {
        self.table == PHOTOS
    }

    /// How much may be sent at once.
    fn most(&self) -> Most {
        Most {
            files: MOST_AT_ONCE,
            bytes: if self.is_of_photos() {
                PHOTO_BYTES
            } else {
                PAPER_BYTES
            },
            field: 256,
        }
    }

    /// Where files are named, and what is typed of each; else the key of what is missing.
    fn place(
        &self,
        filing: &Filing,
        page: &ProjectPage,
        beside: &Beside,
    ) -> Result<(FilePlace, Cells), &'static str> {
        let mut cells = Cells::new();
        if self.is_of_photos() {
            let stages = filing.column(PHOTOS, "stage");
            let stages = stages.map_or(&[][..], |column| filing.choices(column));
            if !stages.iter().any(|known| known.key == beside.stage) {
                return Err("choose-a-stage");
            }
            cells.insert("stage".to_owned(), Some(beside.stage.clone()));
            if beside.covers_site {
                cells.insert("covers_site".to_owned(), Some("是".to_owned()));
            }
            return Ok((FilePlace::Photos, cells));
        }
        let column = self.column.to_owned();
        if self.table == filing.sheets[0].table {
            return Ok((FilePlace::Own { column }, cells));
        }
        let rows = page.filed.lists.get(self.table);
        if !rows.is_some_and(|rows| rows.contains_key(&beside.row)) {
            return Err("choose-a-row");
        }
        let (list, row) = (self.table.to_owned(), beside.row);
        Ok((FilePlace::Row { list, row, column }, cells))
    }

    /// The edit by which the item names a file no longer: a photo's row goes, a paper's name leaves the cell.
    fn without(
        &self,
        filing: &Filing,
        page: &ProjectPage,
        row: u32,
        name: &str,
    ) -> Result<Edit, Problem> {
        let left = |cell: Option<&String>| {
            let left: Vec<&str> = cell
                .map_or("", |cell| cell.as_str())
                .lines()
                .filter(|line| names(line).all(|known| known != name))
                .collect();
            (!left.is_empty()).then(|| left.join("\n"))
        };
        let mut edit = Edit::default();
        if self.is_of_photos() {
            return Ok(edit.without_row(PHOTOS, row));
        }
        let column = self.column.to_owned();
        if self.table == filing.sheets[0].table {
            let left = left(page.filed.fields.get(self.column));
            edit.fields.insert(column, left);
            return Ok(edit);
        }
        let rows = page.filed.lists.get(self.table);
        let found = rows.and_then(|rows| rows.get(&row));
        let found = found.ok_or_else(Problem::not_found)?;
        let cells = Cells::from([(column, left(found.get(self.column)))]);
        let rows = edit.rows.entry(self.table.to_owned()).or_default();
        rows.insert(row, Some(cells));
        Ok(edit)
    }
}
