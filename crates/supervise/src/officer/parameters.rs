//! The county's own values of rules' parameters. They are confidential: no filer's page, export, log or refusal has
//! one, only these events and whoever may see rules.

use std::collections::BTreeMap;

use kandeng_ledger::Recorded;
use kandeng_platform::{Aggregate, Context, Decide, Decision, Events, Refusal, Tables};
use kandeng_screening::pack::{Pack, Param};
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The most letters of a value.
pub const LONGEST_VALUE: usize = 500;

/// The most letters of a reason.
const LONGEST_REASON: usize = 1_000;

/// The one stream of a county's parameters.
pub fn parameters_id() -> Uuid {
    // Any constant does: there is one in a ledger.
    Uuid::from_u128(0x6b61_6e64_656e_8067_8000_7061_7261_6d73)
}

/// What happened to parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "kebab-case")]
pub enum ParameterEvent {
    /// One has another value.
    ParameterSet {
        /// The rule.
        rule: String,
        /// The parameter.
        name: String,
        /// The value that rules ran with until then, as it is written on the command line.
        from: String,
        /// The value from then on.
        to: String,
        /// Why.
        reason: String,
    },
}

impl Events for ParameterEvent {
    const VERSIONS: &'static [(&'static str, u16)] = &[("parameter-set", 1)];
}

/// Values that were set, by rule and name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(BTreeMap<(String, String), String>);

impl Aggregate for Parameters {
    const STREAM: &'static str = "parameters";
    type Event = ParameterEvent;

    fn apply(&mut self, event: ParameterEvent) {
        let ParameterEvent::ParameterSet { rule, name, to, .. } = event;
        self.0.insert((rule, name), to);
    }
}

/// Give one another value.
#[derive(Clone, Debug)]
pub struct SetParameter {
    /// The rule.
    pub rule: String,
    /// The parameter.
    pub name: String,
    /// What it is without a value of the county's.
    pub default: Param,
    /// The value that whoever decides saw; another by now is a refusal.
    pub seen: String,
    /// The value from now on.
    pub to: Param,
    /// Why.
    pub reason: String,
}

impl Decide<SetParameter> for Parameters {
    fn decide(&self, set: SetParameter, _: &Context) -> Result<Decision<ParameterEvent>, Refusal> {
        let reason = set.reason.trim();
        if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
            return Err(Refusal::new(
                "reason-missing",
                "请写明改动的理由",
                "say why it is changed",
            ));
        }
        let key = (set.rule, set.name);
        let now = self.0.get(&key).cloned();
        let now = now.unwrap_or_else(|| written(&set.default));
        if now != set.seen {
            return Err(Refusal::new(
                "parameter-changed",
                "这个参数刚被别人改过,请重新预览",
                "somebody else has just changed this parameter; look at a preview again",
            ));
        }
        let to = written(&set.to);
        if to == now {
            return Ok(Decision::of([]));
        }
        let (rule, name) = key;
        Ok(ParameterEvent::ParameterSet {
            rule,
            name,
            from: now,
            to,
            reason: reason.to_owned(),
        }
        .into())
    }
}

/// A value as it is written on the command line: text without quotes.
pub fn written(value: &Param) -> String {
    match value {
        Param::Text(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A value as somebody types it, where the default says of which kind it is.
///
/// # Errors
/// A refusal that does not repeat the value.
pub fn read(default: &Param, text: &str) -> Result<Param, Refusal> {
    let text = text.trim();
    let wrong = || {
        Refusal::new(
            "parameter-value",
            "不是这个参数的值:类型应与默认值相同",
            "this is no value of the parameter: it is to be of the same kind as the default",
        )
    };
    if text.is_empty() || text.chars().count() > LONGEST_VALUE {
        return Err(wrong());
    }
    let value = default.parse_like(text).map_err(|_| wrong())?;
    // A list of texts where the default is a list of numbers would fail only when the rule runs.
    if let (Param::List(known), Param::List(new)) = (default, &value)
        && let (Some(known), Some(new)) = (known.first(), new.first())
        && std::mem::discriminant(known) != std::mem::discriminant(new)
    {
        return Err(wrong());
    }
    Ok(value)
}

/// The values that a county has set for rules of the pack. One that the pack no longer knows, or that is of another
/// kind by now, is left out: the rule runs with its default.
///
/// # Errors
/// When the read model fails.
pub fn of(
    connection: &Connection,
    pack: &Pack,
) -> rusqlite::Result<BTreeMap<(String, String), Param>> {
    let set: Vec<(String, String, String)> = connection
        .prepare_cached("select rule, name, value from rule_parameters")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let known = |rule: &str, name: &str| {
        let rule = pack.rules.iter().find(|known| known.id == rule)?;
        rule.params.get(name)
    };
    Ok(set
        .into_iter()
        .filter_map(|(rule, name, value)| {
            let value = read(known(&rule, &name)?, &value).ok()?;
            Some(((rule, name), value))
        })
        .collect())
}

/// The position of the newest change; 0 before the first.
///
/// # Errors
/// When the read model fails.
pub fn newest(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("select coalesce(max(position), 0) from rule_parameter_changes")?
        .query_row([], |row| row.get(0))
}

/// A change that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterChange {
    /// The parameter.
    pub name: String,
    /// The value before.
    pub from: String,
    /// The value since.
    pub to: String,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

/// The changes of a rule's parameters, the newest first, at most 100.
///
/// # Errors
/// When the read model fails.
pub fn changes(connection: &Connection, rule: &str) -> rusqlite::Result<Vec<ParameterChange>> {
    connection
        .prepare_cached(
            "select name, value_before, value, reason, by, at from rule_parameter_changes \
             where rule = ?1 order by position desc limit 100",
        )?
        .query_map([rule], |row| {
            Ok(ParameterChange {
                name: row.get(0)?,
                from: row.get(1)?,
                to: row.get(2)?,
                reason: row.get(3)?,
                by: row.get(4)?,
                at: row.get(5)?,
            })
        })?
        .collect()
}

/// The tables `rule_parameters` and `rule_parameter_changes`.
pub struct ParameterTables;

impl Tables for ParameterTables {
    fn name(&self) -> &'static str {
        "rule_parameters"
    }

    fn version(&self) -> u32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["rule_parameters", "rule_parameter_changes"]
    }

    fn create(&self) -> &'static str {
        "create table rule_parameters (
            rule text not null,
            name text not null,
            value text not null,
            primary key (rule, name)
        ) strict, without rowid;
        create table rule_parameter_changes (
            position integer primary key,
            rule text not null,
            name text not null,
            value_before text not null,
            value text not null,
            reason text not null,
            by text not null,
            at integer not null -- milliseconds since 1970
        ) strict;"
    }

    fn project(&self, to: &Connection, event: &Recorded) -> Result<(), String> {
        let Some((envelope, read)) = Parameters::event_in(event)? else {
            return Ok(());
        };
        let ParameterEvent::ParameterSet {
            rule,
            name,
            from,
            to: value,
            reason,
        } = read;
        to.prepare_cached(
            "insert into rule_parameters values (?1, ?2, ?3) \
             on conflict (rule, name) do update set value = excluded.value",
        )
        .and_then(|mut set| set.execute(params![rule, name, value]))
        .and_then(|_| {
            to.prepare_cached(
                "insert into rule_parameter_changes values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )
        })
        .and_then(|mut keep| {
            keep.execute(params![
                event.position as i64,
                rule,
                name,
                from,
                value,
                reason,
                envelope.actor.to_string(),
                envelope.at.as_millisecond()
            ])
        })
        .map(|_| ())
        .map_err(|error| error.to_string())
    }
}
