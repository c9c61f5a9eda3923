//! What would change should a parameter have another value: the rule is run twice over the county as it stands, what it
//! finds is held against what officers decided on it, and nothing is written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::civil::Date;
use kandeng_platform::{CommandError, Platform};
use kandeng_screening::pack::{Audience, Pack, Param};
use kandeng_screening::{Finding, Prepared, Settings, Tables};

use rusqlite::Connection;

use super::run::WatchError;
use super::runs::key_of;
use crate::filing::Filing;
use crate::import::IdentityKey;
use crate::packs;
use crate::project::County;

/// What would change.
#[derive(Debug, Default)]
pub(crate) struct Preview {
    /// Findings that would come up.
    pub appear: Vec<Finding>,
    /// Findings that would go.
    pub vanish: Vec<Finding>,
    /// How many would stay.
    pub stay: usize,
    /// What was decided on those that would go, and on those that would stay.
    pub decided_on_vanish: Decided,
    pub decided_on_stay: Decided,
}

/// What officers decided on findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Decided {
    /// So many are so.
    pub confirmed: usize,
    /// There is nothing to so many.
    pub dismissed: usize,
}

impl Decided {
    fn add(&mut self, state: Option<&String>) {
        match state.map(String::as_str) {
            Some("confirmed") => self.confirmed += 1,
            Some("dismissed") => self.dismissed += 1,
            _ => {}
        }
    }

    /// Whether anything was.
    pub fn is_any(self) -> bool {
        self.confirmed + self.dismissed > 0
    }
}

/// A county's filings and rules, to be looked at with other parameters.
pub(crate) struct Looked<'a> {
    pub platform: &'a Platform,
    pub filing: &'a Arc<Filing>,
    pub key: &'a IdentityKey,
    pub datum: Option<kandeng_geo::Datum>,
    pub pack: &'a Pack,
    /// The registers that the rule compares with.
    pub registers: &'a Tables,
    pub as_of: Date,
}

/// What `rule` would find with `after` instead of `before`. Nothing where it cannot run with one of the two.
///
/// # Errors
/// When the county cannot be read.
pub(crate) fn preview(
    looked: &Looked<'_>,
    rule: &str,
    before: &BTreeMap<(String, String), Param>,
    after: &BTreeMap<(String, String), Param>,
    cancel: &AtomicBool,
) -> Result<Option<Preview>, WatchError> {
    let county = County::read(looked.platform, looked.filing, looked.key, looked.datum)?;
    let mut tables = county.tables;
    for name in looked.registers.names() {
        if let Some(source) = looked.registers.get(name) {
            tables.insert(name, Arc::clone(source));
        }
    }
    let found = |params| find(looked, &tables, rule, params, cancel);
    let (Some(before), Some(mut after)) = (found(before)?, found(after)?) else {
        return Ok(None);
    };
    let decided = looked.platform.query(|of| decided(of, rule))?;
    let mut preview = Preview::default();
    for (key, finding) in before {
        let state = decided.get(&key);
        if after.remove(&key).is_some() {
            preview.stay += 1;
            preview.decided_on_stay.add(state);
        } else {
            preview.decided_on_vanish.add(state);
            preview.vanish.push(finding);
        }
    }
    preview.appear = after.into_values().collect();
    Ok(Some(preview))
}

/// A finding's kind of subject, subject and key: what tells two flags of a rule apart.
type Key = (String, String, String);

/// The states of a rule's flags on which somebody decided.
fn decided(of: &Connection, rule: &str) -> rusqlite::Result<BTreeMap<Key, String>> {
    of.prepare_cached(
        "select subject_kind, subject, key, state from flags where rule = ?1 and state in ('confirmed', 'dismissed')",
    )?
    .query_map([rule], |row| {
        Ok(((row.get(0)?, row.get(1)?, row.get(2)?), row.get(3)?))
    })?
    .collect()
}

fn find(
    looked: &Looked<'_>,
    tables: &Tables,
    rule: &str,
    params: &BTreeMap<(String, String), Param>,
    cancel: &AtomicBool,
) -> Result<Option<BTreeMap<Key, Finding>>, WatchError> {
    let mut settings = Settings::new(looked.as_of, Audience::Officer);
    settings.labels = packs::labels(looked.filing);
    settings.params.clone_from(params);
    settings.only = Some(BTreeSet::from([rule.to_owned()]));
    let items = packs::items(looked.filing);
    let Ok(mut prepared) = Prepared::new(looked.pack, Some(&items), settings) else {
        return Ok(None);
    };
    let outcome = prepared.run(tables, cancel, &|_, _| {});
    // Why it cannot run is left out: a database's message may repeat the value.
    let Ok(outcome) = outcome else {
        return if cancel.load(std::sync::atomic::Ordering::Relaxed) {
            Err(CommandError::Append("cancelled".to_owned()).into())
        } else {
            Ok(None)
        };
    };
    if !outcome.failures.is_empty() {
        return Ok(None);
    }
    let personal = outcome.rule(rule).map(|rule| rule.personal.clone());
    let personal = personal.unwrap_or_default();
    let findings = outcome.findings().map(|finding| {
        let key = (
            finding.subject_kind.clone(),
            finding.subject.clone(),
            key_of(looked.platform, &finding, &personal),
        );
        (key, finding)
    });
    Ok(Some(findings.collect()))
}
