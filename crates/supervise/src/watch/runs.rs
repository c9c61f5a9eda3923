//! From what the engine found to what flags take in: names of people stay out of the ledger, and what a rule says of
//! subjects that have a flag is told.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use kandeng_platform::flag::{
    self, Answered, RuleAnswers, RuleFailure, RuleRun, ScreenedFlag, Sweep, Unanswered,
    rule_version,
};
use kandeng_platform::{CommandError, Platform, Text};
use kandeng_screening::{Answer, Answers, Finding, Outcome, Subjects};

use super::personal::{names_people, without_names};
use crate::register::Confided;

/// Of each rule and kind of subject, the subjects that are to be taken in.
pub(super) type Only = BTreeMap<(String, String), Subjects>;

/// What [`Sweep::take`] takes in of findings, each with the registers of `confided` that its rule compared with, and of
/// what the rules say of subjects that have an open flag. Without
/// `only`, all of it.
///
/// # Errors
/// A fault of the read model.
pub fn runs(
    platform: &Platform,
    outcome: &Outcome,
    findings: impl Iterator<Item = Finding>,
    confided: &Confided,
) -> Result<Vec<RuleRun>, CommandError> {
    some_runs(platform, outcome, findings, confided, None, None)
}

pub(super) fn some_runs(
    platform: &Platform,
    outcome: &Outcome,
    findings: impl Iterator<Item = Finding>,
    confided: &Confided,
    only: Option<&Only>,
    there: Option<&HashSet<&str>>,
) -> Result<Vec<RuleRun>, CommandError> {
    let is_asked = |rule: &str, kind: &str, subject: &str| {
        only.is_none_or(|only| {
            let subjects = only.get(&(rule.to_owned(), kind.to_owned()));
            subjects.is_some_and(|subjects| subjects.contains(subject))
        })
    };
    let mut result = flag::Screened {
        run: flag::RunFacts {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            as_of: String::new(),
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
            version: Some(version(platform, outcome, &answers.rule)),
            subjects: None,
        });
    }
    result.flags = findings
        .filter(|finding| is_asked(&finding.rule, &finding.subject_kind, &finding.subject))
        .map(|finding| {
            let rule = outcome.rule(&finding.rule);
            let personal = rule.map(|rule| rule.personal.as_slice());
            flag(platform, finding, personal.unwrap_or_default(), confided)
        })
        .collect();
    // Cannot fail: every rule's version was said.
    let mut runs = result
        .runs()
        .map_err(|text| CommandError::Append(text.en))?;
    let sweep = Sweep::new(platform);
    for run in &mut runs {
        let open: BTreeSet<(String, String)> = sweep.open_subjects(&run.rule)?;
        let mut by_kind: BTreeMap<String, BTreeMap<String, Answer>> = BTreeMap::new();
        for (kind, subject) in open {
            if !is_asked(&run.rule, &kind, &subject) {
                continue;
            }
            let answers = by_kind
                .entry(kind.clone())
                .or_insert_with(|| outcome.answers_by_subject(&run.rule, &kind));
            let answered = match answers.get(&subject) {
                Some(Answer::NotApplicable) => {
                    Answered::NotApplicable(why(&outcome.answers, &run.rule, &kind))
                }
                // Of several flags on a flagged subject those that were not found again have passed.
                Some(Answer::Passed | Answer::Flagged) => Answered::Passed,
                // Its filing was withdrawn: a doubt does not go away with that.
                None if kind == "project"
                    && there.is_some_and(|codes| !codes.contains(&*subject)) =>
                {
                    Answered::NotApplicable(withdrawn())
                }
                // Not in this input: nothing is known of it.
                None => continue,
            };
            run.answers.insert((kind, subject), answered);
        }
    }
    Ok(runs)
}

fn withdrawn() -> Unanswered {
    Unanswered {
        because: "withdrawn".to_owned(),
        says: Text::new("项目已撤回", "the project was withdrawn"),
    }
}

/// Keyed, so that a list of likely thresholds tells nobody which one it is.
fn version(platform: &Platform, outcome: &Outcome, id: &str) -> String {
    let Some(rule) = outcome.rule(id) else {
        return String::new();
    };
    let parameters = rule
        .params
        .iter()
        .map(|(name, value)| (name.as_str(), format!("{value:?}")));
    platform.mark(&["rule", &rule_version(&rule.source, parameters)])
}

/// What tells a rule's flags on a subject apart, as the ledger has it.
pub(super) fn key_of(platform: &Platform, finding: &Finding, personal: &[String]) -> String {
    without_names(finding, personal, &|name| platform.mark(&["name", name]))
}

/// A finding as the ledger may have it: names of people stay out of it.
fn flag(
    platform: &Platform,
    finding: Finding,
    personal: &[String],
    confided: &Confided,
) -> ScreenedFlag {
    let registers = confided.registers_of(&finding.rule);
    let registers = registers.into_iter().flatten().cloned().collect();
    let key = key_of(platform, &finding, personal);
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
        fingerprint: platform.mark(&["fingerprint", &finding.fingerprint]),
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
        registers: Some(registers),
        says: Text::new(finding.says.zh, finding.says.en),
    }
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
