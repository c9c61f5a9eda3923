//! Questions: whoever is asked answers, whoever leads consents first.

use axum::Json;
use kandeng_platform::account::Viewer;
use kandeng_platform::api::{Asks, At, CommandId, Done, Id, Operation, Operations, Said};
use kandeng_platform::authority::Action;
use kandeng_platform::case::{AnswerQuestion, Consent, DeclineQuestion, Question, Withdraw};
use kandeng_platform::page::{Asked, Problem, Site};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{DONE, carry_out, id};
use crate::pages::questions::{MOST, Row, of_path, rows};

pub(super) fn operations() -> Operations {
    let step = |path, about| Operation::command(path, about).giving::<Done>(200, DONE);
    Operations::new()
        .signed_in(
            Operation::read(
                "/api/supervise/questions",
                "与自己有关的询问,新近的在前,已答复的在后 / Questions that one asked, is asked, or leads: those changed last first, \
                 the answered ones behind",
            )
            .asking::<WantedQuestions>()
            .giving::<Questions>(200, "询问 / The questions"),
            listed,
        )
        .asks(
            step("/api/supervise/questions/{id}/answer", "答复 / Answer it").taking::<TextOf>(),
            Action::AnswerQuestion,
            of_path,
            answer,
        )
        .asks(
            step("/api/supervise/questions/{id}/consent", "同意发出 / Let it go out"),
            Action::ConsentToQuestion,
            of_path,
            consent,
        )
        .asks(
            step("/api/supervise/questions/{id}/decline", "不同意发出 / Do not let it go out").taking::<TextOf>(),
            Action::ConsentToQuestion,
            of_path,
            decline,
        )
        .asks(
            step("/api/supervise/questions/{id}/withdraw", "收回 / Take it back"),
            Action::WithdrawQuestion,
            of_path,
            withdraw,
        )
}

/// 要看哪些询问 / Which questions
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WantedQuestions {
    /// 从第几条起,从 0 数 / From which place on, counted from 0
    from: Option<u32>,
    /// 一次多少条 / How many at once
    #[schema(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// 询问 / Questions
#[derive(Serialize, ToSchema)]
struct Questions {
    questions: Vec<QuestionLine>,
    /// 还有更多:作为 `from` 再问 / There are more: ask again with this as `from`
    next: Option<u32>,
}

/// 一条询问 / A question
#[derive(Serialize, ToSchema)]
struct QuestionLine {
    id: Id,
    /// 项目的编号 / The project's id
    project: Option<Id>,
    /// 项目编码 / The project's code
    code: String,
    text: String,
    answer: Option<String>,
    /// `waiting`、`sent`、`overdue`、`answered` 等 / `waiting`, `sent`, `overdue`, `answered` …
    #[schema(example = "sent")]
    state: String,
    asked_at: At,
    /// 等请求者答复 / It waits for an answer of whoever asks
    answer_it: bool,
    /// 等请求者同意 / It waits for the consent of whoever asks
    consent_to_it: bool,
}

impl QuestionLine {
    fn of(row: Row, viewer: &Viewer) -> Self {
        Self {
            answer_it: row.waits_for_answer_of(viewer.account),
            consent_to_it: row.waits_for_consent_of(viewer.account),
            id: Id(row.id),
            project: row.project.map(Id),
            code: row.code,
            text: row.text,
            answer: row.answer,
            state: row.state,
            asked_at: At::of(row.asked_at),
        }
    }
}

async fn listed(
    site: Site,
    viewer: Viewer,
    Asks(wanted): Asks<WantedQuestions>,
) -> Result<Json<Questions>, Problem> {
    let (from, limit) = (wanted.from.unwrap_or(0), wanted.limit.unwrap_or(MOST));
    // One more tells whether there are more.
    let mut rows = rows(&site, viewer.account, from, limit + 1)?;
    let has_more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let questions = rows.into_iter();
    Ok(Json(Questions {
        questions: questions
            .map(|row| QuestionLine::of(row, &viewer))
            .collect(),
        next: has_more.then(|| from.saturating_add(limit)),
    }))
}

/// 文字 / A text
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "text": "开工令附后。" }))]
struct TextOf {
    #[schema(min_length = 1, max_length = 2000)]
    text: String,
}

async fn answer(
    site: Site,
    asked: Asked,
    command: CommandId,
    Said(said): Said<TextOf>,
) -> Result<Json<Done>, Problem> {
    let id = id(&asked);
    let what = AnswerQuestion {
        id,
        text: said.text,
    };
    Ok(Json(
        carry_out::<Question, _>(&site, &asked, command, id, what).await?,
    ))
}

async fn consent(site: Site, asked: Asked, command: CommandId) -> Result<Json<Done>, Problem> {
    let id = id(&asked);
    Ok(Json(
        carry_out::<Question, _>(&site, &asked, command, id, Consent { id }).await?,
    ))
}

async fn decline(
    site: Site,
    asked: Asked,
    command: CommandId,
    Said(said): Said<TextOf>,
) -> Result<Json<Done>, Problem> {
    let what = DeclineQuestion { note: said.text };
    Ok(Json(
        carry_out::<Question, _>(&site, &asked, command, id(&asked), what).await?,
    ))
}

async fn withdraw(site: Site, asked: Asked, command: CommandId) -> Result<Json<Done>, Problem> {
    let id = id(&asked);
    Ok(Json(
        carry_out::<Question, _>(&site, &asked, command, id, Withdraw { id }).await?,
    ))
}
