//! The boundary of a project, from a file or from its corners: read, shown with its area, and then saved by the form of its
//! category as any other item is.

use askama::Template;
use axum::Extension;
use axum::extract::Multipart;
use axum::http::StatusCode;
use axum::response::Response;
use kandeng_geo::{Boundary, Datum, MultiPolygon, area_m2, crosses_itself, mu_from_m2};
use kandeng_platform::Text;
use kandeng_platform::page::{Asked, Frame, Problem, Shell, Site, html, shown_as_it_is};

use super::super::arrived::{Arrived, Most, receive};
use super::super::projects::Option_;
use super::super::words::{both, pick, words};
use super::category::category;
use super::ground::{Ground, area_of, drawn};
use super::read;
use crate::import::boundary_file::{read_bytes, read_corners};
use crate::project::{Declared, MAX_CELL, ProjectPage};
use crate::scene::Supervise;

/// The item, and the columns of its cells.
const ITEM: &str = "boundary";

/// How much of a form is taken, and of all that is sent.
pub(crate) const MOST: Most = Most {
    files: 1,
    bytes: 8 << 20,
    field: MAX_CELL,
};
pub(crate) const MOST_BYTES: usize = 9 << 20;

/// Corners that are listed of a boundary to be drawn anew; one with more is brought in as a file.
const CORNERS: usize = 2_000;

#[derive(Template)]
#[template(path = "boundary.html")]
struct BoundaryPage {
    shell: Shell,
    told: Option<String>,
    id: String,
    code: String,
    name: String,
    category: String,
    category_name: String,
    edition: u32,
    ground: Option<Ground>,
    /// What was read and can be saved: well-known text, on WGS-84.
    wkt: Option<String>,
    area: String,
    warnings: Vec<String>,
    methods: Vec<Option_>,
    accuracy: String,
    datum: String,
    corners: String,
}

/// What was sent, and what came of it.
#[derive(Default)]
struct Sent {
    corners: Option<String>,
    datum: String,
    method: &'static str,
    read: Option<Result<Found, Text>>,
}

/// A boundary that was read.
pub(crate) struct Found {
    pub area: MultiPolygon<f64>,
    /// Well-known text, on WGS-84: what the cell of the item holds. Nothing where that is too long for it.
    pub wkt: Option<String>,
    pub warnings: Vec<Text>,
}

impl Found {
    fn of(boundary: Boundary) -> Self {
        let wkt = Some(boundary.to_wkt()).filter(|text| text.len() <= MAX_CELL);
        let warnings = boundary.warnings.iter().map(|warning| {
            let (zh, en) = warning.text();
            Text::new(zh, en)
        });
        let mut warnings: Vec<Text> = warnings.collect();
        if crosses_itself(&boundary.area) {
            warnings.push(both("boundary-crosses"));
        }
        Self {
            area: boundary.area,
            wkt,
            warnings,
        }
    }
}

/// Reads what arrived: a file, or else the list of corners; on the datum that is said, or the node's own.
pub(crate) async fn read_from(
    arrived: Arrived,
    scene: &Supervise,
) -> Result<Result<Found, Text>, Problem> {
    let corners = arrived.fields().find(|(name, _)| *name == "corners");
    let corners = corners.map(|(_, corners)| corners.to_owned());
    let datum = match arrived.field("datum").trim() {
        "" => Ok(None),
        name => Datum::parse(name).map(Some).map_err(|error| error.text()),
    };
    let datum = datum.map(|datum| datum.or(scene.datum()));
    let file = arrived.files.into_iter().next();
    let refused = arrived.refused;
    let work = move || match (refused, datum, file, corners) {
        (Some(refused), ..) => Err((refused.zh, refused.en)),
        (None, Err(wrong), ..) => Err(wrong),
        (None, Ok(datum), Some(file), _) => match std::fs::read(&file.path) {
            Ok(bytes) => read_bytes(&bytes, datum),
            Err(error) => Err((
                format!("文件不能读取:{error}"),
                format!("the file cannot be read: {error}"),
            )),
        },
        (None, Ok(datum), None, Some(corners)) => read_corners(&corners, datum),
        (None, Ok(_), None, None) => Err((
            "请选择文件,或填写拐点。".to_owned(),
            "Choose a file, or list the corners.".to_owned(),
        )),
    };
    // A shapefile of many points takes a moment to read.
    let read = tokio::task::spawn_blocking(move || {
        let read = work().map_err(|(zh, en)| Text::new(zh, en));
        read.map(Found::of)
    });
    read.await.map_err(|error| Problem::fault(&error))
}

pub(super) async fn shown(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
) -> Result<Response, Problem> {
    let (page, declared) = read(&site, &scene, &asked.params)?;
    show(
        &site,
        &asked,
        &scene,
        &page,
        &declared,
        frame,
        Sent::default(),
    )
}

pub(super) async fn send(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    form: Multipart,
) -> Result<Response, Problem> {
    let (page, declared) = read(&site, &scene, &asked.params)?;
    let folder = tempfile::tempdir_in(scene.uploads());
    let folder = folder.map_err(|error| Problem::fault(&error))?;
    let arrived = receive(form, folder.path(), MOST).await?;
    let datum = arrived.field("datum").to_owned();
    let corners = arrived.fields().find(|(name, _)| *name == "corners");
    let corners = corners.map(|(_, corners)| corners.to_owned());
    let read = read_from(arrived, &scene).await?;
    let sent = Sent {
        method: if corners.is_some() {
            "drawn"
        } else {
            "surveyed"
        },
        corners,
        datum,
        read: Some(read),
    };
    show(&site, &asked, &scene, &page, &declared, frame, sent)
}

fn show(
    site: &Site,
    asked: &Asked,
    scene: &Supervise,
    page: &ProjectPage,
    declared: &Declared,
    frame: Frame,
    sent: Sent,
) -> Result<Response, Problem> {
    let filing = &*declared.filing;
    let words = words(asked.viewer.language);
    let category = category(filing, asked)?;
    let item = category.items.iter().find(|item| item.key == ITEM);
    let item = item.filter(|item| !item.retired);
    let item = item.ok_or_else(Problem::not_found)?;
    let held = area_of(page, scene.datum());
    let (mut told, mut warnings, mut wkt) = (None, Vec::new(), None);
    let mut found = None;
    match sent.read {
        Some(Ok(read)) => {
            let all = read.warnings.iter();
            warnings.extend(all.map(|warning| words.of(warning).to_owned()));
            if read.wkt.is_none() {
                told = Some(words.say("boundary-too-long"));
            }
            wkt = read.wkt;
            found = Some(read.area);
        }
        Some(Err(wrong)) => told = Some(words.of(&wrong).to_owned()),
        None => {}
    }
    let fields = &page.filed.fields;
    let method = match (&found, fields.get("boundary_method")) {
        (None, Some(method)) => method.as_str(),
        _ => sent.method,
    };
    let methods = filing.column(&filing.sheets[0].table, "boundary_method");
    let methods = methods.map_or(&[][..], |column| filing.choices(column));
    let shown = found.as_ref().or(held.as_ref());
    let is_refused = told.is_some();
    let page = BoundaryPage {
        told,
        id: page.row.id.to_string(),
        code: page.row.code.clone(),
        name: page
            .row
            .name
            .clone()
            .unwrap_or_else(|| words.say("unnamed")),
        category: category.key.clone(),
        category_name: pick(words, &category.zh, &category.en).to_owned(),
        edition: page.items.get(ITEM).map_or(0, |standing| standing.edition),
        ground: drawn(words, filing, page, shown),
        area: shown.map_or_else(String::new, |area| in_mu(area_m2(area))),
        wkt,
        warnings,
        methods: methods
            .iter()
            .map(|choice| Option_ {
                key: choice.key.clone(),
                name: pick(words, &choice.zh, &choice.en).to_owned(),
                chosen: choice.key == method,
            })
            .collect(),
        accuracy: fields
            .get("boundary_accuracy_m")
            .cloned()
            .unwrap_or_default(),
        corners: sent
            .corners
            .unwrap_or_else(|| held.as_ref().map_or_else(String::new, corners)),
        datum: sent.datum,
        shell: Shell::of(
            site,
            &asked.viewer,
            frame,
            words,
            pick(words, &item.zh, &item.en).to_owned(),
        ),
    };
    let mut answer = html(&page);
    if is_refused {
        *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        answer = shown_as_it_is(answer);
    }
    Ok(answer)
}

/// The outer corners of a boundary of one ring, one a line; nothing of one that a list of corners cannot say.
fn corners(area: &MultiPolygon<f64>) -> String {
    let [only] = &area.0[..] else {
        return String::new();
    };
    let ring = only.exterior();
    if !only.interiors().is_empty() || ring.0.len() > CORNERS {
        return String::new();
    }
    // The last is the first once more.
    let corners = ring.coords().take(ring.0.len().saturating_sub(1));
    corners
        .map(|corner| format!("{:.6}, {:.6}\n", corner.x, corner.y))
        .collect()
}

/// An area in mu, as a number.
fn in_mu(m2: f64) -> String {
    format!("{:.2}", mu_from_m2(m2))
}
