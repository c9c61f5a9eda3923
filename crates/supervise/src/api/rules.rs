//! The rules, by yield: what they say of themselves, how many flags they have open, how often they were right.

use std::collections::BTreeMap;

use axum::{Extension, Json};
use kandeng_platform::api::{At, Both, Id, Operation, Operations};
use kandeng_platform::authority::Action;
use kandeng_platform::flag::Tally;
use kandeng_platform::page::{Asked, Problem, Site};
use kandeng_screening::pack::{Audience, Rule};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::flag::both;
use super::queue::Severity;
use crate::officer::parameters;
use crate::pages::rules::{decided, sql_of};
use crate::scene::Supervise;

pub(super) fn operations() -> Operations {
    Operations::new()
        .asks(
            Operation::read(
                "/api/supervise/rules",
                "规则及其准确程度 / The rules, and how often they were right",
            )
            .giving::<Rules>(200, "规则 / The rules"),
            Action::ViewRules,
            |site, viewer, _| Ok(site.widest(viewer, Action::ViewRules)),
            listed,
        )
        .asks(
            Operation::read(
                "/api/supervise/rules/{rule}",
                "一条规则,及其参数和改动 / One rule, with its parameters and who changed them",
            )
            .giving::<RuleOut>(200, "规则 / The rule"),
            Action::ViewRules,
            |site, viewer, _| Ok(site.widest(viewer, Action::ViewRules)),
            one,
        )
}

/// 规则 / The rules
#[derive(Serialize, ToSchema)]
struct Rules {
    rules: Vec<RuleLine>,
}

/// 一条规则 / A rule
#[derive(Serialize, ToSchema)]
struct RuleLine {
    /// 编号 / Its id
    #[schema(example = "K17")]
    id: String,
    title: Both,
    severity: Severity,
    /// 填报人填报时也能看到 / Filers see it while they type
    for_filers: bool,
    /// 待核疑点 / Open flags
    open: u32,
    confirmed: u32,
    /// 填报已更正 / The filing was corrected
    filing_corrected: u32,
    /// 已说明 / There was a good reason
    explained: u32,
    /// 不属实 / There was nothing to it
    unfounded: u32,
    /// 重复 / Another flag said the same
    duplicate: u32,
    /// 准确率,0 到 1;还没有结论的没有 / How often it was right, from 0 to 1; none before the first verdict
    precision: Option<f64>,
    /// 抽取者的 95% 区间,下限 / Low end of the 95 % interval over those that were drawn
    low: Option<f64>,
    /// 上限 / Its high end
    high: Option<f64>,
}

impl RuleLine {
    fn of(rule: &Rule, tally: Tally, drawn: Tally, open: u32) -> Self {
        let for_filers = rule.audience != Audience::Officer;
        let (low, high) = drawn.interval(for_filers).unzip();
        Self {
            id: rule.id.clone(),
            title: both(&rule.texts.title),
            severity: Severity::of(rule.severity.name()),
            for_filers,
            open,
            confirmed: tally.confirmed,
            filing_corrected: tally.filing_corrected,
            explained: tally.explained,
            unfounded: tally.unfounded,
            duplicate: tally.duplicate,
            precision: tally.precision(for_filers),
            low,
            high,
        }
    }
}

async fn listed(
    site: Site,
    Extension(scene): Extension<Supervise>,
) -> Result<Json<Rules>, Problem> {
    let pack = scene.pack(&site)?;
    let counts = decided(&site)?;
    let of = |tallies: &BTreeMap<String, Tally>, rule: &Rule| {
        tallies.get(&rule.id).copied().unwrap_or_default()
    };
    let rules = pack.rules.iter().map(|rule| {
        let open = counts.open.get(&rule.id).copied().unwrap_or(0);
        RuleLine::of(rule, of(&counts.all, rule), of(&counts.drawn, rule), open)
    });
    Ok(Json(Rules {
        rules: rules.collect(),
    }))
}

/// 一条规则,及其参数 / One rule, with its parameters
#[derive(Serialize, ToSchema)]
struct RuleOut {
    #[serde(flatten)]
    line: RuleLine,
    /// 怎么比对 / How it compares
    method: Both,
    /// 为什么 / Why that is a doubt
    why: Both,
    /// 依据 / On what basis
    basis: Both,
    /// 不包括哪些 / What it leaves out
    excludes: Both,
    /// 查询 / Its query
    sql: String,
    parameters: Vec<ParameterOut>,
    /// 参数的改动,最新的在前 / Changes of its parameters, the newest first
    changes: Vec<ParameterChangeOut>,
}

/// 参数 / A parameter
#[derive(Serialize, ToSchema)]
struct ParameterOut {
    name: String,
    /// 现在的值 / Its value now
    value: String,
    /// 默认值 / Its default
    default: String,
}

/// 参数的一次改动 / That a parameter was changed
#[derive(Serialize, ToSchema)]
struct ParameterChangeOut {
    name: String,
    from: String,
    to: String,
    reason: String,
    /// 何人 / Whose account
    by: Id,
    at: At,
}

async fn one(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
) -> Result<Json<RuleOut>, Problem> {
    let pack = scene.pack(&site)?;
    let id = asked.params.get("rule").unwrap_or_default();
    let rule = pack.rules.iter().find(|rule| rule.id == id);
    let rule = rule.ok_or_else(Problem::not_found)?;
    let counts = decided(&site)?;
    let (set, changes) = site.platform().query(|connection| {
        Ok((
            parameters::of(connection, &pack)?,
            parameters::changes(connection, id)?,
        ))
    })?;
    let parameters = rule.params.iter().map(|(name, default)| {
        let set = set.get(&(rule.id.clone(), name.clone()));
        ParameterOut {
            name: name.clone(),
            value: parameters::written(set.unwrap_or(default)),
            default: parameters::written(default),
        }
    });
    let changes = changes.into_iter().map(|change| ParameterChangeOut {
        name: change.name,
        from: change.from,
        to: change.to,
        reason: change.reason,
        // Cannot fail to parse: the projection wrote it.
        by: Id(Uuid::try_parse(&change.by).unwrap_or_default()),
        at: At::of(change.at),
    });
    Ok(Json(RuleOut {
        line: RuleLine::of(
            rule,
            counts.all.get(id).copied().unwrap_or_default(),
            counts.drawn.get(id).copied().unwrap_or_default(),
            counts.open.get(id).copied().unwrap_or(0),
        ),
        method: both(&rule.texts.method),
        why: both(&rule.texts.why),
        basis: both(&rule.texts.basis),
        excludes: both(&rule.texts.excludes),
        sql: sql_of(rule),
        parameters: parameters.collect(),
        changes: changes.collect(),
    }))
}
