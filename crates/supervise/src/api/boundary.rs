//! The boundary of a project from a file or from its corners: read and measured; it is saved as any other item is.

use axum::extract::Multipart;
use axum::http::Method;
use axum::{Extension, Json};
use kandeng_geo::{area_m2, mu_from_m2};
use kandeng_platform::Refusal;
use kandeng_platform::api::{Beside, Both, Operation, Operations};
use kandeng_platform::authority::Action;
use kandeng_platform::page::{Asked, Problem, Site};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::pages::arrived::receive;
use crate::pages::both;
use crate::pages::project::boundary::{MOST, MOST_BYTES, read_from};
use crate::pages::project::files::MOST_TIME;
use crate::pages::project::of_path;
use crate::scene::Supervise;

pub(super) fn operations() -> Operations {
    Operations::new()
        .asks(
            Operation::new(
                Method::POST,
                "/api/supervise/projects/{id}/boundary",
                "读取边界文件,测算面积;不保存,保存与其他信息项一样 / Read a boundary's file and measure it; nothing is saved: that is done as for any \
                 other item",
            )
            .taking_file(
                "WKT、GeoJSON、GPX、KML 或 Shapefile 的 zip,至多 8 MB / WKT, GeoJSON, GPX, KML or a zip of a Shapefile, 8 MB at most",
            )
            .beside::<BesideBoundary>()
            .giving::<BoundaryOut>(200, "读到的边界 / The boundary that was read"),
            Action::ChangeItems,
            of_path,
            look,
        )
        .up_to(MOST_BYTES, MOST_TIME)
}

/// 文件之外 / What is said beside the file
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "it is read as the page reads it, once it is as described"
)]
struct BesideBoundary {
    /// 坐标系,如 `WGS84`、`CGCS2000`、`GCJ02`;不写则按文件或本站的设置 / The datum, such as `WGS84`; else the file's, or this node's
    #[schema(max_length = 40)]
    datum: Option<String>,
}

/// 读到的边界 / A boundary that was read
#[derive(Serialize, ToSchema)]
struct BoundaryOut {
    /// WGS-84 的 WKT:填入列 `boundary` / Well-known text on WGS-84: what goes into the column `boundary`
    wkt: String,
    area_m2: f64,
    /// 面积,亩 / The area in mu
    area_mu: f64,
    /// 读取时的提示 / What should be looked at
    warnings: Vec<Both>,
}

async fn look(
    _: Site,
    _: Asked,
    beside: Beside,
    Extension(scene): Extension<Supervise>,
    form: Multipart,
) -> Result<Json<BoundaryOut>, Problem> {
    let folder = tempfile::tempdir_in(scene.uploads());
    let folder = folder.map_err(|error| Problem::fault(&error))?;
    let arrived = receive(form, folder.path(), MOST).await?;
    let _: BesideBoundary = beside.read(arrived.fields())?;
    let refused = |text: kandeng_platform::Text| {
        let refusal = Refusal::new("boundary-refused", text.zh, text.en);
        Problem::from(refusal).with("field", "file".into())
    };
    let found = read_from(arrived, &scene).await?.map_err(refused)?;
    let wkt = found
        .wkt
        .ok_or_else(|| refused(both("boundary-too-long")))?;
    let area_m2 = area_m2(&found.area);
    Ok(Json(BoundaryOut {
        wkt,
        area_m2,
        area_mu: mu_from_m2(area_m2),
        warnings: found.warnings.into_iter().map(Both::from).collect(),
    }))
}
