//! Flags: findings of rules, as they are looked at, dismissed, confirmed, cleared.
//!
//! A flag is one (rule, subject kind, subject, key). An event is appended only when the finding's fingerprint
//! changes, so a nightly run over an unchanged county appends nothing.

mod draw;
mod fit;
mod forget;
mod precision;
pub mod rank;
mod rule;
mod screened;
mod sweep;
mod tables;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

pub use draw::{DRAWN_SHARE, draw};
pub use forget::{KeptVerdict, forget};
pub use precision::{Tally, Verdict};
pub use rule::{Rule, RuleEvent, RuleTables};
pub use screened::{
    NotCompared, RuleAnswers, RuleFailure, RunFacts, Screened, ScreenedFlag, Subjects, rule_version,
};
pub use sweep::{Answered, RuleRun, Sweep, Swept, Tell};
pub use tables::{FlagTables, registers_compared};

use crate::aggregate::{Aggregate, Decide, Decision, Events};
use crate::context::{Context, Refusal, Text};
use crate::effect::{Effect, NewNotice};

/// What a rule found on one subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The rule.
    pub rule: String,
    /// The version of the rule and its parameters: a hash, so that it tells no threshold.
    pub rule_version: String,
    /// `low`, `medium` or `high`.
    pub severity: String,
    /// `project`, `organization` …
    pub subject_kind: String,
    /// The subject.
    pub subject: String,
    /// What tells it apart from other findings of the rule on the subject.
    pub key: String,
    /// The input that made the rule fire, hashed.
    pub fingerprint: String,
    /// Items to mark.
    pub items: Vec<String>,
    /// Other subjects that are part of it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub related: Vec<String>,
    /// Money at stake, in fen.
    pub money_fen: Option<i64>,
    /// What was compared.
    pub figures: Value,
    /// Names of figures that are not here, because they name people or are too long.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub withheld: Vec<String>,
    /// The sentence.
    pub says: Text,
    /// Tables that nobody may read which the rule compared with; nothing where it was not written down. It outlives the
    /// rule: what rests on such a table is held back also when the rule is in no pack any more.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub registers: Option<Vec<String>>,
}

/// Why a flag was dismissed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dismissal {
    /// There is nothing to it.
    Unfounded,
    /// There is a good reason for what was found.
    Explained,
    /// The filing was wrong and was corrected.
    FilingCorrected,
    /// Another flag says the same.
    Duplicate,
}

impl Dismissal {
    /// The word for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unfounded => "unfounded",
            Self::Explained => "explained",
            Self::FilingCorrected => "filing-corrected",
            Self::Duplicate => "duplicate",
        }
    }
}

/// What happened to a flag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "kebab-case")]
pub enum FlagEvent {
    /// It was raised.
    FlagRaised {
        /// What was found.
        found: Found,
        /// Whether it had been cleared and a change of the rule raised it again: it is listed among those.
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        rule_changed: bool,
    },
    /// The input behind it changed and it stands all the same. A dismissed one is open again; a confirmed
    /// one stays confirmed, and its case is told.
    FlagChanged {
        /// What was found now.
        found: Found,
        /// The figures that changed, by name.
        changed: Vec<String>,
    },
    /// The rule itself changed: the officer is shown the flag among those, and it stays as it is.
    FlagRuleChanged {
        /// What was found now.
        found: Found,
    },
    /// The rule answers that it can no longer compare; the flag stays open and says so.
    FlagNotApplicable {
        /// Why.
        why: Unanswered,
    },
    /// The rule can compare again, and finds the same.
    FlagComparedAgain {},
    /// The rule answers *passed*.
    FlagCleared {},
    /// It was drawn at random, so that its rule is measured also where nobody would have looked.
    FlagDrawn {},
    /// An officer finds nothing to a grave one; a second officer has to agree.
    FlagDismissalProposed {
        /// Why.
        reason: Dismissal,
        /// In the officer's words.
        note: String,
        /// The officer.
        by: Uuid,
    },
    /// The second officer does not agree.
    FlagDismissalDeclined {
        /// In that officer's words.
        note: String,
    },
    /// An officer found nothing to it; to a grave one, two did.
    FlagDismissed {
        /// Why.
        reason: Dismissal,
        /// In the officer's words.
        note: String,
    },
    /// An officer found it to be so.
    FlagConfirmed {
        /// The case it was found in, if there was one.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        case: Option<Uuid>,
    },
    /// An officer looked at a flag whose rule had changed.
    FlagReviewed {
        /// Whether it is open again; otherwise it stays as it was.
        reopened: bool,
    },
    /// It was dismissed long ago: whom it pointed at is forgotten, and the events that said so are erased.
    FlagForgotten {
        /// What remains of what was found.
        found: Found,
        /// Why it was dismissed.
        dismissal: Dismissal,
        /// What was decided on it.
        verdicts: Vec<KeptVerdict>,
        /// When it was raised, in milliseconds since 1970.
        raised_at: i64,
        /// Positions of the ledger whose payloads go.
        erase: Vec<u64>,
    },
}

/// Why a rule cannot compare a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unanswered {
    /// For programs, such as `empty: projects.scale`.
    pub because: String,
    /// For people.
    #[serde(flatten)]
    pub says: Text,
}

impl Events for FlagEvent {
    const VERSIONS: &'static [(&'static str, u16)] = &[
        ("flag-raised", 2),
        ("flag-changed", 2),
        ("flag-rule-changed", 2),
        ("flag-not-applicable", 1),
        ("flag-compared-again", 1),
        ("flag-cleared", 1),
        ("flag-drawn", 1),
        ("flag-dismissal-proposed", 1),
        ("flag-dismissal-declined", 1),
        ("flag-dismissed", 1),
        ("flag-confirmed", 1),
        ("flag-reviewed", 1),
        ("flag-forgotten", 2),
    ];

    fn upcast(kind: &str, schema: u16, payload: Value) -> Option<Value> {
        // Until version 2 nobody wrote down which registers a rule compared with: it stays unsaid.
        let says = [
            "flag-raised",
            "flag-changed",
            "flag-rule-changed",
            "flag-forgotten",
        ];
        (schema == 1 && says.contains(&kind)).then_some(payload)
    }
}

/// Where a flag stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// It was never raised.
    #[default]
    Absent,
    /// It waits for a person.
    Open,
    /// An officer dismissed it.
    Dismissed(Dismissal),
    /// An officer confirmed it.
    Confirmed,
    /// The rule answers *passed*.
    Cleared,
}

/// A flag.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flag {
    /// Where it stands.
    pub standing: Standing,
    /// What was found last.
    pub found: Option<Found>,
    /// Why the rule cannot compare any more.
    pub not_applicable: Option<Unanswered>,
    /// Whether the rule changed and no officer has looked since.
    pub rule_changed: bool,
    /// Whether it is in the random sample, until somebody decides on it.
    pub drawn: bool,
    /// Who found nothing to it and waits for a second officer, and why.
    pub proposed: Option<(Uuid, Dismissal)>,
}

impl Aggregate for Flag {
    const STREAM: &'static str = "flag";
    type Event = FlagEvent;

    fn apply(&mut self, event: FlagEvent) {
        match event {
            FlagEvent::FlagRaised {
                found,
                rule_changed,
            } => {
                self.standing = Standing::Open;
                self.found = Some(found);
                self.not_applicable = None;
                self.rule_changed = rule_changed;
                self.proposed = None;
            }
            FlagEvent::FlagChanged { found, .. } => {
                if self.standing != Standing::Confirmed {
                    self.standing = Standing::Open;
                }
                self.found = Some(found);
                self.not_applicable = None;
                // What was proposed was said of other figures.
                self.proposed = None;
            }
            FlagEvent::FlagRuleChanged { found } => {
                self.found = Some(found);
                self.not_applicable = None;
                self.rule_changed = true;
                self.proposed = None;
            }
            FlagEvent::FlagDrawn {} => self.drawn = true,
            FlagEvent::FlagDismissalProposed { reason, by, .. } => {
                self.proposed = Some((by, reason));
            }
            FlagEvent::FlagDismissalDeclined { .. } => self.proposed = None,
            FlagEvent::FlagNotApplicable { why } => self.not_applicable = Some(why),
            FlagEvent::FlagComparedAgain {} => self.not_applicable = None,
            FlagEvent::FlagCleared {} => {
                self.not_applicable = None;
                self.leave(Standing::Cleared);
            }
            FlagEvent::FlagDismissed { reason, .. } => self.leave(Standing::Dismissed(reason)),
            FlagEvent::FlagConfirmed { .. } => self.leave(Standing::Confirmed),
            FlagEvent::FlagReviewed { reopened } => {
                if reopened {
                    self.standing = Standing::Open;
                }
                self.rule_changed = false;
            }
            FlagEvent::FlagForgotten {
                found, dismissal, ..
            } => {
                self.found = Some(found);
                self.not_applicable = None;
                self.leave(Standing::Dismissed(dismissal));
            }
        }
    }
}

impl Flag {
    /// It is open no more, and starts afresh should it come back.
    fn leave(&mut self, standing: Standing) {
        self.standing = standing;
        self.rule_changed = false;
        self.drawn = false;
        self.proposed = None;
    }

    /// Whether two officers have to agree that there is nothing to it.
    pub fn needs_two(&self) -> bool {
        let found = self.found.as_ref();
        found.is_some_and(|found| found.severity == "high")
    }
}

/// The rule found it, today.
#[derive(Clone, Debug)]
pub struct Find {
    /// What.
    pub found: Found,
    /// Whether the rule runs with this version or these parameters for the first time.
    pub new_rule: bool,
    /// Who is told should it be raised or open again.
    pub tell: Vec<NewNotice>,
}

/// The rule answers *passed*.
#[derive(Clone, Copy, Debug)]
pub struct Pass;

/// The rule cannot compare.
#[derive(Clone, Debug)]
pub struct NotApplicable(pub Unanswered);

/// An officer finds nothing to it.
#[derive(Clone, Debug)]
pub struct Dismiss {
    /// Why.
    pub reason: Dismissal,
    /// In the officer's words.
    pub note: String,
}

/// A second officer finds that there is something to it.
#[derive(Clone, Debug)]
pub struct Decline {
    /// In the officer's words.
    pub note: String,
}

/// It is to be measured, whatever its rank.
#[derive(Clone, Copy, Debug)]
pub struct Draw;

/// An officer looked at a flag whose rule had changed.
#[derive(Clone, Copy, Debug)]
pub struct Review {
    /// Whether it is to be open again.
    pub reopen: bool,
}

/// An officer finds it to be so.
#[derive(Clone, Copy, Debug)]
pub struct Confirm {
    /// The case it was found in, if there was one.
    pub case: Option<Uuid>,
}

impl Decide<Find> for Flag {
    fn decide(&self, find: Find, _: &Context) -> Result<Decision<FlagEvent>, Refusal> {
        let Find {
            found,
            new_rule,
            tell,
        } = find;
        let told = |event: FlagEvent| {
            let tell = tell.into_iter().map(Effect::Notify);
            tell.fold(Decision::from(event), Decision::and)
        };
        let before = match &self.found {
            Some(before) if self.standing != Standing::Cleared => before,
            before => {
                return Ok(told(FlagEvent::FlagRaised {
                    rule_changed: new_rule && before.is_some(),
                    found,
                }));
            }
        };
        if before.fingerprint == found.fingerprint {
            return Ok(match self.not_applicable {
                Some(_) => FlagEvent::FlagComparedAgain {}.into(),
                None => Decision::of([]),
            });
        }
        // Another rule is no new fact: it must not reopen in silence what a person has closed.
        if new_rule {
            return Ok(FlagEvent::FlagRuleChanged { found }.into());
        }
        let changed = changed_figures(&before.figures, &found.figures);
        let event = FlagEvent::FlagChanged { found, changed };
        // Whoever works on a confirmed one is told by its case.
        Ok(if self.standing == Standing::Confirmed {
            event.into()
        } else {
            told(event)
        })
    }
}

/// The names of figures that are not what they were.
fn changed_figures(before: &Value, now: &Value) -> Vec<String> {
    let (Some(before), Some(now)) = (before.as_object(), now.as_object()) else {
        return Vec::new();
    };
    let mut names: Vec<&String> = before.keys().chain(now.keys()).collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .filter(|name| before.get(*name) != now.get(*name))
        .cloned()
        .collect()
}

impl Decide<Pass> for Flag {
    fn decide(&self, _: Pass, _: &Context) -> Result<Decision<FlagEvent>, Refusal> {
        match self.standing {
            Standing::Open => Ok(FlagEvent::FlagCleared {}.into()),
            // What a person decided stands; what was never raised needs no clearing.
            _ => Ok(Decision::of([])),
        }
    }
}

impl Decide<NotApplicable> for Flag {
    fn decide(
        &self,
        NotApplicable(why): NotApplicable,
        _: &Context,
    ) -> Result<Decision<FlagEvent>, Refusal> {
        if self.standing == Standing::Open && self.not_applicable.as_ref() != Some(&why) {
            return Ok(FlagEvent::FlagNotApplicable { why }.into());
        }
        Ok(Decision::of([]))
    }
}

fn only_open(flag: &Flag) -> Result<(), Refusal> {
    if flag.standing == Standing::Open {
        return Ok(());
    }
    Err(Refusal::new(
        "flag-not-open",
        "该疑点不是待处理状态",
        "this flag is not open",
    ))
}

impl Decide<Dismiss> for Flag {
    /// A grave flag is proposed first. Who proposed it does not dismiss it, and another reason is another
    /// proposal.
    fn decide(&self, dismiss: Dismiss, cx: &Context) -> Result<Decision<FlagEvent>, Refusal> {
        only_open(self)?;
        let Dismiss { reason, note } = dismiss;
        let agreed = match self.proposed {
            _ if !self.needs_two() => true,
            Some((by, _)) if by == cx.actor => {
                return Err(Refusal::new(
                    "second-officer",
                    "严重疑点须由另一名经办人同意后才能排除",
                    "a grave flag is dismissed only when another officer agrees",
                ));
            }
            Some((_, proposed)) => proposed == reason,
            None => false,
        };
        Ok(if agreed {
            FlagEvent::FlagDismissed { reason, note }
        } else {
            FlagEvent::FlagDismissalProposed {
                reason,
                note,
                by: cx.actor,
            }
        }
        .into())
    }
}

impl Decide<Decline> for Flag {
    fn decide(&self, decline: Decline, _: &Context) -> Result<Decision<FlagEvent>, Refusal> {
        only_open(self)?;
        if self.proposed.is_none() {
            return Err(Refusal::new(
                "nothing-proposed",
                "该疑点没有待同意的排除意见",
                "nobody has proposed to dismiss this flag",
            ));
        }
        Ok(FlagEvent::FlagDismissalDeclined { note: decline.note }.into())
    }
}

impl Decide<Draw> for Flag {
    fn decide(&self, _: Draw, _: &Context) -> Result<Decision<FlagEvent>, Refusal> {
        // What is open no more needs no measuring; what was drawn is in the sample already.
        if self.standing != Standing::Open || self.drawn {
            return Ok(Decision::of([]));
        }
        Ok(FlagEvent::FlagDrawn {}.into())
    }
}

impl Decide<Confirm> for Flag {
    fn decide(&self, confirm: Confirm, _: &Context) -> Result<Decision<FlagEvent>, Refusal> {
        only_open(self)?;
        Ok(FlagEvent::FlagConfirmed { case: confirm.case }.into())
    }
}

impl Decide<Review> for Flag {
    fn decide(&self, review: Review, _: &Context) -> Result<Decision<FlagEvent>, Refusal> {
        if !self.rule_changed {
            return Err(Refusal::new(
                "rule-not-changed",
                "该疑点的规则没有变化,无须复核",
                "the rule of this flag has not changed, so there is nothing to review",
            ));
        }
        Ok(FlagEvent::FlagReviewed {
            reopened: review.reopen,
        }
        .into())
    }
}
