//! A project moves to another stage, or is withdrawn.

use axum::Extension;
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::page::{Asked, Form, Problem, Site, told};
use serde::Deserialize;

use super::read;
use crate::project::{MoveStage, Project, WithdrawProject};
use crate::scene::Supervise;

/// A stage to move to.
#[derive(Deserialize)]
pub(super) struct ToStage {
    stage: String,
    #[serde(default)]
    reason: String,
}

pub(super) async fn stage(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Form(to): Form<ToStage>,
) -> Result<Response, Problem> {
    let (page, declared) = read(&site, &scene, &asked.params)?;
    let reason = to.reason.trim();
    let command = MoveStage {
        filing: declared.filing,
        stage: to.stage,
        reason: (!reason.is_empty()).then(|| reason.to_owned()),
    };
    let cx = site.context(&asked.viewer, &asked.resource.jurisdiction);
    site.platform()
        .carry_out::<Project, _>(page.row.id, command, &cx)
        .await?;
    let to = format!("/supervise/projects/{}", page.row.id);
    Ok(told(Redirect::to(&to).into_response(), "saved"))
}

/// Why a project is withdrawn.
#[derive(Deserialize)]
pub(super) struct Why {
    reason: String,
}

pub(super) async fn withdraw(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Form(why): Form<Why>,
) -> Result<Response, Problem> {
    let (page, _) = read(&site, &scene, &asked.params)?;
    let command = WithdrawProject {
        id: page.row.id,
        reason: why.reason,
    };
    let cx = site.context(&asked.viewer, &asked.resource.jurisdiction);
    site.platform()
        .carry_out::<Project, _>(page.row.id, command, &cx)
        .await?;
    Ok(told(
        Redirect::to("/supervise/projects").into_response(),
        "withdrawn",
    ))
}
