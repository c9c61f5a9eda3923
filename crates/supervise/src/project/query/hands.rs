//! Who has a hand in a filing, and where it lies: what is asked before anybody may do anything to it.

use kandeng_platform::authority::{Facts, Hands, Resource};
use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::list::uuid_at;

/// A project as authority sees it; nothing when there is no such project. One that was withdrawn is still there.
///
/// # Errors
/// When the database fails.
pub fn resource(of: &Connection, id: Uuid) -> rusqlite::Result<Option<Resource>> {
    let found: Option<(i64, String, Uuid)> = of
        .prepare_cached("select project, jurisdiction, filed_by from projects where id = ?1")?
        .query_row([id.to_string()], |row| {
            Ok((row.get(0)?, row.get(1)?, uuid_at(row, 2)?))
        })
        .optional()?;
    let Some((project, jurisdiction, filed_by)) = found else {
        return Ok(None);
    };
    let mut hands = Hands {
        filed: vec![filed_by],
        ..Hands::default()
    };
    let mut changed =
        of.prepare_cached("select distinct actor from item_changes where project = ?1")?;
    let mut rows = changed.query([project])?;
    while let Some(row) = rows.next()? {
        let actor = uuid_at(row, 0)?;
        if !hands.filed.contains(&actor) {
            hands.filed.push(actor);
        }
    }
    let mut signed = of.prepare_cached(
        "select distinct level, actor from project_signatures where project = ?1",
    )?;
    let mut rows = signed.query([project])?;
    while let Some(row) = rows.next()? {
        let level = match row.get_ref(0)?.as_str()? {
            "township" => &mut hands.township,
            "department" => &mut hands.department,
            _ => &mut hands.village,
        };
        level.push(uuid_at(row, 1)?);
    }
    Ok(Some(Resource {
        id: id.to_string(),
        jurisdiction,
        facts: Facts::Project { hands },
    }))
}

/// The project that has a code now.
///
/// # Errors
/// When the database fails.
pub fn id_of_code(of: &Connection, code: &str) -> rusqlite::Result<Option<Uuid>> {
    of.prepare_cached("select id from projects where code = ?1 and withdrawn = 0")?
        .query_row([code], |row| uuid_at(row, 0))
        .optional()
}

/// All projects that ever had a code, those that were withdrawn among them.
///
/// # Errors
/// When the database fails.
pub fn all_of_code(of: &Connection, code: &str) -> rusqlite::Result<Vec<Uuid>> {
    of.prepare_cached("select id from projects where code = ?1 order by project")?
        .query_map([code], |row| uuid_at(row, 0))?
        .collect()
}
