//! A case as the read model has it, for pages and programs; and that it is read, which leaves a trace.

use kandeng_platform::authority::Facts;
use kandeng_platform::page::{Asked, Problem, Site};
use rusqlite::{Connection, OptionalExtension as _};
use uuid::Uuid;

use super::super::desk::{COLUMNS, FlagRow};
use super::super::reading::{self, Thing};
use crate::scene::Supervise;

/// A case.
pub(crate) struct CaseRow {
    pub state: String,
    pub rung: Option<String>,
    pub lead: Uuid,
    pub assignee: Uuid,
    pub opened: i64,
    pub answered: Option<String>,
    pub heard: bool,
    pub heard_note: Option<String>,
    pub referred: Option<String>,
    pub outcome: Option<String>,
    pub outcome_note: Option<String>,
    pub recovered: Option<i64>,
    pub held: Option<u32>,
    pub solved: Option<u32>,
    pub due: Option<i64>,
}

/// Something that is to be checked.
pub(crate) struct CheckRow {
    pub place: i64,
    /// The rule whose flag it comes from.
    pub rule: String,
    pub items: Vec<String>,
    pub says_zh: String,
    pub says_en: String,
    pub found: Option<String>,
    pub note: Option<String>,
}

/// A question that was asked in it.
pub(crate) struct QuestionRow {
    pub id: String,
    pub text: String,
    pub state: String,
    pub answer: Option<String>,
    pub asked_at: i64,
}

/// A case with all that hangs on it.
pub(crate) struct Whole {
    pub row: CaseRow,
    /// The gravest first.
    pub flags: Vec<FlagRow>,
    /// The projects that they are about: id and name.
    pub projects: Vec<(String, String)>,
    pub checks: Vec<CheckRow>,
    pub questions: Vec<QuestionRow>,
}

/// The case of an id; nothing where there is none.
pub(crate) fn whole(of: &Connection, id: Uuid) -> rusqlite::Result<Option<Whole>> {
    // Cannot fail to parse: the projection wrote them.
    let account = |text: String| Uuid::try_parse(&text).unwrap_or_default();
    let id = id.to_string();
    let row = of
        .prepare_cached(
            "select state, rung, lead, assignee, opened_at, answered_note, heard, heard_note, referred_to, \
             outcome, outcome_note, recovered_fen, held_to_account, problems_solved, \
             (select due from deadlines where subject = 'case/' || id and state = 'running' limit 1) \
             from cases where id = ?1",
        )?
        .query_row([&id], |row| {
            Ok(CaseRow {
                state: row.get(0)?,
                rung: row.get(1)?,
                lead: account(row.get(2)?),
                assignee: account(row.get(3)?),
                opened: row.get(4)?,
                answered: row.get(5)?,
                heard: row.get(6)?,
                heard_note: row.get(7)?,
                referred: row.get(8)?,
                outcome: row.get(9)?,
                outcome_note: row.get(10)?,
                recovered: row.get(11)?,
                held: row.get(12)?,
                solved: row.get(13)?,
                due: row.get(14)?,
            })
        })
        .optional()?;
    let Some(row) = row else {
        return Ok(None);
    };
    let flags = of
        .prepare_cached(&format!(
            "select {COLUMNS} from flags where stream in (select flag from case_flags where id = ?1) \
             order by case severity when 'high' then 0 when 'medium' then 1 else 2 end, stream"
        ))?
        .query_map([&id], FlagRow::of)?
        .collect::<rusqlite::Result<_>>()?;
    let projects = of
        .prepare_cached(
            "select id, name from projects where code in (select g.subject from case_flags f join flags g \
             on g.stream = f.flag where f.id = ?1 and g.subject_kind = 'project') order by code",
        )?
        .query_map([&id], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let checks = of
        .prepare_cached(
            "select place, items, says_zh, says_en, found, note, \
             coalesce((select rule from flags where stream = flag), '') \
             from case_checks where id = ?1 order by place",
        )?
        .query_map([&id], |row| {
            Ok(CheckRow {
                place: row.get(0)?,
                // Cannot fail to parse: the projection wrote it.
                items: serde_json::from_str(row.get_ref(1)?.as_str()?).unwrap_or_default(),
                says_zh: row.get(2)?,
                says_en: row.get(3)?,
                found: row.get(4)?,
                note: row.get(5)?,
                rule: row.get(6)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let questions = of
        .prepare_cached(
            "select id, text, state, answer, asked_at from questions where case_id = ?1 order by asked_at",
        )?
        .query_map([&id], |row| {
            Ok(QuestionRow {
                id: row.get(0)?,
                text: row.get(1)?,
                state: row.get(2)?,
                answer: row.get(3)?,
                asked_at: row.get(4)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some(Whole {
        row,
        flags,
        projects,
        checks,
        questions,
    }))
}

/// Whether the viewer leads the case or works on it.
pub(crate) fn is_own(asked: &Asked) -> bool {
    matches!(
        &asked.resource.facts,
        Facts::Case { lead, assignee, .. } if [lead, assignee].contains(&&asked.viewer.account)
    )
}

/// Flags of the case whose rules compare with a register that nobody reads.
fn confided(site: &Site, scene: &Supervise, id: Uuid) -> Result<Vec<Uuid>, Problem> {
    let confided = scene.confided(site)?;
    let flags: Vec<(String, String)> = site.platform().query(|connection| {
        connection
            .prepare_cached(
                "select f.stream, f.rule from case_flags c join flags f on f.stream = c.flag \
                 where c.id = ?1",
            )?
            .query_map([id.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
    })?;
    let flags = flags
        .iter()
        .filter(|(_, rule)| confided.registers_of(rule).is_some());
    Ok(flags
        .filter_map(|(stream, _)| Uuid::try_parse(stream.rsplit('/').next()?).ok())
        .collect())
}

/// Leaves the traces of whoever works on the case, of what rules matched in registers too, and of whoever says why they
/// read it. Whether it may be shown: see [`reading::traced`].
pub(crate) async fn traced(
    site: &Site,
    asked: &Asked,
    scene: &Supervise,
    id: Uuid,
    reason: Option<&str>,
) -> Result<bool, Problem> {
    let is_own = is_own(asked);
    let may_be_shown = reading::traced(site, asked, Thing::case(id), is_own, reason).await?;
    if may_be_shown && is_own {
        for flag in confided(site, scene, id)? {
            reading::traced(site, asked, Thing::matched(flag), true, None).await?;
        }
    }
    Ok(may_be_shown)
}
