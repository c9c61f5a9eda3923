//! Deadlines as the read model holds them: those that run are found by one indexed query.

use jiff::Timestamp;
use kandeng_ledger::{Recorded, StreamName};
use rusqlite::{Connection, OptionalExtension, params};

use super::{Deadline, DeadlineEvent};
use crate::aggregate::Aggregate;
use crate::read_model::Tables;

/// The table `deadlines`.
pub struct DeadlineTables;

impl Tables for DeadlineTables {
    fn name(&self) -> &'static str {
        "deadlines"
    }

    fn version(&self) -> u32 {
        2
    }

    fn tables(&self) -> &'static [&'static str] {
        &["deadlines"]
    }

    fn create(&self) -> &'static str {
        "create table deadlines (
            stream text primary key,
            subject text not null,
            what text not null,
            due integer not null, -- milliseconds since 1970
            state text not null check (state in ('running', 'met', 'waived', 'missed', 'late'))
        ) strict, without rowid;"
    }

    fn indexes(&self) -> &'static [&'static str] {
        &[
            "create index deadlines_that_run on deadlines (due) where state = 'running'",
            "create index deadlines_of_subject on deadlines (subject, what)",
        ]
    }

    fn project(&self, to: &Connection, event: &Recorded) -> Result<(), String> {
        let Some((_, read)) = Deadline::event_in(event)? else {
            return Ok(());
        };
        let stream = event.stream.as_str();
        let state = match read {
            DeadlineEvent::DeadlineSet {
                subject, what, by, ..
            } => {
                return to
                    .prepare_cached(
                        "insert into deadlines values (?1, ?2, ?3, ?4, 'running') on conflict (stream) \
                         do update set due = excluded.due, state = 'running'",
                    )
                    .and_then(|mut set| {
                        set.execute(params![stream, subject, what, by.as_millisecond()])
                    })
                    .map(|_| ())
                    .map_err(|error| error.to_string());
            }
            DeadlineEvent::DeadlineMet {} => "met",
            DeadlineEvent::DeadlineWaived { .. } => "waived",
            DeadlineEvent::DeadlineMissed { late: false } => "missed",
            DeadlineEvent::DeadlineMissed { late: true } => "late",
        };
        to.prepare_cached("update deadlines set state = ?2 where stream = ?1")
            .and_then(|mut set| set.execute(params![stream, state]))
            .map(|_| ())
            .map_err(|error| error.to_string())
    }
}

const NEXT_DUE: &str = "select min(due) from deadlines where state = 'running' and due > ?1";
const DUE: &str = "select stream from deadlines where state = 'running' and due <= ?1 \
     order by due, stream limit ?2";

/// When the next deadline after `at` runs out; nothing when none does.
pub(super) fn next_due(
    connection: &Connection,
    at: Timestamp,
) -> rusqlite::Result<Option<Timestamp>> {
    let due: Option<i64> = connection
        .prepare_cached(NEXT_DUE)?
        .query_row([at.as_millisecond()], |row| row.get(0))
        .optional()?
        .flatten();
    Ok(due.and_then(|due| Timestamp::from_millisecond(due).ok()))
}

/// Deadlines whose time has come, earliest first, at most `limit`.
pub(super) fn due(
    connection: &Connection,
    at: Timestamp,
    limit: usize,
) -> rusqlite::Result<Vec<StreamName>> {
    let mut select = connection.prepare_cached(DUE)?;
    let names = select.query_map(params![at.as_millisecond(), limit as i64], |row| {
        row.get::<_, String>(0)
    })?;
    names
        .filter_map(|name| match name {
            // Cannot fail to parse: the projection wrote the name of a stream.
            Ok(name) => name.parse().ok().map(Ok),
            Err(error) => Some(Err(error)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_run_are_found_by_one_indexed_query() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(DeadlineTables.create()).unwrap();
        for index in DeadlineTables.indexes() {
            connection.execute_batch(index).unwrap();
        }
        for sql in [DUE, NEXT_DUE] {
            let plan = crate::read_model::plan_of(&connection, sql);
            assert_eq!(
                plan,
                ["SEARCH deadlines USING COVERING INDEX deadlines_that_run"],
                "{sql}"
            );
        }
    }
}
