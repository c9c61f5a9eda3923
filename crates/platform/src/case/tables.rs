//! Cases as the read model holds them.

use kandeng_ledger::Recorded;
use rusqlite::{Connection, params};

use super::{Case, CaseEvent, Rung};
use crate::aggregate::Aggregate;
use crate::read_model::Tables;

/// The tables `cases` and `case_flags`.
pub struct CaseTables;

impl Tables for CaseTables {
    fn name(&self) -> &'static str {
        "cases"
    }

    fn version(&self) -> u32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["cases", "case_flags"]
    }

    fn create(&self) -> &'static str {
        "create table cases (
            id text primary key,
            state text not null check (state in ('open', 'referred', 'closed')),
            assignee text not null,
            jurisdiction text not null,
            rung text check (rung in ('urge', 'supervise', 'investigate')),
            heard integer not null default 0 check (heard in (0, 1)),
            referred_to text,
            confirmed integer check (confirmed in (0, 1)),
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
            flags, assignee, ..
        } => {
            to.execute(
                "insert into cases (id, state, assignee, jurisdiction, opened_at) values (?1, 'open', ?2, ?3, ?4)",
                params![id, assignee.to_string(), jurisdiction, at],
            )?;
            for flag in flags {
                to.prepare_cached("insert or ignore into case_flags values (?1, ?2)")?
                    .execute([id, flag.as_str()])?;
            }
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
        CaseEvent::CaseAnswered { .. } => {
            to.execute("update cases set rung = null where id = ?1", [id])?;
        }
        CaseEvent::CaseHeard { .. } => {
            to.execute("update cases set heard = 1 where id = ?1", [id])?;
        }
        CaseEvent::CaseReferred { to: body } => {
            to.execute(
                "update cases set state = 'referred', referred_to = ?2, ended_at = ?3 where id = ?1",
                params![id, body, at],
            )?;
        }
        CaseEvent::CaseClosed { outcome } => {
            to.execute(
                "update cases set state = 'closed', confirmed = ?2, recovered_fen = ?3, \
                 held_to_account = ?4, problems_solved = ?5, ended_at = ?6 where id = ?1",
                params![
                    id,
                    outcome.confirmed,
                    outcome.recovered_fen,
                    outcome.held_to_account,
                    outcome.problems_solved,
                    at
                ],
            )?;
        }
    }
    Ok(())
}
