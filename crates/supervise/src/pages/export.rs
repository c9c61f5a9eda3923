//! Taking filings out: a workbook, CSV files in a package, or a package of the open standard for projects. What goes out
//! leaves a trace.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use askama::Template;
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse as _, Response};
use futures::StreamExt as _;
use kandeng_platform::authority::{Action, Resource};
use kandeng_platform::page::{Asked, Frame, MOST_BYTES, Problem, Routes, Shell, Site, Words, html};
use serde::Deserialize;
use std::time::Duration;

use super::words::words;
use crate::oc4ids::{Publisher, Scope, export_oc4ids};
use crate::project::{ExportError, Filter, export_csv, export_workbook};
use crate::scene::Supervise;

/// How long an export may take before its first byte.
pub(crate) const MOST_TIME: Duration = Duration::from_mins(5);

/// What is sent at a time.
const PART: usize = 256 << 10;

pub(crate) fn routes() -> Routes {
    use Action::ExportFilings;
    Routes::new()
        .asks(
            Method::GET,
            "/supervise/export",
            ExportFilings,
            |site, viewer, _| Ok(site.widest(viewer, ExportFilings)),
            shown,
        )
        .asks(
            Method::GET,
            "/supervise/export/file",
            ExportFilings,
            |site, viewer, _| Ok(site.widest(viewer, ExportFilings)),
            file,
        )
        .up_to(MOST_BYTES, MOST_TIME)
}

#[derive(Template)]
#[template(path = "export.html")]
struct ExportPage {
    shell: Shell,
    /// Why no file comes.
    told: Option<String>,
    year: String,
}

async fn shown(site: Site, asked: Asked, Extension(frame): Extension<Frame>) -> Response {
    let words = words(asked.viewer.language);
    refused(&site, &asked, frame, words, None, String::new())
}

/// The page, with the reason why no file comes.
fn refused(
    site: &Site,
    asked: &Asked,
    frame: Frame,
    words: Words,
    told: Option<&str>,
    year: String,
) -> Response {
    html(&ExportPage {
        told: told.map(|key| words.say(key)),
        year,
        shell: Shell::of(site, &asked.viewer, frame, words, words.say("export")),
    })
}

/// What a file is.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// A workbook.
    Workbook,
    /// CSV files in a package.
    Csv,
    /// A project package of OC4IDS.
    Oc4ids(Scope),
}

impl Kind {
    /// The kind of that name.
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "workbook" => Self::Workbook,
            "csv" => Self::Csv,
            "oc4ids" => Self::Oc4ids(Scope::Everything),
            "oc4ids-public" => Self::Oc4ids(Scope::Public),
            _ => return None,
        })
    }

    /// Its name, and its type as the header says it.
    fn file(self) -> (&'static str, &'static str) {
        match self {
            Self::Workbook => (
                "filings.xlsx",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ),
            Self::Csv => ("filings.zip", "application/zip"),
            Self::Oc4ids(_) => ("projects.oc4ids.json", "application/json"),
        }
    }
}

/// Which file.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    pub kind: String,
    pub stage: String,
    pub year: String,
}

async fn file(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let kind = Kind::of(&wanted.kind).ok_or_else(Problem::not_found)?;
    let words = words(asked.viewer.language);
    let year = wanted.year.clone();
    // Everything would come where somebody wanted one year.
    if !year.trim().is_empty() && year.trim().parse::<i64>().is_err() {
        let told = Some("filter-unreadable");
        return Ok(refused(&site, &asked, frame, words, told, year));
    }
    let taken = taken(&site, &asked, &scene, kind, wanted).await?;
    // The standard has no package without a project.
    let told = Some("export-nothing");
    Ok(taken.unwrap_or_else(|| refused(&site, &asked, frame, words, told, year)))
}

/// The file, as it is sent; nothing where the standard has none without a project.
pub(crate) async fn taken(
    site: &Site,
    asked: &Asked,
    scene: &Supervise,
    kind: Kind,
    wanted: Wanted,
) -> Result<Option<Response>, Problem> {
    let filter = Filter {
        within: site.places_for(&asked.viewer, Action::ExportFilings, Resource::desk),
        stage: Some(wanted.stage).filter(|stage| !stage.is_empty()),
        year: wanted.year.trim().parse().ok(),
        ..Filter::default()
    };
    let filing = scene.newest(site)?.filing;
    // Before anything is shown: who took what out.
    let cx = site.context(&asked.viewer, &asked.resource.jurisdiction);
    let id = site.platform().new_id();
    site.platform()
        .note_reading(id, "export", &wanted.kind, &cx)
        .await?;
    let (platform, key, datum) = (site.platform().clone(), scene.key().clone(), scene.datum());
    let publisher = Publisher {
        name: site.divisions().name(site.jurisdiction()).to_owned(),
        ..Publisher::default()
    };
    // Its owner's alone, and emptied when the node starts: what a crash leaves of an export is nobody's to find.
    let beside = scene.uploads().to_owned();
    let made = tokio::task::spawn_blocking(move || {
        let folder = tempfile::Builder::new()
            .prefix("export-")
            .tempdir_in(beside)?;
        let path = folder.path().join(kind.file().0);
        let count = match kind {
            Kind::Workbook => export_workbook(&platform, &filing, &key, &filter, &path),
            Kind::Csv => {
                let inner = folder.path().join("csv");
                std::fs::create_dir(&inner)?;
                let count = export_csv(&platform, &filing, &key, &filter, &inner);
                packed(&inner, &path)?;
                count
            }
            Kind::Oc4ids(scope) => export_oc4ids(
                &platform, &filing, &key, &filter, datum, scope, &publisher, &path,
            ),
        };
        let count = count.map_err(other)?;
        let file = std::fs::File::open(path)?;
        Ok::<_, std::io::Error>((file, folder, count))
    })
    .await
    .map_err(|error| Problem::fault(&error))?
    .map_err(|error| Problem::fault(&error))?;
    let (file, folder, count) = made;
    if count == 0 && matches!(kind, Kind::Oc4ids(_)) {
        return Ok(None);
    }
    let length = file.metadata().map(|metadata| metadata.len()).ok();
    let (name, kind) = kind.file();
    // The folder goes once the last part was read, or whoever asked has gone. Fused: whoever compresses it asks once more
    // after the end, which an unfolded stream does not bear.
    let parts = futures::stream::unfold((file, folder), |(mut file, folder)| async move {
        let read = tokio::task::spawn_blocking(move || {
            let mut part = vec![0; PART];
            let read = file.read(&mut part).map(|length| {
                part.truncate(length);
                Bytes::from(part)
            });
            (read, file)
        })
        .await;
        let (read, file) = read.ok()?;
        match read {
            Ok(part) if part.is_empty() => None,
            read => Some((read, (file, folder))),
        }
    })
    .fuse();
    let mut answer = Body::from_stream(parts).into_response();
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let disposition = format!("attachment; filename=\"{name}\"");
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    if let Some(length) = length {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    Ok(Some(answer))
}

fn other(error: ExportError) -> std::io::Error {
    std::io::Error::other(error)
}

/// The files of a folder in a package.
fn packed(folder: &Path, to: &Path) -> std::io::Result<PathBuf> {
    let mut package = zip::ZipWriter::new(std::fs::File::create(to)?);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.sort();
    for path in paths {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        package.start_file(name, zip::write::SimpleFileOptions::default())?;
        std::io::copy(&mut std::fs::File::open(&path)?, &mut package)?;
    }
    package.finish()?;
    Ok(to.to_owned())
}
