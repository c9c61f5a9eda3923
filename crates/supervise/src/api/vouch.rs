//! Vouching: a category is handed in, signed for the township or the department, or given back.

use axum::{Extension, Json};
use kandeng_platform::api::{CommandId, Done, Operation, Operations, Said};
use kandeng_platform::authority::Action;
use kandeng_platform::page::{Asked, Problem, Site};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{DONE, carry_out};
use crate::pages::project::{of, of_path};
use crate::project::{Level, Project, ReturnCategory, SignCategory, SubmitCategory};
use crate::scene::Supervise;

pub(super) fn operations() -> Operations {
    let signing = |path, about| {
        Operation::command(path, about)
            .taking::<Signed>()
            .giving::<Done>(200, DONE)
    };
    Operations::new()
        .asks(
            signing(
                "/api/supervise/projects/{id}/categories/{category}/submit",
                "村级提交一个大类,并为之签署 / The village hands a category in, and vouches for it",
            ),
            Action::SubmitCategory,
            of_path,
            submit,
        )
        .asks(
            signing(
                "/api/supervise/projects/{id}/categories/{category}/review",
                "乡镇审核签署 / The township signs it",
            ),
            Action::ReviewCategory,
            of_path,
            review,
        )
        .asks(
            signing(
                "/api/supervise/projects/{id}/categories/{category}/accept",
                "主管部门验收签署 / The line department signs it",
            ),
            Action::AcceptCategory,
            of_path,
            accept,
        )
        .asks(
            Operation::command(
                "/api/supervise/projects/{id}/categories/{category}/return",
                "退回村级 / It is given back to the village",
            )
            .taking::<GivenBack>()
            .giving::<Done>(200, DONE),
            Action::ReturnCategory,
            of_path,
            give_back,
        )
}

/// 签署 / A signature
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "edition": 7 }))]
struct Signed {
    /// 所看的版次 / The edition that was looked at
    edition: u32,
}

/// 退回 / That it is given back
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "edition": 7, "level": "township", "reason": "面积与合同不符" }))]
struct GivenBack {
    /// 所看的版次 / The edition that was looked at
    edition: u32,
    level: Above,
    /// 理由 / Why
    #[schema(min_length = 1, max_length = 2000)]
    reason: String,
}

/// 村级以上的一级 / A level above the village
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Above {
    Township,
    Department,
}

async fn submit(
    site: Site,
    asked: Asked,
    command: CommandId,
    Extension(scene): Extension<Supervise>,
    Said(signed): Said<Signed>,
) -> Result<Json<Done>, Problem> {
    let of = of(&site, &asked, &scene)?;
    let what = SubmitCategory {
        filing: of.declared.filing.clone(),
        category: of.category.key.clone(),
        edition: signed.edition,
        looked: of.looked(),
    };
    let id = of.page.row.id;
    Ok(Json(
        carry_out::<Project, _>(&site, &asked, command, id, what).await?,
    ))
}

async fn sign(
    site: &Site,
    asked: &Asked,
    command: CommandId,
    scene: &Supervise,
    level: Level,
    edition: u32,
) -> Result<Json<Done>, Problem> {
    let of = of(site, asked, scene)?;
    let what = SignCategory {
        filing: of.declared.filing.clone(),
        category: of.category.key.clone(),
        level,
        edition,
        looked: of.looked(),
    };
    let id = of.page.row.id;
    Ok(Json(
        carry_out::<Project, _>(site, asked, command, id, what).await?,
    ))
}

async fn review(
    site: Site,
    asked: Asked,
    command: CommandId,
    Extension(scene): Extension<Supervise>,
    Said(signed): Said<Signed>,
) -> Result<Json<Done>, Problem> {
    let edition = signed.edition;
    sign(&site, &asked, command, &scene, Level::Township, edition).await
}

async fn accept(
    site: Site,
    asked: Asked,
    command: CommandId,
    Extension(scene): Extension<Supervise>,
    Said(signed): Said<Signed>,
) -> Result<Json<Done>, Problem> {
    let edition = signed.edition;
    sign(&site, &asked, command, &scene, Level::Department, edition).await
}

async fn give_back(
    site: Site,
    asked: Asked,
    command: CommandId,
    Extension(scene): Extension<Supervise>,
    Said(back): Said<GivenBack>,
) -> Result<Json<Done>, Problem> {
    // Only for a level that the viewer may act for.
    let (level, action) = match back.level {
        Above::Township => (Level::Township, Action::ReviewCategory),
        Above::Department => (Level::Department, Action::AcceptCategory),
    };
    if !site.authority().may(&asked.viewer, action, &asked.resource) {
        return Err(Problem::not_found());
    }
    let of = of(&site, &asked, &scene)?;
    let what = ReturnCategory {
        filing: of.declared.filing.clone(),
        category: of.category.key.clone(),
        level,
        edition: back.edition,
        reason: back.reason,
    };
    let id = of.page.row.id;
    Ok(Json(
        carry_out::<Project, _>(&site, &asked, command, id, what).await?,
    ))
}
