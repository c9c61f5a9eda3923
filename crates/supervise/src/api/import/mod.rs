//! Bringing filings in: a file is read, what it would change is told cell by cell, and it is taken whole or not at all.

mod report;

use std::sync::Arc;

use axum::extract::Multipart;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use kandeng_platform::account::Viewer;
use kandeng_platform::api::{
    Asks, Beside, Both, CommandId, Done, MOST_COMMAND, Operation, Operations,
};
use kandeng_platform::authority::Action;
use kandeng_platform::page::{Asked, Params, Problem, Site};
use kandeng_platform::{Refusal, Text};
use report::{ImportLine, Report, WantedReport};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::cells::is_hidden;
use super::{DONE, id};
use crate::pages::import::MOST_TIME;
use crate::pages::import::job::{self, Job, Ready, State};
use crate::pages::import::report::elsewhere;
use crate::pages::import::upload::{MOST_BYTES, Uploaded};
use crate::project::CellChange;
use crate::scene::Supervise;

/// The most changes of one project that are told.
const MOST_CHANGES: usize = 2_000;

pub(super) fn operations() -> Operations {
    use Action::ImportFilings;
    let desk = |site: &Site, viewer: &Viewer, _: &Params| Ok(site.widest(viewer, ImportFilings));
    Operations::new()
        .asks(
            Operation::read("/api/supervise/imports", "已读取而未导入的文件,自己的 / Files that were read and wait: one's own")
                .giving::<Imports>(200, "文件 / The files"),
            ImportFilings,
            desk,
            listed,
        )
        .asks(
            Operation::command(
                "/api/supervise/imports",
                "上传并读取一个文件;什么都还不导入,等待一小时 / Upload and read a file; nothing is taken yet, it waits for an hour",
            )
            .taking_file("xlsx、xls、ods、CSV,CSV、Parquet 的 zip,或 OC4IDS、OCDS 的 JSON,至多 64 MB / xlsx, xls, ods, CSV, a zip of CSV or Parquet, or JSON of OC4IDS or OCDS, 64 MB at most")
            .giving::<Report>(201, "已读取,`location` 是报告的地址 / It was read; `location` is the address of the report"),
            ImportFilings,
            desk,
            upload,
        )
        .up_to(MOST_BYTES, MOST_TIME)
        .asks(
            Operation::read("/api/supervise/imports/{id}", "一个文件会改变什么,按项目 / What a file would change, by project")
                .asking::<WantedReport>()
                .giving::<Report>(200, "报告 / The report"),
            ImportFilings,
            desk,
            report,
        )
        .asks(
            Operation::read(
                "/api/supervise/imports/{id}/projects/{code}",
                "一个文件会改变一个项目的哪些单元格,至多 2000 格 / Which cells of a project a file would change: up to 2,000",
            )
            .giving::<CellChanges>(200, "单元格 / The cells"),
            ImportFilings,
            desk,
            changes,
        )
        .asks(
            Operation::command("/api/supervise/imports/{id}/take", "导入:全部或全不 / Take it: all of it or nothing")
                .giving::<Done>(200, DONE),
            ImportFilings,
            desk,
            take,
        )
        .up_to(MOST_COMMAND, MOST_TIME)
        .asks(
            Operation::new(Method::DELETE, "/api/supervise/imports/{id}", "不导入 / Do not take it")
                .giving_nothing("已丢弃 / It is gone"),
            ImportFilings,
            desk,
            discard,
        )
}

/// 等待导入的文件 / Files that wait
#[derive(Serialize, ToSchema)]
struct Imports {
    imports: Vec<ImportLine>,
}

async fn listed(
    site: Site,
    viewer: Viewer,
    Extension(scene): Extension<Supervise>,
) -> Json<Imports> {
    let all = scene.waiting().of(&site, &viewer);
    let imports = all.iter().map(|(id, job)| ImportLine::of(*id, job));
    Json(Imports {
        imports: imports.collect(),
    })
}

async fn upload(
    site: Site,
    asked: Asked,
    command: CommandId,
    beside: Beside,
    Extension(scene): Extension<Supervise>,
    form: Multipart,
) -> Result<Response, Problem> {
    let viewer = &asked.viewer;
    let refused = |told: Text| {
        let refusal = Refusal::new("file-refused", told.zh, told.en);
        Problem::from(refusal).with("field", "file".into())
    };
    // Sent again while it waits, it is not read once more.
    if let Some(id) = command.id()
        && let Ok(job) = scene.waiting().get(&site, viewer, id)
        && let State::Ready(ready) = job.state()
    {
        return reported(&site, viewer, (id, &job), &ready);
    }
    let uploaded = Uploaded::receive(&scene, form).await?;
    beside.nothing(uploaded.arrived.fields())?;
    let job = uploaded.begun(&site, viewer, &scene)?.map_err(refused)?;
    let ready = match job.done().await {
        State::Ready(ready) => ready,
        State::Refused(told) => {
            let lines = |of: fn(&Text) -> &str| told.iter().map(of).collect::<Vec<_>>().join("\n");
            return Err(refused(Text::new(
                lines(|text| &text.zh),
                lines(|text| &text.en),
            )));
        }
        _ => return Err(Problem::busy()),
    };
    let id = command.id().unwrap_or_else(|| site.platform().new_id());
    scene.waiting().put_as(&site, id, job.clone());
    reported(&site, viewer, (id, &job), &ready)
}

/// The first page of the report, with its address.
fn reported(
    site: &Site,
    viewer: &Viewer,
    (id, job): (Uuid, &Job),
    ready: &Ready,
) -> Result<Response, Problem> {
    let report = Report::of(site, viewer, (id, job), ready, &WantedReport::default())?;
    let mut made = (StatusCode::CREATED, Json(report)).into_response();
    // Cannot fail: it is made of letters and digits.
    if let Ok(to) = HeaderValue::from_str(&format!("/api/supervise/imports/{id}")) {
        made.headers_mut().insert(header::LOCATION, to);
    }
    Ok(made)
}

/// A file of one's own that waits, and what was read of it.
fn waiting(site: &Site, asked: &Asked, scene: &Supervise) -> Result<(Job, Arc<Ready>), Problem> {
    let job = scene.waiting().get(site, &asked.viewer, id(asked))?;
    match job.state() {
        State::Ready(ready) => Ok((job, ready)),
        State::Taken | State::Refused(_) => Err(Problem::not_found()),
        _ => Err(busy()),
    }
}

fn busy() -> Problem {
    Problem::from(Refusal::new(
        "import-busy",
        "这个文件还在读取、比对或导入,请稍后再问",
        "this file is still being read, compared or taken; ask again later",
    ))
}

async fn report(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Asks(wanted): Asks<WantedReport>,
) -> Result<Json<Report>, Problem> {
    let (job, ready) = waiting(&site, &asked, &scene)?;
    let report = Report::of(&site, &asked.viewer, (id(&asked), &job), &ready, &wanted)?;
    Ok(Json(report))
}

/// 单元格 / Cells
#[derive(Serialize, ToSchema)]
struct CellChanges {
    changes: Vec<CellChangeOut>,
}

/// 一格会怎样 / What would happen to a cell
#[derive(Serialize, ToSchema)]
struct CellChangeOut {
    /// 表的键 / Key of the table
    table: String,
    column: String,
    /// 文件中的工作表 / The sheet of the file
    sheet: Option<String>,
    /// 文件中的行,从 1 数 / The row in the file, counted from 1
    row: Option<u32>,
    /// JSON 文件中的位置(RFC 6901) / The place in a JSON file (RFC 6901)
    pointer: Option<String>,
    /// 现在的;不显示的没有 / What stands there; none where it is not shown
    from: Option<String>,
    /// 文件中的;不显示的没有 / What the file says; none where it is not shown
    to: Option<String>,
    /// 无法读取的原因 / Why it could not be read
    unread: Option<Both>,
}

async fn changes(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
) -> Result<Json<CellChanges>, Problem> {
    let (_, ready) = waiting(&site, &asked, &scene)?;
    let code = asked.params.get("code").unwrap_or_default();
    let planned = ready.plan.projects().iter();
    let mut planned = planned.filter(|project| project.code == code);
    planned.next().ok_or_else(Problem::not_found)?;
    let filing = scene.newest(&site)?.filing;
    let changes = ready.plan.changes(site.platform(), code)?;
    let changes = changes.into_iter().take(MOST_CHANGES);
    let changes = changes.map(|change: CellChange| {
        let shown = !is_hidden(&filing, &change.table, &change.column);
        CellChangeOut {
            from: change.from.filter(|_| shown),
            to: change.to.filter(|_| shown),
            pointer: change
                .place
                .as_ref()
                .and_then(|place| place.pointer.clone()),
            // A place in JSON has neither.
            sheet: (change.place.as_ref())
                .filter(|place| place.pointer.is_none())
                .map(|place| place.sheet.clone()),
            row: (change.place.as_ref())
                .filter(|place| place.pointer.is_none())
                .map(|place| place.row),
            unread: change.unread.map(|why: Text| why.into()),
            table: change.table,
            column: change.column,
        }
    });
    Ok(Json(CellChanges {
        changes: changes.collect(),
    }))
}

async fn take(
    site: Site,
    asked: Asked,
    command: CommandId,
    Extension(scene): Extension<Supervise>,
) -> Result<Json<Done>, Problem> {
    // Taken already, the file waits no more.
    if let Some(done) = command.first_answer(&site).await? {
        return Ok(Json(done));
    }
    let (job, _) = waiting(&site, &asked, &scene)?;
    let viewer = &asked.viewer;
    // One that waits for its turn is taken by nobody else meanwhile.
    let ready = job.begin().ok_or_else(busy)?;
    // Cannot fail: nobody closes it.
    let _turn = scene.waiting().turns().taking.acquire_owned().await;
    let left = |problem: Problem| {
        job.is(job::again(&ready, Vec::new(), problem.text.clone()));
        problem
    };
    // All or none, and none of them elsewhere.
    if !elsewhere(&site, viewer, ready.plan.projects())
        .map_err(left)?
        .is_empty()
    {
        return Err(left(Problem::from(Refusal::new(
            "import-elsewhere",
            "文件中有不在你辖区内的项目,什么都没有导入",
            "there are projects in the file that lie outside your jurisdiction; nothing was taken",
        ))));
    }
    let cx = command.context(&site, viewer, &asked.resource.jurisdiction);
    let taken = ready
        .plan
        .take(site.platform(), scene.vault(), &cx, &|_, _| {})
        .await
        .map_err(|error| left(error.into()))?;
    job.is(State::Taken);
    scene.waiting().remove(&site, id(&asked));
    Ok(Json(Done::from(&taken.answer)))
}

async fn discard(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
) -> Result<StatusCode, Problem> {
    waiting(&site, &asked, &scene)?;
    scene.waiting().remove(&site, id(&asked));
    Ok(StatusCode::NO_CONTENT)
}
