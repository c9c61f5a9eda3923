//! Views of the queue that somebody keeps: theirs alone.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use kandeng_platform::account::Viewer;
use kandeng_platform::api::{CommandId, Done, Id, Operation, Operations, Said};
use kandeng_platform::authority::Action;
use kandeng_platform::page::{Asked, Params, Problem, Site};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{DONE, carry_out, id};
use crate::officer::{DeleteView, KeepView, RenameView, Views, views};
use crate::pages::desk::views::of_path;

pub(super) fn operations() -> Operations {
    let desk =
        |site: &Site, viewer: &Viewer, _: &Params| Ok(site.widest(viewer, Action::KeepViews));
    Operations::new()
        .asks(
            Operation::read(
                "/api/supervise/views",
                "自己保存的视图 / Views of the queue that one keeps",
            )
            .giving::<ViewsOut>(200, "视图 / The views"),
            Action::KeepViews,
            desk,
            listed,
        )
        .asks(
            Operation::command(
                "/api/supervise/views",
                "保存一个视图,至多 20 个 / Keep a view: 20 at most",
            )
            .taking::<NewView>()
            .giving::<ViewOut>(201, "已保存 / It is kept"),
            Action::KeepViews,
            desk,
            keep,
        )
        .asks(
            Operation::command(
                "/api/supervise/views/{id}/rename",
                "改名 / Call it otherwise",
            )
            .taking::<Name>()
            .giving::<Done>(200, DONE),
            Action::KeepViews,
            of_path,
            rename,
        )
        .asks(
            Operation::new(
                Method::DELETE,
                "/api/supervise/views/{id}",
                "不再保存 / Keep it no longer",
            )
            .repeatable()
            .giving_nothing("已删除 / It is gone"),
            Action::KeepViews,
            of_path,
            delete,
        )
}

/// 视图 / Views
#[derive(Serialize, ToSchema)]
struct ViewsOut {
    views: Vec<ViewOut>,
}

/// 一个视图 / A view
#[derive(Serialize, ToSchema)]
struct ViewOut {
    id: Id,
    name: String,
    /// 页面上的筛选:名称 → 值 / Filters of the page: name → value
    #[schema(example = json!({ "severity": "high", "place": "990121100" }))]
    filters: BTreeMap<String, String>,
}

async fn listed(site: Site, viewer: Viewer) -> Result<Json<ViewsOut>, Problem> {
    let views = site
        .platform()
        .query(|connection| views::of(connection, viewer.account))?;
    let views = views.into_iter().map(|view| ViewOut {
        // Cannot fail to parse: the projection wrote it.
        id: Id(Uuid::try_parse(&view.id).unwrap_or_default()),
        name: view.name,
        filters: view.filters,
    });
    Ok(Json(ViewsOut {
        views: views.collect(),
    }))
}

/// 要保存的视图 / A view to keep
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "重大", "filters": { "severity": "high" } }))]
struct NewView {
    #[schema(min_length = 1, max_length = 40)]
    name: String,
    filters: Filters,
}

/// 页面上的筛选 / Filters, as the page has them
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Filters {
    #[schema(max_length = 12)]
    place: Option<String>,
    #[schema(max_length = 20)]
    rule: Option<String>,
    #[schema(max_length = 60)]
    stage: Option<String>,
    #[schema(max_length = 4)]
    year: Option<String>,
    #[schema(max_length = 10)]
    severity: Option<String>,
    /// 元 / Yuan
    #[schema(max_length = 20)]
    from: Option<String>,
    /// 元 / Yuan
    #[schema(max_length = 20)]
    to: Option<String>,
    #[schema(max_length = 10)]
    state: Option<String>,
}

impl Filters {
    fn set(self) -> BTreeMap<String, String> {
        let all = [
            ("place", self.place),
            ("rule", self.rule),
            ("stage", self.stage),
            ("year", self.year),
            ("severity", self.severity),
            ("from", self.from),
            ("to", self.to),
            ("state", self.state),
        ];
        let set = all.into_iter().filter_map(|(name, value)| {
            let value = value?.trim().to_owned();
            (!value.is_empty()).then(|| (name.to_owned(), value))
        });
        set.collect()
    }
}

async fn keep(
    site: Site,
    asked: Asked,
    command: CommandId,
    Said(new): Said<NewView>,
) -> Result<Response, Problem> {
    let (name, filters) = (new.name, new.filters.set());
    let what = KeepView {
        id: site.platform().new_id(),
        name: name.clone(),
        filters,
    };
    carry_out::<Views, _>(&site, &asked, command, asked.viewer.account, what).await?;
    // By its name, which no other of theirs has: the command may have come before.
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let Json(all) = listed(site, asked.viewer).await?;
    let kept = all.views.into_iter().find(|view| view.name == name);
    let kept = kept.ok_or_else(Problem::not_found)?;
    Ok((StatusCode::CREATED, Json(kept)).into_response())
}

/// 名称 / A name
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Name {
    #[schema(min_length = 1, max_length = 40)]
    name: String,
}

async fn rename(
    site: Site,
    asked: Asked,
    command: CommandId,
    Said(new): Said<Name>,
) -> Result<Json<Done>, Problem> {
    let what = RenameView {
        id: id(&asked),
        name: new.name,
    };
    Ok(Json(
        carry_out::<Views, _>(&site, &asked, command, asked.viewer.account, what).await?,
    ))
}

async fn delete(site: Site, asked: Asked, command: CommandId) -> Result<StatusCode, Problem> {
    let what = DeleteView(id(&asked));
    carry_out::<Views, _>(&site, &asked, command, asked.viewer.account, what).await?;
    Ok(StatusCode::NO_CONTENT)
}
