//! `kandeng screen … --into DIR`: what was found becomes flags of a node. A flag is appended only when it changed,
//! so that the same input again appends nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use kandeng_ledger::Recorded;
use kandeng_platform::flag::{
    self, Answered, RuleAnswers, RuleFailure, RuleRun, ScreenedFlag, Sweep, Unanswered,
    rule_version,
};
use kandeng_platform::node::{Node, NodeError};
use kandeng_platform::{Clock as _, Context, SystemClock, Text};
use kandeng_screening::{Answer, Answers, Finding};

use super::Screened;
use super::personal::{names_people, without_names};
use crate::failure::Failure;
use crate::language::Words;

/// How long publication is waited for.
const PUBLISH: Duration = Duration::from_secs(10);

/// Events that are counted at once.
const PAGE: usize = 1_000;

/// A node that was opened before anything is read, so that a folder that is none is told at once.
pub(super) struct Into {
    node: Node,
}

impl Into {
    pub(super) fn open(folder: &Path) -> Result<Self, Failure> {
        Ok(Self {
            node: Node::open(folder, crate::node::scenes::opening())?,
        })
    }

    /// Appends what changed, publishes, and says what was raised, changed and cleared.
    pub(super) fn take(self, screened: &Screened, words: Words) -> Result<(), Failure> {
        let jurisdiction = self.node.folder.config.jurisdiction.clone();
        let cx = Context {
            jurisdiction,
            ..Context::of_the_platform(SystemClock.now())
        };
        let before = self.size();
        let runs = self.runs(screened)?;
        let runtime = crate::node::runtime()?;
        let swept = runtime
            .block_on(Sweep::new(&self.node.platform).take(&runs, &cx))
            .map_err(NodeError::from)?;
        let published = self.node.published(PUBLISH);
        let counted = self.counted(before)?;
        let folder = self.node.folder.path().display().to_string();
        self.node.close();
        // On stderr, so that a result on stdout stays one.
        crate::complain(&words.say_with(
            "into-done",
            &[
                ("dir", folder),
                ("seen", swept.seen.to_string()),
                ("raised", of(&counted, "flag-raised")),
                ("changed", of(&counted, "flag-changed")),
                ("rules", of(&counted, "flag-rule-changed")),
                ("cleared", of(&counted, "flag-cleared")),
                ("na", of(&counted, "flag-not-applicable")),
            ],
        ));
        // It is appended all the same, and published by whoever opens the node next.
        if let Err(problem) = published {
            let problem = problem.text();
            let problem = words.pick(&problem.zh, &problem.en).to_owned();
            crate::complain(&words.say_with("warning", &[("problem", problem)]));
        }
        if swept.left_out > 0 {
            let problem = words.say_with("into-left-out", &[("count", swept.left_out.to_string())]);
            crate::complain(&words.say_with("warning", &[("problem", problem)]));
        }
        Ok(())
    }

    fn size(&self) -> u64 {
        let newest = self.node.platform.ledger().checkpoint();
        newest.map_or(0, |checkpoint| checkpoint.size)
    }

    /// The rules that answered, with their findings and what they say of subjects that have a flag.
    fn runs(&self, screened: &Screened) -> Result<Vec<RuleRun>, Failure> {
        let outcome = &screened.outcome;
        let mut result = flag::Screened {
            run: flag::RunFacts {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                as_of: screened.run.as_of.to_string(),
            },
            rules: Vec::new(),
            failures: Vec::new(),
            flags: Vec::new(),
        };
        for failure in &outcome.failures {
            result.failures.push(RuleFailure {
                id: failure.rule.clone(),
            });
        }
        for answers in &outcome.answers {
            result.rules.push(RuleAnswers {
                id: answers.rule.clone(),
                subject_kind: answers.subject_kind.clone(),
                version: Some(self.version(screened, &answers.rule)),
                subjects: None,
            });
        }
        result.flags = screened
            .findings()
            .map(|finding| {
                let rule = screened.outcome.rule(&finding.rule);
                let personal = rule.map(|rule| rule.personal.as_slice());
                self.flag(finding, personal.unwrap_or_default())
            })
            .collect();
        let mut runs = result
            .runs()
            .map_err(|text| Failure::wrong(text.zh, text.en))?;
        let sweep = Sweep::new(&self.node.platform);
        for run in &mut runs {
            let mut by_kind: BTreeMap<String, BTreeMap<String, Answer>> = BTreeMap::new();
            for (kind, subject) in sweep.open_subjects(&run.rule).map_err(NodeError::from)? {
                let answers = by_kind
                    .entry(kind.clone())
                    .or_insert_with(|| outcome.answers_by_subject(&run.rule, &kind));
                let answered = match answers.get(&subject) {
                    Some(Answer::NotApplicable) => {
                        Answered::NotApplicable(why(&outcome.answers, &run.rule, &kind))
                    }
                    // Of several flags on a flagged subject those that were not found again have passed.
                    Some(Answer::Passed | Answer::Flagged) => Answered::Passed,
                    // Not in this input: nothing is known of it.
                    None => continue,
                };
                run.answers.insert((kind, subject), answered);
            }
        }
        Ok(runs)
    }

    /// Keyed, so that a list of likely thresholds tells nobody which one it is.
    fn version(&self, screened: &Screened, id: &str) -> String {
        let Some(rule) = screened.outcome.rule(id) else {
            return String::new();
        };
        let parameters = rule
            .params
            .iter()
            .map(|(name, value)| (name.as_str(), format!("{value:?}")));
        self.node
            .mark("rule", &rule_version(&rule.source, parameters))
    }

    /// A finding as the ledger may have it: names of people stay out of it.
    fn flag(&self, finding: Finding, personal: &[String]) -> ScreenedFlag {
        let key = without_names(&finding, personal, &|name| self.node.mark("name", name));
        let personal = names_people(&finding, personal);
        let figures = finding
            .figures
            .iter()
            .map(|(name, figure)| {
                // Cannot fail: figures hold no maps and no infinite numbers.
                let figure = serde_json::to_value(figure).unwrap_or_default();
                (name.clone(), figure)
            })
            .collect();
        ScreenedFlag {
            // Names are in what was hashed: keyed, so that nobody finds them by trying.
            fingerprint: self.node.mark("fingerprint", &finding.fingerprint),
            rule: finding.rule,
            severity: finding.severity.name().to_owned(),
            subject_kind: finding.subject_kind,
            subject: finding.subject,
            key,
            related: finding.related,
            items: finding.items,
            money_fen: finding.money_fen,
            figures,
            personal,
            says: Text::new(finding.says.zh, finding.says.en),
        }
    }

    /// What was appended since, by kind of event.
    fn counted(&self, before: u64) -> Result<BTreeMap<String, u64>, Failure> {
        let mut counted = BTreeMap::new();
        let mut position = before;
        loop {
            let page = self.node.platform.ledger().read_from(position, PAGE)?;
            if page.is_empty() {
                return Ok(counted);
            }
            position += page.len() as u64;
            for kind in page.into_iter().filter_map(kind) {
                *counted.entry(kind).or_default() += 1;
            }
        }
    }
}

fn kind(event: Recorded) -> Option<String> {
    Some(event.envelope?.kind)
}

fn of(counted: &BTreeMap<String, u64>, kind: &str) -> String {
    counted.get(kind).copied().unwrap_or(0).to_string()
}

/// Why a rule cannot compare: said where all subjects of the kind that it cannot compare lack the same.
fn why(answers: &[Answers], rule: &str, kind: &str) -> Unanswered {
    let reasons = answers
        .iter()
        .find(|answers| answers.rule == rule && answers.subject_kind == kind)
        .map(|answers| answers.reasons.as_slice());
    match reasons {
        Some([reason]) => Unanswered {
            because: reason.because.clone(),
            says: Text::new(reason.text.zh.clone(), reason.text.en.clone()),
        },
        _ => Unanswered {
            because: "not applicable".to_owned(),
            says: Text::new(
                "现有资料不足以比对",
                "what is filed does not allow to compare",
            ),
        },
    }
}
