//! What pages ask of projects.

mod draft;
mod files;
mod hands;
mod history;
mod list;
mod page;

pub use draft::{FiledDraft, OtherFilings, draft};
pub(crate) use files::erased_files;
pub use files::{file_of, is_kept};
pub(crate) use hands::all_of_code;
pub use hands::{id_of_code, resource};
pub use history::{ItemChange, history};
pub(super) use list::by_code;
pub use list::{Filter, Page, ProjectRow, list};
pub use page::{
    Held, HeldCell, ItemStanding, Progress, ProjectPage, Signature, page, page_of_code, versions_of,
};
pub(super) use page::{people_of, standings};
