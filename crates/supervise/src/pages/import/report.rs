//! What a file would change, cell by cell, before anything of it is taken.

use askama::Template;
use axum::Extension;
use axum::extract::Query;
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::account::Viewer;
use kandeng_platform::authority::{Action, Resource};
use kandeng_platform::jurisdiction;
use kandeng_platform::page::{Asked, Frame, Problem, Shell, Site, Words, html, told as flash};
use serde::Deserialize;
use uuid::Uuid;

use super::super::project::resource_of;
use super::super::words::{pick, text, words};
use super::job::{Job, Ready, State};
use super::progress;
use super::upload::refused;
use crate::packages::NotCarried;
use crate::project::PlannedProject;
use crate::scene::Supervise;

/// Projects on one page of a report.
const ON_PAGE: usize = 50;

/// What the address of a report says.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    page: usize,
    code: String,
    all: String,
    /// The page is told how far it is, and does not ask.
    live: String,
}

struct ProjectLine {
    code: String,
    is_new: bool,
    is_unchanged: bool,
    new: u32,
    changed: u32,
    emptied: u32,
    unread: u32,
    not_carried: u32,
}

/// Something of a package that is not carried.
struct LeftLine {
    place: String,
    value: String,
    why: String,
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
    left: Vec<LeftLine>,
    left_out: Vec<LeftLine>,
    not_carried: u32,
}

/// The most that is told of what is wrong with a file.
pub(crate) const MOST_TOLD: usize = 100;

pub(super) async fn report(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let id = asked.params.id("id").unwrap_or_else(Uuid::nil);
    let job = scene.waiting().get(&site, &asked.viewer, id)?;
    let viewer = &asked.viewer;
    match job.state() {
        State::Ready(ready) => show(&site, viewer, &scene, frame, (id, &job), &ready, wanted),
        State::Taken => Ok(flash(
            Redirect::to("/supervise/projects?newest=1").into_response(),
            "imported",
        )),
        State::Refused(told) => {
            let words = words(viewer.language);
            let told = told.iter().map(|one| words.of(one).to_owned()).collect();
            Ok(refused(&site, viewer, &scene, frame, told))
        }
        busy => Ok(progress::show(
            &site,
            viewer,
            frame,
            (id, &job),
            &busy,
            !wanted.live.is_empty(),
        )),
    }
}

fn show(
    site: &Site,
    viewer: &Viewer,
    scene: &Supervise,
    frame: Frame,
    (id, job): (Uuid, &Job),
    ready: &Ready,
    wanted: Wanted,
) -> Result<Response, Problem> {
    let words = words(viewer.language);
    let filing = scene.newest(site)?.filing;
    let plan = &ready.plan;
    let projects = plan.projects();
    let unchanged = projects.iter().filter(|one| one.is_unchanged()).count();
    let news = projects.iter().filter(|one| one.edition == 0).count();
    let wants_all = !wanted.all.is_empty();
    let listed: Vec<&PlannedProject> = projects
        .iter()
        .filter(|one| wants_all || !one.is_unchanged() || one.unread > 0 || one.not_carried > 0)
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
            not_carried: one.not_carried,
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
                        if let Some(pointer) = place.pointer {
                            return pointer;
                        }
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
    let left_line = |one: &NotCarried| LeftLine {
        place: one.place.clone(),
        value: one.value.clone().unwrap_or_default(),
        why: text(words, &one.why),
    };
    let page = ReportPage {
        left: plan
            .not_carried(&wanted.code)
            .iter()
            .map(left_line)
            .collect(),
        left_out: plan.left_out().take(MOST_TOLD).map(left_line).collect(),
        not_carried: projects.iter().map(|one| one.not_carried).sum(),
        told: ready.told.as_ref().map(|why| words.of(why).to_owned()),
        id: id.to_string(),
        name: job.name.to_string(),
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
        elsewhere: ready.elsewhere.clone(),
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
pub(crate) fn diagnostic(words: Words, one: &crate::diagnostic::Diagnostic) -> String {
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
pub(crate) fn elsewhere(
    site: &Site,
    viewer: &Viewer,
    projects: &[PlannedProject],
) -> Result<Vec<String>, Problem> {
    let within = site.places_for(viewer, Action::ImportFilings, Resource::desk);
    let is_ours = |place: &str| {
        within
            .iter()
            .any(|code| jurisdiction::contains(code, place))
    };
    let mut found = Vec::new();
    for project in projects.iter().filter(|one| !one.is_unchanged()) {
        let village = project.village.as_deref();
        // What is no code decides nothing: a new project lies with whoever files it, another stays where it is.
        let goes_well = village
            .filter(|village| jurisdiction::is_code(village))
            .is_none_or(is_ours);
        let lies_well = project.edition == 0
            || resource_of(site, project.id)?.is_some_and(|it| is_ours(&it.jurisdiction));
        if !(goes_well && lies_well) {
            found.push(project.code.clone());
        }
        if found.len() >= MOST_TOLD {
            break;
        }
    }
    Ok(found)
}
