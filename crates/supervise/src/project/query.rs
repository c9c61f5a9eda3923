//! What pages ask of projects.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kandeng_ledger::StreamName;
use kandeng_platform::{Aggregate, CommandError, Platform, jurisdiction};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, params_from_iter};
use uuid::Uuid;

use super::edit::{Edit, Filed, Row};
use super::tables;
use super::vouch::{Level, Looked};
use super::{Project, ProjectEvent, people};
use crate::draft::{self, Draft, FiledPayment};
use crate::filing::Filing;
use crate::import::value::{Cell, money};

/// A project as lists show it.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectRow {
    /// Its id.
    pub id: Uuid,
    /// Its code.
    pub code: String,
    /// Its name, as filed.
    pub name: Option<String>,
    /// The key of its kind.
    pub kind: Option<String>,
    /// The division code that it lies in: the village's, where it is filed.
    pub jurisdiction: String,
    /// The township's, where that is known.
    pub township: Option<String>,
    /// The key of its stage.
    pub stage: String,
    /// Who implements it.
    pub owner: Option<String>,
    /// The approved budget in fen.
    pub budget_fen: Option<i64>,
    /// The contract amount in fen.
    pub contract_fen: Option<i64>,
    /// The sum of its payments in fen.
    pub paid_fen: i64,
    /// The last progress in per cent.
    pub progress: Option<f64>,
    /// Items that its stage asks for.
    pub required: u32,
    /// Of these, filled.
    pub done: u32,
    /// The version of the declaration that it is filed by.
    pub declaration: u32,
    /// The edition of its filing.
    pub edition: u32,
    /// Events of its stream.
    pub version: u64,
    /// The position of the last of them.
    pub position: u64,
    /// Who filed it.
    pub filed_by: Uuid,
    /// When.
    pub filed_at: Timestamp,
    /// Who changed it last.
    pub changed_by: Uuid,
    /// When.
    pub changed_at: Timestamp,
    /// Whether it was withdrawn.
    pub withdrawn: bool,
    /// Its number in the read model.
    pub(crate) project: i64,
}

const COLUMNS: &str = "project, id, code, name, kind, jurisdiction, township, stage, owner, budget_fen, \
    contract_fen, paid_fen, progress, required, done, declaration, edition, version, position, filed_by, \
    filed_at, changed_by, changed_at, withdrawn";

fn uuid_at(row: &rusqlite::Row<'_>, place: usize) -> rusqlite::Result<Uuid> {
    // Cannot fail to parse: the projection wrote it.
    Ok(Uuid::try_parse(row.get_ref(place)?.as_str()?).unwrap_or_default())
}

fn time_at(row: &rusqlite::Row<'_>, place: usize) -> rusqlite::Result<Timestamp> {
    // Cannot fail: it was a timestamp's milliseconds.
    Ok(Timestamp::from_millisecond(row.get(place)?).unwrap_or_default())
}

impl ProjectRow {
    fn of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            project: row.get(0)?,
            id: uuid_at(row, 1)?,
            code: row.get(2)?,
            name: row.get(3)?,
            kind: row.get(4)?,
            jurisdiction: row.get(5)?,
            township: Some(row.get::<_, String>(6)?).filter(|code| !code.is_empty()),
            stage: row.get(7)?,
            owner: row.get(8)?,
            budget_fen: row.get(9)?,
            contract_fen: row.get(10)?,
            paid_fen: row.get(11)?,
            progress: row.get(12)?,
            required: row.get(13)?,
            done: row.get(14)?,
            declaration: row.get(15)?,
            edition: row.get(16)?,
            version: row.get::<_, i64>(17)? as u64,
            position: row.get::<_, i64>(18)? as u64,
            filed_by: uuid_at(row, 19)?,
            filed_at: time_at(row, 20)?,
            changed_by: uuid_at(row, 21)?,
            changed_at: time_at(row, 22)?,
            withdrawn: row.get(23)?,
        })
    }
}

/// Which projects a list shows. What is not said does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Division codes: those that lie in any of them. Without one there is nothing to see.
    pub within: Vec<String>,
    /// The key of the stage.
    pub stage: Option<String>,
    /// The key of the kind.
    pub kind: Option<String>,
    /// The year of the code.
    pub year: Option<i64>,
    /// Part of the name, or the beginning of the code.
    pub text: Option<String>,
    /// Whether to show those that were withdrawn instead.
    pub withdrawn: bool,
    /// Those changed last first, instead of by code.
    pub newest: bool,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The projects.
    pub rows: Vec<ProjectRow>,
    /// How many there are in all.
    pub total: u64,
}

/// The projects of a list, `count` of them from place `from` on.
///
/// # Errors
/// When the database fails.
pub fn list(of: &Connection, filter: &Filter, from: u64, count: u32) -> rusqlite::Result<Page> {
    let mut conditions = vec![format!("withdrawn = {}", u8::from(filter.withdrawn))];
    let mut values: Vec<Sql> = Vec::new();
    let mut within = Vec::new();
    for code in filter
        .within
        .iter()
        .filter(|code| jurisdiction::is_code(code))
    {
        // A range of texts, so that the index serves: digits come before the colon.
        within.push("(jurisdiction >= ? and jurisdiction < ?)");
        values.push(Sql::Text(code.clone()));
        values.push(Sql::Text(format!("{code}:")));
    }
    conditions.push(if within.is_empty() {
        "0".to_owned()
    } else {
        format!("({})", within.join(" or "))
    });
    for (column, value) in [("stage", &filter.stage), ("kind", &filter.kind)] {
        if let Some(value) = value {
            conditions.push(format!("{column} = ?"));
            values.push(Sql::Text(value.clone()));
        }
    }
    if let Some(year) = filter.year {
        conditions.push("year = ?".to_owned());
        values.push(Sql::Integer(year));
    }
    let text = filter.text.as_deref().map(str::trim);
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        conditions.push("(instr(lower(name), lower(?)) > 0 or instr(code, ?) = 1)".to_owned());
        values.extend([Sql::Text(text.to_owned()), Sql::Text(text.to_owned())]);
    }
    let conditions = conditions.join(" and ");
    let total: i64 = of
        .prepare_cached(&format!("select count(*) from projects where {conditions}"))?
        .query_row(params_from_iter(&values), |row| row.get(0))?;
    let order = if filter.newest {
        "changed_at desc, project desc"
    } else {
        "code, project"
    };
    values.extend([
        Sql::Integer(i64::from(count)),
        Sql::Integer(i64::try_from(from).unwrap_or(i64::MAX)),
    ]);
    let rows = of
        .prepare_cached(&format!(
            "select {COLUMNS} from projects where {conditions} order by {order} limit ? offset ?"
        ))?
        .query_map(params_from_iter(&values), ProjectRow::of)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Page {
        rows,
        total: total as u64,
    })
}

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
}

impl ProjectPage {
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
    let row = of
        .prepare_cached(&format!("select {COLUMNS} from projects where id = ?1"))?
        .query_row([id.to_string()], ProjectRow::of)
        .optional()?;
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

/// The project that has a code now.
pub(super) fn by_code(of: &Connection, code: &str) -> rusqlite::Result<Option<ProjectRow>> {
    of.prepare_cached(&format!(
        "select {COLUMNS} from projects where code = ?1 and withdrawn = 0"
    ))?
    .query_row([code], ProjectRow::of)
    .optional()
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
        items,
        progress,
        row,
    })
}

/// People of a filing in order, with references.
pub(super) fn people_of(of: &Connection, project: i64) -> rusqlite::Result<Vec<(Uuid, Uuid)>> {
    of.prepare_cached(
        "select person, reference from project_people where project = ?1 order by place",
    )?
    .query_map([project], |row| Ok((uuid_at(row, 0)?, uuid_at(row, 1)?)))?
    .collect()
}

pub(super) fn standings(
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

/// One cell of an item that was changed: who, when, from, to. Names of people stand as marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemChange {
    /// The edition that changed it.
    pub edition: u32,
    /// Who.
    pub by: Uuid,
    /// When.
    pub at: Timestamp,
    /// The list and the row in it; nothing for the project's own row.
    pub row: Option<(String, u32)>,
    /// The column.
    pub column: String,
    /// What was typed there before.
    pub from: Option<String>,
    /// What is typed there since.
    pub to: Option<String>,
    /// SHA-256 of the file that it was read from.
    pub file: Option<String>,
}

/// Every change of an item, oldest first, from the ledger itself.
///
/// # Errors
/// When the ledger cannot be read.
pub fn history(
    platform: &Platform,
    filing: &Filing,
    id: Uuid,
    item: &str,
) -> Result<Vec<ItemChange>, CommandError> {
    let stream = StreamName::new(Project::STREAM, id)?;
    let mut filed = Filed::default();
    let mut changes = Vec::new();
    for recorded in platform.ledger().read_stream(&stream, 0)? {
        let read = Project::event_in(&recorded).map_err(CommandError::Append)?;
        let Some((
            envelope,
            ProjectEvent::ItemsChanged {
                edition,
                by,
                edit,
                file,
                ..
            },
        )) = read
        else {
            continue;
        };
        let continued = edit.continued;
        let cells: Vec<_> = cells_of(filing, item, &edit, &filed)
            .into_iter()
            .map(|(row, column)| {
                let from = typed_at(&filed, row.as_ref(), &column);
                (row, column, from)
            })
            .collect();
        filed.take(edit);
        for (row, column, from) in cells {
            let to = typed_at(&filed, row.as_ref(), &column);
            // A cell that goes on in a further event is one change.
            if continued
                && let Some(last) = changes.iter_mut().rev().find(|last: &&mut ItemChange| {
                    last.edition == edition && last.row == row && last.column == column
                })
            {
                last.to = to;
                continue;
            }
            if from != to {
                changes.push(ItemChange {
                    edition,
                    by,
                    at: envelope.at,
                    row,
                    column,
                    from,
                    to,
                    file: file.clone(),
                });
            }
        }
    }
    Ok(changes)
}

fn typed_at(filed: &Filed, row: Option<&(String, u32)>, column: &str) -> Option<String> {
    let cells: Option<&Row> = match row {
        None => Some(&filed.fields),
        Some((list, row)) => filed.lists.get(list).and_then(|rows| rows.get(row)),
    };
    cells.and_then(|cells| cells.get(column)).cloned()
}

/// Cells of an item that an edit touches.
fn cells_of(
    filing: &Filing,
    item: &str,
    edit: &Edit,
    before: &Filed,
) -> Vec<(Option<(String, u32)>, String)> {
    let mut cells = Vec::new();
    for (table, column) in filing.columns_of(item) {
        if table == filing.sheets[0].table {
            if edit.fields.contains_key(column) {
                cells.push((None, column.to_owned()));
            }
            continue;
        }
        for (row, typed) in edit.rows.get(table).into_iter().flatten() {
            let held = before.lists.get(table).and_then(|rows| rows.get(row));
            let touches = match typed {
                Some(typed) => typed.contains_key(column),
                None => held.is_some_and(|held| held.contains_key(column)),
            };
            if touches {
                cells.push((Some((table.to_owned(), *row)), column.to_owned()));
            }
        }
    }
    cells
}

/// A filing as a draft, to be checked by the rules for filers.
#[derive(Clone, Debug)]
pub struct FiledDraft {
    /// The draft.
    pub draft: Draft,
    /// For each of its lists the numbers of its rows, in order.
    pub rows: BTreeMap<String, Vec<u32>>,
}

/// A filing as a draft; nothing when there is no such project.
///
/// # Errors
/// When the database fails.
pub fn draft(of: &Connection, id: Uuid) -> rusqlite::Result<Option<FiledDraft>> {
    let row = of
        .prepare_cached(&format!("select {COLUMNS} from projects where id = ?1"))?
        .query_row([id.to_string()], ProjectRow::of)
        .optional()?;
    let Some(row) = row else {
        return Ok(None);
    };
    let filed = tables::filed(of, row.project)?;
    let mut draft = Draft::new()
        .with("project_code", row.code)
        .with("stage", row.stage);
    for (column, typed) in filed.fields {
        draft = draft.with(column, typed);
    }
    let mut numbers: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for (list, rows) in filed.lists {
        for (number, cells) in rows {
            draft = draft.with_row(list.clone(), cells);
            numbers.entry(list.clone()).or_default().push(number);
        }
    }
    Ok(Some(FiledDraft {
        draft,
        rows: numbers,
    }))
}

/// The filings that a draft is compared with: all but its own.
pub struct OtherFilings<'a> {
    platform: &'a Platform,
    except: Option<Uuid>,
}

impl<'a> OtherFilings<'a> {
    /// All but one; all, for a draft that nobody has filed yet.
    pub fn but(platform: &'a Platform, except: Option<Uuid>) -> Self {
        Self { platform, except }
    }

    fn own(&self) -> String {
        self.except.map_or_else(String::new, |id| id.to_string())
    }
}

/// A fault of the database counts as nothing found: the rules at night look again.
impl draft::Filed for OtherFilings<'_> {
    fn has_code(&self, code: &str) -> bool {
        let found = self.platform.query(|connection| {
            connection
                .prepare_cached(
                    "select exists (select 1 from projects where code = ?1 and id <> ?2 and withdrawn = 0)",
                )?
                .query_row([code, &self.own()], |row| row.get(0))
        });
        found.unwrap_or(false)
    }

    fn payments(&self, vouchers: &[&str]) -> Vec<FiledPayment> {
        let found = self.platform.query(|connection| {
            let mut found = Vec::new();
            let mut select = connection.prepare_cached(
                "select code, f.cells, r.cells from project_rows r join projects p using (project) \
                 join project_fields f using (project) where list = 'payments' \
                 and json_extract(r.cells, '$.voucher') = ?1 and id <> ?2 and withdrawn = 0",
            )?;
            for voucher in vouchers {
                let mut rows = select.query([*voucher, &self.own()])?;
                while let Some(row) = rows.next()? {
                    let own = tables::row_of(row.get_ref(1)?.as_str()?);
                    let payment = tables::row_of(row.get_ref(2)?.as_str()?);
                    let amount = payment.get("amount").map(|typed| Cell::text(typed));
                    found.push(FiledPayment {
                        project_code: row.get(0)?,
                        owner_name: own.get("owner_name").cloned(),
                        owner_uscc: own.get("owner_uscc").cloned(),
                        voucher: (*voucher).to_owned(),
                        amount_fen: amount
                            .and_then(|cell| money::read(cell, money::YUAN).ok().flatten()),
                    });
                }
            }
            Ok(found)
        });
        found.unwrap_or_default()
    }
}
