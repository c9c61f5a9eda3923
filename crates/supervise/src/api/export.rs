//! Taking filings out: which files there are, and the files. What goes out leaves a trace.

use axum::response::Response;
use axum::{Extension, Json};
use kandeng_platform::Refusal;
use kandeng_platform::account::Viewer;
use kandeng_platform::api::{Asks, MOST_COMMAND, Operation, Operations, ProblemDocument};
use kandeng_platform::authority::Action;
use kandeng_platform::page::{Asked, Params, Problem, Site};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::pages::export::{Kind, MOST_TIME, Wanted, taken};
use crate::scene::Supervise;

/// The kinds of files, as their headers say it.
const KINDS: &[&str] = &[
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/zip",
    "application/json",
];

pub(super) fn operations() -> Operations {
    use Action::ExportFilings;
    let desk = |site: &Site, viewer: &Viewer, _: &Params| Ok(site.widest(viewer, ExportFilings));
    Operations::new()
        .asks(
            Operation::read(
                "/api/supervise/exports",
                "可以导出的文件 / The files that can be taken out",
            )
            .giving::<Exports>(200, "文件 / The files"),
            ExportFilings,
            desk,
            listed,
        )
        .asks(
            Operation::read(
                "/api/supervise/exports/file",
                "导出,留痕 / Take a file out; that leaves a trace",
            )
            .asking::<WantedFile>()
            .giving_file(KINDS, "文件 / The file")
            .giving::<ProblemDocument>(409, "没有可导出的项目 / There is no project to take out"),
            ExportFilings,
            desk,
            file,
        )
        .up_to(MOST_COMMAND, MOST_TIME)
}

/// 可以导出的文件 / The files that can be taken out
#[derive(Serialize, ToSchema)]
struct Exports {
    exports: Vec<ExportLine>,
}

/// 一个文件 / A file
#[derive(Serialize, ToSchema)]
struct ExportLine {
    kind: KindName,
    /// 下载地址;可加 `stage`、`year` / Its address; `stage` and `year` may be added
    #[schema(example = "/api/supervise/exports/file?kind=csv")]
    href: String,
}

/// 文件的种类:工作簿、CSV 的 zip、OC4IDS 项目包、只含可公开内容的 OC4IDS 项目包 / What a file is: a workbook, a zip of CSV, a project package of OC4IDS,
/// the same with what is public alone
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum KindName {
    Workbook,
    Csv,
    Oc4ids,
    Oc4idsPublic,
}

impl KindName {
    const ALL: [Self; 4] = [Self::Workbook, Self::Csv, Self::Oc4ids, Self::Oc4idsPublic];

    const fn name(self) -> &'static str {
        match self {
            Self::Workbook => "workbook",
            Self::Csv => "csv",
            Self::Oc4ids => "oc4ids",
            Self::Oc4idsPublic => "oc4ids-public",
        }
    }
}

async fn listed() -> Json<Exports> {
    let exports = KindName::ALL.into_iter().map(|kind| ExportLine {
        kind,
        href: format!("/api/supervise/exports/file?kind={}", kind.name()),
    });
    Json(Exports {
        exports: exports.collect(),
    })
}

/// 要导出什么 / What to take out
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WantedFile {
    kind: KindName,
    /// 只要此阶段的 / Of this stage alone
    #[schema(max_length = 60)]
    stage: Option<String>,
    /// 只要此年度的 / Of this year alone
    #[schema(minimum = 1900, maximum = 2999)]
    year: Option<u32>,
}

async fn file(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Asks(said): Asks<WantedFile>,
) -> Result<Response, Problem> {
    let kind = Kind::of(said.kind.name()).ok_or_else(Problem::not_found)?;
    let wanted = Wanted {
        kind: said.kind.name().to_owned(),
        stage: said.stage.unwrap_or_default(),
        year: said.year.map(|year| year.to_string()).unwrap_or_default(),
    };
    let file = taken(&site, &asked, &scene, kind, wanted).await?;
    file.ok_or_else(|| {
        Refusal::new(
            "nothing-to-export",
            "没有可导出的项目",
            "there is no project to take out",
        )
        .into()
    })
}
