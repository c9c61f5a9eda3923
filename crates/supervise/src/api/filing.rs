//! Filing: a project is filed, its items are changed, it moves to another stage, it is withdrawn.

use std::collections::BTreeMap;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use kandeng_platform::api::{CommandId, Done, Operation, Operations, Said, born};
use kandeng_platform::authority::{Action, Resource};
use kandeng_platform::page::{Asked, MOST_TIME, Problem, Site};
use kandeng_platform::{CommandError, Refusal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::cells::{HeldItem, RowIn, edit};
use super::projects::ProjectLine;
use super::{DONE, carry_out};
use crate::filing::Filing;
use crate::pages::project::{MOST_FORM, moved_elsewhere, of_path, read, village_of};
use crate::pages::projects::where_one_files;
use crate::project::{
    ChangeItems, Edit, FileProject, Filed, Hiding, MoveStage, Project, ProjectPage,
    WithdrawProject, hide, page as page_of, versions_of,
};
use crate::scene::Supervise;

pub(super) fn operations() -> Operations {
    Operations::new()
        .asks(
            Operation::command("/api/supervise/projects", "填报一个新项目 / File a project")
                .taking::<NewProject>()
                .giving::<ProjectLine>(201, "已填报,`location` 是它的地址 / Filed; `location` is its address"),
            Action::FileProject,
            |site, viewer, _| Ok(where_one_files(site, viewer)),
            file,
        )
        .up_to(MOST_FORM, MOST_TIME)
        .asks(
            Operation::command(
                "/api/supervise/projects/{id}/items",
                "更改信息项:全部办理或全不办理 / Change items: all of it or nothing",
            )
            .taking::<Changes>()
            .giving::<Changed>(200, DONE)
            .giving::<Conflict>(
                409,
                "不能这样办;`changed-meanwhile`:他人先改了,`held` 是现在的内容 / It is refused; `changed-meanwhile`: somebody \
                 else was first, `held` is what stands there",
            ),
            Action::ChangeItems,
            of_path,
            change,
        )
        .up_to(MOST_FORM, MOST_TIME)
        .asks(
            Operation::command("/api/supervise/projects/{id}/stage", "转到某一阶段 / Move to a stage")
                .taking::<ToStage>()
                .giving::<Done>(200, DONE),
            Action::ChangeItems,
            of_path,
            stage,
        )
        .asks(
            Operation::command(
                "/api/supervise/projects/{id}/withdraw",
                "撤回误报的项目 / Withdraw a project that was filed in error",
            )
            .taking::<Why>()
            .giving::<Done>(200, DONE),
            Action::WithdrawProject,
            of_path,
            withdraw,
        )
}

/// 新项目 / A new project
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "code": "99012120260001",
    "fields": { "name": "三组产业路硬化", "kind": "infrastructure", "village_code": "990121003201" }
}))]
struct NewProject {
    /// 项目编码 / The project's code
    #[schema(min_length = 1, max_length = 64)]
    code: String,
    /// 阶段的键;不写则按所填信息项判断 / Key of the stage; where none is said, its items show it
    #[schema(min_length = 1, max_length = 60)]
    stage: Option<String>,
    /// 列的键 → 填写的文字;不写 `village_code` 则归填报人的辖区 / Key of the column → what is typed; without `village_code` the
    /// project lies with whoever files it
    fields: Option<BTreeMap<String, Option<String>>>,
    #[schema(max_items = 20_000)]
    rows: Option<Vec<RowIn>>,
}

async fn file(
    site: Site,
    asked: Asked,
    command: CommandId,
    Extension(scene): Extension<Supervise>,
    Said(new): Said<NewProject>,
) -> Result<Response, Problem> {
    let declared = scene.newest(&site)?;
    let edit = edit(&declared.filing, new.fields, new.rows)?;
    // A project is filed where its village lies, and by whoever may file there.
    let place = village_of(&edit).unwrap_or_else(|| asked.resource.jurisdiction.clone());
    let there = Resource::new_project(&place);
    let authority = site.authority();
    if !authority.may(&asked.viewer, Action::FileProject, &there) {
        return Err(village_elsewhere());
    }
    let (edit, people) = hidden(
        &site,
        &scene,
        &declared.filing,
        &new.code,
        (&Filed::default(), &[]),
        edit,
    )?;
    let id = site.platform().new_id();
    let what = FileProject {
        id,
        filing: declared.filing.clone(),
        declaration: declared.version,
        code: new.code,
        stage: new.stage,
        edit,
        people,
        file: None,
    };
    let cx = command.context(&site, &asked.viewer, &place);
    let answer = site.platform().carry_out::<Project, _>(id, what, &cx);
    let answer = answer.await?;
    let id = born(&site, &answer, "project")?;
    let page = site
        .platform()
        .query(|connection| page_of(connection, &declared.filing, id))?;
    let page = page.ok_or_else(Problem::not_found)?;
    let mut made = (StatusCode::CREATED, Json(ProjectLine::of(&page.row))).into_response();
    // Cannot fail: it is made of letters and digits.
    if let Ok(to) = HeaderValue::from_str(&format!("/api/supervise/projects/{id}")) {
        made.headers_mut().insert(header::LOCATION, to);
    }
    Ok(made)
}

fn village_elsewhere() -> Problem {
    let refusal = Refusal::new(
        "village-elsewhere",
        "这个村不在你可填报的辖区内",
        "that village is not within the jurisdiction in which you may file",
    );
    Problem::from(refusal).with("field", "/fields/village_code".into())
}

/// The edit with what is personal in it hidden, and the people whom it names.
fn hidden(
    site: &Site,
    scene: &Supervise,
    filing: &Filing,
    code: &str,
    (held, people): (&Filed, &[Uuid]),
    edit: Edit,
) -> Result<(Edit, BTreeMap<Uuid, Uuid>), CommandError> {
    let mut hiding = Hiding::new(site.platform(), scene.vault(), scene.key());
    hide(&mut hiding, filing, code, held, people, edit)
}

/// 更改 / What changes
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "based_on": { "approved_budget": 3 }, "fields": { "approved_budget": "610000" },
    "rows": [{ "list": "payments", "cells": { "amount": "12000", "voucher": "PZ-2" } }]
}))]
struct Changes {
    /// 信息项的键 → 所见的版次;没填过的不写 / Key of the item → the edition that was seen; none for what was never filled in
    based_on: Option<BTreeMap<String, u32>>,
    /// 列的键 → 填写的文字;null 清空 / Key of the column → what is typed; null to empty it
    fields: Option<BTreeMap<String, Option<String>>>,
    #[schema(max_items = 20_000)]
    rows: Option<Vec<RowIn>>,
}

/// 更改的结果 / What came of a change
#[derive(Serialize, ToSchema)]
struct Changed {
    #[serde(flatten)]
    done: Done,
    /// 填报现在的版次 / The edition of the filing now
    edition: u32,
    /// 信息项的键 → 现在的版次:下一次更改以它为准 / Key of the item → its edition now: what the next change is based on
    items: BTreeMap<String, u32>,
}

/// 没有办:他人先改了 / It was refused: somebody else was first
#[derive(Serialize, ToSchema)]
#[allow(dead_code, reason = "it describes what the server writes")]
struct Conflict {
    r#type: String,
    title: String,
    status: u16,
    detail: String,
    instance: String,
    /// 哪个字段有问题 / Which field is wrong
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// 他人先填的 / What somebody else has filled in
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<Vec<HeldItem>>,
}

async fn change(
    site: Site,
    asked: Asked,
    command: CommandId,
    Extension(scene): Extension<Supervise>,
    Said(changes): Said<Changes>,
) -> Result<Json<Changed>, Problem> {
    let (page, declared) = read(&site, &scene, &asked.params)?;
    let filing = &declared.filing;
    let based_on = changes.based_on.unwrap_or_default();
    let edit = edit(filing, changes.fields, changes.rows)?;
    if moved_elsewhere(&site, &asked.viewer, &asked.resource, &edit) {
        return Err(village_elsewhere());
    }
    let touched = edit.items(filing, &page.filed);
    let (edit, people) = hidden(
        &site,
        &scene,
        filing,
        &page.row.code,
        (&page.filed, &page.order()),
        edit,
    )?;
    let what = ChangeItems {
        filing: filing.clone(),
        based_on: based_on.clone(),
        edit,
        people,
        file: None,
    };
    let cx = command.context(&site, &asked.viewer, &asked.resource.jurisdiction);
    let answer = site
        .platform()
        .carry_out::<Project, _>(page.row.id, what, &cx);
    let answer = match answer.await {
        Ok(answer) => answer,
        Err(CommandError::Refused(refusal)) if refusal.code == "changed-meanwhile" => {
            let seen = touched.into_iter().map(|item| {
                let edition = based_on.get(&item).copied().unwrap_or(0);
                (item, edition)
            });
            let held = held(&site, filing, &page, seen.collect())?;
            return Err(Problem::from(refusal).with("held", held));
        }
        Err(error) => return Err(error.into()),
    };
    let (after, _) = read(&site, &scene, &asked.params)?;
    Ok(Json(Changed {
        done: Done::from(&answer),
        edition: after.row.edition,
        items: after.based_on(),
    }))
}

/// What stands there by now of the items that somebody else was first to change.
fn held(
    site: &Site,
    filing: &Filing,
    page: &ProjectPage,
    seen: BTreeMap<String, u32>,
) -> Result<serde_json::Value, Problem> {
    let held = site
        .platform()
        .query(|connection| versions_of(connection, filing, page.row.id, &seen))?;
    let held: Vec<HeldItem> = held.iter().map(|held| HeldItem::of(filing, held)).collect();
    serde_json::to_value(held).map_err(|error| Problem::fault(&error))
}

/// 转到的阶段 / A stage to move to
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "stage": "building" }))]
struct ToStage {
    /// 阶段的键 / Key of the stage
    #[schema(min_length = 1, max_length = 60)]
    stage: String,
    /// 退回前一阶段的理由 / Why, where it goes back
    #[schema(max_length = 2000)]
    reason: Option<String>,
}

async fn stage(
    site: Site,
    asked: Asked,
    command: CommandId,
    Extension(scene): Extension<Supervise>,
    Said(to): Said<ToStage>,
) -> Result<Json<Done>, Problem> {
    let (page, declared) = read(&site, &scene, &asked.params)?;
    let what = MoveStage {
        filing: declared.filing,
        stage: to.stage,
        reason: to.reason,
    };
    let id = page.row.id;
    Ok(Json(
        carry_out::<Project, _>(&site, &asked, command, id, what).await?,
    ))
}

/// 理由 / A reason
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "重复填报" }))]
pub(super) struct Why {
    #[schema(min_length = 1, max_length = 2000)]
    pub reason: String,
}

async fn withdraw(
    site: Site,
    asked: Asked,
    command: CommandId,
    Extension(scene): Extension<Supervise>,
    Said(why): Said<Why>,
) -> Result<Json<Done>, Problem> {
    let (page, _) = read(&site, &scene, &asked.params)?;
    let id = page.row.id;
    let what = WithdrawProject {
        id,
        reason: why.reason,
    };
    Ok(Json(
        carry_out::<Project, _>(&site, &asked, command, id, what).await?,
    ))
}
