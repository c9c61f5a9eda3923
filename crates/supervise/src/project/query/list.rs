//! Lists of projects: filtered, in parts.

use jiff::Timestamp;
use kandeng_platform::jurisdiction;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, params_from_iter};
use uuid::Uuid;

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

pub(super) fn uuid_at(row: &rusqlite::Row<'_>, place: usize) -> rusqlite::Result<Uuid> {
    // Cannot fail to parse: the projection wrote it.
    Ok(Uuid::try_parse(row.get_ref(place)?.as_str()?).unwrap_or_default())
}

pub(super) fn time_at(row: &rusqlite::Row<'_>, place: usize) -> rusqlite::Result<Timestamp> {
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
    /// Those alone that lie in no township.
    pub nowhere: bool,
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
    /// Those with an event after this position.
    pub since: Option<u64>,
    /// Those that come after the one of this code and id, in the order of codes: a code that was withdrawn may have been
    /// filed again. How many there are in all is told without it.
    pub after: Option<(String, String)>,
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
    let mut conditions = Vec::new();
    // That it was withdrawn is a change too: whoever keeps up with a county would have it for ever otherwise.
    if filter.since.is_none() {
        conditions.push(format!("withdrawn = {}", u8::from(filter.withdrawn)));
    }
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
    if filter.nowhere {
        conditions.push("township = ''".to_owned());
    }
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
    if let Some(since) = filter.since {
        conditions.push("position > ?".to_owned());
        values.push(Sql::Integer(i64::try_from(since).unwrap_or(i64::MAX)));
    }
    let mut conditions = conditions.join(" and ");
    let total: i64 = of
        .prepare_cached(&format!("select count(*) from projects where {conditions}"))?
        .query_row(params_from_iter(&values), |row| row.get(0))?;
    if let Some((code, id)) = &filter.after {
        conditions.push_str(" and (code, id) > (?, ?)");
        values.extend([Sql::Text(code.clone()), Sql::Text(id.clone())]);
    }
    let order = if filter.newest {
        "changed_at desc, project desc"
    } else {
        "code, id"
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

/// The project that has a code now.
pub(in crate::project) fn by_code(
    of: &Connection,
    code: &str,
) -> rusqlite::Result<Option<ProjectRow>> {
    of.prepare_cached(&format!(
        "select {COLUMNS} from projects where code = ?1 and withdrawn = 0"
    ))?
    .query_row([code], ProjectRow::of)
    .optional()
}

/// The project of an id.
pub(super) fn by_id(of: &Connection, id: Uuid) -> rusqlite::Result<Option<ProjectRow>> {
    of.prepare_cached(&format!("select {COLUMNS} from projects where id = ?1"))?
        .query_row([id.to_string()], ProjectRow::of)
        .optional()
}
