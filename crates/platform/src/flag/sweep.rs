//! Taking in a whole run of rules: what was found, what passed, what could not be compared.
//!
//! A subject of which a rule says nothing, because it was not in the input, keeps its flags as they are.

use std::collections::{BTreeMap, BTreeSet};

use kandeng_ledger::StreamName;

use super::rule::TakeVersion;
use super::{Find, Flag, Found, NotApplicable, Pass, Rule, Unanswered, fit};
use crate::aggregate::fold;
use crate::context::Context;
use crate::effect::NewNotice;
use crate::platform::{Answer, CommandError, Platform};

/// Flags that are decided in one append.
const PAGE: usize = 200;

/// What one rule answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleRun {
    /// The rule.
    pub rule: String,
    /// Its version and parameters ([`super::rule_version`]).
    pub version: String,
    /// Its findings.
    pub found: Vec<Found>,
    /// What it says of subjects that it found nothing on, as (kind, subject). Those that have an open flag
    /// ([`Sweep::open_subjects`]) are enough.
    pub answers: BTreeMap<(String, String), Answered>,
}

/// What a rule says of a subject that it found nothing on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// Compared, and it stands.
    Passed,
    /// It cannot be compared.
    NotApplicable(Unanswered),
}

/// What came of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Flags that were raised, changed, cleared or marked.
    pub changed: usize,
    /// Flags that were looked at.
    pub seen: usize,
    /// Findings that were not taken in: a resident's number stood in them, a name is too long, or another of
    /// the same rule, subject and key came before.
    pub left_out: usize,
}

/// Who is told of a finding that is raised or open again.
pub type Tell<'a> = dyn Fn(&Found) -> Result<Vec<NewNotice>, CommandError> + Send + Sync + 'a;

/// Takes runs of rules into flags.
pub struct Sweep<'a> {
    platform: &'a Platform,
    tell: Option<&'a Tell<'a>>,
}

impl<'a> Sweep<'a> {
    /// On this node.
    pub fn new(platform: &'a Platform) -> Self {
        Self {
            platform,
            tell: None,
        }
    }

    /// With whoever is to be told, in the same append.
    #[must_use]
    pub fn telling(self, tell: &'a Tell<'a>) -> Self {
        Self {
            tell: Some(tell),
            ..self
        }
    }

    /// Takes in what rules answered. Rules that are not among `runs` did not run, and their flags stay as
    /// they are; so do those of rules that failed.
    ///
    /// # Errors
    /// When the store fails; what was taken in by then stays, and the next run does the rest.
    pub async fn take(&self, runs: &[RuleRun], cx: &Context) -> Result<Swept, CommandError> {
        // A run is many appends: under one command id all but the first would be taken for repeated.
        let cx = &Context {
            command: None,
            ..cx.clone()
        };
        let mut swept = Swept::default();
        for run in runs {
            let stream = self.platform.guard("rule", &[&run.rule])?;
            let known = fold::<Rule>(self.platform.ledger().read_stream(&stream, 0)?)?.state;
            let new_rule = known.version.is_some_and(|version| version != run.version);
            let work = self.work(run, new_rule, &mut swept)?;
            for page in work.chunks(PAGE) {
                swept.seen += page.len();
                swept.changed += self.page(page, cx).await?;
            }
            // A crash before this line leaves some flags looked at with the new version and the rule known by
            // the old one: the next run takes what is left for a change of the rule too.
            let take = TakeVersion {
                rule: run.rule.clone(),
                version: run.version.clone(),
            };
            self.platform
                .append(cx, |plan| {
                    plan.decide::<Rule, _>(stream.clone(), take.clone())
                })
                .await?;
        }
        Ok(swept)
    }

    /// Subjects that have an open flag of the rule, as (kind, subject).
    ///
    /// # Errors
    /// When the read model fails.
    pub fn open_subjects(&self, rule: &str) -> Result<BTreeSet<(String, String)>, CommandError> {
        let open = self.open_flags(rule)?;
        Ok(open
            .into_iter()
            .map(|(_, kind, subject)| (kind, subject))
            .collect())
    }

    fn work(
        &self,
        run: &RuleRun,
        new_rule: bool,
        swept: &mut Swept,
    ) -> Result<Vec<(StreamName, Work)>, CommandError> {
        let mut named = BTreeSet::new();
        let mut work = Vec::new();
        for found in &run.found {
            let stream = self.stream(found)?;
            // Found, whatever becomes of it: it has not passed.
            let first = named.insert(stream.clone());
            match fit::fit(found.clone()) {
                Some(found) if first => {
                    let tell = self.tell.map_or(Ok(Vec::new()), |tell| tell(&found))?;
                    let find = Find {
                        found,
                        new_rule,
                        tell,
                    };
                    work.push((stream, Work::Find(Box::new(find))));
                }
                _ => swept.left_out += 1,
            }
        }
        let flagged: BTreeSet<(&str, &str)> = run
            .found
            .iter()
            .map(|found| (found.subject_kind.as_str(), found.subject.as_str()))
            .collect();
        for (stream, kind, subject) in self.open_flags(&run.rule)? {
            if named.contains(&stream) {
                continue;
            }
            // The subject was compared and something else was found on it: this key has passed.
            if flagged.contains(&(kind.as_str(), subject.as_str())) {
                work.push((stream, Work::Pass));
                continue;
            }
            match run.answers.get(&(kind, subject)) {
                Some(Answered::Passed) => work.push((stream, Work::Pass)),
                Some(Answered::NotApplicable(why)) => {
                    work.push((stream, Work::NotApplicable(why.clone())));
                }
                None => {}
            }
        }
        Ok(work)
    }

    async fn page(&self, page: &[(StreamName, Work)], cx: &Context) -> Result<usize, CommandError> {
        let answer = self
            .platform
            .append(cx, |plan| {
                for (stream, work) in page {
                    let stream = stream.clone();
                    match work {
                        Work::Find(find) => plan.decide::<Flag, _>(stream, Find::clone(find))?,
                        Work::Pass => plan.decide::<Flag, _>(stream, Pass)?,
                        Work::NotApplicable(why) => {
                            plan.decide::<Flag, _>(stream, NotApplicable(why.clone()))?;
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
    Find(Box<Find>),
    Pass,
    NotApplicable(Unanswered),
}
