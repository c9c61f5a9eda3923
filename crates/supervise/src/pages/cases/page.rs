//! A case: its doubts, what is to be checked, who was asked and heard, what it came to. Reading it leaves a trace.

use askama::Template;
use axum::Extension;
use axum::response::Response;
use kandeng_platform::Aggregate as _;
use kandeng_platform::authority::Action;
use kandeng_platform::case::{Case, CaseEvent, OutcomeKind};
use kandeng_platform::page::{
    Asked, Form, Frame, Problem, Shell, Site, Words, html, moment, money,
};
use uuid::Uuid;

use super::super::desk::flag::{Figure, figures};
use super::super::desk::queue::remaining;
use super::super::projects::Option_;
use super::super::reading::{self, Thing, Why};
use super::super::telling::{Telling, readable};
use super::super::words::{pick, words};
use super::read::{Whole, is_own, traced, whole};
use super::stream;
use crate::scene::Supervise;

struct FlagView {
    id: String,
    rule: String,
    severity: String,
    says: String,
    /// What was compared, where only the officers of the case are told.
    figures: Vec<Figure>,
    state: String,
    is_open: bool,
    subject: String,
}

struct CheckView {
    place: i64,
    items: String,
    says: String,
    found: Option<String>,
    note: String,
}

struct QuestionView {
    id: String,
    text: String,
    state: String,
    answer: Option<String>,
    at: String,
}

struct Happened {
    at: String,
    who: String,
    what: String,
    position: u64,
}

#[derive(Template)]
#[template(path = "case.html")]
struct CasePage {
    shell: Shell,
    typed: Typed,
    id: String,
    /// The projects that it is about: id and name.
    projects: Vec<(String, String)>,
    state: String,
    rung: Option<String>,
    due: Option<(String, bool)>,
    lead: String,
    assignee: String,
    opened: String,
    flags: Vec<FlagView>,
    checks: Vec<CheckView>,
    questions: Vec<QuestionView>,
    answered: Option<String>,
    heard: Option<(bool, String)>,
    referred: Option<String>,
    outcome: Option<String>,
    outcome_note: String,
    counts: Vec<String>,
    happened: Vec<Happened>,
    outcomes: Vec<Option_>,
    colleagues: Vec<Option_>,
    may_work: bool,
    may_refer: bool,
    may_assign: bool,
    may_close: bool,
}

/// What was typed into one of the page's forms and refused, and why.
#[derive(Clone, Default)]
pub(super) struct Typed {
    /// Why it was refused.
    pub told: Option<String>,
    /// The form: the last word of its address.
    pub form: &'static str,
    pub fields: Vec<(String, String)>,
}

impl Typed {
    /// The same, refused.
    pub fn refused(self, told: String) -> Self {
        Self {
            told: Some(told),
            ..self
        }
    }

    /// Whether this form was refused.
    fn is(&self, form: &str) -> bool {
        self.form == form
    }

    /// What was typed into a field of a form.
    fn of(&self, form: &str, name: &str) -> &str {
        let found = self.fields.iter().find(|(known, _)| known == name);
        found
            .filter(|_| self.is(form))
            .map_or("", |(_, value)| value)
    }

    /// The same of the check at a place of the list.
    #[allow(clippy::trivially_copy_pass_by_ref)] // the template borrows what it hands over
    fn of_check(&self, place: &i64, name: &str) -> &str {
        if self.of("check", "place") == place.to_string() {
            self.of("check", name)
        } else {
            ""
        }
    }

    /// What was to become of a flag.
    fn verdict(&self, flag: &str) -> &str {
        self.of("close", &format!("flag.{flag}"))
    }
}

/// Leaves the traces of whoever works on the case; of others asks for the reason, unless they gave it.
async fn reason_first(
    site: &Site,
    asked: &Asked,
    scene: &Supervise,
    frame: &Frame,
    id: Uuid,
) -> Result<Option<Response>, Problem> {
    if traced(site, asked, scene, id, None).await? {
        return Ok(None);
    }
    let thing = Thing::case(id);
    Ok(Some(reading::ask(site, asked, frame.clone(), thing, None)))
}

pub(super) async fn shown(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
) -> Result<Response, Problem> {
    let id = asked.params.id("id").unwrap_or_else(Uuid::nil);
    if let Some(first) = reason_first(&site, &asked, &scene, &frame, id).await? {
        return Ok(first);
    }
    show(&site, &asked, &scene, frame, Typed::default())
}

/// The page again after a refusal, with what was typed. It is a reading like any other: whoever did not say why they
/// read the case is asked first.
pub(super) async fn again(
    site: &Site,
    asked: &Asked,
    scene: &Supervise,
    frame: Frame,
    typed: Typed,
) -> Result<Response, Problem> {
    let id = asked.params.id("id").unwrap_or_else(Uuid::nil);
    match reason_first(site, asked, scene, &frame, id).await? {
        Some(first) => Ok(first),
        None => show(site, asked, scene, frame, typed),
    }
}

pub(super) async fn read(
    site: Site,
    asked: Asked,
    Extension(frame): Extension<Frame>,
    Form(why): Form<Why>,
) -> Result<Response, Problem> {
    let thing = Thing::case(asked.params.id("id").unwrap_or_else(Uuid::nil));
    reading::read(&site, &asked, frame, thing, &why).await
}

fn show(
    site: &Site,
    asked: &Asked,
    scene: &Supervise,
    frame: Frame,
    typed: Typed,
) -> Result<Response, Problem> {
    let viewer = &asked.viewer;
    let words = words(viewer.language);
    let id = asked.params.id("id").unwrap_or_else(Uuid::nil);
    let filing = scene.newest(site)?.filing;
    // What a register shows is told to the officers of the case, who have left the trace of it.
    let telling = Telling::new(site, scene, words)?;
    let is_own = is_own(asked);
    let says_of = |rule: &str, says: String| {
        if is_own {
            readable(&says)
        } else {
            telling.says(rule, says)
        }
    };
    let whole = site.platform().query(|connection| whole(connection, id))?;
    let Whole {
        row,
        flags,
        projects,
        checks,
        questions,
    } = whole.ok_or_else(Problem::not_found)?;
    let checks = checks.into_iter().map(|check| {
        let names = check.items.iter().map(|key| {
            let item = filing.item(key);
            let name = item.map_or(&**key, |item| pick(words, &item.zh, &item.en));
            name.to_owned()
        });
        CheckView {
            place: check.place,
            items: names.collect::<Vec<_>>().join(pick(words, "、", ", ")),
            says: says_of(
                &check.rule,
                pick(words, &check.says_zh, &check.says_en).to_owned(),
            ),
            found: check
                .found
                .map(|found| words.say(&format!("found-{found}"))),
            note: check.note.unwrap_or_default(),
        }
    });
    let questions = questions.into_iter().map(|question| QuestionView {
        state: words.say(&format!("question-{}", question.state)),
        id: question.id,
        text: question.text,
        answer: question.answer,
        at: moment(question.asked_at),
    });
    let is_open = row.state == "open";
    let now = site.platform().clock().now().as_millisecond();
    let name = |id: Uuid| {
        let name = site.people().name(id).ok().flatten();
        name.unwrap_or_else(|| words.say("somebody"))
    };
    let may = |action| is_open && site.authority().may(viewer, action, &asked.resource);
    let may_assign = may(Action::AssignCase);
    let mut counts = Vec::new();
    if let Some(fen) = row.recovered.filter(|fen| *fen > 0) {
        counts.push(words.say_of("recovered", &money(words, fen)));
    }
    for (key, count) in [("held-count", row.held), ("solved-count", row.solved)] {
        if let Some(count) = count.filter(|count| *count > 0) {
            counts.push(words.say_of(key, count.to_string().as_str()));
        }
    }
    let title = match &*projects {
        [] => words.say("case"),
        all => {
            let names: Vec<&str> = all.iter().map(|(_, name)| &**name).collect();
            format!(
                "{} · {}",
                names.join(pick(words, "、", ", ")),
                words.say("case")
            )
        }
    };
    let page = CasePage {
        id: id.to_string(),
        rung: row.rung.map(|rung| words.say(&format!("rung-{rung}"))),
        due: row.due.map(|due| remaining(words, now, due)),
        lead: name(row.lead),
        assignee: name(row.assignee),
        opened: moment(row.opened),
        flags: flags
            .into_iter()
            .map(|flag| FlagView {
                id: flag.id().to_owned(),
                says: says_of(&flag.rule, words.of(flag.told_in_case()).to_owned()),
                figures: if is_own && telling.is_confided(&flag.rule) {
                    figures(words, &flag)
                } else {
                    Vec::new()
                },
                state: words.say(&format!("state-{}", flag.state)),
                is_open: flag.state == "open",
                rule: flag.rule,
                severity: words.say(&format!("severity-{}", flag.severity)),
                subject: flag.subject,
            })
            .collect(),
        checks: checks.collect(),
        questions: questions.collect(),
        answered: row.answered,
        heard: row.heard_note.map(|note| (row.heard, note)),
        referred: row.referred,
        outcome: row
            .outcome
            .map(|outcome| words.say(&format!("outcome-{outcome}"))),
        outcome_note: row.outcome_note.unwrap_or_default(),
        counts,
        happened: happened(site, words, id)?,
        outcomes: OutcomeKind::ALL
            .into_iter()
            .map(|kind| Option_ {
                key: kind.name().to_owned(),
                name: words.say(&format!("outcome-{}", kind.name())),
                chosen: typed.of("close", "kind") == kind.name(),
            })
            .collect(),
        typed,
        colleagues: if may_assign {
            colleagues(site, &asked.resource.jurisdiction, row.assignee)?
        } else {
            Vec::new()
        },
        may_work: may(Action::WorkCase),
        may_refer: may(Action::ReferCase),
        may_assign,
        may_close: may(Action::CloseCase),
        state: words.say(&format!("case-{}", row.state)),
        shell: Shell::of(site, viewer, frame, words, title),
        projects,
    };
    Ok(html(&page))
}

/// The officers whose jurisdiction holds the case.
fn colleagues(site: &Site, place: &str, assignee: Uuid) -> Result<Vec<Option_>, Problem> {
    let ids: Vec<String> = site.platform().query(|connection| {
        connection
            .prepare_cached(
                "select distinct g.account from account_grants g join accounts a on a.id = g.account \
                 where g.role = 'officer' and a.state = 'active' and substr(?1, 1, length(g.jurisdiction)) = \
                 g.jurisdiction order by 1",
            )?
            .query_map([place], |row| row.get(0))?
            .collect()
    })?;
    let mut all = Vec::new();
    for id in ids {
        let account = Uuid::try_parse(&id).unwrap_or_default();
        if let Some(name) = site.people().name(account)? {
            all.push(Option_ {
                chosen: account == assignee,
                key: id,
                name,
            });
        }
    }
    Ok(all)
}

fn happened(site: &Site, words: Words, id: Uuid) -> Result<Vec<Happened>, Problem> {
    let mut all = Vec::new();
    for recorded in site.platform().ledger().read_stream(&stream(id)?, 0)? {
        let read = Case::event_in(&recorded)
            .map_err(|error| Problem::fault(&std::io::Error::other(error)))?;
        let Some((envelope, event)) = read else {
            continue;
        };
        let what = match event {
            CaseEvent::CaseOpened { .. } => words.say("case-event-opened"),
            CaseEvent::CaseAssigned { .. } => words.say("case-event-assigned"),
            CaseEvent::CaseClimbed { rung } => {
                words.say_of("case-event-climbed", words.of(&rung.title()))
            }
            CaseEvent::CaseAnswered { note } => words.say_of("case-event-answered", &note),
            CaseEvent::CaseHeard { note, .. } => words.say_of("case-event-heard", &note),
            CaseEvent::CaseReferred { to } => words.say_of("case-event-referred", &to),
            CaseEvent::CaseClosed { outcome } => {
                words.say_of("case-event-closed", words.of(&outcome.kind.title()))
            }
            CaseEvent::CaseChecked { check, .. } => {
                words.say_of("case-event-checked", (check + 1).to_string().as_str())
            }
        };
        let name = if envelope.actor.is_nil() {
            None
        } else {
            site.people().name(envelope.actor).ok().flatten()
        };
        all.push(Happened {
            at: moment(envelope.at.as_millisecond()),
            who: name.unwrap_or_else(|| words.say("by-the-system")),
            what,
            position: recorded.position,
        });
    }
    all.reverse();
    Ok(all)
}
