//! Flags as the read model holds them.

use std::collections::{BTreeMap, BTreeSet};

use kandeng_ledger::Recorded;
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::{Dismissal, Flag, FlagEvent, Found, KeptVerdict, Verdict, forget};
use crate::aggregate::Aggregate;
use crate::read_model::Tables;

/// The tables `flags`, `flag_verdicts`, `flag_erasures` and `rule_registers`.
pub struct FlagTables;

impl Tables for FlagTables {
    fn name(&self) -> &'static str {
        "flags"
    }

    fn version(&self) -> u32 {
        6
    }

    fn tables(&self) -> &'static [&'static str] {
        &["flags", "flag_verdicts", "flag_erasures", "rule_registers"]
    }

    fn create(&self) -> &'static str {
        "create table flags (
            stream text primary key,
            rule text not null,
            rule_version text not null,
            severity text not null check (severity in ('low', 'medium', 'high')),
            subject_kind text not null,
            subject text not null,
            key text not null,
            fingerprint text not null,
            money_fen integer,
            items text not null, -- a JSON list
            related text not null, -- a JSON list
            figures text not null, -- a JSON object
            says_zh text not null,
            says_en text not null,
            state text not null check (state in ('open', 'dismissed', 'confirmed', 'cleared')),
            dismissal text,
            not_applicable text, -- the reason for programs
            not_applicable_zh text,
            not_applicable_en text,
            rule_changed integer not null default 0 check (rule_changed in (0, 1)),
            changed text, -- the figures that made it open again, a JSON list
            drawn integer not null default 0 check (drawn in (0, 1)), -- in the random sample
            proposed text, -- why an officer would dismiss it, while a second has not agreed
            proposed_by text,
            forgotten integer not null default 0 check (forgotten in (0, 1)), -- whom it pointed at is
            raised_at integer not null, -- milliseconds since 1970
            opened_at integer not null, -- when it was raised, or open again
            changed_at integer not null
        ) strict;
        -- What officers decided, for ever: a flag that comes back may have several.
        create table flag_verdicts (
            position integer primary key,
            flag text not null,
            rule text not null,
            rule_version text not null,
            severity text not null,
            verdict text not null check (
                verdict in ('confirmed', 'filing-corrected', 'explained', 'unfounded', 'duplicate')
            ),
            drawn integer not null check (drawn in (0, 1)),
            at integer not null
        ) strict;
        -- Payloads that are to be erased and were not yet.
        create table flag_erasures (position integer primary key) strict;
        -- Tables that nobody may read which a rule ever compared with; empty where a flag does not say.
        create table rule_registers (
            rule text not null,
            register text not null,
            primary key (rule, register)
        ) strict, without rowid;"
    }

    fn indexes(&self) -> &'static [&'static str] {
        &[
            "create index flags_of_subject on flags (subject_kind, subject)",
            "create index flags_of_rule on flags (rule, state)",
            "create index flags_in_state on flags (state, severity)",
            "create index flags_to_review on flags (rule) where rule_changed = 1",
            "create index flags_drawn on flags (stream) where drawn = 1",
            "create index flag_verdicts_of_rule on flag_verdicts (rule, at)",
        ]
    }

    fn project(&self, to: &Connection, event: &Recorded) -> Result<(), String> {
        if event.stream.kind() == "erasure" {
            let payload = event.payload.as_ref();
            return payload
                .map_or(Ok(()), |payload| forget::erased(to, payload))
                .map_err(|error| error.to_string());
        }
        let Some((envelope, read)) = Flag::event_in(event)? else {
            return Ok(());
        };
        let at = envelope.at.as_millisecond();
        let stream = event.stream.as_str();
        let decided = match &read {
            FlagEvent::FlagDismissed { reason, .. } => Some(Verdict::of(*reason)),
            FlagEvent::FlagConfirmed { .. } => Some(Verdict::Confirmed),
            _ => None,
        };
        // Before the flag leaves the sample.
        decided
            .map_or(Ok(()), |verdict| {
                keep(to, event.position, stream, at, verdict)
            })
            .and_then(|()| project(to, stream, at, &read))
            .map_err(|error| error.to_string())
    }
}

fn keep(
    to: &Connection,
    position: u64,
    stream: &str,
    at: i64,
    verdict: Verdict,
) -> rusqlite::Result<()> {
    to.prepare_cached(
        "insert into flag_verdicts (position, flag, rule, rule_version, severity, verdict, drawn, at) \
         select ?1, stream, rule, rule_version, severity, ?3, drawn, ?4 from flags where stream = ?2",
    )?
    .execute(params![position as i64, stream, verdict.name(), at])?;
    Ok(())
}

fn project(to: &Connection, stream: &str, at: i64, event: &FlagEvent) -> rusqlite::Result<()> {
    if let FlagEvent::FlagRaised { found, .. }
    | FlagEvent::FlagChanged { found, .. }
    | FlagEvent::FlagRuleChanged { found }
    | FlagEvent::FlagForgotten { found, .. } = event
    {
        keep_registers(to, found)?;
    }
    match event {
        FlagEvent::FlagRaised {
            found,
            rule_changed,
        } => write(to, stream, at, found, &[], *rule_changed)?,
        FlagEvent::FlagChanged { found, changed } => {
            write(to, stream, at, found, changed, false)?
        }
        FlagEvent::FlagRuleChanged { found } => to
            .prepare_cached(
                "update flags set rule_version = ?2, severity = ?3, fingerprint = ?4, figures = ?5, \
                 says_zh = ?6, says_en = ?7, money_fen = ?8, items = ?9, related = ?10, \
                 not_applicable = null, not_applicable_zh = null, not_applicable_en = null, \
                 rule_changed = 1, proposed = null, proposed_by = null, forgotten = 0, changed_at = ?11 where stream = ?1",
            )?
            .execute(params![
                stream,
                found.rule_version,
                found.severity,
                found.fingerprint,
                found.figures.to_string(),
                found.says.zh,
                found.says.en,
                found.money_fen,
                list(&found.items),
                list(&found.related),
                at
            ])?,
        FlagEvent::FlagNotApplicable { why } => to
            .prepare_cached(
                "update flags set not_applicable = ?2, not_applicable_zh = ?3, not_applicable_en = ?4, \
                 changed_at = ?5 where stream = ?1",
            )?
            .execute(params![stream, why.because, why.says.zh, why.says.en, at])?,
        FlagEvent::FlagComparedAgain {} => to
            .prepare_cached(
                "update flags set not_applicable = null, not_applicable_zh = null, \
                 not_applicable_en = null, changed_at = ?2 where stream = ?1",
            )?
            .execute(params![stream, at])?,
        FlagEvent::FlagDrawn {} => to
            .prepare_cached("update flags set drawn = 1 where stream = ?1")?
            .execute([stream])?,
        FlagEvent::FlagDismissalProposed { reason, by, .. } => {
            propose(to, stream, at, Some((*reason, *by)))?
        }
        FlagEvent::FlagDismissalDeclined { .. } => propose(to, stream, at, None)?,
        FlagEvent::FlagCleared {} => state(to, stream, at, "cleared", None)?,
        FlagEvent::FlagDismissed { reason, .. } => {
            state(to, stream, at, "dismissed", Some(*reason))?
        }
        FlagEvent::FlagConfirmed { .. } => state(to, stream, at, "confirmed", None)?,
        FlagEvent::FlagReviewed { reopened: true } => state(to, stream, at, "open", None)?,
        FlagEvent::FlagReviewed { reopened: false } => to
            .prepare_cached(
                "update flags set rule_changed = 0, changed_at = ?2 where stream = ?1",
            )?
            .execute(params![stream, at])?,
        FlagEvent::FlagForgotten {
            found,
            dismissal,
            verdicts,
            raised_at,
            erase,
        } => {
            for position in erase {
                to.prepare_cached("insert or ignore into flag_erasures values (?1)")?
                    .execute([*position as i64])?;
            }
            keep_verdicts(to, stream, &found.rule, verdicts)?;
            // Also where what raised it is erased already: the tables may be made anew.
            write(to, stream, at, found, &[], false)?;
            state(to, stream, at, "dismissed", Some(*dismissal))?;
            to.prepare_cached(
                "update flags set key = ?2, raised_at = ?3, opened_at = ?3, forgotten = 1 where stream = ?1",
            )?
            .execute(params![stream, found.key, raised_at])?
        }
    };
    Ok(())
}

/// Puts down what the rule compared with.
fn keep_registers(to: &Connection, found: &Found) -> rusqlite::Result<()> {
    let unsaid = [String::new()];
    let registers = found.registers.as_deref().unwrap_or(&unsaid);
    for register in registers {
        to.prepare_cached("insert or ignore into rule_registers values (?1, ?2)")?
            .execute([&found.rule, register])?;
    }
    Ok(())
}

/// Puts down what was decided on a flag, where it is not known any more.
fn keep_verdicts(
    to: &Connection,
    stream: &str,
    rule: &str,
    verdicts: &[KeptVerdict],
) -> rusqlite::Result<()> {
    for kept in verdicts {
        to.prepare_cached(
            "insert or ignore into flag_verdicts (position, flag, rule, rule_version, severity, \
             verdict, drawn, at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            kept.position as i64,
            stream,
            rule,
            kept.rule_version,
            kept.severity,
            kept.verdict,
            kept.drawn,
            kept.at
        ])?;
    }
    Ok(())
}

fn write(
    to: &Connection,
    stream: &str,
    at: i64,
    found: &Found,
    changed: &[String],
    rule_changed: bool,
) -> rusqlite::Result<usize> {
    to.prepare_cached(
        "insert into flags (stream, rule, rule_version, severity, subject_kind, subject, key, \
         fingerprint, money_fen, items, related, figures, says_zh, says_en, state, changed, rule_changed, \
         raised_at, opened_at, changed_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, \
         'open', ?15, ?16, ?17, ?17, ?17) \
         on conflict (stream) do update set rule_version = excluded.rule_version, \
         severity = excluded.severity, fingerprint = excluded.fingerprint, \
         money_fen = excluded.money_fen, items = excluded.items, related = excluded.related, \
         figures = excluded.figures, says_zh = excluded.says_zh, says_en = excluded.says_en, \
         state = iif(state = 'confirmed', state, 'open'), dismissal = null, not_applicable = null, \
         not_applicable_zh = null, not_applicable_en = null, \
         rule_changed = max(rule_changed * (state <> 'cleared'), excluded.rule_changed), \
         proposed = null, proposed_by = null, forgotten = 0, \
         opened_at = iif(state in ('open', 'confirmed'), opened_at, excluded.opened_at), \
         changed = excluded.changed, changed_at = excluded.changed_at",
    )?
    .execute(params![
        stream,
        found.rule,
        found.rule_version,
        found.severity,
        found.subject_kind,
        found.subject,
        found.key,
        found.fingerprint,
        found.money_fen,
        list(&found.items),
        list(&found.related),
        found.figures.to_string(),
        found.says.zh,
        found.says.en,
        (!changed.is_empty()).then(|| list(changed)),
        rule_changed,
        at
    ])
}

fn state(
    to: &Connection,
    stream: &str,
    at: i64,
    state: &str,
    dismissal: Option<Dismissal>,
) -> rusqlite::Result<usize> {
    to.prepare_cached(
        "update flags set state = ?2, dismissal = ?3, not_applicable = null, not_applicable_zh = null, \
         not_applicable_en = null, rule_changed = 0, drawn = drawn and ?2 = 'open', \
         opened_at = iif(?2 = 'open' and state <> 'open', ?4, opened_at), \
         proposed = null, proposed_by = null, changed_at = ?4 where stream = ?1",
    )?
    .execute(params![stream, state, dismissal.map(Dismissal::name), at])
}

fn propose(
    to: &Connection,
    stream: &str,
    at: i64,
    proposed: Option<(Dismissal, Uuid)>,
) -> rusqlite::Result<usize> {
    to.prepare_cached(
        "update flags set proposed = ?2, proposed_by = ?3, changed_at = ?4 where stream = ?1",
    )?
    .execute(params![
        stream,
        proposed.map(|(reason, _)| reason.name()),
        proposed.map(|(_, by)| by.to_string()),
        at
    ])
}

/// A JSON list of texts.
fn list(texts: &[String]) -> String {
    serde_json::Value::from(texts.to_vec()).to_string()
}

/// Tables that nobody may read which rules compared with whenever they raised a flag, by rule. An empty name stands for
/// flags that do not say: they were raised before it was written down.
///
/// # Errors
/// When the read model cannot be read.
pub fn registers_compared(of: &Connection) -> rusqlite::Result<BTreeMap<String, BTreeSet<String>>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut rows = of.prepare_cached("select rule, register from rule_registers")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        all.entry(row.get(0)?).or_default().insert(row.get(1)?);
    }
    Ok(all)
}
