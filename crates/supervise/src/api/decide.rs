//! What officers decide on flags: dismissed, confirmed, looked at again, asked about.

use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use kandeng_platform::api::{CommandId, Done, Id, Operation, Operations, Said, born};
use kandeng_platform::authority::Action;
use kandeng_platform::case::Question;
use kandeng_platform::flag::{Confirm, Decline, Dismiss, Dismissal, Flag, Review};
use kandeng_platform::page::{Asked, Problem, Site};
use kandeng_platform::{Decide, Refusal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::DONE;
use crate::pages::desk::decide::{dismiss_all, flag_of_path, may_ask, question_of, to_dismiss};
use crate::pages::desk::of_path;
use crate::scene::Supervise;

pub(super) fn operations() -> Operations {
    let deciding = |path, about| Operation::command(path, about).giving::<Done>(200, DONE);
    Operations::new()
        .asks(
            deciding(
                "/api/supervise/flags/{id}/dismiss",
                "排除;重大疑点须第二人同意 / Dismiss it; where it is grave, a second officer has to agree",
            )
            .taking::<Nothing>(),
            Action::DismissFlag,
            of_path,
            dismiss,
        )
        .asks(
            deciding(
                "/api/supervise/queue/dismiss",
                "一并排除若干疑点:全部或全不 / Dismiss several: all of them or none",
            )
            .taking::<SeveralNothing>(),
            Action::ViewDesk,
            |site, viewer, _| Ok(site.widest(viewer, Action::ViewDesk)),
            dismiss_several,
        )
        .asks(
            deciding(
                "/api/supervise/flags/{id}/decline",
                "不同意排除 / Disagree with whoever would dismiss it",
            )
            .taking::<Note>(),
            Action::DeclineDismissal,
            of_path,
            decline,
        )
        .asks(
            deciding("/api/supervise/flags/{id}/confirm", "属实 / It is so"),
            Action::ConfirmFlag,
            of_path,
            confirm,
        )
        .asks(
            deciding(
                "/api/supervise/flags/{id}/review",
                "规则变更后重新看过 / It was looked at after its rule changed",
            )
            .taking::<LookedAgain>(),
            Action::ReviewFlag,
            of_path,
            review,
        )
        .asks(
            Operation::command(
                "/api/supervise/flags/{id}/ask",
                "询问填报人:不得写出规则和数字 / Ask whoever filed: neither the rule nor its figures may stand in it",
            )
            .taking::<Asking>()
            .giving::<QuestionBorn>(201, "已问,或待同意 / Asked, or waiting for consent"),
            Action::AskAboutFlag,
            of_path,
            ask,
        )
        .asks(
            Operation::new(
                Method::POST,
                "/api/supervise/flags/{id}/ask/preview",
                "询问在发出前的样子;什么都不写入 / A question as it would be read, before it is asked; nothing is written",
            )
            .taking::<Asking>()
            .giving::<WouldAsk>(200, "询问 / The question"),
            Action::AskAboutFlag,
            of_path,
            preview,
        )
}

/// 为什么没有问题 / Why there is nothing to it
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WhyNothing {
    Unfounded,
    Explained,
    FilingCorrected,
    Duplicate,
}

impl From<WhyNothing> for Dismissal {
    fn from(why: WhyNothing) -> Self {
        match why {
            WhyNothing::Unfounded => Self::Unfounded,
            WhyNothing::Explained => Self::Explained,
            WhyNothing::FilingCorrected => Self::FilingCorrected,
            WhyNothing::Duplicate => Self::Duplicate,
        }
    }
}

/// 排除 / That it is dismissed
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "explained", "note": "有会议纪要" }))]
struct Nothing {
    reason: WhyNothing,
    /// 说明 / In one's words
    #[schema(min_length = 1, max_length = 2000)]
    note: String,
}

/// 一并排除 / That several are dismissed
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SeveralNothing {
    /// 疑点的编号 / Ids of flags
    #[schema(min_items = 1, max_items = 500)]
    flags: Vec<Id>,
    reason: WhyNothing,
    /// 说明 / In one's words
    #[schema(min_length = 1, max_length = 2000)]
    note: String,
}

/// 说明 / In one's words
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "note": "现场未见" }))]
pub(super) struct Note {
    #[schema(min_length = 1, max_length = 2000)]
    pub note: String,
}

/// 重新看过 / That it was looked at again
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reopen": true }))]
struct LookedAgain {
    /// 重新打开 / Whether it is open again
    reopen: bool,
}

/// 询问 / A question
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "text": "请补充开工时间的依据。" }))]
struct Asking {
    #[schema(min_length = 1, max_length = 1000)]
    text: String,
}

/// 询问在发出前的样子 / A question before it is asked
#[derive(Serialize, ToSchema)]
struct WouldAsk {
    /// 被问者读到的文字 / What whoever is asked would read
    text: String,
    /// 须经同意方可发出 / Whether it waits for somebody's consent first
    waits: bool,
}

/// 已问 / That it was asked
#[derive(Serialize, ToSchema)]
struct QuestionBorn {
    /// 询问的编号 / The question's id
    question: Id,
    #[serde(flatten)]
    done: Done,
}

async fn decided<C>(
    site: &Site,
    asked: &Asked,
    command: CommandId,
    what: C,
) -> Result<Json<Done>, Problem>
where
    C: Clone + Send + Sync,
    Flag: Decide<C>,
{
    let stream = flag_of_path(site, asked)?.name()?;
    let cx = command.context(site, &asked.viewer, &asked.resource.jurisdiction);
    let answer = site.platform().append(&cx, |plan| {
        plan.decide::<Flag, _>(stream.clone(), what.clone())
    });
    Ok(Json(Done::from(&answer.await?)))
}

fn needed(note: &str) -> Result<String, Problem> {
    let note = note.trim();
    if note.is_empty() {
        let refusal = Refusal::new("no-reason", "请写明理由", "say why");
        return Err(Problem::from(refusal).with("field", "/note".into()));
    }
    Ok(note.to_owned())
}

async fn dismiss(
    site: Site,
    asked: Asked,
    command: CommandId,
    Said(why): Said<Nothing>,
) -> Result<Json<Done>, Problem> {
    let what = Dismiss {
        reason: why.reason.into(),
        note: needed(&why.note)?,
    };
    decided(&site, &asked, command, what).await
}

async fn dismiss_several(
    site: Site,
    asked: Asked,
    command: CommandId,
    Said(why): Said<SeveralNothing>,
) -> Result<Json<Done>, Problem> {
    let what = Dismiss {
        reason: why.reason.into(),
        note: needed(&why.note)?,
    };
    let flags: Vec<Uuid> = why.flags.iter().map(|Id(id)| *id).collect();
    let Ok(streams) = to_dismiss(&site, &asked.viewer, &flags)? else {
        let refusal = Refusal::new(
            "may-not-dismiss",
            "其中有你不能排除的疑点,什么都没有排除",
            "there is a flag among them that you may not dismiss; none was dismissed",
        );
        return Err(Problem::from(refusal).with("field", "/flags".into()));
    };
    let cx = command.context(&site, &asked.viewer, &asked.resource.jurisdiction);
    let answer = dismiss_all(&site, &cx, &streams, &what).await?;
    Ok(Json(Done::from(&answer)))
}

async fn decline(
    site: Site,
    asked: Asked,
    command: CommandId,
    Said(said): Said<Note>,
) -> Result<Json<Done>, Problem> {
    let what = Decline {
        note: needed(&said.note)?,
    };
    decided(&site, &asked, command, what).await
}

async fn confirm(site: Site, asked: Asked, command: CommandId) -> Result<Json<Done>, Problem> {
    decided(&site, &asked, command, Confirm { case: None }).await
}

async fn review(
    site: Site,
    asked: Asked,
    command: CommandId,
    Said(looked): Said<LookedAgain>,
) -> Result<Json<Done>, Problem> {
    let what = Review {
        reopen: looked.reopen,
    };
    decided(&site, &asked, command, what).await
}

async fn ask(
    site: Site,
    asked: Asked,
    command: CommandId,
    Extension(scene): Extension<Supervise>,
    Said(asking): Said<Asking>,
) -> Result<Response, Problem> {
    let flag = flag_of_path(&site, &asked)?;
    let what = question_of(&site, &scene, &asked, &flag, &asking.text)?;
    let what = what.ok_or_else(Problem::not_found)?;
    let id = what.id;
    let cx = command.context(&site, &asked.viewer, &asked.resource.jurisdiction);
    let answer = site.platform().carry_out::<Question, _>(id, what, &cx);
    let answer = answer.await?;
    let asked = QuestionBorn {
        question: Id(born(&site, &answer, "question")?),
        done: Done::from(&answer),
    };
    Ok((StatusCode::CREATED, Json(asked)).into_response())
}

async fn preview(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Said(asking): Said<Asking>,
) -> Result<Json<WouldAsk>, Problem> {
    let flag = flag_of_path(&site, &asked)?;
    let what = question_of(&site, &scene, &asked, &flag, &asking.text)?;
    let what = what.ok_or_else(Problem::not_found)?;
    let waits = what.lead.is_some_and(|lead| lead != asked.viewer.account);
    may_ask(&site, &asked, what)?;
    Ok(Json(WouldAsk {
        text: asking.text,
        waits,
    }))
}
