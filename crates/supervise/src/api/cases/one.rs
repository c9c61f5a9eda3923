//! One case. Reading it leaves a trace: whoever works on it needs no reason, anybody else says why.

use axum::http::HeaderMap;
use axum::{Extension, Json};
use kandeng_platform::api::{At, Both, Id, Operation, Operations};
use kandeng_platform::authority::Action;
use kandeng_platform::page::{Asked, Problem, Site};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::id;
use super::super::queue::FlagLine;
use super::super::reason::{REASON, SAYS_WHY, reason_of};
use crate::pages::cases::of_path;
use crate::pages::cases::read::{Whole, is_own, traced, whole};
use crate::pages::telling::InBoth;
use crate::scene::Supervise;

pub(super) fn operations() -> Operations {
    Operations::new().asks(
        Operation::read(
            "/api/supervise/cases/{id}",
            "一个办件;查阅会留痕,不承办者须先说明理由(403 `reason-needed`) / One case; reading it leaves a trace, and whoever does not work \
             on it says why (403 `reason-needed`)",
        )
        .heading(REASON, SAYS_WHY)
        .giving::<CaseOut>(200, "办件 / The case"),
        Action::ViewCase,
        of_path,
        one,
    )
}

/// 一个办件 / One case
#[derive(Serialize, ToSchema)]
struct CaseOut {
    id: Id,
    /// `open`、`referred` 或 `closed` / `open`, `referred` or `closed`
    #[schema(example = "open")]
    state: String,
    /// `urge`、`supervise` 或 `investigate` / `urge`, `supervise` or `investigate`
    rung: Option<String>,
    /// 何时到期 / When something is due
    due: Option<At>,
    /// 何人牵头 / Whose account leads it
    lead: Id,
    /// 何人承办 / Whose account works on it
    assignee: Id,
    opened_at: At,
    /// 疑点,重的在前 / Its flags, the gravest first
    flags: Vec<FlagLine>,
    /// 核查清单 / What is to be checked
    checks: Vec<CheckOut>,
    questions: Vec<QuestionOut>,
    /// 承办人的答复 / What whoever works on it answered
    answer: Option<String>,
    /// 是否听取了有关单位的意见 / Whether the body concerned was heard
    heard: bool,
    /// 听取的意见,或未听取的原因 / What it said, or why it was not heard
    heard_note: Option<String>,
    /// 移送给谁 / To whom it was handed
    referred_to: Option<String>,
    outcome: Option<OutcomeOut>,
}

/// 要核查的 / Something that is to be checked
#[derive(Serialize, ToSchema)]
struct CheckOut {
    /// 在清单中的位置,从 0 数 / Its place in the list, counted from 0
    place: u32,
    /// 信息项的键 / Keys of the items
    items: Vec<String>,
    says: Both,
    /// `as-filed`、`differs` 或 `not-seen` / `as-filed`, `differs` or `not-seen`
    found: Option<String>,
    note: Option<String>,
}

/// 询问 / A question
#[derive(Serialize, ToSchema)]
struct QuestionOut {
    id: Id,
    text: String,
    /// `waiting`、`sent`、`answered` 等 / `waiting`, `sent`, `answered` …
    #[schema(example = "sent")]
    state: String,
    answer: Option<String>,
    asked_at: At,
}

/// 结果 / What it came to
#[derive(Serialize, ToSchema)]
struct OutcomeOut {
    /// `unfounded`、`explained`、`rectified` 或 `sanctioned` / `unfounded`, `explained`, `rectified` or `sanctioned`
    #[schema(example = "rectified")]
    kind: String,
    note: Option<String>,
    /// 追回的钱,分 / Money recovered, in fen
    recovered_fen: i64,
    /// 问责人数 / How many people were held to account
    held_to_account: u32,
    /// 解决群众问题数 / How many problems of residents were solved
    problems_solved: u32,
}

async fn one(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    headers: HeaderMap,
) -> Result<Json<CaseOut>, Problem> {
    let id = id(&asked);
    let reason = reason_of(&headers)?;
    // Before anything is shown.
    if !traced(&site, &asked, &scene, id, reason.as_deref()).await? {
        return Err(Problem::reason_needed().with("field", REASON.into()));
    }
    let whole = site.platform().query(|connection| whole(connection, id))?;
    let whole = whole.ok_or_else(Problem::not_found)?;
    // What a register shows is told to the officers of the case, who have left the trace of it.
    let telling = InBoth::new(&site, &scene)?.in_case(is_own(&asked));
    Ok(Json(CaseOut::of(id, whole, &telling)))
}

impl CaseOut {
    fn of(id: Uuid, whole: Whole, telling: &InBoth) -> Self {
        let row = whole.row;
        let checks = whole.checks.into_iter().map(|check| CheckOut {
            place: u32::try_from(check.place).unwrap_or_default(),
            items: check.items,
            says: telling.says(&check.rule, &check.says_zh, &check.says_en),
            found: check.found,
            note: check.note,
        });
        let questions = whole.questions.into_iter().map(|question| QuestionOut {
            // Cannot fail to parse: the projection wrote it.
            id: Id(Uuid::try_parse(&question.id).unwrap_or_default()),
            text: question.text,
            state: question.state,
            answer: question.answer,
            asked_at: At::of(question.asked_at),
        });
        let outcome = row.outcome.map(|kind| OutcomeOut {
            kind,
            note: row.outcome_note,
            recovered_fen: row.recovered.unwrap_or(0),
            held_to_account: row.held.unwrap_or(0),
            problems_solved: row.solved.unwrap_or(0),
        });
        Self {
            id: Id(id),
            state: row.state,
            rung: row.rung,
            due: row.due.map(At::of),
            lead: Id(row.lead),
            assignee: Id(row.assignee),
            opened_at: At::of(row.opened),
            flags: (whole.flags.iter())
                .map(|flag| FlagLine::of(flag, telling))
                .collect(),
            checks: checks.collect(),
            questions: questions.collect(),
            answer: row.answered,
            heard: row.heard,
            heard_note: row.heard_note,
            referred_to: row.referred,
            outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(said: &[u8]) -> Result<Option<String>, Problem> {
        let value = axum::http::HeaderValue::from_bytes(said).unwrap();
        reason_of(&HeaderMap::from_iter([(
            axum::http::HeaderName::from_static(REASON),
            value,
        )]))
    }

    #[test]
    fn a_reason_is_read_as_it_was_meant() {
        assert_eq!(reason_of(&HeaderMap::new()), Ok(None));
        assert_eq!(read(b"yearly audit").unwrap().unwrap(), "yearly audit");
        assert_eq!(read(b"a+b&c=d%25").unwrap().unwrap(), "a+b&c=d%");
        assert_eq!(
            read("%E5%AE%A1%E8%AE%A1".as_bytes()).unwrap().unwrap(),
            "审计"
        );
        assert_eq!(read(b"a=b=c").unwrap().unwrap(), "a=b=c");
        assert_eq!(read(b"=").unwrap().unwrap(), "=");
        assert_eq!(read(b"%20"), Ok(None));
        assert_eq!(read(b"%FF"), Ok(None));
        assert!(read(b"").is_err());
        assert!(read(&[b'a'; 1_001]).is_err());
    }
}
