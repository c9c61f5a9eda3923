//! What a case wants looked at, on paper and on site, and what was found there.

use kandeng_ledger::StreamName;
use serde::{Deserialize, Serialize};

use super::{Case, CaseEvent, needed};
use crate::aggregate::{Decide, Decision};
use crate::context::{Context, Refusal, Text};

/// One line of the list, made from a flag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The flag.
    pub flag: StreamName,
    /// The items that it is about.
    pub items: Vec<String>,
    /// What to look at.
    pub says: Text,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnSite {
    /// It is as it was filed.
    AsFiled,
    /// It is not.
    Differs,
    /// It could not be seen: nobody knows.
    NotSeen,
}

impl OnSite {
    /// The word for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AsFiled => "as-filed",
            Self::Differs => "differs",
            Self::NotSeen => "not-seen",
        }
    }
}

/// One of the checks was made. Made again, the last one holds.
#[derive(Clone, Debug)]
pub struct CheckCase {
    /// Its place in the list, from 0.
    pub check: u32,
    /// What was found.
    pub found: OnSite,
    /// In words; needed unless it is as filed.
    pub note: String,
    /// Photos and papers, by SHA-256.
    pub evidence: Vec<String>,
}

impl Decide<CheckCase> for Case {
    fn decide(&self, made: CheckCase, _: &Context) -> Result<Decision<CaseEvent>, Refusal> {
        self.must_be_open()?;
        if made.check >= self.checks {
            return Err(Refusal::new(
                "no-such-check",
                "核查清单里没有这一项",
                "the list has no such check",
            ));
        }
        let note = match made.found {
            OnSite::AsFiled => made.note.trim().to_owned(),
            _ => needed(
                made.note,
                "须写明与填报不同之处,或未能查看的原因",
                "say what differs from the filing, or why it could not be seen",
            )?,
        };
        Ok(CaseEvent::CaseChecked {
            check: made.check,
            found: made.found,
            note,
            evidence: made.evidence,
        }
        .into())
    }
}
