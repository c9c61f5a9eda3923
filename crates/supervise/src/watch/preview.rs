//! What would change should a parameter have another value: the rule is run twice over the county as it stands, and
//! nothing is written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::civil::Date;
use kandeng_platform::{CommandError, Platform};
use kandeng_screening::pack::{Audience, Pack, Param};
use kandeng_screening::{Finding, Prepared, Settings, Tables};

use super::run::WatchError;
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
    let mut preview = Preview::default();
    for (key, finding) in before {
        if after.remove(&key).is_some() {
            preview.stay += 1;
        } else {
            preview.vanish.push(finding);
        }
    }
    preview.appear = after.into_values().collect();
    Ok(Some(preview))
}

/// A finding's kind of subject, subject and key: what tells two flags of a rule apart.
type Key = (String, String, String);

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
    let findings = outcome.findings().map(|finding| {
        let key = (
            finding.subject_kind.clone(),
            finding.subject.clone(),
            finding.key.clone(),
        );
        (key, finding)
    });
    Ok(Some(findings.collect()))
}
