//! Cases as the read model holds them.

use kandeng_ledger::Recorded;
use rusqlite::{Connection, params};

use super::{Case, CaseEvent, Rung};
use crate::aggregate::Aggregate;
use crate::read_model::Tables;

/// The tables `cases`, `case_flags` and `case_checks`.
pub struct CaseTables;

impl Tables for CaseTables {
    fn name(&self) -> &'static str {
        "cases"
    }

    fn version(&self) -> u32 {
        2
    }

    fn tables(&self) -> &'static [&'static str] {
        &["cases", "case_flags", "case_checks"]
    }

    fn create(&self) -> &'static str {
        "create table cases (
            id text primary key,
            state text not null check (state in ('open', 'referred', 'closed')),
            lead text not null,
            assignee text not null,
            jurisdiction text not null,
            rung text check (rung in ('urge', 'supervise', 'investigate')),
            heard integer not null default 0 check (heard in (0, 1)),
            heard_note text,
            answered_note text,
            referred_to text,
            outcome text check (outcome in ('unfounded', 'explained', 'rectified', 'sanctioned')),
            outcome_note text,
            recovered_fen integer,
            held_to_account integer,
            problems_solved integer,
            opened_at integer not null, -- milliseconds since 1970
            ended_at integer
        ) strict;
        create table case_flags (
            id text not null,
            flag text not null,
            primary key (id, flag)
        ) strict, without rowid;
        create table case_checks (
            id text not null,
            place integer not null, -- from 0
            flag text not null,
            items text not null, -- a JSON list
            says_zh text not null,
            says_en text not null,
            found text check (found in ('as-filed', 'differs', 'not-seen')),
            note text,
            evidence text, -- a JSON list of SHA-256
            primary key (id, place)
        ) strict, without rowid;"
    }

    fn indexes(&self) -> &'static [&'static str] {
        &[
            "create index cases_of_assignee on cases (assignee, state)",
            "create index cases_in_state on cases (state, rung)",
            "create index case_flags_of_flag on case_flags (flag)",
        ]
    }

    fn project(&self, to: &Connection, event: &Recorded) -> Result<(), String> {
        let Some((envelope, read)) = Case::event_in(event)? else {
            return Ok(());
        };
        let id = event.stream.id().to_string();
        let at = envelope.at.as_millisecond();
        project(to, &id, at, &envelope.jurisdiction, &read).map_err(|error| error.to_string())
    }
}

fn project(
    to: &Connection,
    id: &str,
    at: i64,
    jurisdiction: &str,
    event: &CaseEvent,
) -> rusqlite::Result<()> {
    match event {
        CaseEvent::CaseOpened {
            flags,
            lead,
            assignee,
            checks,
            ..
        } => {
            to.execute(
                "insert into cases (id, state, lead, assignee, jurisdiction, opened_at) \
                 values (?1, 'open', ?2, ?3, ?4, ?5)",
                params![id, lead.to_string(), assignee.to_string(), jurisdiction, at],
            )?;
            for (place, check) in checks.iter().enumerate() {
                to.prepare_cached(
                    "insert into case_checks (id, place, flag, items, says_zh, says_en) \
                     values (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![
                    id,
                    place as i64,
                    check.flag.as_str(),
                    list(&check.items),
                    check.says.zh,
                    check.says.en
                ])?;
            }
            for flag in flags {
                to.prepare_cached("insert or ignore into case_flags values (?1, ?2)")?
                    .execute([id, flag.as_str()])?;
            }
        }
        CaseEvent::CaseChecked {
            check,
            found,
            note,
            evidence,
        } => {
            to.execute(
                "update case_checks set found = ?3, note = ?4, evidence = ?5 where id = ?1 and place = ?2",
                params![id, check, found.name(), note, list(evidence)],
            )?;
        }
        CaseEvent::CaseAssigned { assignee } => {
            to.execute(
                "update cases set assignee = ?2 where id = ?1",
                [id, &assignee.to_string()],
            )?;
        }
        CaseEvent::CaseClimbed { rung } => {
            let rung = match rung {
                Rung::Urge => "urge",
                Rung::Supervise => "supervise",
                Rung::Investigate => "investigate",
            };
            to.execute("update cases set rung = ?2 where id = ?1", [id, rung])?;
        }
        CaseEvent::CaseAnswered { note } => {
            to.execute(
                "update cases set rung = null, answered_note = ?2 where id = ?1",
                [id, note],
            )?;
        }
        CaseEvent::CaseHeard { heard, note } => {
            to.execute(
                "update cases set heard = ?2, heard_note = ?3 where id = ?1",
                params![id, heard, note],
            )?;
        }
        CaseEvent::CaseReferred { to: body } => {
            to.execute(
                "update cases set state = 'referred', referred_to = ?2, ended_at = ?3 where id = ?1",
                params![id, body, at],
            )?;
        }
        CaseEvent::CaseClosed { outcome } => {
            to.execute(
                "update cases set state = 'closed', outcome = ?2, recovered_fen = ?3, held_to_account = ?4, \
                 problems_solved = ?5, ended_at = ?6, outcome_note = ?7 where id = ?1",
                params![
                    id,
                    outcome.kind.name(),
                    outcome.recovered_fen,
                    outcome.held_to_account,
                    outcome.problems_solved,
                    at,
                    outcome.note
                ],
            )?;
        }
    }
    Ok(())
}

/// A JSON list of texts.
fn list(texts: &[String]) -> String {
    serde_json::Value::from(texts.to_vec()).to_string()
}
