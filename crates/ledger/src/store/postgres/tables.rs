//! The tables of a ledger in PostgreSQL and every statement that writes to them.

use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use super::{error, failed};
use crate::error::StoreError;
use crate::store::Batch;

/// Streams by their whole names, so that an auditor reads them with any client. Bytes are compared, not
/// letters of some language.
const TABLES: &str = r#"
create table if not exists ledger_head (
    one boolean primary key default true check (one),
    size bigint not null
) with (fillfactor = 10);
insert into ledger_head (size) values (0) on conflict do nothing;
create table if not exists ledger_entries (
    position bigint primary key,
    stream text collate "C" not null,
    version bigint not null,
    leaf bytea not null,
    envelope bytea,
    envelope_salt bytea,
    payload bytea,
    payload_salt bytea
);
create unique index if not exists ledger_entries_of_stream on ledger_entries (stream, version);
create table if not exists ledger_commands (
    id uuid primary key,
    first bigint not null,
    count bigint not null
);
create table if not exists ledger_tiles (
    level smallint not null,
    number bigint not null,
    hashes bytea not null,
    primary key (level, number)
);
create table if not exists ledger_checkpoints (
    size bigint primary key,
    note text not null
);
create table if not exists ledger_cosigned (
    size bigint primary key,
    note text not null
);
"#;

/// Makes the tables, and refuses a server that acknowledges what is not on disk.
pub(super) async fn make(client: &Client) -> Result<(), StoreError> {
    let fsync: String = client
        .query_one("select current_setting('fsync')", &[])
        .await
        .map_err(error)?
        .get(0);
    if fsync != "on" {
        return Err(failed(
            "the server runs with fsync off: what it acknowledges is lost with the power",
        ));
    }
    // The table that is made last; whoever may not make tables can still use them.
    let there: bool = client
        .query_one("select to_regclass('ledger_cosigned') is not null", &[])
        .await
        .map_err(error)?
        .get(0);
    if there {
        return Ok(());
    }
    // Two nodes may start at once; one makes the tables. A crash within leaves none.
    let make = format!("begin; select pg_advisory_xact_lock(7020105); {TABLES} commit;");
    client.batch_execute(&make).await.map_err(error)
}

/// Takes the ledger. Whoever waited here gets the size that the one before left.
pub(super) const LOCK: &str = "select size from ledger_head for update";

/// The next version of each stream.
pub(super) const NEXT: &str = "
select coalesce((select max(version) + 1 from ledger_entries e where e.stream = asked.name), 0)
from unnest($1::text[]) with ordinality as asked (name, number) order by asked.number";

/// What is known of each command.
pub(super) const DONE: &str = "
select c.first, c.count
from unnest($1::text[]) with ordinality as asked (id, number)
left join lateral (
    select first, count from ledger_commands where ledger_commands.id = asked.id::uuid limit 1
) c on true
order by asked.number";

/// A whole batch, in a ledger of `$18` entries; in any other nothing, and no row comes back. Everything hangs on
/// the row of the head, which is locked first.
pub(super) const INSERT: &str = "
with head as (
    update ledger_head set size = $17::bigint where size = $18::bigint returning size
), entries as (
    insert into ledger_entries
        (position, stream, version, leaf, envelope, envelope_salt, payload, payload_salt)
    select $1::bigint + e.number - 1, e.stream, e.version, e.leaf, e.envelope, e.envelope_salt,
        e.payload, e.payload_salt
    from head, unnest($2::text[], $3::bigint[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[], $8::bytea[])
        with ordinality
        as e (stream, version, leaf, envelope, envelope_salt, payload, payload_salt, number)
), commands as (
    insert into ledger_commands (id, first, count)
    select c.id::uuid, c.first, c.count
    from head, unnest($9::text[], $10::bigint[], $11::bigint[]) as c (id, first, count)
), tiles as (
    insert into ledger_tiles (level, number, hashes)
    select t.level, t.number, t.hashes
    from head, unnest($12::smallint[], $13::bigint[], $14::bytea[]) as t (level, number, hashes)
), checkpoint as (
    insert into ledger_checkpoints (size, note)
    select $15::bigint, $16::text from head where $16 is not null
)
select pg_notify('kandeng_ledger', $19::text) from head";

pub(super) const ERASE_ENVELOPE: &str =
    "update ledger_entries set envelope = null, envelope_salt = null where position = $1";

pub(super) const ERASE_PAYLOAD: &str =
    "update ledger_entries set payload = null, payload_salt = null where position = $1";

pub(super) const KEEP_COSIGNED: &str = "
insert into ledger_cosigned (size, note) values ($1, $2)
on conflict (size) do update set note = excluded.note";

/// A batch by columns, as [`INSERT`] takes it.
#[derive(Default)]
pub(super) struct Rows<'a> {
    first: i64,
    streams: Vec<&'a str>,
    versions: Vec<i64>,
    leaves: Vec<&'a [u8]>,
    envelopes: Vec<&'a [u8]>,
    envelope_salts: Vec<&'a [u8]>,
    payloads: Vec<&'a [u8]>,
    payload_salts: Vec<&'a [u8]>,
    commands: Vec<String>,
    firsts: Vec<i64>,
    counts: Vec<i64>,
    levels: Vec<i16>,
    numbers: Vec<i64>,
    hashes: Vec<&'a [u8]>,
    size: Option<i64>,
    note: Option<&'a str>,
    end: i64,
    expected: i64,
    node: &'a str,
}

impl<'a> Rows<'a> {
    /// The rows of a batch that `node` appends to a ledger of `size` entries.
    pub(super) fn of(batch: &'a Batch, size: u64, node: &'a str) -> Self {
        let mut rows = Self {
            end: size as i64,
            expected: size as i64,
            node,
            ..Self::default()
        };
        if let Some(entry) = batch.entries.first() {
            rows.first = entry.recorded.position as i64;
        }
        for entry in &batch.entries {
            rows.end = entry.recorded.position as i64 + 1;
            rows.streams.push(entry.recorded.stream.as_str());
            rows.versions.push(entry.recorded.version as i64);
            rows.leaves.push(&entry.leaf.0);
            rows.envelopes.push(&entry.envelope.bytes);
            rows.envelope_salts.push(&entry.envelope.salt);
            rows.payloads.push(&entry.payload.bytes);
            rows.payload_salts.push(&entry.payload.salt);
        }
        for (id, first, count) in &batch.commands {
            rows.commands.push(id.to_string());
            rows.firsts.push(*first as i64);
            rows.counts.push(*count as i64);
        }
        for tile in &batch.tiles {
            rows.levels.push(i16::from(tile.level));
            rows.numbers.push(tile.index as i64);
            rows.hashes.push(&tile.hashes);
        }
        if let Some(checkpoint) = &batch.checkpoint {
            rows.size = Some(checkpoint.size as i64);
            rows.note = Some(&checkpoint.note);
        }
        rows
    }

    pub(super) fn parameters(&self) -> [&(dyn ToSql + Sync); 19] {
        [
            &self.first,
            &self.streams,
            &self.versions,
            &self.leaves,
            &self.envelopes,
            &self.envelope_salts,
            &self.payloads,
            &self.payload_salts,
            &self.commands,
            &self.firsts,
            &self.counts,
            &self.levels,
            &self.numbers,
            &self.hashes,
            &self.size,
            &self.note,
            &self.end,
            &self.expected,
            &self.node,
        ]
    }
}
