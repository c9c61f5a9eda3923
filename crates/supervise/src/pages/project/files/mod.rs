//! Photos and papers of an item: added and removed on a page of their own, served to whoever may read the project.
//!
//! A file arrives in a folder of its own and is looked into before anything is kept; what is refused leaves nothing
//! behind.

mod add;
mod arrived;
mod erase;
mod look;
mod page;
mod remove;
mod serve;

pub(super) use arrived::receive;

use std::time::Duration;

use axum::http::Method;
use kandeng_platform::authority::Action;
use kandeng_platform::page::{Asked, Problem, Routes};

use super::category::category;
use super::of_path;
use crate::filing::{Category, Filing, Item};
use crate::project::{PHOTOS, file_column};

/// The most files that are sent at once.
const MOST_AT_ONCE: usize = 20;

/// The most bytes of a photo, of a paper, and of all that is sent at once.
const PHOTO_BYTES: u64 = 20 << 20;
const PAPER_BYTES: u64 = 50 << 20;
const MOST_BYTES: usize = 410 << 20;

/// The most bytes of a field that is no file.
const FIELD_BYTES: usize = 256;

/// How long files may take to arrive, over a poor connection too.
pub(super) const MOST_TIME: Duration = Duration::from_mins(20);

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
struct Holder<'f> {
    category: &'f Category,
    item: &'f Item,
    table: &'f str,
    column: &'f str,
}

impl<'f> Holder<'f> {
    /// The item of the path, if it holds files.
    fn of(filing: &'f Filing, asked: &Asked) -> Result<Self, Problem> {
        let category = category(filing, asked)?;
        let key = asked.params.get("item").unwrap_or_default();
        let item = category.items.iter().find(|item| item.key == key);
        let item = item.filter(|item| !item.retired);
        let item = item.ok_or_else(Problem::not_found)?;
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

    /// The most bytes of one file.
    fn most_bytes(&self) -> u64 {
        if self.is_of_photos() {
            PHOTO_BYTES
        } else {
            PAPER_BYTES
        }
    }
}
