//! How a case ends: with an outcome, and with a verdict on each of its flags, all in one append.

use std::collections::BTreeMap;

use kandeng_ledger::StreamName;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{Case, CaseEvent, answer, needed};
use crate::aggregate::{Decide, Decision};
use crate::context::{Context, Refusal, Text};
use crate::effect::Effect;
use crate::flag::{Confirm, Dismiss, Dismissal, Flag, Standing};
use crate::plan::Plan;
use crate::platform::CommandError;

/// What it came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeKind {
    /// 不属实: nothing of what was flagged is so.
    #[default]
    Unfounded,
    /// 情况说明清楚: it is so, and for a good reason.
    Explained,
    /// 整改: it is so, and was put right.
    Rectified,
    /// 问责: it is so, and people were held to account.
    Sanctioned,
}

impl OutcomeKind {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Unfounded,
        Self::Explained,
        Self::Rectified,
        Self::Sanctioned,
    ];

    /// Whether what was flagged is held against somebody.
    pub const fn is_confirmed(self) -> bool {
        matches!(self, Self::Rectified | Self::Sanctioned)
    }

    /// The word for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unfounded => "unfounded",
            Self::Explained => "explained",
            Self::Rectified => "rectified",
            Self::Sanctioned => "sanctioned",
        }
    }

    /// The word for people.
    pub fn title(self) -> Text {
        match self {
            Self::Unfounded => Text::new("不属实", "unfounded"),
            Self::Explained => Text::new("已说明", "explained"),
            Self::Rectified => Text::new("督促整改", "put right"),
            Self::Sanctioned => Text::new("追责问责", "held to account"),
        }
    }
}

/// How a case ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// What it came to.
    pub kind: OutcomeKind,
    /// Money recovered, in fen.
    pub recovered_fen: i64,
    /// People held to account: a number, never who.
    pub held_to_account: u32,
    /// Residents' problems solved.
    pub problems_solved: u32,
    /// In the officer's words.
    pub note: String,
}

/// Until version 2 an outcome said whether it was confirmed, and not to what it came.
pub(super) fn with_kind(outcome: &mut Value) -> Option<()> {
    let outcome = outcome.as_object_mut()?;
    let kind = if outcome.remove("confirmed")?.as_bool()? {
        OutcomeKind::Rectified
    } else {
        OutcomeKind::Unfounded
    };
    outcome.insert("kind".to_owned(), kind.name().into());
    Some(())
}

/// End it.
#[derive(Clone, Debug)]
pub struct Close {
    /// Which.
    pub id: Uuid,
    /// How.
    pub outcome: Outcome,
}

/// What the case found of one of its flags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlagVerdict {
    /// It is so.
    Confirmed,
    /// There is nothing to it, and why.
    Dismissed(Dismissal),
}

impl Decide<Close> for Case {
    fn decide(&self, close: Close, _: &Context) -> Result<Decision<CaseEvent>, Refusal> {
        self.must_be_open()?;
        let mut outcome = close.outcome;
        // Nobody is closed upon without having been heard.
        if outcome.kind.is_confirmed() && !self.heard {
            return Err(Refusal::new(
                "not-heard",
                "办结为属实之前,须听取有关单位意见,或说明未听取的原因",
                "before a case closes as confirmed, the body concerned is heard, or the officer records why not",
            ));
        }
        if outcome.recovered_fen < 0 {
            return Err(Refusal::new(
                "money-below-zero",
                "追回资金不能是负数",
                "money recovered cannot be less than nothing",
            ));
        }
        let has_results = outcome.recovered_fen > 0 || outcome.held_to_account > 0;
        if has_results && !outcome.kind.is_confirmed() {
            return Err(Refusal::new(
                "results-without-ground",
                "不属实或已说明的办件不应有追回资金或问责人数",
                "a case that is unfounded or explained has no money recovered and nobody held to account",
            ));
        }
        outcome.note = needed(outcome.note, "办结须写明结论", "say what the case came to")?;
        let reason = Text::new("已办结", "closed");
        let over = Decision::from(CaseEvent::CaseClosed { outcome })
            .and(Effect::Waive(answer(close.id), reason));
        Ok(self.let_go(close.id, over))
    }
}

/// Closes a case together with its flags: each that is open gets its verdict, so that none is left open behind a
/// closed case and the rules are measured by what cases find. A flag that an officer decided on meanwhile, or that a
/// corrected filing cleared, keeps what it has.
///
/// # Errors
/// A refusal when an open flag has no verdict, when the verdicts and the outcome contradict each other, or when a
/// grave flag would be dismissed by one officer alone.
pub fn close(
    plan: &mut Plan<'_>,
    close: &Close,
    verdicts: &BTreeMap<StreamName, FlagVerdict>,
) -> Result<(), CommandError> {
    let stream = StreamName::new("case", close.id)?;
    let case = plan.load::<Case>(&stream)?;
    let flags = case.state.flags.clone();
    let mut confirmed = verdicts.values().any(|one| *one == FlagVerdict::Confirmed);
    let mut cleared = false;
    for flag in &flags {
        let standing = plan.load::<Flag>(flag)?.state.standing;
        confirmed |= standing == Standing::Confirmed;
        cleared |= standing == Standing::Cleared;
    }
    let is_confirmed = close.outcome.kind.is_confirmed();
    // What was put right before the case ended is cleared, and no verdict says any more whether it was so.
    if confirmed != is_confirmed && (confirmed || !cleared) {
        return Err(Refusal::new(
            "outcome-against-verdicts",
            "办结结论须与各疑点的认定一致:至少一个属实,办件才是属实",
            "the outcome goes with the verdicts: a case is confirmed when at least one of its flags is",
        )
        .into());
    }
    plan.decide_on(case, stream, close.clone())?;
    for flag in flags {
        let loaded = plan.load::<Flag>(&flag)?;
        let Some(verdict) = verdicts.get(&flag) else {
            if loaded.state.standing != Standing::Open {
                continue;
            }
            return Err(Refusal::new(
                "flag-without-verdict",
                "办结前,每个疑点都须有认定",
                "every flag of the case needs a verdict",
            )
            .into());
        };
        match verdict {
            FlagVerdict::Confirmed => {
                let case = Some(close.id);
                plan.decide_on(loaded, flag, Confirm { case })?;
            }
            FlagVerdict::Dismissed(reason) => {
                let by_two = loaded
                    .state
                    .proposed
                    .is_some_and(|(by, proposed)| by != plan.cx.actor && proposed == *reason);
                if loaded.state.needs_two() && !by_two {
                    return Err(Refusal::new(
                        "second-officer",
                        "严重疑点须先由另一名经办人提出排除,才能随办件排除",
                        "a grave flag is dismissed with its case only when another officer has proposed it",
                    )
                    .into());
                }
                let dismiss = Dismiss {
                    reason: *reason,
                    note: close.outcome.note.clone(),
                };
                plan.decide_on(loaded, flag, dismiss)?;
            }
        }
    }
    Ok(())
}
