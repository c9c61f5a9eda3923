//! The result of a screening run, as `kandeng screen --format json` writes it (docs/flags.schema.json) and with
//! what flags need beside it: the version of each rule, and which subjects passed or could not be compared.
//!
//! Plain data. What is not in the result is taken for nothing: without a list of subjects no flag is cleared,
//! and without a rule's version its answers are not taken in at all.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{Answered, Found, RuleRun, Unanswered};
use crate::context::Text;

/// What a run found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Screened {
    /// Facts of the run.
    pub run: RunFacts,
    /// For each rule that ran, and kind of subject, its answers.
    pub rules: Vec<RuleAnswers>,
    /// Rules that gave no answer: their flags stay as they are.
    #[serde(default)]
    pub failures: Vec<RuleFailure>,
    /// What was found.
    pub flags: Vec<ScreenedFlag>,
}

/// Facts of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFacts {
    /// The version of the program.
    pub version: String,
    /// The only date that rules saw.
    pub as_of: String,
}

/// The answers of one rule on one kind of subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleAnswers {
    /// The rule.
    pub id: String,
    /// What kind of subject.
    pub subject_kind: String,
    /// The version of the rule and its parameters ([`rule_version`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Which subjects passed or could not be compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subjects: Option<Subjects>,
}

/// Subjects by answer. Those that are flagged stand with their flags.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subjects {
    /// Compared, and nothing found.
    #[serde(default)]
    pub passed: Vec<String>,
    /// Not compared, by reason.
    #[serde(default)]
    pub not_applicable: Vec<NotCompared>,
}

/// Subjects that could not be compared, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotCompared {
    /// The reason for programs, such as `empty: projects.scale`.
    pub because: String,
    /// The same for people.
    #[serde(flatten)]
    pub says: Text,
    /// Which.
    pub subjects: Vec<String>,
}

/// A rule that gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleFailure {
    /// The rule.
    pub id: String,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScreenedFlag {
    /// The rule.
    pub rule: String,
    /// `low`, `medium` or `high`.
    pub severity: String,
    /// What kind of subject.
    pub subject_kind: String,
    /// The subject.
    pub subject: String,
    /// What tells it apart from other findings of the rule on the subject.
    pub key: String,
    /// Other subjects that are part of it.
    #[serde(default)]
    pub related: Vec<String>,
    /// Items to mark.
    pub items: Vec<String>,
    /// Money at stake, in fen.
    pub money_fen: Option<i64>,
    /// What was compared.
    pub figures: Map<String, Value>,
    /// Figures that name people: they do not go into the ledger.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub personal: Vec<String>,
    /// The input that made the rule fire, hashed.
    pub fingerprint: String,
    /// The sentence.
    pub says: Text,
    /// Tables that nobody may read which the rule compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registers: Option<Vec<String>>,
}

/// The version of a rule with the parameters that it ran with: a hash, so that it tells no threshold.
pub fn rule_version<'a>(
    source: &str,
    parameters: impl IntoIterator<Item = (&'a str, String)>,
) -> String {
    let mut hash = Sha256::new();
    hash.update((source.len() as u64).to_be_bytes());
    hash.update(source);
    let parameters: BTreeMap<&str, String> = parameters.into_iter().collect();
    for (name, value) in parameters {
        for part in [name, &value] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    let digest = hash.finalize();
    crate::hex::hex(&digest[..16])
}

impl Screened {
    /// The runs of all rules that answered, in order of rule, for [`super::Sweep::take`].
    ///
    /// # Errors
    /// When a rule's version is not said: nobody could tell then whether it was the rule that changed or what
    /// it looked at.
    pub fn runs(self) -> Result<Vec<RuleRun>, Text> {
        let mut runs: BTreeMap<String, RuleRun> = BTreeMap::new();
        for answers in self.rules {
            if self.failures.iter().any(|failed| failed.id == answers.id) {
                continue;
            }
            let Some(version) = answers.version else {
                let id = answers.id;
                return Err(Text::new(
                    format!("筛查结果没有写明规则 {id} 的版本"),
                    format!("the result does not say the version of rule {id}"),
                ));
            };
            let run = runs.entry(answers.id.clone()).or_insert_with(|| RuleRun {
                rule: answers.id,
                version,
                ..RuleRun::default()
            });
            let kind = answers.subject_kind;
            let subjects = answers.subjects.unwrap_or_default();
            for subject in subjects.passed {
                run.answers
                    .insert((kind.clone(), subject), Answered::Passed);
            }
            for reason in subjects.not_applicable {
                let why = Unanswered {
                    because: reason.because,
                    says: reason.says,
                };
                for subject in reason.subjects {
                    let answer = Answered::NotApplicable(why.clone());
                    run.answers.insert((kind.clone(), subject), answer);
                }
            }
        }
        for flag in self.flags {
            if let Some(run) = runs.get_mut(&flag.rule) {
                let version = run.version.clone();
                run.found.push(flag.found(version));
            }
        }
        Ok(runs.into_values().collect())
    }
}

impl ScreenedFlag {
    /// As the ledger is to have it.
    fn found(self, rule_version: String) -> Found {
        let found = Found {
            rule: self.rule,
            rule_version,
            severity: self.severity,
            subject_kind: self.subject_kind,
            subject: self.subject,
            key: self.key,
            fingerprint: self.fingerprint,
            items: self.items,
            related: self.related,
            money_fen: self.money_fen,
            figures: Value::Object(self.figures),
            withheld: Vec::new(),
            says: self.says,
            registers: self.registers,
        };
        super::fit::without(found, &self.personal)
    }
}
