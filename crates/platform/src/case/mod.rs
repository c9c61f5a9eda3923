//! Cases: what a person works on. Opened for verification, answered within a time or climbed up the three
//! rungs *urge → supervise → investigate*, heard, referred or closed with an outcome.

mod check;
mod close;
mod open;
mod question;
mod tables;
mod tells;

use std::collections::BTreeSet;

use jiff::SignedDuration;
use kandeng_ledger::StreamName;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

pub use check::{Check, CheckCase, OnSite};
pub use close::{Close, FlagVerdict, Outcome, OutcomeKind, close};
pub use open::{OpenCase, open, open_case_of};
pub use question::{
    AnswerQuestion, Ask, Consent, DeclineQuestion, Question, QuestionEvent, QuestionTables,
    Withdraw,
};
pub(crate) use question::{UNANSWERED, unanswered};
pub use tables::CaseTables;

use crate::account::superior;
use crate::aggregate::{Aggregate, Decide, Decision, Events};
use crate::context::{Context, Refusal, Text};
use crate::deadline::Running;
use crate::effect::{Effect, Expectation, Expected, NewNotice};
use crate::plan::Plan;
use crate::platform::CommandError;

/// The follow-up that climbs a rung, and what is expected.
pub(crate) const CLIMB: &str = "case-climb";
const ANSWER: &str = "case-answer";

/// The rungs of escalation, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    /// 催办: the assignee is reminded.
    Urge,
    /// 督办: the assignee's superior is told.
    Supervise,
    /// 查办: the delay itself is looked into.
    Investigate,
}

impl Rung {
    fn after(rung: Option<Self>) -> Option<Self> {
        match rung {
            None => Some(Self::Urge),
            Some(Self::Urge) => Some(Self::Supervise),
            Some(Self::Supervise) => Some(Self::Investigate),
            Some(Self::Investigate) => None,
        }
    }

    /// The word in Chinese and English.
    pub fn title(self) -> Text {
        match self {
            Self::Urge => Text::new("催办", "urge"),
            Self::Supervise => Text::new("督办", "supervise"),
            Self::Investigate => Text::new("查办", "investigate"),
        }
    }

    /// What whoever it is for is told. It names neither the project nor anybody.
    fn told(self) -> Text {
        match self {
            Self::Urge => Text::new(
                "你经办的办件逾期未复,请尽快处理",
                "a case of yours has had no answer in time; please see to it",
            ),
            Self::Supervise => Text::new(
                "你下属经办的办件催办后仍未答复,请督促",
                "a case of somebody who answers to you has had no answer after being urged; please see to it",
            ),
            Self::Investigate => Text::new(
                "有办件督办后仍未答复,请查明拖延的原因",
                "a case has had no answer after being supervised; please look into the delay",
            ),
        }
    }

    /// Who is told of it: whoever works on the case; above them whoever they answer to; last of all whoever leads the
    /// case, and whoever those answer to who did not see to it. Each once.
    fn reaches(self, case: &Case, of: &Connection) -> rusqlite::Result<Vec<Uuid>> {
        let above = |person: Uuid| -> rusqlite::Result<Vec<Uuid>> {
            let found = superior(of, person)?;
            Ok(found
                .iter()
                .filter_map(|id| Uuid::try_parse(id).ok())
                .collect())
        };
        let mut reached = match self {
            Self::Urge => vec![case.assignee],
            Self::Supervise => above(case.assignee)?,
            Self::Investigate => {
                let mut reached = above(case.assignee)?;
                for one in reached.clone() {
                    reached.extend(above(one)?);
                }
                reached.push(case.lead);
                reached
            }
        };
        // Where somebody answers to nobody, the case's lead is the next.
        if reached.is_empty() {
            reached.push(case.lead);
        }
        let mut seen = BTreeSet::new();
        reached.retain(|one| seen.insert(*one));
        Ok(reached)
    }
}

/// Seconds: until a case without an answer is urged, from then until it is supervised, from then until it is
/// investigated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rungs {
    urge: i64,
    supervise: i64,
    investigate: i64,
}

impl Rungs {
    /// At least a second each.
    pub fn new(
        urge: SignedDuration,
        supervise: SignedDuration,
        investigate: SignedDuration,
    ) -> Self {
        let seconds = |within: SignedDuration| within.as_secs().max(1);
        Self {
            urge: seconds(urge),
            supervise: seconds(supervise),
            investigate: seconds(investigate),
        }
    }

    fn until(self, rung: Rung) -> i64 {
        match rung {
            Rung::Urge => self.urge,
            Rung::Supervise => self.supervise,
            Rung::Investigate => self.investigate,
        }
    }
}

/// What happened to a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "kebab-case")]
pub enum CaseEvent {
    /// It was opened to verify flags.
    CaseOpened {
        /// The flags' streams.
        flags: Vec<StreamName>,
        /// Who leads it: consents to questions, and is asked when it stalls.
        lead: Uuid,
        /// Who works on it.
        assignee: Uuid,
        /// What is to be looked at on paper and on site.
        checks: Vec<Check>,
        /// When each rung is climbed should no answer come.
        within: Rungs,
    },
    /// One of the checks was made.
    CaseChecked {
        /// Its place in the list, from 0.
        check: u32,
        /// What was found.
        found: OnSite,
        /// In words.
        note: String,
        /// Photos and papers, by SHA-256.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        evidence: Vec<String>,
    },
    /// Somebody else works on it.
    CaseAssigned {
        /// Who.
        assignee: Uuid,
    },
    /// No answer came in time.
    CaseClimbed {
        /// To which rung.
        rung: Rung,
    },
    /// The assignee answered.
    CaseAnswered {
        /// In their words.
        note: String,
    },
    /// The body concerned was heard, or it is on record why not.
    CaseHeard {
        /// Whether it was heard.
        heard: bool,
        /// What it said, or why it was not heard.
        note: String,
    },
    /// It went to another body.
    CaseReferred {
        /// Which.
        to: String,
    },
    /// It ended.
    CaseClosed {
        /// How.
        outcome: Outcome,
    },
}

impl Events for CaseEvent {
    const VERSIONS: &'static [(&'static str, u16)] = &[
        ("case-opened", 3),
        ("case-checked", 1),
        ("case-assigned", 1),
        ("case-climbed", 1),
        ("case-answered", 1),
        ("case-heard", 2),
        ("case-referred", 1),
        ("case-closed", 2),
    ];

    fn upcast(kind: &str, schema: u16, mut payload: Value) -> Option<Value> {
        match (kind, schema) {
            // Until version 2 whoever worked on a case led it, and nothing was listed to be looked at.
            ("case-opened", 1) => {
                payload["lead"] = payload.get("assignee")?.clone();
                payload["checks"] = Value::Array(Vec::new());
            }
            // Until version 3 every rung took as long.
            ("case-opened", 2) => {
                let within = payload.as_object_mut()?.remove("answer_within")?;
                payload["within"] = serde_json::json!({
                    "urge": within, "supervise": within, "investigate": within,
                });
            }
            // Until version 2 it was not said which of the two it was.
            ("case-heard", 1) => payload["heard"] = true.into(),
            ("case-closed", 1) => close::with_kind(payload.get_mut("outcome")?)?,
            _ => return None,
        }
        Some(payload)
    }
}

/// Where a case stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Case {
    open: bool,
    over: bool,
    /// The flags that it was opened to verify.
    pub flags: Vec<StreamName>,
    checks: u32,
    heard: bool,
    rung: Option<Rung>,
    /// Who leads it.
    pub lead: Uuid,
    assignee: Uuid,
    within: Rungs,
}

impl Aggregate for Case {
    const STREAM: &'static str = "case";
    type Event = CaseEvent;

    fn apply(&mut self, event: CaseEvent) {
        match event {
            CaseEvent::CaseOpened {
                flags,
                lead,
                assignee,
                checks,
                within,
            } => {
                self.open = true;
                self.flags = flags;
                self.lead = lead;
                self.checks = checks.len() as u32;
                self.assignee = assignee;
                self.within = within;
            }
            CaseEvent::CaseAssigned { assignee } => self.assignee = assignee,
            CaseEvent::CaseClimbed { rung } => self.rung = Some(rung),
            CaseEvent::CaseChecked { .. } => {}
            CaseEvent::CaseAnswered { .. } => self.rung = None,
            CaseEvent::CaseHeard { .. } => self.heard = true,
            CaseEvent::CaseReferred { .. } | CaseEvent::CaseClosed { .. } => {
                self.open = false;
                self.over = true;
            }
        }
    }
}

/// Give it to somebody else.
#[derive(Clone, Copy, Debug)]
pub struct Assign(pub Uuid);

/// No answer came in time.
#[derive(Clone, Debug)]
pub(crate) struct Climb {
    /// Which case.
    pub id: Uuid,
    /// Who is told.
    pub tell: Vec<Uuid>,
    /// By which channel.
    pub channel: String,
}

/// Answer it.
#[derive(Clone, Debug)]
pub struct AnswerCase {
    /// Which.
    pub id: Uuid,
    /// In the assignee's words.
    pub note: String,
}

/// The body concerned was heard, or the officer says why not.
#[derive(Clone, Debug)]
pub struct Hear {
    /// Whether it was heard.
    pub heard: bool,
    /// What it said, or why it was not heard.
    pub note: String,
}

/// Hand it to another body.
#[derive(Clone, Debug)]
pub struct Refer {
    /// Which case.
    pub id: Uuid,
    /// To whom.
    pub to: String,
}

fn answer(id: Uuid) -> Expected {
    Expected {
        subject: format!("case/{id}"),
        kind: ANSWER.to_owned(),
    }
}

fn expect(id: Uuid, within: i64, cx: &Context) -> Effect {
    let within = SignedDuration::from_secs(within);
    Effect::Expect(Expectation {
        expected: answer(id),
        by: cx.at.saturating_add(within).unwrap_or(jiff::Timestamp::MAX),
        then: CLIMB.to_owned(),
        detail: serde_json::json!({ "case": id.to_string() }),
    })
}

impl Case {
    fn must_be_open(&self) -> Result<(), Refusal> {
        if self.open {
            return Ok(());
        }
        Err(if self.over {
            Refusal::new("case-over", "办件已办结", "this case is over")
        } else {
            Refusal::new("no-case", "没有这个办件", "there is no such case")
        })
    }
}

impl Decide<Assign> for Case {
    fn decide(
        &self,
        Assign(assignee): Assign,
        _: &Context,
    ) -> Result<Decision<CaseEvent>, Refusal> {
        self.must_be_open()?;
        if self.assignee == assignee {
            return Ok(Decision::of([]));
        }
        Ok(CaseEvent::CaseAssigned { assignee }.into())
    }
}

impl Decide<Climb> for Case {
    fn decide(&self, climb: Climb, cx: &Context) -> Result<Decision<CaseEvent>, Refusal> {
        self.must_be_open()?;
        let Some(rung) = Rung::after(self.rung) else {
            return Ok(Decision::of([]));
        };
        let Climb { id, tell, channel } = climb;
        let title = rung.title();
        let mut decision = Decision::from(CaseEvent::CaseClimbed { rung });
        for to in tell {
            decision = decision.and(Effect::Notify(NewNotice {
                cause: format!("case/{id}/{}/{}", title.en, cx.at.as_millisecond()),
                to,
                channel: channel.clone(),
                subject: Text::new(format!("办件{}", title.zh), format!("A case: {}", title.en)),
                body: rung.told(),
            }));
        }
        // The last rung has nobody above it.
        Ok(match Rung::after(Some(rung)) {
            Some(next) => decision.and(expect(id, self.within.until(next), cx)),
            None => decision,
        })
    }
}

impl Decide<AnswerCase> for Case {
    fn decide(&self, said: AnswerCase, _: &Context) -> Result<Decision<CaseEvent>, Refusal> {
        self.must_be_open()?;
        Ok(Decision::from(CaseEvent::CaseAnswered { note: said.note })
            .and(Effect::Meet(answer(said.id))))
    }
}

impl Decide<Hear> for Case {
    fn decide(&self, hear: Hear, _: &Context) -> Result<Decision<CaseEvent>, Refusal> {
        self.must_be_open()?;
        let note = needed(
            hear.note,
            "须写明有关单位的意见,或未听取的原因",
            "say what the body concerned said, or why it was not heard",
        )?;
        Ok(CaseEvent::CaseHeard {
            heard: hear.heard,
            note,
        }
        .into())
    }
}

impl Decide<Refer> for Case {
    fn decide(&self, refer: Refer, _: &Context) -> Result<Decision<CaseEvent>, Refusal> {
        self.must_be_open()?;
        let to = needed(
            refer.to,
            "须写明移送给哪个单位",
            "say to which body the case goes",
        )?;
        let reason = Text::new("已移送", "referred");
        let over = Decision::from(CaseEvent::CaseReferred { to })
            .and(Effect::Waive(answer(refer.id), reason));
        Ok(self.let_go(refer.id, over))
    }
}

/// A text that may not be missing, without the white space around it.
fn needed(text: String, zh: &str, en: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal::new("text-missing", zh, en));
    }
    Ok(text.to_owned())
}

/// Climbs the next rung of the case whose answer did not come.
pub(crate) fn climb(plan: &mut Plan<'_>, missed: &Running) -> Result<(), CommandError> {
    let id = missed.detail["case"]
        .as_str()
        .and_then(|id| Uuid::try_parse(id).ok());
    let Some(id) = id else {
        return Ok(());
    };
    let stream = StreamName::new(Case::STREAM, id)?;
    let loaded = plan.load::<Case>(&stream)?;
    let tell = match Rung::after(loaded.state.rung) {
        Some(rung) => plan
            .platform()
            .query(|connection| rung.reaches(&loaded.state, connection))?,
        None => Vec::new(),
    };
    let channel = plan.platform().channel().to_owned();
    plan.decide_on(loaded, stream, Climb { id, tell, channel })
}
