//! Projects: listed and read.

use axum::{Extension, Json};
use kandeng_platform::api::{Asks, At, Id, Operation, Operations};
use kandeng_platform::authority::{Action, Resource};
use kandeng_platform::jurisdiction;
use kandeng_platform::page::{Asked, Problem, Site};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

use super::cells::{CellsOut, RowOut};
use crate::pages::project::{of_path, read};
use crate::project::{Filter, Level, ProjectPage, ProjectRow, list};
use crate::scene::Supervise;

/// Projects that are given at once, unless the address says otherwise.
const ON_PAGE: u32 = 100;

pub(super) fn operations() -> Operations {
    Operations::new()
        .asks(
            Operation::read("/api/supervise/projects", "项目列表,按编码排列 / Projects, by code")
                .asking::<WantedProjects>()
                .giving::<Projects>(200, "项目 / Projects"),
            Action::ViewProject,
            |site, viewer, _| {
                Ok(site.widest_for(viewer, Action::ViewProject, Resource::new_project))
            },
            listed,
        )
        .asks(
            Operation::read(
                "/api/supervise/projects/{id}",
                "一个项目:所填内容、各项版次、审核签署 / One project: what is filed, editions, who vouched",
            )
            .giving::<ProjectOut>(200, "项目 / The project"),
            Action::ViewProject,
            of_path,
            one,
        )
}

/// 要看哪些项目 / Which projects
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WantedProjects {
    /// 名称的一部分,或编码的开头 / Part of the name, or the beginning of the code
    #[schema(max_length = 100)]
    text: Option<String>,
    /// 阶段的键 / Key of the stage
    #[schema(max_length = 60)]
    stage: Option<String>,
    /// 项目类型的键 / Key of the kind
    #[schema(max_length = 60)]
    kind: Option<String>,
    /// 年度 / The year of the code
    #[schema(minimum = 1900, maximum = 2999, example = 2026)]
    year: Option<u32>,
    /// 区划代码 / A division code
    #[schema(
        min_length = 2,
        max_length = 12,
        pattern = "^[0-9]{2,12}$",
        example = "990121100"
    )]
    place: Option<String>,
    /// 账本此位置之后有改动的,包括已撤回的 / Those that were changed after this place in the ledger, withdrawn ones among them
    since: Option<u64>,
    /// 上一页给出的 `next` / The `next` of the page before
    #[schema(max_length = 120)]
    after: Option<String>,
    /// 一次多少个 / How many at once
    #[schema(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// 项目 / Projects
#[derive(Serialize, ToSchema)]
struct Projects {
    projects: Vec<ProjectLine>,
    /// 一共多少个 / How many there are in all
    total: u64,
    /// 还有更多:作为 `after` 再问 / There are more: ask again with this as `after`
    next: Option<String>,
}

/// 列表中的项目 / A project as lists have it
#[derive(Serialize, ToSchema)]
pub(super) struct ProjectLine {
    id: Id,
    #[schema(example = "99012120260001")]
    code: String,
    name: Option<String>,
    /// 类型的键 / Key of its kind
    kind: Option<String>,
    /// 阶段的键 / Key of its stage
    stage: String,
    /// 所在地的区划代码 / Code of the division that it lies in
    jurisdiction: String,
    /// 乡镇的区划代码 / Code of its township
    township: Option<String>,
    /// 批复总投资,分 / Approved budget, in fen
    budget_fen: Option<i64>,
    /// 合同金额,分 / Contract amount, in fen
    contract_fen: Option<i64>,
    /// 已拨付,分 / The sum of its payments, in fen
    paid_fen: i64,
    /// 进度,百分数 / Progress, in per cent
    progress_percent: Option<f64>,
    /// 本阶段应填的信息项 / Items that its stage asks for
    required: u32,
    /// 其中已填的 / Of these, filled in
    done: u32,
    /// 填报声明的版本 / The version of the declaration that it is filed by
    declaration: u32,
    /// 填报的版次 / The edition of its filing
    edition: u32,
    /// 最后一个事件在账本中的位置 / Where its last event is in the ledger
    position: u64,
    filed_at: At,
    changed_at: At,
    /// 已撤回 / It was withdrawn
    withdrawn: bool,
}

impl ProjectLine {
    pub fn of(row: &ProjectRow) -> Self {
        Self {
            id: Id(row.id),
            code: row.code.clone(),
            name: row.name.clone(),
            kind: row.kind.clone(),
            stage: row.stage.clone(),
            jurisdiction: row.jurisdiction.clone(),
            township: row.township.clone(),
            budget_fen: row.budget_fen,
            contract_fen: row.contract_fen,
            paid_fen: row.paid_fen,
            progress_percent: row.progress,
            required: row.required,
            done: row.done,
            declaration: row.declaration,
            edition: row.edition,
            position: row.position,
            filed_at: At(row.filed_at),
            changed_at: At(row.changed_at),
            withdrawn: row.withdrawn,
        }
    }
}

async fn listed(
    site: Site,
    asked: Asked,
    Asks(wanted): Asks<WantedProjects>,
) -> Result<Json<Projects>, Problem> {
    let within = site.places_for(&asked.viewer, Action::ViewProject, Resource::new_project);
    let limit = wanted.limit.unwrap_or(ON_PAGE);
    let filter = Filter {
        within: narrowed(within, wanted.place),
        nowhere: false,
        stage: wanted.stage,
        kind: wanted.kind,
        year: wanted.year.map(i64::from),
        text: wanted.text,
        withdrawn: false,
        newest: false,
        since: wanted.since,
        after: wanted.after.map(cursor),
    };
    let found = site
        .platform()
        .query(|connection| list(connection, &filter, 0, limit + 1))?;
    let rows = &found.rows[..found.rows.len().min(limit as usize)];
    Ok(Json(Projects {
        projects: rows.iter().map(ProjectLine::of).collect(),
        total: found.total,
        next: rows
            .last()
            .filter(|_| found.rows.len() > rows.len())
            .map(|last| format!("{}~{}", last.code, last.id)),
    }))
}

/// Code and id of the last project of the page before, as that page gave them.
fn cursor(next: String) -> (String, String) {
    match next.rsplit_once('~') {
        Some((code, id)) => (code.to_owned(), id.to_owned()),
        None => (next, String::new()),
    }
}

/// The jurisdictions that are asked for: the place where it lies in one of them, or else nothing.
pub(super) fn narrowed(within: Vec<String>, place: Option<String>) -> Vec<String> {
    let Some(place) = place else {
        return within;
    };
    let is_in = |code: &String| jurisdiction::contains(code, &place);
    if jurisdiction::is_code(&place) && within.iter().any(is_in) {
        vec![place]
    } else {
        Vec::new()
    }
}

/// 一个项目 / One project
#[derive(Serialize, ToSchema)]
pub(super) struct ProjectOut {
    #[serde(flatten)]
    line: ProjectLine,
    /// 项目本身的各列 / The project's own columns
    own: CellsOut,
    /// 清单的键 → 各行 / Key of the list → its rows
    lists: BTreeMap<String, Vec<RowOut>>,
    /// 填过的信息项 / Items that were filled in
    items: Vec<ItemOut>,
    /// 各大类填了多少 / How far the categories are
    categories: Vec<CategoryOut>,
    /// 审核签署与退回,按先后 / What was signed and given back, in order
    signatures: Vec<SignatureOut>,
}

/// 一个信息项 / An item
#[derive(Serialize, ToSchema)]
struct ItemOut {
    /// 信息项的键 / Its key
    item: String,
    /// 最后更改它的版次:更改以它为准 / The edition that changed it last: what a change of it is based on
    edition: u32,
    /// 何人更改 / Whose account changed it
    by: Id,
    at: At,
}

/// 一个大类 / A category
#[derive(Serialize, ToSchema)]
struct CategoryOut {
    /// 大类的键 / Its key
    category: String,
    /// 适用的信息项 / Items that apply to the project
    apply: u32,
    /// 其中已填的 / Of these, filled in
    filled: u32,
    /// 本阶段应填的 / Required by the project's stage
    required: u32,
    /// 应填中已填的 / Of the required, filled in
    done: u32,
}

/// 哪一级 / Which level
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum LevelName {
    Village,
    Township,
    Department,
}

impl From<Level> for LevelName {
    fn from(level: Level) -> Self {
        match level {
            Level::Village => Self::Village,
            Level::Township => Self::Township,
            Level::Department => Self::Department,
        }
    }
}

/// 审核签署,或退回 / A signature, or that something was given back
#[derive(Serialize, ToSchema)]
struct SignatureOut {
    /// 大类的键 / Key of the category
    category: String,
    level: LevelName,
    /// 退回的理由;签署的没有 / Why it was given back; none where it was signed
    returned: Option<String>,
    /// 所看的版次 / The edition that was looked at
    edition: u32,
    /// 何人 / Whose account
    by: Id,
    at: At,
    /// 之后又有改动 / Something was changed after
    changed_after: bool,
    /// 仍然有效 / It vouches for what stands there
    stands: bool,
}

impl ProjectOut {
    pub fn of(filing: &crate::filing::Filing, page: &ProjectPage) -> Self {
        let own = filing.sheets[0].table.as_str();
        let lists = page.filed.lists.iter().map(|(list, rows)| {
            let rows = rows.iter().map(|(row, cells)| RowOut {
                row: *row,
                cells: CellsOut::of(filing, list, cells, page),
            });
            (list.clone(), rows.collect())
        });
        let items = page.items.iter().map(|(item, standing)| ItemOut {
            item: item.clone(),
            edition: standing.edition,
            by: Id(standing.by),
            at: At(standing.at),
        });
        let categories = page
            .progress
            .iter()
            .map(|(category, progress)| CategoryOut {
                category: category.clone(),
                apply: progress.apply,
                filled: progress.filled,
                required: progress.required,
                done: progress.done,
            });
        let signatures = page.signatures.iter().map(|signature| SignatureOut {
            category: signature.category.clone(),
            level: signature.level.into(),
            returned: signature.returned.clone(),
            edition: signature.edition,
            by: Id(signature.by),
            at: At(signature.at),
            changed_after: signature.changed_after,
            stands: signature.stands,
        });
        Self {
            line: ProjectLine::of(&page.row),
            own: CellsOut::of(filing, own, &page.filed.fields, page),
            lists: lists.collect(),
            items: items.collect(),
            categories: categories.collect(),
            signatures: signatures.collect(),
        }
    }
}

async fn one(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
) -> Result<Json<ProjectOut>, Problem> {
    let (page, declared) = read(&site, &scene, &asked.params)?;
    Ok(Json(ProjectOut::of(&declared.filing, &page)))
}
