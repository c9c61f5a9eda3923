//! Bringing filings in: a file is read, what it would change is shown cell by cell, and it is taken whole or not at all.
//!
//! A file that waits is kept in memory and in a folder that only this program reads, for an hour.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use askama::Template;
use axum::Extension;
use axum::extract::{Multipart, Query};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::account::Viewer;
use kandeng_platform::authority::{Action, Resource};
use kandeng_platform::page::{
    Asked, Form, Frame, Nothing, Problem, Routes, Shell, Site, Words, html, shown_as_it_is, told,
};
use kandeng_platform::{CommandError, jurisdiction};
use serde::Deserialize;
use uuid::Uuid;

use super::project::resource_of;
use super::words::{pick, text, words};
use crate::import::{self, ImportOptions};
use crate::project::{ImportPlan, PlannedProject};
use crate::scene::Supervise;

/// The most bytes of a file.
const MOST_BYTES: usize = 64 << 20;

/// The most bytes that a package of CSV files comes to, and the most files in it.
const MOST_UNPACKED: u64 = 512 << 20;
const MOST_FILES: usize = 64;

/// How long a file may take to arrive, over a poor connection too.
const MOST_TIME: Duration = Duration::from_mins(20);

/// How long a file waits to be taken, in milliseconds.
const WAITS: i64 = 3_600_000;

/// How many wait at a time: each holds its tables in memory.
const MOST_WAITING: usize = 8;

/// Projects on one page of a report.
const ON_PAGE: usize = 50;

pub(crate) fn routes() -> Routes {
    use Action::ImportFilings;
    let desk = |site: &Site, viewer: &Viewer, _: &kandeng_platform::page::Params| {
        Ok(site.widest(viewer, ImportFilings))
    };
    Routes::new()
        .asks(Method::GET, "/supervise/import", ImportFilings, desk, shown)
        .asks(
            Method::POST,
            "/supervise/import",
            ImportFilings,
            desk,
            upload,
        )
        .up_to(MOST_BYTES, MOST_TIME)
        .asks(
            Method::GET,
            "/supervise/import/{id}",
            ImportFilings,
            desk,
            report,
        )
        .asks(
            Method::POST,
            "/supervise/import/{id}/take",
            ImportFilings,
            desk,
            take,
        )
        .up_to(64 << 10, MOST_TIME)
        .asks(
            Method::POST,
            "/supervise/import/{id}/discard",
            ImportFilings,
            desk,
            discard,
        )
}

/// Files that were read and wait.
#[derive(Clone, Default)]
pub(crate) struct Waiting(Arc<Mutex<HashMap<Uuid, Arc<Pending>>>>);

struct Pending {
    plan: ImportPlan,
    name: String,
    account: Uuid,
    /// In milliseconds since 1970.
    until: i64,
    /// Gone with the plan: a file in Parquet is read on demand.
    _folder: tempfile::TempDir,
}

impl Waiting {
    fn all(&self, now: i64) -> std::sync::MutexGuard<'_, HashMap<Uuid, Arc<Pending>>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, pending| pending.until > now);
        all
    }

    fn get(&self, site: &Site, viewer: &Viewer, id: Uuid) -> Result<Arc<Pending>, Problem> {
        let found = self.all(now(site)).get(&id).cloned();
        // Somebody else's is not there.
        let found = found.filter(|pending| pending.account == viewer.account);
        found.ok_or_else(Problem::not_found)
    }
}

fn now(site: &Site) -> i64 {
    site.platform().clock().now().as_millisecond()
}

struct WaitingLine {
    id: String,
    name: String,
    until: String,
}

#[derive(Template)]
#[template(path = "import.html")]
struct ImportPage {
    shell: Shell,
    told: Vec<String>,
    waiting: Vec<WaitingLine>,
}

async fn shown(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
) -> Response {
    show(&site, &asked.viewer, &scene, frame, Vec::new())
}

fn show(
    site: &Site,
    viewer: &Viewer,
    scene: &Supervise,
    frame: Frame,
    told: Vec<String>,
) -> Response {
    let words = words(viewer.language);
    let mut waiting: Vec<WaitingLine> = scene
        .waiting()
        .all(now(site))
        .iter()
        .filter(|(_, pending)| pending.account == viewer.account)
        .map(|(id, pending)| WaitingLine {
            id: id.to_string(),
            name: pending.name.clone(),
            until: kandeng_platform::page::moment(pending.until),
        })
        .collect();
    waiting.sort_by(|one, other| one.until.cmp(&other.until));
    html(&ImportPage {
        told,
        waiting,
        shell: Shell::of(site, viewer, frame, words, words.say("import")),
    })
}

/// A page that says what is wrong with a file.
fn refused(
    site: &Site,
    viewer: &Viewer,
    scene: &Supervise,
    frame: Frame,
    told: Vec<String>,
) -> Response {
    let mut answer = show(site, viewer, scene, frame, told);
    *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    shown_as_it_is(answer)
}

async fn upload(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    form: Multipart,
) -> Result<Response, Problem> {
    let words = words(asked.viewer.language);
    let folder = tempfile::Builder::new()
        .prefix("kandeng-import-")
        .tempdir()
        .map_err(|error| Problem::fault(&error))?;
    let received = receive(form, folder.path()).await?;
    let Some((path, name)) = received else {
        let told = vec![words.say("choose-a-file")];
        return Ok(refused(&site, &asked.viewer, &scene, frame, told));
    };
    if scene.waiting().all(now(&site)).len() >= MOST_WAITING {
        return Err(Problem::busy());
    }
    let declared = scene.newest(&site)?;
    let options = ImportOptions {
        filing: declared.filing,
        datum: scene.datum(),
        as_of: Some(site.today()),
        ..ImportOptions::new(scene.key().clone())
    };
    let platform = site.platform().clone();
    // Reading and comparing take seconds: on a thread that may.
    let planned = tokio::task::spawn_blocking(move || {
        let input = unpacked(&path)?;
        let read = import::read(&[input], &options).map_err(|error| Refused::File(error.text()))?;
        ImportPlan::new(&platform, read, &options, &|_, _| {}).map_err(Refused::Command)
    })
    .await
    .map_err(|error| Problem::fault(&error))?;
    let plan = match planned {
        Ok(plan) => plan,
        Err(Refused::File(error)) => {
            let told = vec![text(words, &error)];
            return Ok(refused(&site, &asked.viewer, &scene, frame, told));
        }
        Err(Refused::Command(CommandError::Refused(refusal))) => {
            let told = vec![words.of(&refusal.text).to_owned()];
            return Ok(refused(&site, &asked.viewer, &scene, frame, told));
        }
        Err(Refused::Command(error)) => return Err(error.into()),
    };
    if plan.projects().is_empty() {
        let mut told = vec![words.say("no-projects-in-file")];
        told.extend(
            plan.diagnostics
                .iter()
                .take(20)
                .map(|one| text(words, &one.message)),
        );
        return Ok(refused(&site, &asked.viewer, &scene, frame, told));
    }
    let id = site.platform().new_id();
    let pending = Pending {
        plan,
        name,
        account: asked.viewer.account,
        until: now(&site) + WAITS,
        _folder: folder,
    };
    scene
        .waiting()
        .all(now(&site))
        .insert(id, Arc::new(pending));
    Ok(Redirect::to(&format!("/supervise/import/{id}")).into_response())
}

enum Refused {
    File(kandeng_screening::Text),
    Command(CommandError),
}

/// Writes the file of the form into the folder, under a name of ours; gives it and the name that it came by.
async fn receive(mut form: Multipart, folder: &Path) -> Result<Option<(PathBuf, String)>, Problem> {
    let cut_off = |status: StatusCode| match status {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(),
        _ => Problem::unreadable(kandeng_platform::Text::new(
            "文件没有完整送达,什么都没有导入;请再传一次",
            "the file did not arrive whole, and nothing was taken; send it again",
        )),
    };
    let mut received = None;
    while let Some(mut field) = form
        .next_field()
        .await
        .map_err(|error| cut_off(error.status()))?
    {
        if field.name() != Some("file") || received.is_some() {
            continue;
        }
        let name: String = field
            .file_name()
            .unwrap_or_default()
            .chars()
            .filter(|letter| !letter.is_control())
            .take(120)
            .collect();
        // A CSV says by its name which table it is.
        let own = name.rsplit(['/', '\\']).next().unwrap_or_default();
        let own = own.trim_start_matches('.');
        let path = folder.join(if own.is_empty() { "upload" } else { own });
        let mut file = std::fs::File::create(&path).map_err(|error| Problem::fault(&error))?;
        let mut size = 0;
        while let Some(bytes) = field
            .chunk()
            .await
            .map_err(|error| cut_off(error.status()))?
        {
            size += bytes.len();
            file.write_all(&bytes)
                .map_err(|error| Problem::fault(&error))?;
        }
        if size > 0 {
            received = Some((path, name));
        }
    }
    Ok(received)
}

/// The folder of a package of CSV files; any other file as it is.
fn unpacked(path: &Path) -> Result<PathBuf, Refused> {
    let wrong = |zh: &str, en: &str| Refused::File(kandeng_screening::Text::new(zh, en));
    let file =
        std::fs::File::open(path).map_err(|_| wrong("文件不能读取", "the file cannot be read"))?;
    let Ok(mut package) = zip::ZipArchive::new(file) else {
        return Ok(path.to_owned());
    };
    let is_workbook = package
        .file_names()
        .filter_map(Result::ok)
        .any(|name| name == "[Content_Types].xml" || name == "mimetype");
    if is_workbook {
        return Ok(path.to_owned());
    }
    if package.len() > MOST_FILES {
        return Err(wrong(
            "压缩包里文件过多(最多 64 个)",
            "there are too many files in the package (at most 64)",
        ));
    }
    let folder = path.with_extension("files");
    std::fs::create_dir(&folder)
        .map_err(|_| wrong("磁盘不能写入", "the disk cannot be written to"))?;
    let mut left = MOST_UNPACKED;
    for index in 0..package.len() {
        let entry = package
            .by_index(index)
            .map_err(|_| wrong("压缩包已损坏", "the package is damaged"))?;
        // The last part of the name alone, so that nothing is written outside.
        let name = match entry.name() {
            Ok(name) => name
                .rsplit(['/', '\\'])
                .next()
                .unwrap_or_default()
                .to_owned(),
            // A name that cannot be read is none of a table.
            Err(_) => continue,
        };
        let is_table = ["csv", "parquet"].iter().any(|ending| {
            Path::new(&name)
                .extension()
                .is_some_and(|own| own.eq_ignore_ascii_case(ending))
        });
        if entry.is_dir() || !is_table || name.starts_with('.') {
            continue;
        }
        let to = folder.join(&name);
        let mut to = std::fs::File::create(to)
            .map_err(|_| wrong("磁盘不能写入", "the disk cannot be written to"))?;
        // What a package says of its size is not believed.
        let written = std::io::copy(&mut entry.take(left + 1), &mut to)
            .map_err(|_| wrong("压缩包已损坏", "the package is damaged"))?;
        if written > left {
            return Err(wrong(
                "压缩包解开后过大(最多 512 MB)",
                "the package is too large once unpacked (at most 512 MB)",
            ));
        }
        left -= written;
    }
    Ok(folder)
}

/// What the address of a report says.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    page: usize,
    code: String,
    all: String,
}

struct ProjectLine {
    code: String,
    is_new: bool,
    is_unchanged: bool,
    new: u32,
    changed: u32,
    emptied: u32,
    unread: u32,
}

struct ChangeLine {
    what: String,
    place: String,
    from: String,
    to: String,
    unread: Option<String>,
}

#[derive(Template)]
#[template(path = "import_report.html")]
struct ReportPage {
    shell: Shell,
    told: Option<String>,
    id: String,
    name: String,
    news: usize,
    changed: usize,
    unchanged: usize,
    unread: u32,
    is_unchanged: bool,
    diagnostics: Vec<String>,
    more_diagnostics: usize,
    problems: Vec<String>,
    elsewhere: Vec<String>,
    lines: Vec<ProjectLine>,
    before: Option<usize>,
    after: Option<usize>,
    wanted: Wanted,
    changes: Vec<ChangeLine>,
}

/// The most that is told of what is wrong with a file.
const MOST_TOLD: usize = 100;

async fn report(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let id = asked.params.id("id").unwrap_or_else(Uuid::nil);
    let pending = scene.waiting().get(&site, &asked.viewer, id)?;
    show_report(
        &site,
        &asked.viewer,
        &scene,
        frame,
        id,
        &pending,
        wanted,
        None,
    )
}

#[expect(clippy::too_many_arguments)] // one page and all that it shows
fn show_report(
    site: &Site,
    viewer: &Viewer,
    scene: &Supervise,
    frame: Frame,
    id: Uuid,
    pending: &Pending,
    wanted: Wanted,
    told: Option<String>,
) -> Result<Response, Problem> {
    let words = words(viewer.language);
    let filing = scene.newest(site)?.filing;
    let plan = &pending.plan;
    let projects = plan.projects();
    let unchanged = projects.iter().filter(|one| one.is_unchanged()).count();
    let news = projects.iter().filter(|one| one.edition == 0).count();
    let wants_all = !wanted.all.is_empty();
    let listed: Vec<&PlannedProject> = projects
        .iter()
        .filter(|one| wants_all || !one.is_unchanged() || one.unread > 0)
        .collect();
    let from = wanted.page.saturating_mul(ON_PAGE);
    let lines = listed
        .iter()
        .skip(from)
        .take(ON_PAGE)
        .map(|one| ProjectLine {
            code: one.code.clone(),
            is_new: one.edition == 0,
            is_unchanged: one.is_unchanged(),
            new: one.new,
            changed: one.changed,
            emptied: one.emptied,
            unread: one.unread,
        });
    let lines = lines.collect();
    let changes = if wanted.code.is_empty() {
        Vec::new()
    } else {
        plan.changes(site.platform(), &wanted.code)?
            .into_iter()
            .take(2_000)
            .map(|change| {
                let column = filing.column(&change.table, &change.column);
                let what = column.map_or(&*change.column, |column| {
                    pick(words, &column.zh, &column.en)
                });
                ChangeLine {
                    what: what.to_owned(),
                    place: change.place.map_or_else(String::new, |place| {
                        words.say_with(
                            "place-in-file",
                            &[
                                ("sheet", place.sheet),
                                ("row", place.row.to_string()),
                                ("column", place.column.to_string()),
                            ],
                        )
                    }),
                    from: change.from.unwrap_or_default(),
                    to: change.to.unwrap_or_default(),
                    unread: change.unread.map(|why| words.of(&why).to_owned()),
                }
            })
            .collect()
    };
    let page = ReportPage {
        told,
        id: id.to_string(),
        name: pending.name.clone(),
        news,
        unchanged,
        changed: projects.len() - news - unchanged,
        unread: projects.iter().map(|one| one.unread).sum(),
        is_unchanged: plan.is_unchanged(),
        diagnostics: plan
            .diagnostics
            .iter()
            .take(MOST_TOLD)
            .map(|one| diagnostic(words, one))
            .collect(),
        more_diagnostics: plan.diagnostics.len().saturating_sub(MOST_TOLD),
        problems: plan
            .problems
            .iter()
            .take(MOST_TOLD)
            .map(|problem| format!("{}: {}", problem.code, words.of(&problem.message)))
            .collect(),
        elsewhere: elsewhere(site, viewer, projects)?,
        lines,
        before: wanted.page.checked_sub(1),
        after: (from + ON_PAGE < listed.len()).then_some(wanted.page + 1),
        wanted,
        changes,
        shell: Shell::of(site, viewer, frame, words, words.say("import-report")),
    };
    Ok(html(&page))
}

/// Where, and what.
fn diagnostic(words: Words, one: &crate::diagnostic::Diagnostic) -> String {
    let mut place = one.sheet.clone().unwrap_or_default();
    if let Some(row) = one.row {
        place = words.say_with(
            "row-in-sheet",
            &[("sheet", place), ("row", row.to_string())],
        );
    }
    if let Some(column) = &one.column {
        place = format!("{place} {column}");
    }
    let place = place.trim();
    let message = text(words, &one.message);
    if place.is_empty() {
        message
    } else {
        format!("{place}: {message}")
    }
}

/// Projects of the file that the viewer may not file or change: outside their jurisdictions now, or by the village that
/// the file says.
fn elsewhere(
    site: &Site,
    viewer: &Viewer,
    projects: &[PlannedProject],
) -> Result<Vec<String>, Problem> {
    let may = |action, resource: &Resource| site.authority().may(viewer, action, resource);
    let own = site
        .widest(viewer, Action::ImportFilings)
        .map_or_else(String::new, |desk| desk.jurisdiction);
    let mut found = Vec::new();
    for project in projects.iter().filter(|one| !one.is_unchanged()) {
        let village = project.village.as_deref();
        let village = village.filter(|village| jurisdiction::is_code(village));
        let lies_well = match village {
            Some(village) => site
                .places_for(viewer, Action::ImportFilings, Resource::desk)
                .iter()
                .any(|code| jurisdiction::contains(code, village)),
            None => jurisdiction::is_code(&own),
        };
        let is_ours = project.edition == 0
            || resource_of(site, project.id)?.is_some_and(|resource| {
                may(
                    Action::ImportFilings,
                    &Resource::desk(&resource.jurisdiction),
                )
            });
        if !(lies_well && is_ours) {
            found.push(project.code.clone());
        }
        if found.len() >= MOST_TOLD {
            break;
        }
    }
    Ok(found)
}

async fn take(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let id = asked.params.id("id").unwrap_or_else(Uuid::nil);
    let viewer = asked.viewer.clone();
    let pending = scene.waiting().get(&site, &viewer, id)?;
    let words = words(viewer.language);
    let again = |told: String, frame: Frame| {
        show_report(
            &site,
            &viewer,
            &scene,
            frame,
            id,
            &pending,
            Wanted::default(),
            Some(told),
        )
    };
    // All or none, and none of them elsewhere.
    if !elsewhere(&site, &viewer, pending.plan.projects())?.is_empty() {
        return again(words.say("import-elsewhere"), frame);
    }
    let cx = site.context(&viewer, &asked.resource.jurisdiction);
    let taken = pending
        .plan
        .take(site.platform(), scene.vault(), &cx, &|_, _| {})
        .await;
    match taken {
        Ok(_) => {
            scene.waiting().all(now(&site)).remove(&id);
            Ok(told(
                Redirect::to("/supervise/projects?newest=1").into_response(),
                "imported",
            ))
        }
        Err(CommandError::Refused(refusal)) => again(words.of(&refusal.text).to_owned(), frame),
        Err(error) => Err(error.into()),
    }
}

async fn discard(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let id = asked.params.id("id").unwrap_or_else(Uuid::nil);
    scene.waiting().get(&site, &asked.viewer, id)?;
    scene.waiting().all(now(&site)).remove(&id);
    Ok(told(
        Redirect::to("/supervise/import").into_response(),
        "discarded",
    ))
}
