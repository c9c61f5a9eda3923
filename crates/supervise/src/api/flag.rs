//! One flag, with why: what was compared, by which rule, how often that rule was right, the rows on both sides.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use axum::{Extension, Json};
use kandeng_platform::api::{Both, Id, Operation, Operations};
use kandeng_platform::authority::Action;
use kandeng_platform::flag::Tally;
use kandeng_platform::page::{Asked, Problem, Site};
use kandeng_screening::pack::{Audience, Param, Rule};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::id;
use super::queue::FlagLine;
use super::reason::{REASON, SAYS_WHY, reason_of};
use crate::officer::parameters;
use crate::pages::desk::compared::{Side, sides};
use crate::pages::desk::flag::{newest_case, related, tallies, traced};
use crate::pages::desk::{flag_of, of_path};
use crate::pages::rules::sql_of;
use crate::pages::telling::InBoth;
use crate::pages::words;
use crate::project::id_of_code;
use crate::scene::Supervise;

pub(super) fn operations() -> Operations {
    Operations::new().asks(
        Operation::read(
            "/api/supervise/flags/{id}",
            "一个疑点及其依据;查阅会留痕,不承办者须先说明理由(403 `reason-needed`) / One flag, and why; reading it leaves a trace, and \
             whoever does not work on doubts of the place says why (403 `reason-needed`)",
        )
        .heading(REASON, SAYS_WHY)
        .giving::<FlagOut>(200, "疑点 / The flag"),
        Action::ViewFlag,
        of_path,
        one,
    )
}

/// 一个疑点及其依据 / One flag, and why
#[derive(Serialize, ToSchema)]
struct FlagOut {
    #[serde(flatten)]
    line: FlagLine,
    /// 对象的种类,如 `project` / What it is about, such as `project`
    subject_kind: String,
    /// 对象;项目的为项目编码 / About which; of a project, its code
    subject: String,
    /// 项目的编号 / The id of the project
    project: Option<Id>,
    /// 排除的理由 / Why it was dismissed
    dismissal: Option<String>,
    /// 有人建议这样排除 / Somebody would dismiss it so
    proposal: Option<Proposal>,
    /// 因缺少信息而不能再比对 / Why it can be compared no more
    not_applicable: Option<Both>,
    /// 比对的数字(涉及登记册的只在办件中):名称 → 值;`_fen` 是分,`_m2` 是平方米,`_share` 是比例 / The figures that were compared: name → value; `_fen` in fen,
    /// `_m2` in square metres, `_share` as a share
    figures: BTreeMap<String, Figure>,
    /// 相关的其他项目,限于请求者可看的 / Other projects that are part of it, as far as whoever asks may read them
    related: Vec<Related>,
    /// 双方现在的填报 / The rows on both sides, as they are filed now
    sides: Vec<SideOut>,
    about: Option<RuleOf>,
    /// 最近的办件 / The case that was opened last about it
    case: Option<Id>,
}

/// 一个数字 / A figure
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Figure {
    Number(f64),
    Text(String),
    Truth(bool),
    Several(Vec<String>),
}

impl Figure {
    fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Number(number) => Self::Number(number.as_f64()?),
            Value::String(text) => Self::Text(text.clone()),
            Value::Bool(truth) => Self::Truth(*truth),
            Value::Array(all) => Self::Several(
                all.iter()
                    .map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned))
                    .collect(),
            ),
            _ => return None,
        })
    }
}

/// 排除的建议 / That somebody would dismiss it
#[derive(Serialize, ToSchema)]
struct Proposal {
    /// 理由 / Why
    reason: String,
    /// 何人 / Whose account
    by: Id,
}

/// 相关的项目 / Another project
#[derive(Serialize, ToSchema)]
struct Related {
    project: Option<Id>,
    code: String,
}

/// 一方的填报 / What one side has filed
#[derive(Serialize, ToSchema)]
struct SideOut {
    code: String,
    name: String,
    tables: Vec<SideTable>,
}

/// 一方的一张表 / Its rows in one table
#[derive(Serialize, ToSchema)]
struct SideTable {
    name: String,
    /// 列名,及规则是否比对它 / Headers, and whether the rule compares the column
    columns: Vec<Header>,
    rows: Vec<Vec<CellOut>>,
    /// 没有列出的行数 / Rows that are not listed
    more: u64,
}

/// 列名 / A header
#[derive(Serialize, ToSchema)]
struct Header {
    name: String,
    compared: bool,
}

/// 一格 / A cell
#[derive(Serialize, ToSchema)]
struct CellOut {
    text: String,
    /// 另一方同一列也是这个 / The same stands on another side, in the same column
    same: bool,
}

impl From<Side> for SideOut {
    fn from(side: Side) -> Self {
        let tables = side.tables.into_iter().map(|table| SideTable {
            name: table.name,
            columns: (table.columns.into_iter())
                .map(|(name, compared)| Header { name, compared })
                .collect(),
            rows: (table.rows.into_iter())
                .map(|row| {
                    let cells = row.into_iter().map(|cell| CellOut {
                        text: cell.text,
                        same: cell.same,
                    });
                    cells.collect()
                })
                .collect(),
            more: table.more as u64,
        });
        Self {
            code: side.code,
            name: side.name,
            tables: tables.collect(),
        }
    }
}

/// 规则怎么说自己 / What the rule says of itself
#[derive(Serialize, ToSchema)]
struct RuleOf {
    title: Both,
    /// 怎么比对 / How it compares
    method: Both,
    /// 为什么 / Why that is a doubt
    why: Both,
    /// 依据 / On what basis
    basis: Both,
    /// 不包括哪些 / What it leaves out
    excludes: Both,
    /// 规则的查询,可看规则者才有 / Its query, for whoever may see rules
    sql: Option<String>,
    /// 参数的名称 → 值,可看规则者才有 / Name of a parameter → its value, for whoever may see rules
    parameters: BTreeMap<String, String>,
    /// 有结论的疑点中属实的 / Of the flags with a verdict, those that were right
    right: u32,
    /// 有结论的疑点 / The flags with a verdict
    decided: u32,
    /// 抽取者的 95% 区间,下限 / Low end of the 95 % interval over those that were drawn
    low: Option<f64>,
    /// 上限 / Its high end
    high: Option<f64>,
}

pub(super) fn both(text: &kandeng_screening::Text) -> Both {
    Both {
        zh: text.zh.clone(),
        en: text.en.clone(),
    }
}

async fn one(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    headers: HeaderMap,
) -> Result<Json<FlagOut>, Problem> {
    let reason = reason_of(&headers)?;
    // Before anything is shown.
    if !traced(&site, &asked, reason.as_deref()).await? {
        return Err(Problem::reason_needed().with("field", REASON.into()));
    }
    let viewer = &asked.viewer;
    let words = words(viewer.language);
    let (flag, _) = flag_of(&site, id(&asked))?.ok_or_else(Problem::not_found)?;
    let filing = scene.newest(&site)?.filing;
    let pack = scene.pack(&site)?;
    let rule = pack.rules.iter().find(|rule| rule.id == flag.rule);
    let related = related(&site, viewer, &flag)?;
    let sides = match rule {
        Some(rule) => sides(&site, words, &filing, (&pack, rule), &flag, &related)?,
        None => Vec::new(),
    };
    let sees_sql = site.widest(viewer, Action::ViewRules).is_some();
    let set = if sees_sql {
        site.platform()
            .query(|connection| parameters::of(connection, &pack))?
    } else {
        BTreeMap::new()
    };
    let project = if flag.subject_kind == "project" {
        site.platform()
            .query(|connection| id_of_code(connection, &flag.subject))?
    } else {
        None
    };
    // Those that people have a word for: others may point at somebody.
    let telling = InBoth::new(&site, &scene)?;
    let figures = flag.figures.iter().filter_map(|(name, value)| {
        if telling.is_confided(&flag.rule) {
            return None;
        }
        words.known(&format!("figure-{name}"))?;
        Some((name.clone(), Figure::of(value)?))
    });
    let case = newest_case(&site, &flag)?;
    Ok(Json(FlagOut {
        subject_kind: flag.subject_kind.clone(),
        subject: flag.subject.clone(),
        project: project.map(Id),
        dismissal: flag.dismissal.clone(),
        proposal: flag
            .proposed
            .clone()
            .map(|(reason, by)| Proposal { reason, by: Id(by) }),
        not_applicable: flag.not_applicable.clone().map(|(zh, en)| Both { zh, en }),
        figures: figures.collect(),
        related: (related.into_iter())
            .map(|(id, code)| Related {
                project: Uuid::try_parse(&id).ok().map(Id),
                code,
            })
            .collect(),
        sides: sides.into_iter().map(SideOut::from).collect(),
        about: match rule {
            Some(rule) => Some(about(&site, rule, &set, sees_sql)?),
            None => None,
        },
        case: case.and_then(|id| Uuid::try_parse(&id).ok()).map(Id),
        line: FlagLine::of(&flag, &telling),
    }))
}

fn about(
    site: &Site,
    rule: &Rule,
    set: &BTreeMap<(String, String), Param>,
    sees_sql: bool,
) -> Result<RuleOf, Problem> {
    let by_filers = rule.audience != Audience::Officer;
    let (tally, drawn): (Tally, Tally) = tallies(site, &rule.id)?;
    let (right, decided) = tally.right_of(by_filers);
    let (low, high) = drawn.interval(by_filers).unzip();
    let parameters = rule.params.iter().filter(|_| sees_sql);
    let parameters = parameters.map(|(name, default)| {
        let value = set.get(&(rule.id.clone(), name.clone()));
        (name.clone(), parameters::written(value.unwrap_or(default)))
    });
    Ok(RuleOf {
        title: both(&rule.texts.title),
        method: both(&rule.texts.method),
        why: both(&rule.texts.why),
        basis: both(&rule.texts.basis),
        excludes: both(&rule.texts.excludes),
        sql: sees_sql.then(|| sql_of(rule)),
        parameters: parameters.collect(),
        right,
        decided,
        low,
        high,
    })
}
