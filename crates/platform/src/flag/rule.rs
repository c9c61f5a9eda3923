//! The version that a rule last ran with. It tells whether a finding changed because the rule did or because
//! of what it looked at: known once for each rule, not once for each flag.

use kandeng_ledger::Recorded;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use crate::aggregate::{Aggregate, Decide, Decision, Events};
use crate::context::{Context, Refusal};
use crate::read_model::Tables;

/// What happened to a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "kebab-case")]
pub enum RuleEvent {
    /// All its flags were looked at with this version, for the first time.
    RuleVersionTaken {
        /// The rule.
        rule: String,
        /// The version, with its parameters.
        version: String,
    },
}

impl Events for RuleEvent {
    const VERSIONS: &'static [(&'static str, u16)] = &[("rule-version-taken", 1)];
}

/// A rule, as far as its flags are concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// The version that it last ran with.
    pub version: Option<String>,
}

impl Aggregate for Rule {
    const STREAM: &'static str = "rule";
    type Event = RuleEvent;

    fn apply(&mut self, event: RuleEvent) {
        let RuleEvent::RuleVersionTaken { version, .. } = event;
        self.version = Some(version);
    }
}

/// All its flags were looked at with this version.
#[derive(Clone, Debug)]
pub(super) struct TakeVersion {
    pub rule: String,
    pub version: String,
}

impl Decide<TakeVersion> for Rule {
    fn decide(&self, take: TakeVersion, _: &Context) -> Result<Decision<RuleEvent>, Refusal> {
        if self.version.as_ref() == Some(&take.version) {
            return Ok(Decision::of([]));
        }
        Ok(RuleEvent::RuleVersionTaken {
            rule: take.rule,
            version: take.version,
        }
        .into())
    }
}

/// The table `rule_versions`.
pub struct RuleTables;

impl Tables for RuleTables {
    fn name(&self) -> &'static str {
        "rules"
    }

    fn version(&self) -> u32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["rule_versions"]
    }

    fn create(&self) -> &'static str {
        "create table rule_versions (
            rule text primary key,
            version text not null,
            since integer not null -- milliseconds since 1970
        ) strict, without rowid;"
    }

    fn project(&self, to: &Connection, event: &Recorded) -> Result<(), String> {
        let Some((envelope, RuleEvent::RuleVersionTaken { rule, version })) =
            Rule::event_in(event)?
        else {
            return Ok(());
        };
        to.prepare_cached(
            "insert into rule_versions values (?1, ?2, ?3) on conflict (rule) do update set \
             version = excluded.version, since = excluded.since",
        )
        .and_then(|mut set| set.execute(params![rule, version, envelope.at.as_millisecond()]))
        .map(|_| ())
        .map_err(|error| error.to_string())
    }
}
