//! A project's filing, from the first item to the last: filed, changed, vouched for at three levels, withdrawn.
//! What is decided here is pure; tables, import and export stand beside it. Knows no pages and no HTTP.

mod county;
mod declaration;
pub(crate) mod each;
mod edit;
mod event;
mod export;
mod figures;
mod file;
pub(crate) mod files;
mod import;
pub(crate) mod people;
mod photo;
pub(crate) mod print;
mod query;
mod tables;
mod vouch;

use std::collections::{BTreeMap, BTreeSet};

use kandeng_platform::{Aggregate, EventKinds, Refusal, Tables};
use uuid::Uuid;

pub use county::{County, Standing, filing_tables, standing_at};
pub use declaration::{
    AdoptDeclaration, Change as DeclarationChange, ChangeDeclaration, Declaration,
    DeclarationEvent, DeclarationTables, Declared, NewChoice, NewColumn, declaration_id, newest,
    version,
};
pub use edit::{Cells, Edit, Filed, MAX_CELL, MAX_ROWS, Row};
pub use event::ProjectEvent;
pub use export::{ExportError, export_csv, export_workbook};
pub use file::{ChangeItems, FileProject, MoveStage, WithdrawProject};
pub use files::{
    AddFiles, AddedFile, EraseFile, FileKind, FilePlace, KeptFile, MOST_FILES, MOST_IN_CELL,
    PHOTOS, Told, erase_said, file_column, free_name, has_photo, names, said_so_far,
};
pub use import::{CellChange, ImportPlan, ImportProblem, PlannedProject, Taken};
pub use people::{Hiding, hide};
pub use photo::photo_cells;
pub(crate) use query::all_of_code;
pub(crate) use query::erased_files;
pub use query::{
    FiledDraft, Filter, Held, HeldCell, ItemChange, ItemStanding, OtherFilings, Page, Progress,
    ProjectPage, ProjectRow, Signature, draft, file_of, history, id_of_code, is_kept, list, page,
    page_of_code, resource, versions_of,
};
pub use tables::ProjectTables;
pub use vouch::{Level, Looked, ReturnCategory, SignCategory, SubmitCategory};

use vouch::Vouched;

/// Among which values project codes are unique.
pub(crate) const CODES: &str = "project-code";

/// A project, as its stream tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Project {
    /// The code that it was filed under.
    pub code: Option<String>,
    /// The version of the declaration that it is filed by.
    pub declaration: u32,
    /// The stage, where it was named.
    pub stage: Option<String>,
    /// What is typed.
    pub filed: Filed,
    /// The edition of the filing.
    pub edition: u32,
    /// For each item the edition that changed it last.
    pub items: BTreeMap<String, u32>,
    /// Files that were kept for it, by their names.
    pub files: BTreeMap<String, KeptFile>,
    /// Files that were erased for good, by SHA-256.
    pub erased: BTreeSet<String>,
    /// Whether it was withdrawn.
    pub withdrawn: bool,
    vouched: BTreeMap<String, Vouched>,
    /// The level for which each account has put a hand to this filing.
    hands: BTreeMap<Uuid, Level>,
    /// The number that the next row of each list gets.
    next_row: BTreeMap<String, u32>,
}

impl Aggregate for Project {
    const STREAM: &'static str = "project";
    type Event = ProjectEvent;

    fn apply(&mut self, event: ProjectEvent) {
        match event {
            ProjectEvent::ProjectFiled {
                code,
                declaration,
                by,
                stage,
            } => {
                self.code = Some(code);
                self.declaration = declaration;
                self.stage = stage;
                self.hands.entry(by).or_insert(Level::Village);
            }
            ProjectEvent::ItemsChanged {
                edition,
                by,
                items,
                edit,
                ..
            } => {
                self.edition = edition;
                self.hands.entry(by).or_insert(Level::Village);
                for item in items {
                    self.items.insert(item, edition);
                }
                self.take(edit);
            }
            ProjectEvent::FilesKept { by, files } => {
                let named = files.into_iter().map(|file| (file.name.clone(), file));
                self.files.extend(named);
                self.hands.entry(by).or_insert(Level::Village);
            }
            ProjectEvent::FileErased { sha256, .. } => {
                self.files.retain(|_, file| file.sha256 != sha256);
                self.erased.insert(sha256);
            }
            ProjectEvent::FilingRestated { told, stands, .. } => {
                for told in told {
                    self.hands.entry(told.by).or_insert(Level::Village);
                    let edition = told.edition.unwrap_or_default();
                    self.edition = self.edition.max(edition);
                    for item in told.items {
                        let known = self.items.entry(item).or_default();
                        *known = (*known).max(edition);
                    }
                    for file in told.files {
                        self.files.entry(file.name.clone()).or_insert(file);
                    }
                }
                self.take(stands);
            }
            ProjectEvent::StageMoved { stage, by, .. } => {
                self.stage = Some(stage);
                self.hands.entry(by).or_insert(Level::Village);
            }
            ProjectEvent::CategorySubmitted {
                category,
                edition,
                by,
                ..
            } => self.vouch(category, Level::Village, edition, by),
            ProjectEvent::CategorySigned {
                category,
                level,
                edition,
                by,
                ..
            } => self.vouch(category, level, edition, by),
            ProjectEvent::CategoryReturned {
                category,
                level,
                by,
                ..
            } => {
                self.vouched.remove(&category);
                self.hands.entry(by).or_insert(level);
            }
            ProjectEvent::ProjectWithdrawn { by, .. } => {
                self.withdrawn = true;
                self.hands.entry(by).or_insert(Level::Village);
            }
        }
    }
}

impl Project {
    fn take(&mut self, edit: Edit) {
        for (list, rows) in &edit.rows {
            if let Some((last, _)) = rows.last_key_value() {
                let next = self.next_row.entry(list.clone()).or_insert(1);
                *next = (*next).max(last + 1);
            }
        }
        self.filed.take(edit);
    }

    fn vouch(&mut self, category: String, level: Level, edition: u32, by: Uuid) {
        let vouched = self.vouched.entry(category).or_default();
        vouched.editions.insert(level, edition);
        self.hands.entry(by).or_insert(level);
    }
}

/// The kinds of events of this scene's streams.
pub fn event_kinds() -> Vec<EventKinds> {
    vec![EventKinds::of::<Project>(), EventKinds::of::<Declaration>()]
}

/// The tables that this scene fills.
pub fn tables() -> Vec<Box<dyn Tables>> {
    // Projects are read by their declaration, which must be there before them.
    vec![
        Box::new(DeclarationTables),
        Box::new(ProjectTables::default()),
    ]
}

fn not_filed() -> Refusal {
    Refusal::new("not-filed", "没有这个项目", "there is no such project")
}

fn withdrawn() -> Refusal {
    Refusal::new(
        "project-withdrawn",
        "项目已撤回,不能再办理",
        "the project was withdrawn",
    )
}
