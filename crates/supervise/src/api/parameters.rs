//! Parameters of rules: what another value would change, and setting it, for the whole county.

use axum::{Extension, Json};
use kandeng_platform::Refusal;
use kandeng_platform::account::Viewer;
use kandeng_platform::api::{CommandId, Done, MOST_COMMAND, Operation, Operations, Said};
use kandeng_platform::authority::{Action, Resource};
use kandeng_platform::page::{Asked, MOST_TIME, Params, Problem, Site};
use kandeng_screening::pack::Param;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::DONE;
use crate::officer::{Parameters, SetParameter, parameters, parameters_id};
use crate::pages::rules::parameter::tried;
use crate::scene::Supervise;
use crate::watch::{Decided, Preview};

pub(super) fn operations() -> Operations {
    // A parameter is the whole county's: whoever answers for a township changes none.
    let county =
        |site: &Site, _: &Viewer, _: &Params| Ok(Some(Resource::desk(site.jurisdiction())));
    Operations::new()
        .asks(
            Operation::new(
                axum::http::Method::POST,
                "/api/supervise/rules/{rule}/preview",
                "另一个值会改变什么,不保存 / What another value would change; nothing is saved",
            )
            .taking::<Tried>()
            .giving::<WouldChange>(200, "会改变什么 / What it would change"),
            Action::ChangeParameters,
            county,
            preview,
        )
        .up_to(MOST_COMMAND, MOST_TIME)
        .asks(
            Operation::command(
                "/api/supervise/rules/{rule}/parameter",
                "改动参数;规则不能用的值不保存 / Give a parameter another value; one that the rule cannot run with is refused",
            )
            .taking::<Set>()
            .giving::<Done>(200, DONE),
            Action::ChangeParameters,
            county,
            set,
        )
        .up_to(MOST_COMMAND, MOST_TIME)
}

/// 试用的值 / A value to try
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "tolerance", "value": "0.2" }))]
struct Tried {
    /// 参数的名称 / Name of the parameter
    #[schema(min_length = 1, max_length = 60)]
    name: String,
    /// 值,写法与现在的值相同 / A value, written as the present one is
    #[schema(min_length = 1, max_length = 200)]
    value: String,
}

/// 会改变什么 / What a value would change
#[derive(Serialize, ToSchema)]
struct WouldChange {
    /// 会多出的疑点 / Flags that would come
    appear: u64,
    /// 会消失的 / Flags that would go
    vanish: u64,
    /// 不变的 / Flags that would stay
    stay: u64,
    /// 对会消失的,以往的认定 / What was decided so far on those that would go
    decided_on_vanish: DecidedOn,
    /// 对不变的,以往的认定 / What was decided so far on those that would stay
    decided_on_stay: DecidedOn,
}

/// 以往的认定 / What was decided
#[derive(Serialize, ToSchema)]
struct DecidedOn {
    /// 属实 / So many were so
    confirmed: u64,
    /// 已排除 / There was nothing to so many
    dismissed: u64,
}

impl From<Decided> for DecidedOn {
    fn from(decided: Decided) -> Self {
        Self {
            confirmed: decided.confirmed as u64,
            dismissed: decided.dismissed as u64,
        }
    }
}

/// 新的值 / A value to set
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "tolerance", "was": "0.15", "value": "0.2", "reason": "测量误差较大" }))]
struct Set {
    /// 参数的名称 / Name of the parameter
    #[schema(min_length = 1, max_length = 60)]
    name: String,
    /// 所见的现在的值;已被他人改动则拒绝 / The value that was seen; where somebody else has changed it, it is refused
    #[schema(min_length = 1, max_length = 200)]
    was: String,
    /// 新的值 / The value from now on
    #[schema(min_length = 1, max_length = 200)]
    value: String,
    /// 理由 / Why
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// The default of a parameter, and the value that was said.
fn value_of(
    site: &Site,
    scene: &Supervise,
    rule: &str,
    name: &str,
    value: &str,
) -> Result<(Param, Param), Problem> {
    let pack = scene.pack(site)?;
    let rule = pack.rules.iter().find(|known| known.id == rule);
    let default = rule.and_then(|rule| rule.params.get(name));
    let default = default.ok_or_else(Problem::not_found)?.clone();
    let value = parameters::read(&default, value);
    let value = value.map_err(|refusal| Problem::from(refusal).with("field", "/value".into()))?;
    Ok((default, value))
}

/// What it would change; a refusal where the rule cannot run with it.
async fn try_it(
    site: &Site,
    scene: &Supervise,
    asked: &Asked,
    (name, value): (&str, &Param),
) -> Result<Preview, Problem> {
    let rule = asked.params.get("rule").unwrap_or_default();
    let found = tried(site, scene, asked, rule, name, value).await?;
    found.ok_or_else(|| {
        let refusal = Refusal::new(
            "rule-cannot-run",
            "规则不能用这个值",
            "the rule cannot run with this value",
        );
        Problem::from(refusal).with("field", "/value".into())
    })
}

async fn preview(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Said(said): Said<Tried>,
) -> Result<Json<WouldChange>, Problem> {
    let rule = asked.params.get("rule").unwrap_or_default();
    let (_, value) = value_of(&site, &scene, rule, &said.name, &said.value)?;
    let found = try_it(&site, &scene, &asked, (&said.name, &value)).await?;
    Ok(Json(WouldChange {
        appear: found.appear.len() as u64,
        vanish: found.vanish.len() as u64,
        stay: found.stay as u64,
        decided_on_vanish: found.decided_on_vanish.into(),
        decided_on_stay: found.decided_on_stay.into(),
    }))
}

async fn set(
    site: Site,
    asked: Asked,
    command: CommandId,
    Extension(scene): Extension<Supervise>,
    Said(said): Said<Set>,
) -> Result<Json<Done>, Problem> {
    let rule = asked.params.get("rule").unwrap_or_default();
    let (default, to) = value_of(&site, &scene, rule, &said.name, &said.value)?;
    // Before it is saved: a value that the rule cannot run with must not get that far.
    try_it(&site, &scene, &asked, (&said.name, &to)).await?;
    let what = SetParameter {
        rule: rule.to_owned(),
        name: said.name,
        default,
        seen: said.was,
        to,
        reason: said.reason,
    };
    let cx = command.context(&site, &asked.viewer, site.jurisdiction());
    let answer = site.platform();
    let answer = answer.carry_out::<Parameters, _>(parameters_id(), what, &cx);
    Ok(Json(Done::from(&answer.await?)))
}
