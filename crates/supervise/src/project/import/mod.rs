//! A workbook or package before anything of it is taken, and the taking: whole or not at all.
//!
//! The plan says project by project and cell by cell what is new, what changes, what stays. It holds the tables
//! that were read and a few numbers for each project; what changes is worked out again, project by project, when
//! it is shown and when it is taken, so that memory does not grow with both.

mod file;
mod matching;
mod rows;
mod take;

use std::collections::HashMap;
use std::sync::Arc;

use kandeng_platform::{CommandError, Platform, Refusal, Text};
use rusqlite::Connection;
use uuid::Uuid;

pub use take::Taken;

use super::declaration::{self, Declared};
use super::edit::{Edit, Filed};
use super::query::{self, ProjectRow};
use super::tables;
use crate::diagnostic::Diagnostic;
use crate::draft::reader::Reader;
use crate::filing::Filing;
use crate::import::{Import, ImportOptions, Place};
use crate::packages::NotCarried;
use file::FileTable;

/// What is known of one project of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedProject {
    /// Its code.
    pub code: String,
    /// Its id: of the project that has the code, or the one that it gets.
    pub id: Uuid,
    /// The edition that it is now; 0 for a new one.
    pub edition: u32,
    /// The division code that the file says it lies in.
    pub village: Option<String>,
    /// Cells that are filled in where nothing was.
    pub new: u32,
    /// Cells that get another value.
    pub changed: u32,
    /// Cells that are emptied, those of rows that go among them.
    pub emptied: u32,
    /// Cells that stay as they are.
    pub unchanged: u32,
    /// Cells that could not be read.
    pub unread: u32,
    /// The stage that it is moved to.
    pub stage: Option<String>,
    /// What of a package of open data is not carried.
    pub not_carried: u32,
    /// Where it lies now; nothing of a new one.
    pub jurisdiction: Option<String>,
    /// Whoever sent the file may not read it: nothing is said of what stands there, and it is not taken.
    pub closed: bool,
}

impl PlannedProject {
    /// Whether nothing happens to it.
    pub fn is_unchanged(&self) -> bool {
        let changes = self.new + self.changed + self.emptied > 0 || self.stage.is_some();
        // Whether a closed one would change says what stands there.
        self.edition > 0 && !changes && !self.closed
    }
}

/// One cell that changes, or could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellChange {
    /// The table: that of projects, or a list.
    pub table: String,
    /// The column.
    pub column: String,
    /// Where it stands in the file; nothing for rows that are gone from it.
    pub place: Option<Place>,
    /// What is typed there now, as it may be shown.
    pub from: Option<String>,
    /// What is typed there after, as it may be shown.
    pub to: Option<String>,
    /// Why it could not be read; what stands in the file is kept as it is, where it is text.
    pub unread: Option<Text>,
}

/// Something that is not taken as the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportProblem {
    /// The project's code.
    pub code: String,
    /// Why.
    pub message: Text,
}

/// What a workbook would change.
pub struct ImportPlan {
    /// What was wrong with the file, and with single cells.
    pub diagnostics: Vec<Diagnostic>,
    /// What is not taken as the file says.
    pub problems: Vec<ImportProblem>,
    projects: Vec<PlannedProject>,
    by_code: HashMap<String, usize>,
    tables: Vec<Option<FileTable>>,
    newest: Declared,
    reader: Reader,
    /// Of the declarations that older projects are filed by.
    older: HashMap<u32, Reader>,
    options: ImportOptions,
    import: Import,
    file: Option<String>,
}

/// A project as it stands in the read model.
struct Standing {
    row: ProjectRow,
    filed: Filed,
    people: Vec<Uuid>,
}

impl Standing {
    fn of(connection: &Connection, code: &str) -> rusqlite::Result<Option<Self>> {
        let Some(row) = query::by_code(connection, code)? else {
            return Ok(None);
        };
        let people = query::people_of(connection, row.project)?;
        Ok(Some(Self {
            filed: tables::filed(connection, row.project)?,
            people: people.into_iter().map(|(person, _)| person).collect(),
            row,
        }))
    }
}

/// Whoever sent the file does not want it any more.
fn cancelled() -> CommandError {
    Refusal::new(
        "cancelled",
        "已取消,什么都没有导入",
        "cancelled; nothing was taken",
    )
    .into()
}

/// What the file comes to for one project.
#[derive(Default)]
struct Work {
    edit: Edit,
    changes: Vec<CellChange>,
    unchanged: u32,
    stage: Option<String>,
    /// Columns of the file that the project's declaration does not have.
    undeclared: Vec<String>,
}

impl ImportPlan {
    /// The plan of what was read with `options`, whose declaration must be the newest one. `progress` is told how
    /// many projects of how many are planned.
    ///
    /// # Errors
    /// A fault of the read model; a refusal when no declaration was adopted, or another one than the newest was
    /// read by.
    pub fn new(
        platform: &Platform,
        mut import: Import,
        options: &ImportOptions,
        progress: &dyn Fn(usize, usize),
    ) -> Result<Self, CommandError> {
        let newest = platform.query(declaration::newest)?;
        let newest = newest.filter(|newest| *newest.filing == *options.filing);
        let Some(newest) = newest else {
            return Err(Refusal::new(
                "changed-meanwhile",
                "填报声明已有改动,请重新读取文件",
                "the declaration has changed; read the file again",
            )
            .into());
        };
        let file = import.inputs().first().map(|input| input.sha256.clone());
        let projects = file::projects(&import, &newest.filing)?;
        let by_code: HashMap<String, usize> = projects
            .iter()
            .enumerate()
            .map(|(place, (code, _))| (code.clone(), place))
            .collect();
        let tables = file::tables(&import, &newest.filing, &by_code)?;
        let mut plan = Self {
            diagnostics: std::mem::take(&mut import.diagnostics),
            problems: Vec::new(),
            projects: Vec::with_capacity(projects.len()),
            by_code,
            tables,
            reader: Reader::of(
                Arc::clone(&newest.filing),
                options.key.clone(),
                options.datum,
            ),
            older: HashMap::new(),
            options: options.clone(),
            import,
            file,
            newest,
        };
        let count = projects.len();
        for (place, (code, village)) in projects.into_iter().enumerate() {
            progress(place, count);
            if options.is_cancelled() {
                return Err(cancelled());
            }
            let standing = platform.query(|of| Standing::of(of, &code))?;
            plan.prepare(platform, standing.as_ref())?;
            let id = standing
                .as_ref()
                .map_or_else(|| platform.new_id(), |known| known.row.id);
            let work = plan.work(place, &code, standing.as_ref());
            let mut planned = PlannedProject {
                id,
                edition: standing.as_ref().map_or(0, |known| known.row.edition),
                village,
                jurisdiction: standing
                    .as_ref()
                    .map(|known| known.row.jurisdiction.clone()),
                closed: false,
                unchanged: work.unchanged,
                stage: work.stage,
                not_carried: plan.not_carried(&code).len() as u32,
                code,
                new: 0,
                changed: 0,
                emptied: 0,
                unread: 0,
            };
            for change in &work.changes {
                planned.unread += u32::from(change.unread.is_some());
                match (&change.from, &change.to) {
                    (None, Some(_)) => planned.new += 1,
                    (Some(from), Some(to)) if from != to => planned.changed += 1,
                    (Some(_), None) => planned.emptied += 1,
                    _ => {}
                }
            }
            if !work.undeclared.is_empty() {
                let columns = work.undeclared.join(", ");
                plan.problems.push(ImportProblem {
                    code: planned.code.clone(),
                    message: Text::new(
                        format!("此项目按较早的填报声明填报,其中没有这些列,未采用:{columns}"),
                        format!("filed by an earlier declaration, which has no such columns; not taken: {columns}"),
                    ),
                });
            }
            plan.projects.push(planned);
        }
        progress(count, count);
        Ok(plan)
    }

    /// Closes the projects that lie where whoever sent the file may not read: a file that names them tells nothing of
    /// what is filed there.
    pub fn close(&mut self, may_read: impl Fn(&str) -> bool) {
        for project in &mut self.projects {
            let place = project.jurisdiction.as_deref();
            if place.is_none_or(&may_read) {
                continue;
            }
            project.closed = true;
            project.edition = 1;
            project.stage = None;
            (project.new, project.changed, project.emptied) = (0, 0, 0);
            (project.unchanged, project.unread) = (0, 0);
        }
        let (projects, by_code) = (&self.projects, &self.by_code);
        self.problems.retain(|problem| {
            let place = by_code.get(&problem.code);
            place.is_none_or(|place| !projects[*place].closed)
        });
    }

    /// The projects of the file, in its order.
    pub fn projects(&self) -> &[PlannedProject] {
        &self.projects
    }

    /// What of a package of open data is not carried into a project, with the reasons.
    pub fn not_carried(&self, code: &str) -> &[NotCarried] {
        self.import
            .not_carried()
            .get(code)
            .map_or(&[], Vec::as_slice)
    }

    /// Codes of a package whose projects are not carried at all, with the reasons.
    pub fn left_out(&self) -> impl Iterator<Item = &NotCarried> {
        let left = self.import.not_carried().iter();
        let left = left.filter(|(code, _)| !self.by_code.contains_key(*code));
        left.flat_map(|(_, left)| left)
    }

    /// What changes in a project, and what could not be read of it; nothing of a closed one.
    ///
    /// # Errors
    /// A fault of the read model.
    pub fn changes(
        &self,
        platform: &Platform,
        code: &str,
    ) -> Result<Vec<CellChange>, CommandError> {
        let Some(place) = self.by_code.get(code) else {
            return Ok(Vec::new());
        };
        if self.projects[*place].closed {
            return Ok(Vec::new());
        }
        let standing = platform.query(|of| Standing::of(of, code))?;
        Ok(self.work(*place, code, standing.as_ref()).changes)
    }

    /// Whether the file changes nothing.
    pub fn is_unchanged(&self) -> bool {
        self.projects.iter().all(PlannedProject::is_unchanged)
    }

    /// Loads the declaration that a project is filed by, where it is an older one.
    fn prepare(
        &mut self,
        platform: &Platform,
        standing: Option<&Standing>,
    ) -> Result<(), CommandError> {
        let version = standing.map_or(self.newest.version, |known| known.row.declaration);
        if version == self.newest.version || self.older.contains_key(&version) {
            return Ok(());
        }
        if let Some(declared) = platform.query(|of| declaration::version(of, version))? {
            let key = self.options.key.clone();
            let reader = Reader::of(declared.filing, key, self.options.datum);
            self.older.insert(version, reader);
        }
        Ok(())
    }

    /// The reader of the declaration that a project is filed by.
    fn reader(&self, standing: Option<&Standing>) -> &Reader {
        let older = standing.and_then(|known| self.older.get(&known.row.declaration));
        older.unwrap_or(&self.reader)
    }

    fn filing(&self) -> &Filing {
        &self.newest.filing
    }
}
