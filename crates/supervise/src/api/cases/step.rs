//! What is done in a case, from its opening to its closing.

use std::collections::BTreeMap;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use kandeng_platform::Refusal;
use kandeng_platform::api::{CommandId, Done, Id, Operation, Operations, Said, born};
use kandeng_platform::authority::Action;
use kandeng_platform::case::{
    AnswerCase, Assign, Case, CheckCase, Close, FlagVerdict, Hear, OnSite, Outcome, OutcomeKind,
    Refer, close,
};
use kandeng_platform::flag::Dismissal;
use kandeng_platform::page::{Asked, Problem, Site};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::decide::Note;
use super::super::{DONE, carry_out, id};
use crate::pages::cases::act::{may_decide, may_work, open_on, opening};
use crate::pages::cases::{new_case, of_path};
use crate::scene::Supervise;

pub(super) fn operations() -> Operations {
    let step = |path, about| Operation::command(path, about).giving::<Done>(200, DONE);
    Operations::new()
        .asks(
            Operation::command(
                "/api/supervise/flags/{id}/verify",
                "转核实:就此疑点及同一对象的其他待核疑点立办件;已在未办结的办件中的,回 409 `flag-in-case`,`case` 是那个办件 / Open a case on the flag, and on the other open ones of its subject; where it is in an open case, 409 `flag-in-case` names that in `case`",
            )
            .giving::<CaseBorn>(201, "已立,`location` 是它的地址 / Opened; `location` is its address"),
            Action::OpenCase,
            new_case,
            open,
        )
        .asks(
            step("/api/supervise/cases/{id}/check", "核查一项 / One of the checks was made").taking::<Checked>(),
            Action::WorkCase,
            of_path,
            check,
        )
        .asks(
            step("/api/supervise/cases/{id}/answer", "答复 / It is answered").taking::<Note>(),
            Action::WorkCase,
            of_path,
            answer,
        )
        .asks(
            step(
                "/api/supervise/cases/{id}/hear",
                "听取有关单位意见,或说明为何没有 / The body concerned was heard, or why not",
            )
            .taking::<Heard>(),
            Action::WorkCase,
            of_path,
            hear,
        )
        .asks(
            step("/api/supervise/cases/{id}/refer", "移送 / Hand it to another body").taking::<To>(),
            Action::ReferCase,
            of_path,
            refer,
        )
        .asks(
            step("/api/supervise/cases/{id}/assign", "交由某人承办 / Say who works on it").taking::<ToWhom>(),
            Action::AssignCase,
            of_path,
            assign,
        )
        .asks(
            step(
                "/api/supervise/cases/{id}/close",
                "办结,并就每个疑点作出结论 / Close it, with a verdict on each flag",
            )
            .taking::<Closing>(),
            Action::CloseCase,
            of_path,
            end,
        )
}

/// 已立的办件 / That a case was opened
#[derive(Serialize, ToSchema)]
struct CaseBorn {
    /// 办件的编号 / The case's id
    case: Id,
    #[serde(flatten)]
    done: Done,
}

async fn open(
    site: Site,
    asked: Asked,
    command: CommandId,
    Extension(scene): Extension<Supervise>,
) -> Result<Response, Problem> {
    let what = opening(&site, &scene, &asked)?;
    let cx = command.context(&site, &asked.viewer, &asked.resource.jurisdiction);
    let answer = open_on(&site, &what, &cx).await?;
    let case = born(&site, &answer, "case")?;
    let opened = CaseBorn {
        case: Id(case),
        done: Done::from(&answer),
    };
    let mut made = (StatusCode::CREATED, Json(opened)).into_response();
    // Cannot fail: it is made of letters and digits.
    if let Ok(to) = HeaderValue::from_str(&format!("/api/supervise/cases/{case}")) {
        made.headers_mut().insert(header::LOCATION, to);
    }
    Ok(made)
}

/// 核查的结果 / What a check found
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "place": 0, "found": "differs", "note": "实测 61.5 亩" }))]
struct Checked {
    /// 在清单中的位置,从 0 数 / Its place in the list, counted from 0
    place: u32,
    found: Found,
    /// 说明;与所填一致时可不写 / In words; not needed where it is as filed
    #[schema(max_length = 2000)]
    note: Option<String>,
}

/// 现场所见 / What was found
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Found {
    AsFiled,
    Differs,
    NotSeen,
}

async fn check(
    site: Site,
    asked: Asked,
    command: CommandId,
    Said(checked): Said<Checked>,
) -> Result<Json<Done>, Problem> {
    let what = CheckCase {
        check: checked.place,
        found: match checked.found {
            Found::AsFiled => OnSite::AsFiled,
            Found::Differs => OnSite::Differs,
            Found::NotSeen => OnSite::NotSeen,
        },
        note: checked.note.unwrap_or_default(),
        evidence: Vec::new(),
    };
    Ok(Json(
        carry_out::<Case, _>(&site, &asked, command, id(&asked), what).await?,
    ))
}

async fn answer(
    site: Site,
    asked: Asked,
    command: CommandId,
    Said(said): Said<Note>,
) -> Result<Json<Done>, Problem> {
    let note = said.note.trim().to_owned();
    if note.is_empty() {
        let refusal = Refusal::new("no-reason", "请写明答复", "say what the answer is");
        return Err(Problem::from(refusal).with("field", "/note".into()));
    }
    let id = id(&asked);
    let what = AnswerCase { id, note };
    Ok(Json(
        carry_out::<Case, _>(&site, &asked, command, id, what).await?,
    ))
}

/// 听取意见 / That the body concerned was heard
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "heard": true, "note": "村委会说明系笔误" }))]
struct Heard {
    /// 是否听取 / Whether it was heard
    heard: bool,
    /// 所说的,或为何没有听取 / What it said, or why it was not heard
    #[schema(min_length = 1, max_length = 2000)]
    note: String,
}

async fn hear(
    site: Site,
    asked: Asked,
    command: CommandId,
    Said(said): Said<Heard>,
) -> Result<Json<Done>, Problem> {
    let what = Hear {
        heard: said.heard,
        note: said.note,
    };
    Ok(Json(
        carry_out::<Case, _>(&site, &asked, command, id(&asked), what).await?,
    ))
}

/// 移送 / That it is handed on
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "to": "县审计局" }))]
struct To {
    /// 移送给谁 / To whom
    #[schema(min_length = 1, max_length = 200)]
    to: String,
}

async fn refer(
    site: Site,
    asked: Asked,
    command: CommandId,
    Said(said): Said<To>,
) -> Result<Json<Done>, Problem> {
    let id = id(&asked);
    let what = Refer { id, to: said.to };
    Ok(Json(
        carry_out::<Case, _>(&site, &asked, command, id, what).await?,
    ))
}

/// 承办人 / Who works on it
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ToWhom {
    /// 账号;须是可以承办的 / An account that may work on it
    assignee: Id,
}

async fn assign(
    site: Site,
    asked: Asked,
    command: CommandId,
    Said(said): Said<ToWhom>,
) -> Result<Json<Done>, Problem> {
    let Id(assignee) = said.assignee;
    if !may_work(&site, &asked, assignee)? {
        let refusal = Refusal::new(
            "may-not-work",
            "此人不能承办这个办件",
            "that person may not work on this case",
        );
        return Err(Problem::from(refusal).with("field", "/assignee".into()));
    }
    let what = Assign(assignee);
    Ok(Json(
        carry_out::<Case, _>(&site, &asked, command, id(&asked), what).await?,
    ))
}

/// 办结 / How it is closed
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "kind": "rectified", "recovered_fen": 9_500_000, "held_to_account": 0, "problems_solved": 1, "note": "已退回",
    "verdicts": { "01936f6e-5f2a-7cc0-8000-000000000001": "confirmed" }
}))]
struct Closing {
    kind: Kind,
    /// 追回的钱,分 / Money recovered, in fen
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    recovered_fen: Option<i64>,
    /// 问责人数 / How many people were held to account
    #[schema(maximum = 100_000)]
    held_to_account: Option<u32>,
    /// 解决群众问题数 / How many problems of residents were solved
    #[schema(maximum = 1_000_000)]
    problems_solved: Option<u32>,
    /// 结论的说明 / In words
    #[schema(min_length = 1, max_length = 2000)]
    note: String,
    /// 疑点的编号 → 结论 / Id of a flag → the verdict on it
    verdicts: BTreeMap<String, Verdict>,
}

/// 结果的种类 / What it came to
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Unfounded,
    Explained,
    Rectified,
    Sanctioned,
}

/// 疑点的结论 / The verdict on a flag
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    Confirmed,
    Unfounded,
    Explained,
    FilingCorrected,
    Duplicate,
}

impl From<Verdict> for FlagVerdict {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Confirmed => Self::Confirmed,
            Verdict::Unfounded => Self::Dismissed(Dismissal::Unfounded),
            Verdict::Explained => Self::Dismissed(Dismissal::Explained),
            Verdict::FilingCorrected => Self::Dismissed(Dismissal::FilingCorrected),
            Verdict::Duplicate => Self::Dismissed(Dismissal::Duplicate),
        }
    }
}

async fn end(
    site: Site,
    asked: Asked,
    command: CommandId,
    Said(closing): Said<Closing>,
) -> Result<Json<Done>, Problem> {
    let mut verdicts = BTreeMap::new();
    for (flag, verdict) in closing.verdicts {
        let at = format!("/verdicts/{flag}");
        let may_not = || {
            let refusal = Refusal::new(
                "may-not-decide",
                "你不能就这个疑点作出结论",
                "you may not decide on that flag",
            );
            Problem::from(refusal).with("field", at.chars().take(80).collect::<String>().into())
        };
        let verdict = FlagVerdict::from(verdict);
        let flag = Uuid::try_parse(&flag).map_err(|_| may_not())?;
        let stream = may_decide(&site, &asked, flag, &verdict)?;
        verdicts.insert(stream.ok_or_else(may_not)?, verdict);
    }
    let what = Close {
        id: id(&asked),
        outcome: Outcome {
            kind: match closing.kind {
                Kind::Unfounded => OutcomeKind::Unfounded,
                Kind::Explained => OutcomeKind::Explained,
                Kind::Rectified => OutcomeKind::Rectified,
                Kind::Sanctioned => OutcomeKind::Sanctioned,
            },
            recovered_fen: closing.recovered_fen.unwrap_or(0),
            held_to_account: closing.held_to_account.unwrap_or(0),
            problems_solved: closing.problems_solved.unwrap_or(0),
            note: closing.note.trim().to_owned(),
        },
    };
    let cx = command.context(&site, &asked.viewer, &asked.resource.jurisdiction);
    let answer = site
        .platform()
        .append(&cx, |plan| close(plan, &what, &verdicts));
    Ok(Json(Done::from(&answer.await?)))
}
