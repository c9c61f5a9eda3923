//! What a run over everything did, and that somebody asked for one: events, so that every node knows.

use jiff::civil::Date;
use kandeng_ledger::Recorded;
use kandeng_platform::{Aggregate, Context, Decide, Decision, Events, Refusal, Tables};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The one stream of a county's screening.
pub fn screening_id() -> Uuid {
    // Any constant does: there is one in a ledger.
    Uuid::from_u128(0x6b61_6e64_656e_8067_8000_7363_7265_656e)
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "kebab-case")]
pub enum ScreeningEvent {
    /// Somebody wants everything screened.
    ScreeningAsked {},
    /// Everything was.
    ScreeningDone {
        /// The only date that rules saw.
        as_of: Date,
        /// Projects that were looked at.
        projects: usize,
        /// Rules that answered.
        rules: usize,
        /// What they found.
        findings: usize,
        /// Flags that were raised, changed or cleared.
        changed: usize,
        /// How long it took.
        milliseconds: u64,
    },
}

impl Events for ScreeningEvent {
    const VERSIONS: &'static [(&'static str, u16)] =
        &[("screening-asked", 1), ("screening-done", 1)];
}

/// Whether somebody waits for a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Screening {
    /// Somebody does.
    pub asked: bool,
}

impl Aggregate for Screening {
    const STREAM: &'static str = "screening";
    type Event = ScreeningEvent;

    fn apply(&mut self, event: ScreeningEvent) {
        self.asked = matches!(event, ScreeningEvent::ScreeningAsked {});
    }
}

/// Have everything screened.
#[derive(Clone, Copy, Debug)]
pub struct AskScreening;

/// Everything was screened.
#[derive(Clone, Debug)]
pub(super) struct RecordScreening {
    pub as_of: Date,
    pub projects: usize,
    pub rules: usize,
    pub findings: usize,
    pub changed: usize,
    pub milliseconds: u64,
}

impl Decide<AskScreening> for Screening {
    fn decide(&self, _: AskScreening, _: &Context) -> Result<Decision<ScreeningEvent>, Refusal> {
        // Whoever asks while one is waited for has the same one.
        if self.asked {
            return Ok(Decision::of([]));
        }
        Ok(ScreeningEvent::ScreeningAsked {}.into())
    }
}

impl Decide<RecordScreening> for Screening {
    fn decide(
        &self,
        done: RecordScreening,
        _: &Context,
    ) -> Result<Decision<ScreeningEvent>, Refusal> {
        let RecordScreening {
            as_of,
            projects,
            rules,
            findings,
            changed,
            milliseconds,
        } = done;
        Ok(ScreeningEvent::ScreeningDone {
            as_of,
            projects,
            rules,
            findings,
            changed,
            milliseconds,
        }
        .into())
    }
}

/// The tables `screenings` and `screenings_asked`.
pub struct ScreeningTables;

impl Tables for ScreeningTables {
    fn name(&self) -> &'static str {
        "screenings"
    }

    fn version(&self) -> u32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["screenings", "screenings_asked"]
    }

    fn create(&self) -> &'static str {
        "create table screenings (
            position integer primary key,
            at integer not null, -- milliseconds since 1970
            as_of text not null,
            projects integer not null,
            rules integer not null,
            findings integer not null,
            changed integer not null,
            milliseconds integer not null
        ) strict;
        create table screenings_asked (
            position integer primary key,
            at integer not null,
            actor text not null
        ) strict;"
    }

    fn project(&self, to: &Connection, event: &Recorded) -> Result<(), String> {
        let Some((envelope, read)) = Screening::event_in(event)? else {
            return Ok(());
        };
        let (position, at) = (event.position as i64, envelope.at.as_millisecond());
        let done = match read {
            ScreeningEvent::ScreeningAsked {} => to
                .prepare_cached("insert into screenings_asked values (?1, ?2, ?3)")
                .and_then(|mut insert| {
                    insert.execute(params![position, at, envelope.actor.to_string()])
                }),
            ScreeningEvent::ScreeningDone {
                as_of,
                projects,
                rules,
                findings,
                changed,
                milliseconds,
            } => to
                .prepare_cached("insert into screenings values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
                .and_then(|mut insert| {
                    insert.execute(params![
                        position,
                        at,
                        as_of.to_string(),
                        projects as i64,
                        rules as i64,
                        findings as i64,
                        changed as i64,
                        milliseconds as i64
                    ])
                }),
        };
        done.map(|_| ()).map_err(|error| error.to_string())
    }
}

/// What is waited for.
pub(super) struct Due {
    /// Somebody asked after the last run.
    pub asked: bool,
    /// When the last run was, in milliseconds since 1970.
    pub last: Option<i64>,
}

pub(super) fn due(of: &Connection) -> rusqlite::Result<Due> {
    let last: Option<(i64, i64)> = of
        .prepare_cached("select position, at from screenings order by position desc limit 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let asked: Option<i64> = of
        .prepare_cached("select max(position) from screenings_asked")?
        .query_row([], |row| row.get(0))?;
    Ok(Due {
        asked: asked > last.map(|(position, _)| position),
        last: last.map(|(_, at)| at),
    })
}

/// The last run over everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastRun {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Projects that were looked at.
    pub projects: u64,
    /// Rules that answered.
    pub rules: u64,
    /// How long it took.
    pub milliseconds: u64,
    /// Its place in the ledger.
    pub position: u64,
}

/// The last run, if there was one.
///
/// # Errors
/// When the read model fails.
pub fn last_run(of: &Connection) -> rusqlite::Result<Option<LastRun>> {
    of.prepare_cached(
        "select at, projects, rules, milliseconds, position from screenings order by position desc limit 1",
    )?
    .query_row([], |row| {
        Ok(LastRun {
            at: row.get(0)?,
            projects: row.get::<_, i64>(1)? as u64,
            rules: row.get::<_, i64>(2)? as u64,
            milliseconds: row.get::<_, i64>(3)? as u64,
            position: row.get::<_, i64>(4)? as u64,
        })
    })
    .optional()
}
