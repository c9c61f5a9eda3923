//! What is done in a case.

use std::collections::BTreeMap;

use axum::Extension;
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_ledger::StreamName;
use kandeng_platform::authority::Action;
use kandeng_platform::case::{
    AnswerCase, Assign, Case, Check, CheckCase, Close, FlagVerdict, Hear, OnSite, OpenCase,
    Outcome, OutcomeKind, Refer, close, open as open_case, open_case_of,
};
use kandeng_platform::flag::Dismissal;
use kandeng_platform::page::{Asked, Form, Frame, Nothing, Problem, Site, told};
use kandeng_platform::{Answer, CommandError, Context, Decide};
use serde::Deserialize;
use uuid::Uuid;

use super::super::desk::decide::lead_for;
use super::super::desk::{COLUMNS, FlagRow, flag_of};
use super::super::words::words;
use super::page::{self, Typed};
use crate::import::value::{Cell, money};
use crate::scene::Supervise;

fn id(asked: &Asked) -> Uuid {
    asked.params.id("id").unwrap_or_else(Uuid::nil)
}

/// A case on the flag of the path and the other open ones of its subject that nobody works on.
pub(crate) fn opening(site: &Site, scene: &Supervise, asked: &Asked) -> Result<OpenCase, Problem> {
    let (flag, _) = flag_of(site, id(asked))?.ok_or_else(Problem::not_found)?;
    let flags: Vec<FlagRow> = site.platform().query(|connection| {
        connection
            .prepare_cached(&format!(
                "select {COLUMNS} from flags where subject_kind = ?1 and subject = ?2 and state = 'open' \
                 and (stream = ?3 or stream not in (select flag from case_flags f join cases c on c.id = f.id \
                 where c.state = 'open')) order by stream"
            ))?
            .query_map([&flag.subject_kind, &flag.subject, &flag.stream], FlagRow::of)?
            .collect()
    })?;
    let mut streams = Vec::new();
    let mut checks = Vec::new();
    for flag in &flags {
        let name = flag.name()?;
        checks.push(Check {
            flag: name.clone(),
            items: flag.items.clone(),
            // Who reads the case without working on it is not told what a register shows: see the page.
            says: flag.told_in_case().clone(),
        });
        streams.push(name);
    }
    let lead = lead_for(site, &asked.resource.jurisdiction)?;
    Ok(OpenCase {
        id: site.platform().new_id(),
        flags: streams,
        lead: lead.unwrap_or(asked.viewer.account),
        assignee: asked.viewer.account,
        checks,
        within: scene.days().rungs(),
    })
}

pub(super) async fn open(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let command = opening(&site, &scene, &asked)?;
    let cx = site.context(&asked.viewer, &asked.resource.jurisdiction);
    let opened = open_on(&site, &command, &cx).await;
    let (case, key) = match (opened, case_in(&site, &command)?) {
        // Somebody was first: whoever comes second joins them.
        (Err(problem), Some(case)) if problem.code == IN_CASE => (case, "verified-already"),
        (opened, _) => (opened.map(|_| command.id)?, "verified"),
    };
    let to = format!("/supervise/cases/{case}");
    Ok(told(Redirect::to(&to).into_response(), key))
}

/// The refusal of a flag that is in an open case.
const IN_CASE: &str = "flag-in-case";

/// Opens the case; a refusal because one of its flags is in an open case names that one.
pub(crate) async fn open_on(
    site: &Site,
    command: &OpenCase,
    cx: &Context,
) -> Result<Answer, Problem> {
    let opened = site.platform().append(cx, |plan| open_case(plan, command));
    let problem: Problem = match opened.await {
        Ok(answer) => return Ok(answer),
        Err(error) => error.into(),
    };
    let case = case_in(site, command)?.filter(|_| problem.code == IN_CASE);
    Err(match case {
        Some(case) => problem.with("case", case.to_string().into()),
        None => problem,
    })
}

/// The open case that one of the flags is in.
fn case_in(site: &Site, command: &OpenCase) -> Result<Option<Uuid>, Problem> {
    for flag in &command.flags {
        let found = site.platform().query(|of| open_case_of(of, flag))?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Back to the case; a refusal is shown there.
async fn answered(
    site: &Site,
    asked: &Asked,
    scene: &Supervise,
    frame: Frame,
    done: Result<Answer, CommandError>,
    typed: Typed,
    key: &'static str,
) -> Result<Response, Problem> {
    match done {
        Ok(_) => {
            let to = format!("/supervise/cases/{}", id(asked));
            Ok(told(Redirect::to(&to).into_response(), key))
        }
        Err(CommandError::Refused(refusal)) => {
            let words = words(asked.viewer.language);
            let told = words.of(&refusal.text).to_owned();
            page::again(site, asked, scene, frame, typed.refused(told)).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn carry_out<C>(
    site: &Site,
    asked: &Asked,
    scene: &Supervise,
    frame: Frame,
    command: C,
    typed: Typed,
    key: &'static str,
) -> Result<Response, Problem>
where
    C: Clone + Send,
    Case: Decide<C>,
{
    let cx = site.context(&asked.viewer, &asked.resource.jurisdiction);
    let done = site
        .platform()
        .carry_out::<Case, _>(id(asked), command, &cx)
        .await;
    answered(site, asked, scene, frame, done, typed, key).await
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Checked {
    place: u32,
    found: String,
    note: String,
}

impl From<&Checked> for Typed {
    fn from(checked: &Checked) -> Self {
        Self {
            form: "check",
            fields: vec![
                ("place".to_owned(), checked.place.to_string()),
                ("found".to_owned(), checked.found.clone()),
                ("note".to_owned(), checked.note.clone()),
            ],
            ..Self::default()
        }
    }
}

pub(super) async fn check(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Form(checked): Form<Checked>,
) -> Result<Response, Problem> {
    let typed = Typed::from(&checked);
    let found = [OnSite::AsFiled, OnSite::Differs, OnSite::NotSeen];
    let found = found.into_iter().find(|one| one.name() == checked.found);
    let Some(found) = found else {
        let typed = typed.refused(words(asked.viewer.language).say("choose-what-was-found"));
        return page::again(&site, &asked, &scene, frame, typed).await;
    };
    let command = CheckCase {
        check: checked.place,
        found,
        note: checked.note,
        evidence: Vec::new(),
    };
    carry_out(&site, &asked, &scene, frame, command, typed, "checked").await
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Said {
    note: String,
    heard: String,
    to: String,
    assignee: String,
}

impl Said {
    /// As typed into a form.
    fn typed(&self, form: &'static str) -> Typed {
        Typed {
            form,
            fields: vec![
                ("note".to_owned(), self.note.clone()),
                ("heard".to_owned(), self.heard.clone()),
                ("to".to_owned(), self.to.clone()),
            ],
            ..Typed::default()
        }
    }
}

pub(super) async fn answer(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Form(said): Form<Said>,
) -> Result<Response, Problem> {
    let typed = said.typed("answer");
    if said.note.trim().is_empty() {
        let typed = typed.refused(words(asked.viewer.language).say("reason-needed"));
        return page::again(&site, &asked, &scene, frame, typed).await;
    }
    let command = AnswerCase {
        id: id(&asked),
        note: said.note.trim().to_owned(),
    };
    carry_out(&site, &asked, &scene, frame, command, typed, "answered").await
}

pub(super) async fn hear(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Form(said): Form<Said>,
) -> Result<Response, Problem> {
    let typed = said.typed("hear");
    let command = Hear {
        heard: said.heard != "no",
        note: said.note,
    };
    carry_out(&site, &asked, &scene, frame, command, typed, "heard").await
}

pub(super) async fn refer(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Form(said): Form<Said>,
) -> Result<Response, Problem> {
    let typed = said.typed("refer");
    let command = Refer {
        id: id(&asked),
        to: said.to,
    };
    carry_out(&site, &asked, &scene, frame, command, typed, "referred").await
}

/// Whether somebody may work on the case of the path: it is given to nobody else.
pub(crate) fn may_work(site: &Site, asked: &Asked, account: Uuid) -> Result<bool, Problem> {
    let grants = site
        .platform()
        .query(|connection| kandeng_platform::account::grants_of(connection, account))?;
    let colleague = kandeng_platform::account::Viewer {
        account,
        grants,
        ..asked.viewer.clone()
    };
    let authority = site.authority();
    Ok(authority.may(&colleague, Action::WorkCase, &asked.resource))
}

pub(super) async fn assign(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Form(said): Form<Said>,
) -> Result<Response, Problem> {
    let Ok(assignee) = Uuid::try_parse(&said.assignee) else {
        return Err(Problem::not_found());
    };
    if !may_work(&site, &asked, assignee)? {
        let typed = Typed::default().refused(words(asked.viewer.language).say("may-not-work"));
        return page::again(&site, &asked, &scene, frame, typed).await;
    }
    let (command, typed) = (Assign(assignee), Typed::default());
    carry_out(&site, &asked, &scene, frame, command, typed, "assigned").await
}

/// The stream of a flag on which the viewer may decide so; nothing where they may not.
pub(crate) fn may_decide(
    site: &Site,
    asked: &Asked,
    flag: Uuid,
    verdict: &FlagVerdict,
) -> Result<Option<StreamName>, Problem> {
    let (flag, resource) = flag_of(site, flag)?.ok_or_else(Problem::not_found)?;
    let action = if *verdict == FlagVerdict::Confirmed {
        Action::ConfirmFlag
    } else {
        Action::DismissFlag
    };
    let may = |action| site.authority().may(&asked.viewer, action, &resource);
    // What one may not see is not there.
    if !may(Action::ViewFlag) {
        return Err(Problem::not_found());
    }
    may(action).then(|| flag.name()).transpose()
}

pub(super) async fn end(
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
    let typed = Typed {
        form: "close",
        fields: fields.clone(),
        ..Typed::default()
    };
    let refused = |key: &str, frame| {
        let typed = typed.clone().refused(words.say(key));
        page::again(&site, &asked, &scene, frame, typed)
    };
    let kind = OutcomeKind::ALL
        .into_iter()
        .find(|kind| kind.name() == of("kind"));
    let Some(kind) = kind else {
        return refused("choose-outcome", frame).await;
    };
    let recovered = match of("recovered") {
        "" => Some(0),
        text => money::read(Cell::text(text), money::YUAN).ok().flatten(),
    };
    let count = |name: &str| match of(name) {
        "" => Some(0),
        text => text.parse::<u32>().ok(),
    };
    let (Some(recovered_fen), Some(held_to_account), Some(problems_solved)) =
        (recovered, count("held"), count("solved"))
    else {
        return refused("numbers-unreadable", frame).await;
    };
    let mut verdicts: BTreeMap<StreamName, FlagVerdict> = BTreeMap::new();
    for (name, value) in &fields {
        let Some(flag) = name
            .strip_prefix("flag.")
            .and_then(|id| Uuid::try_parse(id).ok())
        else {
            continue;
        };
        let verdict = match value.as_str() {
            "confirmed" => FlagVerdict::Confirmed,
            "unfounded" => FlagVerdict::Dismissed(Dismissal::Unfounded),
            "explained" => FlagVerdict::Dismissed(Dismissal::Explained),
            "filing-corrected" => FlagVerdict::Dismissed(Dismissal::FilingCorrected),
            "duplicate" => FlagVerdict::Dismissed(Dismissal::Duplicate),
            _ => continue,
        };
        let Some(stream) = may_decide(&site, &asked, flag, &verdict)? else {
            return refused("may-not-decide", frame).await;
        };
        verdicts.insert(stream, verdict);
    }
    let command = Close {
        id: id(&asked),
        outcome: Outcome {
            kind,
            recovered_fen,
            held_to_account,
            problems_solved,
            note: of("note").to_owned(),
        },
    };
    let cx = site.context(&asked.viewer, &asked.resource.jurisdiction);
    let done = site
        .platform()
        .append(&cx, |plan| close(plan, &command, &verdicts))
        .await;
    answered(&site, &asked, &scene, frame, done, typed, "closed").await
}
