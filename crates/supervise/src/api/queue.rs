//! The queue of doubts, as it is ranked at the desk; and having everything screened.

use axum::{Extension, Json};
use kandeng_platform::api::{Asks, At, Both, CommandId, Done, Id, Operation, Operations};
use kandeng_platform::authority::Action;
use kandeng_platform::page::{Asked, Problem, Site};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{DONE, carry_out};
use crate::pages::desk::FlagRow;
use crate::pages::desk::queue::within;
use crate::pages::desk::ranked::{Narrowed, Subject, case_of, ranked};
use crate::pages::telling::InBoth;
use crate::scene::Supervise;
use crate::watch::{AskScreening, Screening, screening_id};

/// Subjects that are given at once, unless the address says otherwise.
const ON_PAGE: u32 = 50;

pub(super) fn operations() -> Operations {
    Operations::new()
        .asks(
            Operation::read(
                "/api/supervise/queue",
                "有疑点的项目等,重的、钱多的、把握大的在前,每第十个抽取 / What is in doubt: the gravest, dearest and surest first, every \
                 tenth drawn",
            )
            .asking::<WantedDoubts>()
            .giving::<Queue>(200, "队列 / The queue"),
            Action::ViewDesk,
            |site, viewer, _| Ok(site.widest(viewer, Action::ViewDesk)),
            listed,
        )
        .asks(
            Operation::command("/api/supervise/screen", "要求全部重新比对 / Have everything screened")
                .giving::<Done>(200, DONE),
            Action::ScreenNow,
            |site, viewer, _| Ok(site.widest(viewer, Action::ScreenNow)),
            screen,
        )
}

/// 疑点的状态 / The state of a flag
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum FlagState {
    Open,
    Confirmed,
    Dismissed,
    Cleared,
}

impl FlagState {
    const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Confirmed => "confirmed",
            Self::Dismissed => "dismissed",
            Self::Cleared => "cleared",
        }
    }

    fn of(name: &str) -> Self {
        let all = [Self::Confirmed, Self::Dismissed, Self::Cleared];
        let found = all.into_iter().find(|state| state.name() == name);
        found.unwrap_or(Self::Open)
    }
}

/// 严重程度 / How grave
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Severity {
    High,
    Medium,
    Low,
}

impl Severity {
    const fn name(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }

    pub fn of(name: &str) -> Self {
        match name {
            "high" => Self::High,
            "medium" => Self::Medium,
            _ => Self::Low,
        }
    }
}

/// 队列中看哪些 / What of the queue
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedDoubts {
    /// 区划代码 / A division code
    #[schema(
        min_length = 2,
        max_length = 12,
        pattern = "^[0-9]{2,12}$",
        example = "990121100"
    )]
    place: Option<String>,
    /// 规则编号 / Id of a rule
    #[schema(max_length = 20, example = "K17")]
    rule: Option<String>,
    /// 阶段的键 / Key of a stage
    #[schema(max_length = 60)]
    stage: Option<String>,
    severity: Option<Severity>,
    /// 年度 / The year of the project's code
    #[schema(minimum = 1900, maximum = 2999)]
    year: Option<u32>,
    /// 至少多少分 / At least so much money, in fen
    least_fen: Option<i64>,
    /// 至多多少分 / At most so much money, in fen
    most_fen: Option<i64>,
    /// 不写则为待核的 / Those that are open, where none is said
    state: Option<FlagState>,
    /// 从第几个起,从 0 数 / From which place on, counted from 0
    from: Option<u32>,
    /// 一次多少个 / How many at once
    #[schema(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// 队列 / The queue
#[derive(Serialize, ToSchema)]
struct Queue {
    subjects: Vec<SubjectLine>,
    /// 一共多少个 / How many there are in all
    total: u64,
    /// 还有更多:作为 `from` 再问 / There are more: ask again with this as `from`
    next: Option<u32>,
}

/// 有疑点的项目等 / Something that is in doubt
#[derive(Serialize, ToSchema)]
struct SubjectLine {
    /// 种类,如 `project` / Its kind, such as `project`
    kind: String,
    /// 编号;项目的为项目编码 / What it is known by; of a project, its code
    subject: String,
    /// 项目的编号 / The id of the project
    project: Option<Id>,
    name: Option<String>,
    /// 所在地的区划代码 / Code of the division that it lies in
    jurisdiction: Option<String>,
    /// 排序的分数 / What it is ranked by
    score: f64,
    /// 抽取而来 / It was drawn
    by_draw: bool,
    /// 疑点,最重的在前;抽取而来的,抽中的在前 / Its flags, the gravest first; where it was drawn, the one that was
    flags: Vec<FlagLine>,
    /// 正在办理的办件 / The case that is open about it
    case: Option<CaseOf>,
}

/// 办件 / A case
#[derive(Serialize, ToSchema)]
struct CaseOf {
    id: Id,
    /// 何人承办 / Whose account works on it
    assignee: Id,
    /// 何时到期 / When something is due
    due: Option<At>,
}

/// 疑点 / A flag
#[derive(Serialize, ToSchema)]
pub(super) struct FlagLine {
    pub id: Id,
    /// 规则编号 / Id of the rule
    rule: String,
    severity: Severity,
    state: FlagState,
    /// 标红的信息项 / Items that it marks
    items: Vec<String>,
    /// 所涉金额,分 / How much money it is about, in fen
    money_fen: Option<i64>,
    says: Both,
    raised_at: At,
    /// 规则已变,待看 / Its rule changed, and somebody has to look
    rule_changed: bool,
    /// 有人建议排除,待第二人同意 / Somebody would dismiss it; a second officer has to agree
    proposed: bool,
}

impl FlagLine {
    pub fn of(flag: &FlagRow, telling: &InBoth) -> Self {
        let said = flag.told_in_case();
        Self {
            // Cannot fail to parse: the projection wrote it.
            id: Id(Uuid::try_parse(flag.id()).unwrap_or_default()),
            rule: flag.rule.clone(),
            severity: Severity::of(&flag.severity),
            state: FlagState::of(&flag.state),
            items: flag.items.clone(),
            money_fen: flag.money_fen,
            says: telling.says(&flag.rule, &said.zh, &said.en),
            raised_at: At::of(flag.raised_at),
            rule_changed: flag.rule_changed,
            proposed: flag.proposed.is_some(),
        }
    }
}

async fn listed(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Asks(wanted): Asks<WantedDoubts>,
) -> Result<Json<Queue>, Problem> {
    let pack = scene.pack(&site)?;
    let narrowed = Narrowed {
        place: wanted.place,
        nowhere: false,
        rule: wanted.rule,
        stage: wanted.stage,
        severity: wanted.severity.map(|severity| severity.name().to_owned()),
        year: wanted.year.map(i64::from),
        least_fen: wanted.least_fen,
        most_fen: wanted.most_fen,
        state: wanted.state.map(|state| state.name().to_owned()),
    };
    let all = ranked(&site, &pack, &within(&site, &asked.viewer), &narrowed)?;
    let (from, limit) = (wanted.from.unwrap_or(0), wanted.limit.unwrap_or(ON_PAGE));
    let page = all.iter().skip(from as usize).take(limit as usize);
    let telling = InBoth::new(&site, &scene)?;
    let subjects = page.map(|subject| SubjectLine::of(&site, subject, &telling));
    let subjects = subjects.collect::<Result<Vec<_>, Problem>>()?;
    let next = from.saturating_add(limit);
    Ok(Json(Queue {
        subjects,
        total: all.len() as u64,
        next: ((next as usize) < all.len()).then_some(next),
    }))
}

impl SubjectLine {
    fn of(site: &Site, of: &Subject, telling: &InBoth) -> Result<Self, Problem> {
        // Cannot be missing: a subject is in the queue by its flags.
        let first = of.flags.first().ok_or_else(Problem::not_found)?;
        let (project, name, place) = match first.project.clone() {
            Some((id, name, place)) => (Uuid::try_parse(&id).ok(), name, Some(place)),
            None => (None, None, None),
        };
        let case = case_of(site, of)?;
        Ok(Self {
            kind: first.flag.subject_kind.clone(),
            subject: first.flag.subject.clone(),
            project: project.map(Id),
            name,
            jurisdiction: place,
            score: of.score,
            by_draw: of.by_draw,
            flags: (of.flags.iter())
                .map(|one| FlagLine::of(&one.flag, telling))
                .collect(),
            case: case.map(|(id, assignee, due)| CaseOf {
                id: Id(id),
                assignee: Id(assignee),
                due: due.map(At::of),
            }),
        })
    }
}

async fn screen(site: Site, asked: Asked, command: CommandId) -> Result<Json<Done>, Problem> {
    let id = screening_id();
    Ok(Json(
        carry_out::<Screening, _>(&site, &asked, command, id, AskScreening).await?,
    ))
}
