//! All that one project's page shows, and what stands there when somebody else was first.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::Connection;
use uuid::Uuid;

use super::files::files_of;
use super::list::{ProjectRow, by_code, by_id, time_at, uuid_at};
use crate::filing::Filing;
use crate::project::edit::{Filed, Row};
use crate::project::files::{KeptFile, file_of_photo, names};
use crate::project::vouch::{Level, Looked};
use crate::project::{people, tables};

/// How an item stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemStanding {
    /// The edition that changed it last: what a change of it is based on.
    pub edition: u32,
    /// Who changed it.
    pub by: Uuid,
    /// When.
    pub at: Timestamp,
}

/// What a level did with a category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The category.
    pub category: String,
    /// The level.
    pub level: Level,
    /// Why it was given back; nothing when it was signed.
    pub returned: Option<String>,
    /// The edition that was looked at.
    pub edition: u32,
    /// What was looked at.
    pub looked: Looked,
    /// Who.
    pub by: Uuid,
    /// When.
    pub at: Timestamp,
    /// Whether an item of the category was changed after.
    pub changed_after: bool,
    /// Whether it vouches for what stands there: not changed after, and not given back since.
    pub stands: bool,
}

/// How far a category is filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Items that apply to the project.
    pub apply: u32,
    /// Of these, filled.
    pub filled: u32,
    /// Of these, required by the project's stage.
    pub required: u32,
    /// Of the required, filled.
    pub done: u32,
}

/// All that a project's page shows.
#[derive(Clone, Debug)]
pub struct ProjectPage {
    /// The project.
    pub row: ProjectRow,
    /// What is typed. Whoever may read a cell reads it through [`ProjectPage::shown`].
    pub filed: Filed,
    /// How each item stands; one that is not there was never filled.
    pub items: BTreeMap<String, ItemStanding>,
    /// What was signed and given back, in order.
    pub signatures: Vec<Signature>,
    /// By category.
    pub progress: BTreeMap<String, Progress>,
    /// People that the filing names, in order, each with the reference to the name in the vault.
    pub people: Vec<(Uuid, Uuid)>,
    /// Files that were kept for it, by the names that cells call them by.
    pub files: BTreeMap<String, KeptFile>,
}

impl ProjectPage {
    /// The file of a photo's row; nothing where the row only states one.
    pub fn file_of_photo(&self, row: &Row) -> Option<&KeptFile> {
        file_of_photo(&self.files, row)
    }

    /// The files that a cell names and that are kept, with the names that it has.
    pub fn files_in<'p>(&'p self, cell: &'p str) -> impl Iterator<Item = &'p KeptFile> {
        names(cell).filter_map(|name| self.files.get(name))
    }

    /// A cell as it may be shown: a person's name as 个人 A.
    pub fn shown(&self, typed: &str) -> String {
        let people = self.order();
        people::shown(typed, &people).unwrap_or_else(|| typed.to_owned())
    }

    /// The reference to the name that a cell's mark stands for.
    pub fn reference(&self, typed: &str) -> Option<Uuid> {
        let person = people::person_of(typed)?;
        let known = self.people.iter().find(|(known, _)| *known == person);
        known.map(|(_, reference)| *reference)
    }

    /// The people in order, for [`super::hide`].
    pub fn order(&self) -> Vec<Uuid> {
        self.people.iter().map(|(person, _)| *person).collect()
    }

    /// The editions that a change from this page is based on.
    pub fn based_on(&self) -> BTreeMap<String, u32> {
        let items = self.items.iter();
        items
            .map(|(item, standing)| (item.clone(), standing.edition))
            .collect()
    }
}

/// The page of a project, by its declaration; nothing when there is no such project.
///
/// # Errors
/// When the database fails.
pub fn page(of: &Connection, filing: &Filing, id: Uuid) -> rusqlite::Result<Option<ProjectPage>> {
    let row = by_id(of, id)?;
    row.map(|row| page_of(of, filing, row)).transpose()
}

/// The page of the project that has a code now.
///
/// # Errors
/// When the database fails.
pub fn page_of_code(
    of: &Connection,
    filing: &Filing,
    code: &str,
) -> rusqlite::Result<Option<ProjectPage>> {
    let row = by_code(of, code)?;
    row.map(|row| page_of(of, filing, row)).transpose()
}

fn page_of(of: &Connection, filing: &Filing, row: ProjectRow) -> rusqlite::Result<ProjectPage> {
    let items = standings(of, row.project)?;
    let progress = of
        .prepare_cached(
            "select category, apply, filled, required, done from project_progress where project = ?1",
        )?
        .query_map([row.project], |row| {
            let count = Progress {
                apply: row.get(1)?,
                filled: row.get(2)?,
                required: row.get(3)?,
                done: row.get(4)?,
            };
            Ok((row.get(0)?, count))
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(ProjectPage {
        filed: tables::filed(of, row.project)?,
        signatures: signatures(of, filing, row.project, &items)?,
        people: people_of(of, row.project)?,
        files: files_of(of, row.project)?,
        items,
        progress,
        row,
    })
}

/// People of a filing in order, with references.
pub(in crate::project) fn people_of(
    of: &Connection,
    project: i64,
) -> rusqlite::Result<Vec<(Uuid, Uuid)>> {
    of.prepare_cached(
        "select person, reference from project_people where project = ?1 order by place",
    )?
    .query_map([project], |row| Ok((uuid_at(row, 0)?, uuid_at(row, 1)?)))?
    .collect()
}

pub(in crate::project) fn standings(
    of: &Connection,
    project: i64,
) -> rusqlite::Result<BTreeMap<String, ItemStanding>> {
    of.prepare_cached("select item, edition, actor, at from project_items where project = ?1")?
        .query_map([project], |row| {
            let standing = ItemStanding {
                edition: row.get(1)?,
                by: uuid_at(row, 2)?,
                at: time_at(row, 3)?,
            };
            Ok((row.get(0)?, standing))
        })?
        .collect()
}

fn signatures(
    of: &Connection,
    filing: &Filing,
    project: i64,
    items: &BTreeMap<String, ItemStanding>,
) -> rusqlite::Result<Vec<Signature>> {
    let changed = |category: &str| {
        let category = filing.categories.iter().find(|known| known.key == category);
        let items = category
            .into_iter()
            .flat_map(|category| &category.items)
            .filter_map(|item| items.get(&item.key));
        items.map(|standing| standing.edition).max().unwrap_or(0)
    };
    let mut all = of
        .prepare_cached(
            "select category, level, reason, edition, looked, actor, at from project_signatures \
             where project = ?1 order by position",
        )?
        .query_map([project], |row| {
            let category: String = row.get(0)?;
            let edition = row.get(3)?;
            let looked: Option<String> = row.get(4)?;
            let looked = looked.and_then(|looked| serde_json::from_str(&looked).ok());
            Ok(Signature {
                changed_after: changed(&category) > edition,
                category,
                // Cannot fail: the table checks it.
                level: Level::parse(row.get_ref(1)?.as_str()?).unwrap_or(Level::Village),
                returned: row.get(2)?,
                edition,
                looked: looked.unwrap_or_default(),
                by: uuid_at(row, 5)?,
                at: time_at(row, 6)?,
                stands: false,
            })
        })?
        .collect::<rusqlite::Result<Vec<Signature>>>()?;
    for place in 0..all.len() {
        let signature = &all[place];
        let later = all[place + 1..].iter();
        let given_back = later
            .filter(|later| later.category == signature.category)
            .any(|later| later.returned.is_some());
        all[place].stands = signature.returned.is_none() && !signature.changed_after && !given_back;
    }
    Ok(all)
}

/// What stands in an item now: what a page shows beside what the person typed, when somebody else was first.
#[derive(Clone, Debug)]
pub struct Held {
    /// The item.
    pub item: String,
    /// How it stands.
    pub standing: ItemStanding,
    /// What is typed there: in the project's own row, and in rows of lists.
    pub cells: Vec<HeldCell>,
}

/// A cell of an item, as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldCell {
    /// The list and the row in it; nothing for the project's own row.
    pub row: Option<(String, u32)>,
    /// The column.
    pub column: String,
    /// What is typed there.
    pub typed: String,
}

/// How those of `based_on` stand that were changed since.
///
/// # Errors
/// When the database fails.
pub fn versions_of(
    of: &Connection,
    filing: &Filing,
    id: Uuid,
    based_on: &BTreeMap<String, u32>,
) -> rusqlite::Result<Vec<Held>> {
    let Some(page) = page(of, filing, id)? else {
        return Ok(Vec::new());
    };
    let changed = page.items.iter().filter(|(item, standing)| {
        based_on
            .get(*item)
            .is_some_and(|based| *based != standing.edition)
    });
    Ok(changed
        .map(|(item, standing)| {
            let mut cells = Vec::new();
            for (table, column) in filing.columns_of(item) {
                if table == filing.sheets[0].table {
                    if let Some(typed) = page.filed.fields.get(column) {
                        cells.push(HeldCell {
                            row: None,
                            column: column.to_owned(),
                            typed: page.shown(typed),
                        });
                    }
                    continue;
                }
                for (row, typed) in page.filed.lists.get(table).into_iter().flatten() {
                    if let Some(typed) = typed.get(column) {
                        cells.push(HeldCell {
                            row: Some((table.to_owned(), *row)),
                            column: column.to_owned(),
                            typed: page.shown(typed),
                        });
                    }
                }
            }
            Held {
                item: item.clone(),
                standing: standing.clone(),
                cells,
            }
        })
        .collect())
}
