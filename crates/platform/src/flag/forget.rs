//! Whom a dismissed flag pointed at is forgotten in time: what names people leaves the ledger, that there was a flag
//! and what officers decided on it stays.
//!
//! First an event says what remains, then the payloads that said more are erased one by one. What is still to be
//! erased is known from the events alone, so a crash in between delays it and loses nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kandeng_ledger::{Part, StreamName};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Flag, FlagEvent, Found, Standing, fit};
use crate::aggregate::{Decide, Decision};
use crate::context::{Context, Refusal};
use crate::platform::{CommandError, Platform};

/// Flags that are looked at in one round; the next round does the rest.
const PAGE: usize = 500;

/// Why it is erased, as the ledger says.
const REASON: &str = "a dismissed flag's links to people, after the time that they are kept";

/// Events that say whom a flag points at.
const SAYING: [&str; 3] = ["flag-raised", "flag-changed", "flag-rule-changed"];

/// What was decided on a flag, as statistics count it for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptVerdict {
    /// Where the decision is in the ledger.
    pub position: u64,
    /// The version of the rule.
    pub rule_version: String,
    /// How grave the flag was.
    pub severity: String,
    /// The word for programs.
    pub verdict: String,
    /// Whether the flag was in the random sample.
    pub drawn: bool,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

/// Forget whom a dismissed flag points at.
#[derive(Clone, Debug)]
pub(super) struct Forget {
    /// Figures that name people or tell them apart; where nobody knows any more which do, every one that is a text.
    pub personal: Option<Vec<String>>,
    /// What was decided on it.
    pub verdicts: Vec<KeptVerdict>,
    /// When it was raised, in milliseconds since 1970.
    pub raised_at: i64,
    /// Positions of the ledger whose payloads go.
    pub erase: Vec<u64>,
}

impl Decide<Forget> for Flag {
    fn decide(&self, forget: Forget, _: &Context) -> Result<Decision<FlagEvent>, Refusal> {
        let (Standing::Dismissed(dismissal), Some(found)) = (self.standing, &self.found) else {
            return Ok(Decision::of([]));
        };
        Ok(FlagEvent::FlagForgotten {
            found: without_links(found.clone(), forget.personal),
            dismissal,
            verdicts: forget.verdicts,
            raised_at: forget.raised_at,
            erase: forget.erase,
        }
        .into())
    }
}

/// What may remain. The fingerprint stays: the same finding again is known by it and reopens nothing.
fn without_links(found: Found, personal: Option<Vec<String>>) -> Found {
    let personal = personal.unwrap_or_else(|| texts(&found));
    let mut found = fit::without(found, &personal);
    found.withheld.sort();
    found.withheld.dedup();
    found.related.clear();
    found.key.clear();
    found
}

/// The figures that hold a text.
fn texts(found: &Found) -> Vec<String> {
    fn is_text(figure: &Value) -> bool {
        match figure {
            Value::String(_) => true,
            Value::Array(all) => all.iter().any(is_text),
            _ => false,
        }
    }
    let figures = found.figures.as_object().into_iter().flatten();
    let texts = figures.filter(|(_, figure)| is_text(figure));
    texts.map(|(name, _)| name.clone()).collect()
}

/// Forgets whom flags point at that were dismissed before `before`. `personal` says which figures of a rule name
/// people or tell them apart; of a rule that it does not know every text goes. Gives how many flags.
///
/// # Errors
/// When the store fails; what was done by then stays.
pub async fn forget(
    platform: &Platform,
    before: Timestamp,
    personal: &BTreeMap<String, Vec<String>>,
    cx: &Context,
) -> Result<usize, CommandError> {
    let due: Vec<(String, String, i64)> = platform.query(|connection| {
        connection
            .prepare_cached(
                "select stream, rule, raised_at from flags f where state = 'dismissed' and forgotten = 0 \
                 and (select max(at) from flag_verdicts v where v.flag = f.stream) < ?1 \
                 order by stream limit ?2",
            )?
            .query_map(
                rusqlite::params![before.as_millisecond(), PAGE as i64],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )?
            .collect()
    })?;
    let mut forgotten = 0;
    for (stream, rule, raised_at) in due {
        let name: StreamName = stream.parse()?;
        let events = platform.ledger().read_stream(&name, 0)?;
        let erase = events.iter().filter(|event| {
            let kind = event.envelope.as_ref().map(|envelope| &*envelope.kind);
            event.payload.is_some() && kind.is_some_and(|kind| SAYING.contains(&kind))
        });
        let command = Forget {
            personal: personal.get(&rule).cloned(),
            verdicts: platform.query(|connection| verdicts(connection, &stream))?,
            raised_at,
            erase: erase.map(|event| event.position).collect(),
        };
        platform
            .append(cx, |plan| {
                plan.decide::<Flag, _>(name.clone(), command.clone())
            })
            .await?;
        forgotten += 1;
    }
    erase(platform, cx).await?;
    Ok(forgotten)
}

fn verdicts(of: &Connection, stream: &str) -> rusqlite::Result<Vec<KeptVerdict>> {
    of.prepare_cached(
        "select position, rule_version, severity, verdict, drawn, at from flag_verdicts \
         where flag = ?1 order by position",
    )?
    .query_map([stream], |row| {
        Ok(KeptVerdict {
            position: row.get::<_, i64>(0)? as u64,
            rule_version: row.get(1)?,
            severity: row.get(2)?,
            verdict: row.get(3)?,
            drawn: row.get(4)?,
            at: row.get(5)?,
        })
    })?
    .collect()
}

/// Erases what events say is to be erased and was not yet.
async fn erase(platform: &Platform, cx: &Context) -> Result<(), CommandError> {
    let left: Vec<i64> = platform.query(|connection| {
        connection
            .prepare_cached("select position from flag_erasures order by position")?
            .query_map([], |row| row.get(0))?
            .collect()
    })?;
    // All at once: the ledger takes them together, and the read model is made anew once and not once for each.
    let mut erasures = tokio::task::JoinSet::new();
    for position in left {
        let ledger = platform.ledger().clone();
        let occasion = cx.occasion();
        erasures.spawn(async move {
            let erased = ledger.erase(occasion, position as u64, Part::Payload, REASON);
            erased.await
        });
    }
    while let Some(erased) = erasures.join_next().await {
        match erased {
            Ok(Ok(_)) => {}
            // Another node was first, or too many wait: the next round sees what is left.
            Ok(Err(error)) => tracing::warn!(%error, "a link of a dismissed flag was not erased"),
            Err(error) => return Err(CommandError::Append(error.to_string())),
        }
    }
    Ok(())
}

/// Takes an erasure in: what is gone is not to be erased any more.
pub(super) fn erased(to: &Connection, payload: &Value) -> rusqlite::Result<()> {
    if let Some(position) = payload["position"].as_i64() {
        to.prepare_cached("delete from flag_erasures where position = ?1")?
            .execute([position])?;
    }
    Ok(())
}
