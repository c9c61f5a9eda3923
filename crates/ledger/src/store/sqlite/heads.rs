//! Where the streams stand that this connection appended to last, so that a busy stream is not looked up for
//! every batch.
//!
//! It holds as long as the ledger has the size that this connection left: nobody else has appended then.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension};

use crate::error::StoreError;
use crate::event::StreamName;
use crate::leaf::Sealed;

/// The most streams that are remembered: some megabytes.
const MOST: usize = 16_384;

#[derive(Clone, Copy)]
struct Head {
    /// The row of the stream's name; nothing while there is none.
    id: Option<i64>,
    next: u64,
}

#[derive(Default)]
pub(super) struct Heads {
    size: u64,
    known: HashMap<StreamName, Head>,
}

impl Heads {
    /// The next version of each stream in a ledger of `size` entries.
    pub(super) fn next(
        &mut self,
        connection: &Connection,
        size: u64,
        streams: &[StreamName],
    ) -> Result<Vec<u64>, StoreError> {
        if size != self.size || self.known.len() > MOST {
            self.known.clear();
            self.size = size;
        }
        streams
            .iter()
            .map(|stream| {
                if let Some(head) = self.known.get(stream) {
                    return Ok(head.next);
                }
                let head = look(connection, stream)?;
                self.known.insert(stream.clone(), head);
                Ok(head.next)
            })
            .collect()
    }

    /// Notes that an event was given a place in a stream, and gives the row of the stream's name, made when
    /// there is none.
    pub(super) fn append(
        &mut self,
        connection: &Connection,
        stream: &StreamName,
        version: u64,
    ) -> Result<i64, StoreError> {
        let known = match self.known.get_mut(stream) {
            Some(head) => head,
            // A batch may name streams that were not asked for.
            None => {
                let head = look(connection, stream)?;
                self.known.entry(stream.clone()).or_insert(head)
            }
        };
        known.next = version + 1;
        if let Some(id) = known.id {
            return Ok(id);
        }
        let id = connection
            .prepare_cached("insert into ledger_streams (name) values (?1) returning id")?
            .query_row([stream.as_str()], |row| row.get(0))?;
        known.id = Some(id);
        Ok(id)
    }

    /// What was noted since is in the file, to the entry `last`.
    pub(super) fn kept(&mut self, last: Option<&Sealed>) {
        if let Some(last) = last {
            self.size = last.recorded.position + 1;
        }
    }

    /// What was noted since is not in the file.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }
}

fn look(connection: &Connection, stream: &StreamName) -> Result<Head, StoreError> {
    let mut select = connection.prepare_cached(
        "select id, (select coalesce(max(version) + 1, 0) from ledger_entries where stream = id) \
         from ledger_streams where name = ?1",
    )?;
    let found = select
        .query_row([stream.as_str()], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        })
        .optional()?;
    Ok(found.map_or(Head { id: None, next: 0 }, |(id, next)| Head {
        id: Some(id),
        next: next as u64,
    }))
}
