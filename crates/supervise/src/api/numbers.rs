//! The first numbers: projects and money by stage, doubts and cases by township.

use axum::{Extension, Json};
use kandeng_platform::api::{Operation, Operations};
use kandeng_platform::authority::{Action, Resource};
use kandeng_platform::page::{Asked, Problem, Site};
use serde::Serialize;
use utoipa::ToSchema;

use crate::pages::numbers::{Township, counted};
use crate::scene::Supervise;

pub(super) fn operations() -> Operations {
    Operations::new().asks(
        Operation::read(
            "/api/supervise/numbers",
            "数字:按阶段、按乡镇 / Numbers: by stage, by township",
        )
        .giving::<Numbers>(200, "数字 / The numbers"),
        Action::ViewNumbers,
        |site, viewer, _| Ok(site.widest(viewer, Action::ViewNumbers)),
        shown,
    )
}

/// 数字 / Numbers
#[derive(Serialize, ToSchema)]
struct Numbers {
    /// 按阶段,按先后 / By stage, in order
    stages: Vec<OfStage>,
    /// 按乡镇 / By township
    townships: Vec<OfTownship>,
}

/// 一个阶段的 / Of a stage
#[derive(Serialize, ToSchema)]
struct OfStage {
    /// 阶段的键 / Key of the stage
    stage: String,
    projects: i64,
    /// 批复总投资,分 / Approved budget, in fen
    budget_fen: i64,
    /// 已拨付,分 / Paid, in fen
    paid_fen: i64,
}

/// 一个乡镇的 / Of a township
#[derive(Serialize, ToSchema)]
struct OfTownship {
    /// 乡镇的区划代码;不明的为空 / Code of the township; empty where it is not known
    township: String,
    projects: i64,
    /// 批复总投资,分 / Approved budget, in fen
    budget_fen: i64,
    /// 有待核疑点的项目;不在任一乡镇的,另有单位等 / Projects with open flags; of no township, organizations too
    doubtful: i64,
    /// 待核疑点 / Open flags
    flags: i64,
    /// 转核实的办件,不论办到哪一步 / Cases that were opened to verify, however they stand
    verifications: i64,
    /// 在办的办件 / Cases that are open
    cases_open: i64,
    /// 已移送的 / Cases that were handed on
    cases_referred: i64,
    /// 已办结的 / Cases that were closed
    cases_closed: i64,
    /// 追回的钱,分 / Money recovered, in fen
    recovered_fen: i64,
}

impl From<(String, Township)> for OfTownship {
    fn from((township, of): (String, Township)) -> Self {
        Self {
            township,
            projects: of.projects,
            budget_fen: of.budget_fen,
            doubtful: of.doubtful,
            flags: of.flags,
            verifications: of.verified,
            cases_open: of.open,
            cases_referred: of.referred,
            cases_closed: of.closed,
            recovered_fen: of.recovered_fen,
        }
    }
}

async fn shown(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
) -> Result<Json<Numbers>, Problem> {
    let filing = scene.newest(&site)?.filing;
    let within = site.places_for(&asked.viewer, Action::ViewNumbers, Resource::desk);
    let (stages, townships) = counted(&site, &filing, &within)?;
    let stages = stages.into_values();
    let stages = stages.map(|(stage, projects, budget_fen, paid_fen)| OfStage {
        stage,
        projects,
        budget_fen,
        paid_fen,
    });
    Ok(Json(Numbers {
        stages: stages.collect(),
        townships: townships.into_iter().map(OfTownship::from).collect(),
    }))
}
