//! The cases of one's jurisdictions.

use axum::{Extension, Json};
use kandeng_platform::api::{Asks, At, Both, Id, Operation, Operations};
use kandeng_platform::authority::Action;
use kandeng_platform::page::{Asked, Problem, Site};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::pages::cases::list::{Narrowed, Row, rows};
use crate::pages::desk::queue::within;
use crate::pages::telling::InBoth;
use crate::scene::Supervise;

/// Cases that are given at once, unless the address says otherwise.
const ON_PAGE: u32 = 100;

pub(super) fn operations() -> Operations {
    Operations::new().asks(
        Operation::read(
            "/api/supervise/cases",
            "办件列表,先到期的在前 / Cases, those first of which something is due",
        )
        .asking::<WantedCases>()
        .giving::<Cases>(200, "办件 / The cases"),
        Action::ViewDesk,
        |site, viewer, _| Ok(site.widest(viewer, Action::ViewDesk)),
        listed,
    )
}

/// 办件的状态 / The state of a case
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum CaseState {
    Open,
    Referred,
    Closed,
}

/// 要看哪些办件 / Which cases
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WantedCases {
    /// 不写则全部 / All of them, where none is said
    state: Option<CaseState>,
    /// 只看自己承办或牵头的 / Those that one leads or works on oneself
    mine: Option<bool>,
    /// 项目所在地的区划代码 / Code of the division that the project lies in
    #[schema(
        min_length = 2,
        max_length = 12,
        pattern = "^[0-9]{2,12}$",
        example = "990121100"
    )]
    place: Option<String>,
    /// 从第几个起,从 0 数 / From which place on, counted from 0
    from: Option<u32>,
    /// 一次多少个 / How many at once
    #[schema(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// 办件 / Cases
#[derive(Serialize, ToSchema)]
struct Cases {
    cases: Vec<CaseLine>,
    /// 还有更多:作为 `from` 再问 / There are more: ask again with this as `from`
    next: Option<u32>,
}

/// 列表中的办件 / A case as lists have it
#[derive(Serialize, ToSchema)]
struct CaseLine {
    id: Id,
    /// `open`、`referred` 或 `closed` / `open`, `referred` or `closed`
    #[schema(example = "open")]
    state: String,
    /// `urge`、`supervise` 或 `investigate` / `urge`, `supervise` or `investigate`
    rung: Option<String>,
    /// 何时到期 / When something is due
    due: Option<At>,
    /// 何人承办 / Whose account works on it
    assignee: Id,
    opened_at: At,
    /// 疑点数 / How many flags it is about
    flags: u32,
    /// 对象,如项目编码 / What it is about, such as codes of projects
    subjects: Vec<String>,
    /// 最重的疑点 / The sentence of its gravest flag
    says: Both,
    /// 办结的结果 / What it came to
    outcome: Option<String>,
    /// 追回的钱,分 / Money recovered, in fen
    recovered_fen: Option<i64>,
    /// 移送给谁 / To whom it was handed
    referred_to: Option<String>,
}

impl CaseLine {
    fn of(row: Row, telling: &InBoth) -> Self {
        Self {
            // Cannot fail to parse: the projection wrote it.
            id: Id(Uuid::try_parse(&row.id).unwrap_or_default()),
            state: row.state,
            rung: row.rung,
            due: row.due.map(At::of),
            assignee: Id(row.assignee),
            opened_at: At::of(row.opened),
            flags: u32::try_from(row.flags).unwrap_or(u32::MAX),
            subjects: row.subjects,
            says: telling.says(&row.rule, &row.says_zh, &row.says_en),
            outcome: row.outcome,
            recovered_fen: row.recovered,
            referred_to: row.referred,
        }
    }
}

async fn listed(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Asks(wanted): Asks<WantedCases>,
) -> Result<Json<Cases>, Problem> {
    let state = wanted.state.map(|state| match state {
        CaseState::Open => "open",
        CaseState::Referred => "referred",
        CaseState::Closed => "closed",
    });
    let narrowed = Narrowed {
        state: state.map(str::to_owned),
        of: wanted.mine.unwrap_or(false).then_some(asked.viewer.account),
        place: wanted.place,
        nowhere: false,
    };
    let (from, limit) = (wanted.from.unwrap_or(0), wanted.limit.unwrap_or(ON_PAGE));
    let within = within(&site, &asked.viewer);
    let mut rows = rows(&site, &within, &narrowed, from.into(), i64::from(limit) + 1)?;
    let has_more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let telling = InBoth::new(&site, &scene)?;
    Ok(Json(Cases {
        cases: (rows.into_iter())
            .map(|row| CaseLine::of(row, &telling))
            .collect(),
        next: has_more.then(|| from.saturating_add(limit)),
    }))
}
