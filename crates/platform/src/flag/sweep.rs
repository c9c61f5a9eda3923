//! Taking in a whole run of rules: what was found, what passed, what could not be compared.

use std::collections::{BTreeMap, BTreeSet};

use kandeng_ledger::StreamName;

use super::{Find, Flag, Found, NotApplicable, Pass};
use crate::context::Context;
use crate::platform::{Answer, CommandError, Platform};

/// Flags that are decided in one append.
const PAGE: usize = 200;

/// What one rule answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleRun {
    /// The rule.
    pub rule: String,
    /// Its findings.
    pub found: Vec<Found>,
    /// Subjects that it could not compare, as (kind, subject), and why.
    pub not_applicable: BTreeMap<(String, String), String>,
}

/// What came of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Flags that were raised, changed, cleared or marked.
    pub changed: usize,
    /// Flags that were looked at.
    pub seen: usize,
}

/// Takes runs of rules into flags.
pub struct Sweep<'a> {
    platform: &'a Platform,
}

impl<'a> Sweep<'a> {
    /// On this node.
    pub fn new(platform: &'a Platform) -> Self {
        Self { platform }
    }

    /// Takes in what rules answered. Rules that are not among `runs` did not run, and their flags stay as
    /// they are; so do those of rules that failed.
    ///
    /// # Errors
    /// When the store fails; what was taken in by then stays, and the next run does the rest.
    pub async fn take(&self, runs: &[RuleRun], cx: &Context) -> Result<Swept, CommandError> {
        let mut swept = Swept::default();
        for run in runs {
            let mut named = BTreeSet::new();
            let mut work = Vec::new();
            for found in &run.found {
                let stream = self.stream(found)?;
                named.insert(stream.clone());
                work.push((stream, Work::Find(found.clone())));
            }
            for (stream, kind, subject) in self.open_flags(&run.rule)? {
                if named.contains(&stream) {
                    continue;
                }
                let why = run.not_applicable.get(&(kind, subject));
                work.push(match why {
                    Some(because) => (stream, Work::NotApplicable(because.clone())),
                    None => (stream, Work::Pass),
                });
            }
            for page in work.chunks(PAGE) {
                swept.seen += page.len();
                swept.changed += self.page(page, cx).await?;
            }
        }
        Ok(swept)
    }

    async fn page(&self, page: &[(StreamName, Work)], cx: &Context) -> Result<usize, CommandError> {
        let answer = self
            .platform
            .append(cx, |plan| {
                for (stream, work) in page {
                    let stream = stream.clone();
                    match work {
                        Work::Find(found) => plan.decide::<Flag, _>(stream, Find(found.clone()))?,
                        Work::Pass => plan.decide::<Flag, _>(stream, Pass)?,
                        Work::NotApplicable(because) => {
                            let because = because.clone();
                            plan.decide::<Flag, _>(stream, NotApplicable { because })?;
                        }
                    }
                }
                Ok(())
            })
            .await?;
        Ok(match answer {
            Answer::Done { positions } => (positions.end - positions.start) as usize,
            Answer::Nothing => 0,
        })
    }

    fn stream(&self, found: &Found) -> Result<StreamName, CommandError> {
        let parts = [
            found.rule.as_str(),
            &found.subject_kind,
            &found.subject,
            &found.key,
        ];
        self.platform.guard("flag", &parts)
    }

    /// Open flags of a rule: stream, kind of subject, subject.
    fn open_flags(&self, rule: &str) -> Result<Vec<(StreamName, String, String)>, CommandError> {
        let rows: Vec<(String, String, String)> = self.platform.query(|connection| {
            let mut select = connection.prepare_cached(
                "select stream, subject_kind, subject from flags where rule = ?1 and state = 'open' \
                 order by stream",
            )?;
            let rows = select.query_map([rule], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
            rows.collect()
        })?;
        rows.into_iter()
            .map(|(stream, kind, subject)| Ok((stream.parse()?, kind, subject)))
            .collect()
    }
}

enum Work {
    Find(Found),
    Pass,
    NotApplicable(String),
}
