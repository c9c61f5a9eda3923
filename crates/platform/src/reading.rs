//! Who looked at what: reading a case, a dossier or a person's data leaves an event with its reason, before anything is
//! shown. Auditors see the table `readings`.

use kandeng_ledger::{Recorded, StreamName};
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::aggregate::{Aggregate, Decide, Decision, Events};
use crate::context::{Context, Refusal};
use crate::person::{Person, PersonEvent};
use crate::platform::{CommandError, Platform};
use crate::read_model::Tables;

/// The most characters of a reason.
const MOST_REASON: usize = 2_000;

/// That something was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "kebab-case")]
pub enum ReadingEvent {
    /// Somebody opened it.
    ThingRead {
        /// What it is, such as `case`.
        what: String,
        /// Why.
        reason: String,
    },
}

impl Events for ReadingEvent {
    const VERSIONS: &'static [(&'static str, u16)] = &[("thing-read", 1)];
}

/// Something that is read, by its id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading;

impl Aggregate for Reading {
    const STREAM: &'static str = "reading";
    type Event = ReadingEvent;

    fn apply(&mut self, _: ReadingEvent) {}
}

/// Note that somebody reads something.
#[derive(Clone, Debug)]
pub struct Read {
    /// What it is: a word of letters and hyphens, such as `case`.
    pub what: &'static str,
    /// Why.
    pub reason: String,
}

impl Decide<Read> for Reading {
    fn decide(&self, read: Read, _: &Context) -> Result<Decision<ReadingEvent>, Refusal> {
        if read.reason.trim().is_empty() {
            return Err(Refusal::new(
                "no-reason",
                "查看须写明理由",
                "looking at this needs a reason",
            ));
        }
        if read.reason.chars().count() > MOST_REASON {
            return Err(Refusal::new(
                "reason-too-long",
                format!("理由不超过 {MOST_REASON} 字"),
                format!("a reason has up to {MOST_REASON} characters"),
            ));
        }
        Ok(ReadingEvent::ThingRead {
            what: read.what.to_owned(),
            reason: read.reason.trim().to_owned(),
        }
        .into())
    }
}

impl Platform {
    /// Notes that whoever is behind `cx` reads the thing of that id, and why. It is in the ledger when this returns:
    /// show nothing before.
    ///
    /// # Errors
    /// A refusal when there is no reason; a fault of the ledger.
    pub async fn note_reading(
        &self,
        id: Uuid,
        what: &'static str,
        reason: &str,
        cx: &Context,
    ) -> Result<(), CommandError> {
        let read = Read {
            what,
            reason: reason.to_owned(),
        };
        // Each reading is an event of its own, whatever command id it comes with.
        let cx = Context {
            command: None,
            ..cx.clone()
        };
        self.carry_out::<Reading, _>(id, read, &cx).await?;
        Ok(())
    }
}

/// The table `readings`.
pub struct ReadingTables;

impl Tables for ReadingTables {
    fn name(&self) -> &'static str {
        "readings"
    }

    fn version(&self) -> u32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["readings"]
    }

    fn create(&self) -> &'static str {
        "create table readings (
            position integer primary key,
            what text not null, -- 'case', …; 'person' for a value of the vault
            thing text not null,
            jurisdiction text not null, -- of whoever read, at the time
            actor text not null,
            at integer not null, -- milliseconds since 1970
            reason text not null
        ) strict;"
    }

    fn indexes(&self) -> &'static [&'static str] {
        &[
            "create index readings_by_actor on readings (actor, position)",
            "create index readings_of_thing on readings (thing, position)",
            "create index readings_within on readings (jurisdiction, position)",
        ]
    }

    fn project(&self, to: &Connection, event: &Recorded) -> Result<(), String> {
        let found = match Reading::event_in(event)? {
            Some((envelope, ReadingEvent::ThingRead { what, reason })) => {
                Some((envelope, what, reason))
            }
            None => match Person::event_in(event)? {
                Some((envelope, PersonEvent::PersonValueOpened { reason, .. })) => {
                    Some((envelope, "person".to_owned(), reason))
                }
                _ => None,
            },
        };
        let Some((envelope, what, reason)) = found else {
            return Ok(());
        };
        to.prepare_cached("insert into readings values (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
            .and_then(|mut insert| {
                insert.execute(params![
                    event.position as i64,
                    what,
                    StreamName::id(&event.stream).to_string(),
                    envelope.jurisdiction,
                    envelope.actor.to_string(),
                    envelope.at.as_millisecond(),
                    reason
                ])
            })
            .map(|_| ())
            .map_err(|error| error.to_string())
    }
}

/// A reading, as it was noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// Its place in the ledger.
    pub position: u64,
    /// What was read, such as `case` or `person`.
    pub what: String,
    /// Its id.
    pub thing: Uuid,
    /// Whose account read it.
    pub actor: Uuid,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Why.
    pub reason: String,
}

/// Which readings are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Within this division code.
    pub within: String,
    /// By this account alone.
    pub actor: Option<Uuid>,
    /// Of this thing alone.
    pub thing: Option<Uuid>,
    /// Before this place in the ledger.
    pub before: Option<u64>,
    /// At most so many.
    pub most: u32,
}

/// Readings, the newest first.
///
/// # Errors
/// When the database fails.
pub fn readings(of: &Connection, wanted: &Wanted) -> rusqlite::Result<Vec<Noted>> {
    let id = |row: &Row<'_>, column: &str| -> rusqlite::Result<Uuid> {
        // Cannot fail to parse: the projection wrote ids.
        row.get::<_, String>(column)
            .map(|id| Uuid::try_parse(&id).unwrap_or_default())
    };
    of.prepare_cached(
        "select position, what, thing, actor, at, reason from readings \
         where substr(jurisdiction, 1, length(?1)) = ?1 and (?2 is null or actor = ?2) \
         and (?3 is null or thing = ?3) and (?4 is null or position < ?4) \
         order by position desc limit ?5",
    )?
    .query_map(
        params![
            wanted.within,
            wanted.actor.map(|id| id.to_string()),
            wanted.thing.map(|id| id.to_string()),
            wanted.before.map(|position| position as i64),
            wanted.most
        ],
        |row| {
            Ok(Noted {
                position: row.get::<_, i64>("position")? as u64,
                what: row.get("what")?,
                thing: id(row, "thing")?,
                actor: id(row, "actor")?,
                at: row.get("at")?,
                reason: row.get("reason")?,
            })
        },
    )?
    .collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_reason_is_there_and_can_be_read() {
        let cx = Context::of_the_platform(Timestamp::UNIX_EPOCH);
        let read = |reason: &str| {
            let reason = reason.to_owned();
            let what = "case";
            Reading.decide(Read { what, reason }, &cx).is_ok()
        };
        assert!(read("核对线索") && read(&"字".repeat(MOST_REASON)));
        assert!(!read(" \n") && !read(&"字".repeat(MOST_REASON + 1)));
    }
}
