//! Notices as the read model holds them: those that wait are found by one indexed query.

use jiff::Timestamp;
use kandeng_ledger::{Recorded, StreamName};
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::{Notice, NoticeEvent};
use crate::aggregate::Aggregate;
use crate::context::Text;
use crate::read_model::Tables;

/// The table `notices`.
pub struct NoticeTables;

impl Tables for NoticeTables {
    fn name(&self) -> &'static str {
        "notices"
    }

    fn version(&self) -> u32 {
        2
    }

    fn tables(&self) -> &'static [&'static str] {
        &["notices"]
    }

    fn create(&self) -> &'static str {
        "create table notices (
            stream text primary key,
            recipient text not null,
            channel text not null,
            ready integer, -- milliseconds since 1970 from when it may be sent; null when it is over
            state text not null check (state in ('waiting', 'leased', 'delivered', 'dead')),
            attempts integer not null default 0,
            problem_zh text,
            problem_en text,
            failed_at integer -- milliseconds since 1970
        ) strict, without rowid;"
    }

    fn indexes(&self) -> &'static [&'static str] {
        &[
            "create index notices_that_wait on notices (ready) where ready is not null",
            "create index notices_given_up on notices (state) where state = 'dead'",
        ]
    }

    fn project(&self, to: &Connection, event: &Recorded) -> Result<(), String> {
        let Some((envelope, read)) = Notice::event_in(event)? else {
            return Ok(());
        };
        let at = envelope.at.as_millisecond();
        project(to, event.stream.as_str(), at, &read).map_err(|error| error.to_string())
    }
}

fn project(to: &Connection, stream: &str, at: i64, event: &NoticeEvent) -> rusqlite::Result<()> {
    match event {
        NoticeEvent::NoticeQueued {
            to: of, channel, ..
        } => to
            .prepare_cached(
                "insert into notices (stream, recipient, channel, ready, state) \
                 values (?1, ?2, ?3, 0, 'waiting')",
            )?
            .execute(params![stream, of.to_string(), channel])?,
        NoticeEvent::NoticeLeased { until } => to
            .prepare_cached("update notices set ready = ?2, state = 'leased' where stream = ?1")?
            .execute(params![stream, until.as_millisecond()])?,
        NoticeEvent::NoticeDelivered {} => to
            .prepare_cached(
                "update notices set ready = null, state = 'delivered' where stream = ?1",
            )?
            .execute([stream])?,
        NoticeEvent::NoticeFailed { problem, again } => to
            .prepare_cached(
                "update notices set ready = ?2, state = iif(?2 is null, 'dead', 'waiting'), \
                 attempts = attempts + 1, problem_zh = ?3, problem_en = ?4, failed_at = ?5 \
                 where stream = ?1",
            )?
            .execute(params![
                stream,
                again.map(Timestamp::as_millisecond),
                problem.zh,
                problem.en,
                at
            ])?,
        // What the last try came to stays, for whoever looks.
        NoticeEvent::NoticeRetried {} => to
            .prepare_cached(
                "update notices set ready = 0, state = 'waiting', attempts = 0 where stream = ?1",
            )?
            .execute([stream])?,
    };
    Ok(())
}

const NEXT_READY: &str = "select min(ready) from notices where ready > ?1";
const READY: &str =
    "select stream, channel from notices where ready <= ?1 order by ready, stream limit ?2";

/// When the next notice after `at` may be sent; nothing when none waits.
pub(super) fn next_ready(
    connection: &Connection,
    at: Timestamp,
) -> rusqlite::Result<Option<Timestamp>> {
    let ready: Option<i64> = connection
        .prepare_cached(NEXT_READY)?
        .query_row([at.as_millisecond()], |row| row.get(0))?;
    Ok(ready.and_then(|ready| Timestamp::from_millisecond(ready).ok()))
}

/// Notices that may be sent, longest waiting first, at most `limit`, with their channels.
pub(super) fn ready(
    connection: &Connection,
    at: Timestamp,
    limit: usize,
) -> rusqlite::Result<Vec<(StreamName, String)>> {
    let mut select = connection.prepare_cached(READY)?;
    let rows = select.query_map(params![at.as_millisecond(), limit as i64], |row| {
        Ok((row.get::<_, String>(0)?, row.get(1)?))
    })?;
    // Cannot fail to parse: the projection wrote the name of a stream.
    rows.filter_map(|row| {
        row.map(|(name, channel)| Some((name.parse().ok()?, channel)))
            .transpose()
    })
    .collect()
}

/// A notice that nobody tries to send any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenUp {
    /// Its stream.
    pub notice: StreamName,
    /// The account that was to be told.
    pub to: Uuid,
    /// By which channel.
    pub channel: String,
    /// How often it was tried.
    pub attempts: u32,
    /// What the last try came to.
    pub problem: Text,
    /// When that was.
    pub at: Timestamp,
}

/// Notices that were given up, newest first, at most `limit`: for whoever runs the node to look at.
///
/// # Errors
/// When the database fails.
pub fn given_up(connection: &Connection, limit: usize) -> rusqlite::Result<Vec<GivenUp>> {
    let mut select = connection.prepare_cached(
        "select stream, recipient, channel, attempts, problem_zh, problem_en, failed_at from notices \
         where state = 'dead' order by failed_at desc, stream limit ?1",
    )?;
    let rows = select.query_map([limit as i64], |row| {
        let (stream, to): (String, String) = (row.get(0)?, row.get(1)?);
        let (channel, attempts) = (row.get(2)?, row.get(3)?);
        let (zh, en): (String, String) = (row.get(4)?, row.get(5)?);
        let at: i64 = row.get(6)?;
        // Cannot be nothing: the projection wrote a stream, an account and an instant.
        Ok(stream
            .parse()
            .ok()
            .zip(to.parse().ok())
            .map(|(notice, to)| GivenUp {
                notice,
                to,
                channel,
                attempts,
                problem: Text::new(zh, en),
                at: Timestamp::from_millisecond(at).unwrap_or_default(),
            }))
    })?;
    rows.filter_map(Result::transpose).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_wait_are_found_by_one_indexed_query() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(NoticeTables.create()).unwrap();
        for index in NoticeTables.indexes() {
            connection.execute_batch(index).unwrap();
        }
        for sql in [READY, NEXT_READY] {
            let plan = crate::read_model::plan_of(&connection, sql);
            let [step] = &plan[..] else {
                panic!("{sql}: {plan:?}");
            };
            assert!(
                step.starts_with("SEARCH notices USING") && step.ends_with("notices_that_wait"),
                "{sql}: {step}"
            );
        }
    }
}
