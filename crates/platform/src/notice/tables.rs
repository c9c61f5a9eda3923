//! Notices as the read model holds them: those that wait are found by one indexed query.

use jiff::Timestamp;
use kandeng_ledger::{Recorded, StreamName};
use rusqlite::{Connection, params};

use super::{Notice, NoticeEvent};
use crate::aggregate::{Aggregate, Events};
use crate::read_model::Tables;

/// The table `notices`.
pub struct NoticeTables;

impl Tables for NoticeTables {
    fn name(&self) -> &'static str {
        "notices"
    }

    fn version(&self) -> u32 {
        1
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
            problem text
        ) strict;
        create index notices_that_wait on notices (ready) where ready is not null;
        create index notices_given_up on notices (state) where state = 'dead';"
    }

    fn project(&self, to: &Connection, event: &Recorded) -> Result<(), String> {
        if event.stream.kind() != Notice::STREAM {
            return Ok(());
        }
        let (Some(envelope), Some(payload)) = (&event.envelope, &event.payload) else {
            return Ok(());
        };
        let read = NoticeEvent::read(&envelope.kind, envelope.schema, payload.clone())
            .map_err(|error| error.to_string())?;
        project(to, event.stream.as_str(), &read).map_err(|error| error.to_string())
    }
}

fn project(to: &Connection, stream: &str, event: &NoticeEvent) -> rusqlite::Result<()> {
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
                 attempts = attempts + 1, problem = ?3 where stream = ?1",
            )?
            .execute(params![
                stream,
                again.map(Timestamp::as_millisecond),
                problem
            ])?,
    };
    Ok(())
}

/// When the next notice may be sent; nothing when none waits.
pub(super) fn next_ready(connection: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    let ready: Option<i64> = connection
        .prepare_cached("select min(ready) from notices where ready is not null")?
        .query_row([], |row| row.get(0))?;
    Ok(ready.and_then(|ready| Timestamp::from_millisecond(ready).ok()))
}

/// Notices that may be sent, longest waiting first, at most `limit`.
pub(super) fn ready(
    connection: &Connection,
    at: Timestamp,
    limit: usize,
) -> rusqlite::Result<Vec<StreamName>> {
    let mut select = connection.prepare_cached(
        "select stream from notices where ready <= ?1 order by ready, stream limit ?2",
    )?;
    let names = select.query_map(params![at.as_millisecond(), limit as i64], |row| {
        row.get::<_, String>(0)
    })?;
    // Cannot fail to parse: the projection wrote the name of a stream.
    names
        .filter_map(|name| name.map(|name| name.parse().ok()).transpose())
        .collect()
}
