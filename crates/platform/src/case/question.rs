//! Questions to whoever filed: free text that carries neither rule nor figures, since a question asked right
//! after a hit tips somebody off. About a grave flag or a case in verification, the case's lead consents first.

use jiff::SignedDuration;
use kandeng_ledger::{Recorded, StreamName};
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::needed;
use super::tells::tells;
use crate::aggregate::{Aggregate, Decide, Decision, Events};
use crate::context::{Context, Refusal, Text};
use crate::deadline::Running;
use crate::effect::{Effect, Expectation, Expected};
use crate::half_width::half;
use crate::plan::Plan;
use crate::platform::CommandError;
use crate::read_model::Tables;

/// The follow-up of a question that nobody answered.
pub(crate) const UNANSWERED: &str = "question-unanswered";

/// The most characters of a question or an answer.
const LONGEST: usize = 2_000;

/// What happened to a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "kebab-case")]
#[allow(clippy::enum_variant_names)] // kinds of events say what they are about
pub enum QuestionEvent {
    /// An officer wrote it.
    QuestionAsked {
        /// What it is about: a project.
        project: String,
        /// The flags behind it, which the filer is not told of.
        flags: Vec<StreamName>,
        /// The case behind it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        case: Option<Uuid>,
        /// Who is asked.
        to: Uuid,
        /// The officer.
        by: Uuid,
        /// Who has to consent before it is sent; nobody when it was sent at once.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        lead: Option<Uuid>,
        /// The question.
        text: String,
        /// Seconds within which an answer is expected, from when it is sent.
        answer_within: i64,
    },
    /// The lead consents: it is sent.
    QuestionConsented {},
    /// The lead does not.
    QuestionDeclined {
        /// Why.
        note: String,
    },
    /// The officer took it back before it was answered.
    QuestionWithdrawn {},
    /// Nobody answered in time.
    QuestionOverdue {},
    /// The filer answered.
    QuestionAnswered {
        /// The answer.
        text: String,
    },
}

impl Events for QuestionEvent {
    const VERSIONS: &'static [(&'static str, u16)] = &[
        ("question-asked", 1),
        ("question-consented", 1),
        ("question-declined", 1),
        ("question-withdrawn", 1),
        ("question-overdue", 1),
        ("question-answered", 1),
    ];
}

/// Where a question stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Standing {
    #[default]
    Absent,
    /// The lead has not decided.
    Waiting,
    /// The filer sees it.
    Sent,
    Over,
}

/// A question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    standing: Standing,
    to: Uuid,
    by: Uuid,
    lead: Option<Uuid>,
    answer_within: i64,
}

impl Aggregate for Question {
    const STREAM: &'static str = "question";
    type Event = QuestionEvent;

    fn apply(&mut self, event: QuestionEvent) {
        match event {
            QuestionEvent::QuestionAsked {
                to,
                by,
                lead,
                answer_within,
                ..
            } => {
                *self = Self {
                    standing: if lead.is_some() {
                        Standing::Waiting
                    } else {
                        Standing::Sent
                    },
                    to,
                    by,
                    lead,
                    answer_within,
                };
            }
            QuestionEvent::QuestionConsented {} => self.standing = Standing::Sent,
            QuestionEvent::QuestionOverdue {} => {}
            QuestionEvent::QuestionDeclined { .. }
            | QuestionEvent::QuestionWithdrawn {}
            | QuestionEvent::QuestionAnswered { .. } => self.standing = Standing::Over,
        }
    }
}

/// Ask.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The question's id.
    pub id: Uuid,
    /// The project.
    pub project: String,
    /// The flags behind it.
    pub flags: Vec<StreamName>,
    /// The case behind it.
    pub case: Option<Uuid>,
    /// Who is asked.
    pub to: Uuid,
    /// Whether it takes somebody's consent: a flag is grave, or a case is in verification.
    pub needs_consent: bool,
    /// Whose consent that is: the lead's.
    pub lead: Option<Uuid>,
    /// The question.
    pub text: String,
    /// Words that may not stand in it: names of rules.
    pub confidential: Vec<String>,
    /// Texts whose numbers and days may not stand in it, however they are written there: what was compared.
    pub figures: Vec<String>,
    /// Within which time an answer is expected.
    pub answer_within: SignedDuration,
}

/// The lead consents.
#[derive(Clone, Copy, Debug)]
pub struct Consent {
    /// Which question.
    pub id: Uuid,
}

/// The lead does not consent.
#[derive(Clone, Debug)]
pub struct DeclineQuestion {
    /// Why.
    pub note: String,
}

/// The officer takes it back.
#[derive(Clone, Copy, Debug)]
pub struct Withdraw {
    /// Which question.
    pub id: Uuid,
}

/// Nobody answered in time.
#[derive(Clone, Copy, Debug)]
struct Overdue;

/// The filer answers.
#[derive(Clone, Debug)]
pub struct AnswerQuestion {
    /// Which question.
    pub id: Uuid,
    /// The answer.
    pub text: String,
}

impl Decide<Ask> for Question {
    fn decide(&self, ask: Ask, cx: &Context) -> Result<Decision<QuestionEvent>, Refusal> {
        if self.standing != Standing::Absent {
            return Err(Refusal::new(
                "question-exists",
                "这个问题已经提过",
                "this question was asked already",
            ));
        }
        let text = written(ask.text)?;
        // Case and width do not hide a rule's name.
        let plain = plain(&text);
        let told = ask.confidential.iter().find(|word| {
            let word = self::plain(word);
            !word.is_empty() && plain.contains(&word)
        });
        if told.is_some() || tells(&text, &ask.figures) {
            return Err(Refusal::new(
                "question-tells",
                "问题里不能出现规则编号或比对数字,以免走漏;请只问事实",
                "a question carries no rule and no figures, so as to tip nobody off; ask for the facts only",
            ));
        }
        if ask.needs_consent && ask.lead.is_none() {
            return Err(Refusal::new(
                "no-lead",
                "高疑点或核实中的办件,询问须经负责人同意;此地没有在岗的负责人,不能发出",
                "about a grave doubt or a case in verification a question takes a lead's consent, and nobody leads here; it cannot be sent",
            ));
        }
        // Who leads the case need not ask themselves.
        let lead = ask.lead.filter(|lead| *lead != cx.actor);
        let answer_within = ask.answer_within.as_secs().max(1);
        let event = QuestionEvent::QuestionAsked {
            project: ask.project,
            flags: ask.flags,
            case: ask.case,
            to: ask.to,
            by: cx.actor,
            lead,
            text,
            answer_within,
        };
        let decision = Decision::from(event);
        Ok(match lead {
            Some(_) => decision,
            None => decision.and(expect(ask.id, answer_within, cx)),
        })
    }
}

impl Decide<Consent> for Question {
    fn decide(&self, consent: Consent, cx: &Context) -> Result<Decision<QuestionEvent>, Refusal> {
        self.must_wait_for(cx)?;
        Ok(
            Decision::from(QuestionEvent::QuestionConsented {}).and(expect(
                consent.id,
                self.answer_within,
                cx,
            )),
        )
    }
}

impl Decide<DeclineQuestion> for Question {
    fn decide(
        &self,
        decline: DeclineQuestion,
        cx: &Context,
    ) -> Result<Decision<QuestionEvent>, Refusal> {
        self.must_wait_for(cx)?;
        let note = needed(decline.note, "须写明不同意的原因", "say why not")?;
        Ok(QuestionEvent::QuestionDeclined { note }.into())
    }
}

impl Decide<Withdraw> for Question {
    fn decide(&self, of: Withdraw, cx: &Context) -> Result<Decision<QuestionEvent>, Refusal> {
        if !matches!(self.standing, Standing::Waiting | Standing::Sent) {
            return Err(over());
        }
        if self.by != cx.actor {
            return Err(Refusal::new(
                "not-yours",
                "只有提问的人可以撤回",
                "only whoever asked takes a question back",
            ));
        }
        let reason = Text::new("问题已撤回", "the question was taken back");
        let decision = Decision::from(QuestionEvent::QuestionWithdrawn {});
        Ok(match self.standing {
            Standing::Sent => decision.and(Effect::Waive(answer_of(of.id), reason)),
            _ => decision,
        })
    }
}

impl Decide<Overdue> for Question {
    fn decide(&self, _: Overdue, _: &Context) -> Result<Decision<QuestionEvent>, Refusal> {
        match self.standing {
            Standing::Sent => Ok(QuestionEvent::QuestionOverdue {}.into()),
            _ => Ok(Decision::of([])),
        }
    }
}

impl Decide<AnswerQuestion> for Question {
    fn decide(
        &self,
        answer: AnswerQuestion,
        cx: &Context,
    ) -> Result<Decision<QuestionEvent>, Refusal> {
        if self.standing != Standing::Sent {
            return Err(over());
        }
        if self.to != cx.actor {
            return Err(Refusal::new(
                "not-asked",
                "这个问题问的不是您",
                "somebody else was asked",
            ));
        }
        let text = written(answer.text)?;
        Ok(Decision::from(QuestionEvent::QuestionAnswered { text })
            .and(Effect::Meet(answer_of(answer.id))))
    }
}

impl Question {
    fn must_wait_for(&self, cx: &Context) -> Result<(), Refusal> {
        if self.standing != Standing::Waiting {
            return Err(over());
        }
        if self.lead != Some(cx.actor) {
            return Err(Refusal::new(
                "not-the-lead",
                "须由办件负责人决定",
                "the case's lead decides on this",
            ));
        }
        Ok(())
    }
}

fn over() -> Refusal {
    Refusal::new(
        "question-over",
        "这个问题已经了结,或尚未发出",
        "this question is settled, or was not sent",
    )
}

fn written(text: String) -> Result<String, Refusal> {
    let text = needed(text, "请写下内容", "write something")?;
    if text.chars().count() > LONGEST {
        return Err(Refusal::new(
            "text-too-long",
            format!("最多 {LONGEST} 字"),
            format!("at most {LONGEST} characters"),
        ));
    }
    Ok(text)
}

/// A text without case, width, spaces and the commas of thousands.
fn plain(text: &str) -> String {
    text.chars()
        .map(half)
        .filter(|letter| !matches!(letter, ',' | '_' | '-') && !letter.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect()
}

fn answer_of(id: Uuid) -> Expected {
    Expected {
        subject: format!("question/{id}"),
        kind: "answer".to_owned(),
    }
}

fn expect(id: Uuid, within: i64, cx: &Context) -> Effect {
    let within = SignedDuration::from_secs(within);
    Effect::Expect(Expectation {
        expected: answer_of(id),
        by: cx.at.saturating_add(within).unwrap_or(jiff::Timestamp::MAX),
        then: UNANSWERED.to_owned(),
        detail: serde_json::json!({ "question": id.to_string() }),
    })
}

/// Says of the question that nobody answered it in time.
pub(crate) fn unanswered(plan: &mut Plan<'_>, missed: &Running) -> Result<(), CommandError> {
    let id = missed.detail["question"].as_str();
    let Some(id) = id.and_then(|id| Uuid::try_parse(id).ok()) else {
        return Ok(());
    };
    plan.decide::<Question, _>(StreamName::new(Question::STREAM, id)?, Overdue)
}

/// The table `questions`.
pub struct QuestionTables;

impl Tables for QuestionTables {
    fn name(&self) -> &'static str {
        "questions"
    }

    fn version(&self) -> u32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["questions"]
    }

    fn create(&self) -> &'static str {
        "create table questions (
            id text primary key,
            project text not null,
            case_id text,
            asked text not null, -- who is asked
            asked_by text not null,
            lead text,
            text text not null,
            state text not null check (
                state in ('waiting', 'sent', 'overdue', 'answered', 'declined', 'withdrawn')
            ),
            answer text,
            asked_at integer not null, -- milliseconds since 1970
            changed_at integer not null
        ) strict;"
    }

    fn indexes(&self) -> &'static [&'static str] {
        &[
            "create index questions_to on questions (asked, state)",
            "create index questions_for_lead on questions (lead, state)",
            "create index questions_of_project on questions (project)",
            "create index questions_of_case on questions (case_id)",
        ]
    }

    fn project(&self, to: &Connection, event: &Recorded) -> Result<(), String> {
        let Some((envelope, read)) = Question::event_in(event)? else {
            return Ok(());
        };
        let id = event.stream.id().to_string();
        let at = envelope.at.as_millisecond();
        project(to, &id, at, &read).map_err(|error| error.to_string())
    }
}

fn project(to: &Connection, id: &str, at: i64, event: &QuestionEvent) -> rusqlite::Result<()> {
    let (state, answer) = match event {
        QuestionEvent::QuestionAsked {
            project,
            case,
            to: asked,
            by,
            lead,
            text,
            ..
        } => {
            let state = if lead.is_some() { "waiting" } else { "sent" };
            to.execute(
                "insert into questions (id, project, case_id, asked, asked_by, lead, text, state, asked_at, \
                 changed_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)",
                params![
                    id,
                    project,
                    case.map(|case| case.to_string()),
                    asked.to_string(),
                    by.to_string(),
                    lead.map(|lead| lead.to_string()),
                    text,
                    state,
                    at
                ],
            )?;
            return Ok(());
        }
        QuestionEvent::QuestionConsented {} => ("sent", None),
        QuestionEvent::QuestionDeclined { note } => ("declined", Some(note)),
        QuestionEvent::QuestionWithdrawn {} => ("withdrawn", None),
        QuestionEvent::QuestionOverdue {} => ("overdue", None),
        QuestionEvent::QuestionAnswered { text } => ("answered", Some(text)),
    };
    to.execute(
        "update questions set state = ?2, answer = coalesce(?3, answer), changed_at = ?4 where id = ?1",
        params![id, state, answer, at],
    )?;
    Ok(())
}
