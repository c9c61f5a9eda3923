//! Questions: whoever is asked answers, whoever leads consents first.

use askama::Template;
use axum::Extension;
use axum::http::Method;
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::account::Viewer;
use kandeng_platform::authority::{Action, Facts, Resource};
use kandeng_platform::case::{AnswerQuestion, Consent, DeclineQuestion, Question, Withdraw};
use kandeng_platform::page::{
    Asked, Form, Frame, Nothing, Params, Problem, Routes, Shell, Site, html, moment, told,
};
use kandeng_platform::{CommandError, Decide};
use rusqlite::OptionalExtension as _;
use serde::Deserialize;
use uuid::Uuid;

use super::words::words;
use crate::project::id_of_code;
use crate::watch::place_of;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .signed_in(Method::GET, "/supervise/questions", shown)
        .asks(
            Method::POST,
            "/supervise/questions/{id}/answer",
            Action::AnswerQuestion,
            of_path,
            answer,
        )
        .asks(
            Method::POST,
            "/supervise/questions/{id}/consent",
            Action::ConsentToQuestion,
            of_path,
            consent,
        )
        .asks(
            Method::POST,
            "/supervise/questions/{id}/decline",
            Action::ConsentToQuestion,
            of_path,
            decline,
        )
        .asks(
            Method::POST,
            "/supervise/questions/{id}/withdraw",
            Action::WithdrawQuestion,
            of_path,
            withdraw,
        )
}

/// The question of the path.
pub(crate) fn of_path(
    site: &Site,
    _: &Viewer,
    params: &Params,
) -> Result<Option<Resource>, Problem> {
    let Some(id) = params.id("id") else {
        return Ok(None);
    };
    let found = site.platform().query(|connection| {
        let found: Option<(String, String, String, Option<String>)> = connection
            .prepare_cached("select project, asked, asked_by, lead from questions where id = ?1")?
            .query_row([id.to_string()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .optional()?;
        let Some((project, asked, by, lead)) = found else {
            return Ok(None);
        };
        // Cannot fail to parse: the projection wrote them.
        let account = |text: &str| Uuid::try_parse(text).unwrap_or_default();
        Ok(Some(Resource {
            id: id.to_string(),
            jurisdiction: place_of(site, connection, "project", &project)?,
            facts: Facts::Question {
                asked: account(&asked),
                by: account(&by),
                lead: lead.as_deref().map(account),
            },
        }))
    })?;
    Ok(found)
}

/// How many wait for somebody: to be answered, or to be consented to.
pub(crate) fn waiting(site: &Site, viewer: &Viewer) -> Result<u64, Problem> {
    let me = viewer.account.to_string();
    let count: i64 = site.platform().query(|connection| {
        connection
            .prepare_cached(
                "select (select count(*) from questions where asked = ?1 and state in ('sent', 'overdue')) \
                 + (select count(*) from questions where lead = ?1 and state = 'waiting')",
            )?
            .query_row([me], |row| row.get(0))
    })?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Whether somebody has questions to look at: that they asked, were asked, or lead.
pub(crate) fn has_any(site: &Site, viewer: &Viewer) -> Result<bool, Problem> {
    let me = viewer.account.to_string();
    Ok(site.platform().query(|connection| {
        connection
            .prepare_cached(
                "select exists (select 1 from questions where (asked = ?1 and state in ('sent', 'overdue', 'answered')) \
                 or lead = ?1 or asked_by = ?1)",
            )?
            .query_row([me], |row| row.get(0))
    })?)
}

struct Line {
    id: String,
    project: String,
    code: String,
    text: String,
    answer: Option<String>,
    state: String,
    at: String,
    may_answer: bool,
    may_consent: bool,
    may_take_back: bool,
}

#[derive(Template)]
#[template(path = "questions.html")]
struct QuestionsPage {
    shell: Shell,
    told: Option<String>,
    lines: Vec<Line>,
    typed: String,
    typed_for: String,
}

/// The most questions at once.
pub(crate) const MOST: u32 = 200;

async fn shown(
    site: Site,
    viewer: Viewer,
    Extension(frame): Extension<Frame>,
) -> Result<Response, Problem> {
    show(&site, &viewer, frame, None, String::new(), String::new())
}

/// A question, as whoever asks, is asked or leads sees it.
pub(crate) struct Row {
    pub id: Uuid,
    /// The project's id and code.
    pub project: Option<Uuid>,
    pub code: String,
    pub text: String,
    pub answer: Option<String>,
    pub state: String,
    pub asked_at: i64,
    pub asked: Uuid,
    pub lead: Option<Uuid>,
    pub asked_by: Uuid,
}

impl Row {
    /// Whether it waits to be answered by that account.
    pub fn waits_for_answer_of(&self, account: Uuid) -> bool {
        self.asked == account && ["sent", "overdue"].contains(&&*self.state)
    }

    /// Whether that account may take it back.
    pub fn may_be_taken_back_by(&self, account: Uuid) -> bool {
        self.asked_by == account && ["waiting", "sent", "overdue"].contains(&&*self.state)
    }

    /// Whether it waits for that account's consent.
    pub fn waits_for_consent_of(&self, account: Uuid) -> bool {
        self.lead == Some(account) && self.state == "waiting"
    }
}

/// The questions of an account, those that it asked, is asked, or leads: `count` of them from place `from` on.
pub(crate) fn rows(site: &Site, account: Uuid, from: u32, count: u32) -> Result<Vec<Row>, Problem> {
    // Cannot fail to parse: the projection wrote them.
    let id = |text: String| Uuid::try_parse(&text).unwrap_or_default();
    Ok(site.platform().query(|connection| {
        let rows = connection
            .prepare_cached(
                "select id, project, text, answer, state, asked_at, asked, lead, asked_by from questions \
                 where (asked = ?1 and state in ('sent', 'overdue', 'answered')) or lead = ?1 or asked_by = ?1 \
                 order by state = 'answered', changed_at desc, id limit ?3 offset ?2",
            )?
            .query_map(rusqlite::params![account.to_string(), from, count], |row| {
                Ok(Row {
                    id: id(row.get(0)?),
                    project: None,
                    code: row.get(1)?,
                    text: row.get(2)?,
                    answer: row.get(3)?,
                    state: row.get(4)?,
                    asked_at: row.get(5)?,
                    asked: id(row.get(6)?),
                    lead: row.get::<_, Option<String>>(7)?.map(id),
                    asked_by: id(row.get(8)?),
                })
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        rows.into_iter()
            .map(|row| {
                let project = id_of_code(connection, &row.code)?;
                Ok(Row { project, ..row })
            })
            .collect::<rusqlite::Result<Vec<_>>>()
    })?)
}

fn show(
    site: &Site,
    viewer: &Viewer,
    frame: Frame,
    told: Option<String>,
    typed: String,
    typed_for: String,
) -> Result<Response, Problem> {
    let words = words(viewer.language);
    let me = viewer.account;
    let lines = rows(site, me, 0, MOST)?.into_iter().map(|row| Line {
        project: row.project.map_or_else(String::new, |id| id.to_string()),
        at: moment(row.asked_at),
        may_answer: row.waits_for_answer_of(me),
        may_consent: row.waits_for_consent_of(me),
        may_take_back: row.may_be_taken_back_by(me),
        state: words.say(&format!("question-{}", row.state)),
        id: row.id.to_string(),
        code: row.code,
        text: row.text,
        answer: row.answer,
    });
    let page = QuestionsPage {
        told,
        lines: lines.collect(),
        typed,
        typed_for,
        shell: Shell::of(site, viewer, frame, words, words.say("questions")),
    };
    Ok(html(&page))
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Said {
    text: String,
}

async fn decided<C>(
    site: &Site,
    asked: &Asked,
    frame: Frame,
    command: C,
    typed: String,
    done: &'static str,
) -> Result<Response, Problem>
where
    C: Clone + Send,
    Question: Decide<C>,
{
    let id = asked.params.id("id").unwrap_or_else(Uuid::nil);
    let cx = site.context(&asked.viewer, &asked.resource.jurisdiction);
    match site
        .platform()
        .carry_out::<Question, _>(id, command, &cx)
        .await
    {
        Ok(_) => Ok(told(
            Redirect::to("/supervise/questions").into_response(),
            done,
        )),
        Err(CommandError::Refused(refusal)) => {
            let told = words(asked.viewer.language).of(&refusal.text).to_owned();
            show(
                site,
                &asked.viewer,
                frame,
                Some(told),
                typed,
                id.to_string(),
            )
        }
        Err(error) => Err(error.into()),
    }
}

async fn answer(
    site: Site,
    asked: Asked,
    Extension(frame): Extension<Frame>,
    Form(said): Form<Said>,
) -> Result<Response, Problem> {
    let id = asked.params.id("id").unwrap_or_else(Uuid::nil);
    let command = AnswerQuestion {
        id,
        text: said.text.clone(),
    };
    decided(
        &site,
        &asked,
        frame,
        command,
        said.text,
        "question-answered",
    )
    .await
}

async fn consent(
    site: Site,
    asked: Asked,
    Extension(frame): Extension<Frame>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let id = asked.params.id("id").unwrap_or_else(Uuid::nil);
    decided(
        &site,
        &asked,
        frame,
        Consent { id },
        String::new(),
        "question-consented",
    )
    .await
}

async fn decline(
    site: Site,
    asked: Asked,
    Extension(frame): Extension<Frame>,
    Form(said): Form<Said>,
) -> Result<Response, Problem> {
    let command = DeclineQuestion {
        note: said.text.clone(),
    };
    decided(
        &site,
        &asked,
        frame,
        command,
        said.text,
        "question-declined",
    )
    .await
}

async fn withdraw(
    site: Site,
    asked: Asked,
    Extension(frame): Extension<Frame>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let id = asked.params.id("id").unwrap_or_else(Uuid::nil);
    decided(
        &site,
        &asked,
        frame,
        Withdraw { id },
        String::new(),
        "question-withdrawn",
    )
    .await
}
