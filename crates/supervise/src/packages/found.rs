//! What a package comes to: rows of typed cells with their places, and what is not carried.

use std::collections::HashMap;

use kandeng_screening::Text;

use super::{PackageError, PackageKind};

/// The most that is told of one project; what is more is counted.
const TOLD: usize = 200;

/// Something in a package that is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotCarried {
    /// Of the project of this code.
    pub code: String,
    /// Where: a JSON pointer.
    pub place: String,
    /// What stands there, shortened; nothing for what has parts.
    pub value: Option<String>,
    /// Why.
    pub why: Text,
}

/// A cell of a row, as it would be typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub column: &'static str,
    pub text: String,
    pub place: String,
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub table: &'static str,
    pub cells: Vec<Cell>,
}

/// A project: its own row, and rows of lists.
pub(crate) struct Project {
    pub code: String,
    pub place: String,
    pub rows: Vec<Row>,
}

/// Everything that was found.
pub(crate) struct Found {
    pub kind: PackageKind,
    pub projects: Vec<Project>,
    pub left: Vec<NotCarried>,
    by_code: HashMap<String, usize>,
}

impl Found {
    pub fn new(kind: PackageKind) -> Self {
        Self {
            kind,
            projects: Vec::new(),
            left: Vec::new(),
            by_code: HashMap::new(),
        }
    }

    /// Where the project of a code stands, if it was met.
    pub fn place_of(&self, code: &str) -> Option<&str> {
        let place = self.by_code.get(code)?;
        Some(&self.projects[*place].place)
    }

    /// Adds a project, and what of it is not carried.
    pub fn add(&mut self, project: Project, left: Vec<NotCarried>) {
        self.leave(&project.code, left);
        self.by_code
            .insert(project.code.clone(), self.projects.len());
        self.projects.push(project);
    }

    /// Notes what of a project is not carried.
    pub fn leave(&mut self, code: &str, mut left: Vec<NotCarried>) {
        let more = left.len().saturating_sub(TOLD);
        left.truncate(TOLD);
        if more > 0 {
            left.push(NotCarried {
                code: code.to_owned(),
                place: String::new(),
                value: None,
                why: Text::new(
                    format!("另有 {more} 处也没有带入"),
                    format!("and {more} more that are not carried"),
                ),
            });
        }
        for mut one in left {
            code.clone_into(&mut one.code);
            self.left.push(one);
        }
    }

    /// Whether there is anything to import.
    pub fn check(&self) -> Result<(), PackageError> {
        if !self.projects.is_empty() {
            return Ok(());
        }
        let first = self.left.first();
        let (zh, en) = first.map_or(("没有项目", "there are no projects"), |one| {
            (&*one.why.zh, &*one.why.en)
        });
        let key = self.kind.key();
        let place = first.map_or_else(|| format!("/{key}"), |one| one.place.clone());
        Err(PackageError::at(&place, zh, en))
    }
}
