//! What officers decide on doubts.

use axum::Extension;
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_ledger::StreamName;
use kandeng_platform::account::{Role, Viewer, responsible};
use kandeng_platform::authority::Action;
use kandeng_platform::case::{Ask, Question};
use kandeng_platform::flag::{Confirm, Decline, Dismiss, Dismissal, Flag, Review};
use kandeng_platform::page::{Asked, Form, Frame, Nothing, Problem, Site, told};
use kandeng_platform::{Answer, CommandError, Context, Decide, Refusal};
use rusqlite::{Connection, OptionalExtension as _};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::super::words::words;
use super::flag::{Typed, show};
use super::found::{FlagRow, flag_of};
use super::queue;
use crate::project::{ProjectPage, id_of_code, page as page_of};
use crate::scene::Supervise;
use crate::watch::{AskScreening, Screening, screening_id};

/// The most flags that are dismissed at once.
pub(crate) const MOST: usize = 500;

fn reason_of(word: &str) -> Option<Dismissal> {
    [
        Dismissal::Unfounded,
        Dismissal::Explained,
        Dismissal::FilingCorrected,
        Dismissal::Duplicate,
    ]
    .into_iter()
    .find(|reason| reason.name() == word)
}

/// Why there is nothing to it.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct WhyNothing {
    reason: String,
    note: String,
}

pub(crate) fn flag_of_path(site: &Site, asked: &Asked) -> Result<FlagRow, Problem> {
    let id = asked.params.id("id").unwrap_or_else(Uuid::nil);
    let found = flag_of(site, id)?;
    Ok(found.ok_or_else(Problem::not_found)?.0)
}

/// Decides on the flag of the path; a refusal is shown where it was decided.
async fn decided<C>(
    site: &Site,
    asked: &Asked,
    scene: &Supervise,
    frame: Frame,
    command: C,
    typed: Typed,
    done: &'static str,
) -> Result<Response, Problem>
where
    C: Clone + Send + Sync,
    Flag: Decide<C>,
{
    let flag = flag_of_path(site, asked)?;
    let stream = flag.name()?;
    let cx = site.context(&asked.viewer, &asked.resource.jurisdiction);
    let answer = site
        .platform()
        .append(&cx, |plan| {
            plan.decide::<Flag, _>(stream.clone(), command.clone())
        })
        .await;
    match answer {
        Ok(_) => {
            let to = format!("/supervise/flags/{}", flag.id());
            Ok(told(Redirect::to(&to).into_response(), done))
        }
        Err(CommandError::Refused(refusal)) => {
            let words = words(asked.viewer.language);
            let typed = Typed {
                told: Some(words.of(&refusal.text).to_owned()),
                ..typed
            };
            show(site, asked, scene, frame, &typed).await
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn dismiss(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Form(why): Form<WhyNothing>,
) -> Result<Response, Problem> {
    let words = words(asked.viewer.language);
    let typed = Typed {
        reason: why.reason.clone(),
        note: why.note.clone(),
        ..Typed::default()
    };
    let note = why.note.trim().to_owned();
    let (Some(reason), false) = (reason_of(&why.reason), note.is_empty()) else {
        let told = Some(words.say("reason-needed"));
        return show(&site, &asked, &scene, frame, &Typed { told, ..typed }).await;
    };
    let flag = flag_of_path(&site, &asked)?;
    let second = flag.severity == "high" && flag.proposed.is_none();
    let done = if second { "proposed" } else { "dismissed" };
    let command = Dismiss { reason, note };
    decided(&site, &asked, &scene, frame, command, typed, done).await
}

/// In somebody's words.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Note {
    note: String,
}

pub(super) async fn decline(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Form(said): Form<Note>,
) -> Result<Response, Problem> {
    let typed = Typed {
        note: said.note.clone(),
        ..Typed::default()
    };
    if said.note.trim().is_empty() {
        let told = Some(words(asked.viewer.language).say("reason-needed"));
        return show(&site, &asked, &scene, frame, &Typed { told, ..typed }).await;
    }
    let command = Decline {
        note: said.note.trim().to_owned(),
    };
    decided(&site, &asked, &scene, frame, command, typed, "declined").await
}

pub(super) async fn confirm(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let command = Confirm { case: None };
    decided(
        &site,
        &asked,
        &scene,
        frame,
        command,
        Typed::default(),
        "confirmed",
    )
    .await
}

/// Whether a flag whose rule changed is open again.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Looked {
    reopen: String,
}

pub(super) async fn review(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Form(looked): Form<Looked>,
) -> Result<Response, Problem> {
    let command = Review {
        reopen: !looked.reopen.is_empty(),
    };
    decided(
        &site,
        &asked,
        &scene,
        frame,
        command,
        Typed::default(),
        "reviewed",
    )
    .await
}

/// A question to whoever filed.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asking {
    text: String,
    /// Said once the preview was seen.
    send: String,
    /// What the preview showed: changed since, it is shown once more.
    seen: String,
}

/// The question to whoever filed, about a flag: who is asked, whose consent it takes, and what may not stand in it.
/// Nothing where there is nobody to ask.
pub(crate) fn question_of(
    site: &Site,
    scene: &Supervise,
    asked: &Asked,
    flag: &FlagRow,
    text: &str,
) -> Result<Option<Ask>, Problem> {
    let filing = scene.newest(site)?.filing;
    let (to, case) = site.platform().query(|connection| {
        let id = id_of_code(connection, &flag.subject)?;
        let page = id.map_or(Ok(None), |id| page_of(connection, &filing, id))?;
        let by = match page {
            Some(page) => Some(whom_to_ask(connection, &page, flag)?),
            None => None,
        };
        Ok((by, case_about(connection, flag)?))
    })?;
    let Some(to) = to else {
        return Ok(None);
    };
    // What is grave, or is being verified, takes the lead's consent; of a lead who has gone, that of whoever leads there now.
    let lead = match &case {
        Some(case) if case.is_led => Some(case.lead),
        Some(_) => lead_for(site, &asked.resource.jurisdiction)?,
        None if flag.severity == "high" => lead_for(site, &asked.resource.jurisdiction)?,
        None => None,
    };
    // Whoever is not told what a register shows cannot tell it, and is not to find it by trying.
    let is_told = scene.confided(site)?.registers_of(&flag.rule).is_none()
        || (case.as_ref()).is_some_and(|case| case.is_of(asked.viewer.account));
    Ok(Some(Ask {
        id: site.platform().new_id(),
        project: flag.subject.clone(),
        flags: vec![flag.name()?],
        needs_consent: case.is_some() || flag.severity == "high",
        case: case.map(|case| case.id),
        to,
        lead,
        text: text.to_owned(),
        confidential: vec![flag.rule.clone()],
        figures: if is_told { compared(flag) } else { Vec::new() },
        answer_within: scene.days().question(),
    }))
}

/// Whoever touched the doubtful items last, else whoever filed, else who files there now: the first who is still there to
/// answer.
fn whom_to_ask(of: &Connection, page: &ProjectPage, flag: &FlagRow) -> rusqlite::Result<Uuid> {
    let items = flag.items.iter().filter_map(|item| page.items.get(item));
    let last = items.max_by_key(|standing| standing.edition);
    let last = last.map_or(page.row.filed_by, |standing| standing.by);
    let mut is_there = of.prepare_cached(
        "select exists (select 1 from accounts where id = ?1 and state = 'active')",
    )?;
    for one in [last, page.row.filed_by] {
        if is_there.query_row([one.to_string()], |row| row.get(0))? {
            return Ok(one);
        }
    }
    let clerks = responsible(of, Role::Clerk, &page.row.jurisdiction)?;
    let now = clerks.iter().find_map(|id| Uuid::try_parse(id).ok());
    Ok(now.unwrap_or(last))
}

/// The open case that a question about a flag belongs to.
struct CaseAbout {
    id: Uuid,
    lead: Uuid,
    assignee: Uuid,
    /// The lead is there to consent.
    is_led: bool,
}

impl CaseAbout {
    fn is_of(&self, account: Uuid) -> bool {
        account == self.lead || account == self.assignee
    }
}

/// The open case about a flag; else one about the same subject, which a question would give away as well.
fn case_about(of: &Connection, flag: &FlagRow) -> rusqlite::Result<Option<CaseAbout>> {
    // Cannot fail to parse: the projection wrote them.
    let id = |text: String| Uuid::try_parse(&text).unwrap_or_default();
    of.prepare_cached(
        "select c.id, c.lead, c.assignee, exists (select 1 from accounts a where a.id = c.lead and a.state = 'active') \
         from case_flags f join cases c on c.id = f.id join flags g on g.stream = f.flag \
         where c.state = 'open' and g.subject_kind = ?1 and g.subject = ?2 \
         order by f.flag <> ?3, c.opened_at limit 1",
    )?
    .query_row([&flag.subject_kind, &flag.subject, &flag.stream], |row| {
        Ok(CaseAbout {
            id: id(row.get(0)?),
            lead: id(row.get(1)?),
            assignee: id(row.get(2)?),
            is_led: row.get(3)?,
        })
    })
    .optional()
}

/// What was compared, as people read it: the sentence, the figures, the money. The subject's own code is no figure.
fn compared(flag: &FlagRow) -> Vec<String> {
    fn gather(name: &str, value: &Value, into: &mut Vec<String>) {
        match value {
            Value::Number(number) => {
                let fen = number.as_i64().filter(|_| name.ends_with("_fen"));
                into.extend(fen.map(yuan));
                into.push(number.to_string());
            }
            Value::String(text) => into.push(text.clone()),
            Value::Array(all) => all.iter().for_each(|one| gather(name, one, into)),
            _ => {}
        }
    }
    let says = flag.told_in_case();
    let mut told = vec![says.zh.clone(), says.en.clone()];
    told.extend(flag.money_fen.map(yuan));
    for (name, value) in &flag.figures {
        gather(name, value, &mut told);
    }
    told.into_iter()
        .map(|text| text.replace(&flag.subject, " "))
        .collect()
}

/// An amount in yuan.
fn yuan(fen: i64) -> String {
    let fen = fen.unsigned_abs();
    format!("{}.{:02}", fen / 100, fen % 100)
}

/// Whether the question may be asked, as whoever is asked would read it; nothing is written yet.
pub(crate) fn may_ask(site: &Site, asked: &Asked, question: Ask) -> Result<(), Refusal> {
    let cx = site.context(&asked.viewer, &asked.resource.jurisdiction);
    Question::default().decide(question, &cx).map(|_| ())
}

pub(super) async fn ask(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Form(asking): Form<Asking>,
) -> Result<Response, Problem> {
    let words = words(asked.viewer.language);
    let flag = flag_of_path(&site, &asked)?;
    let command = question_of(&site, &scene, &asked, &flag, &asking.text)?;
    let command = command.ok_or_else(Problem::not_found)?;
    let (id, lead) = (command.id, command.lead);
    let cx = site.context(&asked.viewer, &asked.resource.jurisdiction);
    // First as whoever is asked would read it: nothing is written yet, but what may not be asked is told already.
    let seen = asking
        .seen
        .split_whitespace()
        .eq(asking.text.split_whitespace());
    let answer = if asking.send.is_empty() || !seen {
        let decided = may_ask(&site, &asked, command);
        decided.map(|()| None).map_err(CommandError::Refused)
    } else {
        let sent = site.platform().carry_out::<Question, _>(id, command, &cx);
        sent.await.map(Some)
    };
    match answer {
        Ok(None) => {
            let typed = Typed {
                question: asking.text,
                preview: true,
                ..Typed::default()
            };
            show(&site, &asked, &scene, frame, &typed).await
        }
        Ok(Some(_)) => {
            let to = format!("/supervise/flags/{}", flag.id());
            let done = if lead.is_some_and(|lead| lead != asked.viewer.account) {
                "question-waits"
            } else {
                "question-sent"
            };
            Ok(told(Redirect::to(&to).into_response(), done))
        }
        Err(CommandError::Refused(refusal)) => {
            let typed = Typed {
                told: Some(words.of(&refusal.text).to_owned()),
                question: asking.text,
                ..Typed::default()
            };
            show(&site, &asked, &scene, frame, &typed).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Who leads cases of a place: the nearest manager.
pub(crate) fn lead_for(site: &Site, place: &str) -> Result<Option<Uuid>, Problem> {
    let managers = site
        .platform()
        .query(|connection| responsible(connection, Role::Manager, place))?;
    Ok(managers.iter().find_map(|id| Uuid::try_parse(id).ok()))
}

/// The streams of flags that are to be dismissed at once; or the first of them that the viewer may not dismiss, which
/// keeps all.
pub(crate) fn to_dismiss(
    site: &Site,
    viewer: &Viewer,
    flags: &[Uuid],
) -> Result<Result<Vec<StreamName>, FlagRow>, Problem> {
    let mut streams = Vec::new();
    for id in flags {
        let (flag, resource) = flag_of(site, *id)?.ok_or_else(Problem::not_found)?;
        let may = |action| site.authority().may(viewer, action, &resource);
        // What one may not see is not there.
        if !may(Action::ViewFlag) {
            return Err(Problem::not_found());
        }
        if !may(Action::DismissFlag) {
            return Ok(Err(flag));
        }
        streams.push(flag.name()?);
    }
    Ok(Ok(streams))
}

/// Dismisses them, all or none.
pub(crate) async fn dismiss_all(
    site: &Site,
    cx: &Context,
    streams: &[StreamName],
    command: &Dismiss,
) -> Result<Answer, CommandError> {
    let append = site.platform().append(cx, |plan| {
        let mut streams = streams.iter();
        streams.try_for_each(|stream| plan.decide::<Flag, _>(stream.clone(), command.clone()))
    });
    append.await
}

pub(super) async fn dismiss_several(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let words = words(asked.viewer.language);
    let of = |name: &str| {
        let found = fields.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.trim())
    };
    let (reason, note) = (reason_of(of("reason")), of("note").to_owned());
    let chosen: Vec<Uuid> = fields
        .iter()
        .filter(|(name, _)| name == "flag")
        .flat_map(|(_, ids)| ids.split(' '))
        .filter_map(|id| Uuid::try_parse(id).ok())
        .collect();
    // Back to the same place of the same queue, with what was chosen and typed.
    let wanted = queue::Wanted::sent(of);
    let back = wanted.address(wanted.page);
    let refused = |told: String, frame: Frame| {
        let typed = queue::Typed {
            told: Some(told),
            reason: of("reason").to_owned(),
            note: note.clone(),
            chosen: chosen.clone(),
            view: String::new(),
        };
        queue::show(&site, &asked.viewer, &scene, frame, wanted, typed)
    };
    let Some(reason) = reason.filter(|_| !note.is_empty() && !chosen.is_empty()) else {
        return refused(words.say("choose-and-say-why"), frame);
    };
    if chosen.len() > MOST {
        return refused(words.say_of("too-many-chosen", &MOST.to_string()), frame);
    }
    let streams = match to_dismiss(&site, &asked.viewer, &chosen)? {
        Ok(streams) => streams,
        Err(flag) => return refused(words.say_of("may-not-dismiss", &flag.subject), frame),
    };
    let cx = site.context(&asked.viewer, &asked.resource.jurisdiction);
    let command = Dismiss {
        reason,
        note: note.clone(),
    };
    let answer = dismiss_all(&site, &cx, &streams, &command).await;
    match answer {
        Ok(_) => Ok(told(
            Redirect::to(&back).into_response(),
            "dismissed-several",
        )),
        Err(CommandError::Refused(refusal)) => refused(words.of(&refusal.text).to_owned(), frame),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn screen_now(
    site: Site,
    asked: Asked,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let cx = site.context(&asked.viewer, &asked.resource.jurisdiction);
    site.platform()
        .carry_out::<Screening, _>(screening_id(), AskScreening, &cx)
        .await?;
    Ok(told(
        Redirect::to("/supervise/desk").into_response(),
        "screening",
    ))
}
