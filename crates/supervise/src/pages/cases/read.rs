//! A case as the read model has it, for pages and programs; and that it is read, which leaves a trace.

use kandeng_platform::authority::Facts;
use kandeng_platform::page::{Asked, Problem, Site};
use rusqlite::{Connection, OptionalExtension as _};
use uuid::Uuid;

use super::super::desk::{COLUMNS, FlagRow};
use super::super::words::words;

/// How long somebody who said why goes on reading, in milliseconds.
const READS: i64 = 12 * 3_600_000;

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
    let checks = of
        .prepare_cached(
            "select place, items, says_zh, says_en, found, note from case_checks where id = ?1 order by place",
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
        checks,
        questions,
    }))
}

/// Whether somebody said not long ago why they read the case, or left the trace of working on it.
fn reads(site: &Site, asked: &Asked, id: Uuid) -> Result<bool, Problem> {
    let viewer = asked.viewer.account;
    let since = site.platform().clock().now().as_millisecond() - READS;
    let said: bool = site.platform().query(|connection| {
        connection
            .prepare_cached(
                "select exists (select 1 from readings where what = 'case' and thing = ?1 and actor = ?2 \
                 and at >= ?3)",
            )?
            .query_row(rusqlite::params![id.to_string(), viewer.to_string(), since], |row| {
                row.get(0)
            })
    })?;
    Ok(said)
}

/// Leaves the trace of whoever works on the case, and of whoever says why they read it. Whether the case may be shown:
/// somebody else is asked why first, unless they said so not long ago.
pub(crate) async fn traced(
    site: &Site,
    asked: &Asked,
    id: Uuid,
    reason: Option<&str>,
) -> Result<bool, Problem> {
    let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
    let reason = match reason {
        Some(reason) => reason.to_owned(),
        None if reads(site, asked, id)? => return Ok(true),
        None => {
            let is_own = matches!(
                &asked.resource.facts,
                Facts::Case { lead, assignee, .. } if [lead, assignee].contains(&&asked.viewer.account)
            );
            if !is_own {
                return Ok(false);
            }
            // Whoever works on it needs no reason of their own; the trace is left all the same.
            words(asked.viewer.language).say("reads-own-case")
        }
    };
    let cx = site.context(&asked.viewer, &asked.resource.jurisdiction);
    site.platform()
        .note_reading(id, "case", &reason, &cx)
        .await?;
    Ok(true)
}
