//! All projects of one's jurisdictions, and filing a new one.

use std::collections::BTreeMap;

use askama::Template;
use axum::Extension;
use axum::extract::Query;
use axum::http::Method;
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::CommandError;
use kandeng_platform::account::Viewer;
use kandeng_platform::authority::{Action, Resource};
use kandeng_platform::page::{
    Asked, Form, Frame, Problem, Routes, Shell, Site, Words, html, money, told,
};
use serde::Deserialize;

use super::words::{pick, words};
use crate::filing::Filing;
use crate::project::{Edit, FileProject, Filter, Hiding, Page, Project, hide, list};
use crate::scene::Supervise;

/// Projects on one page.
const ON_PAGE: u32 = 50;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .asks(
            Method::GET,
            "/supervise/projects",
            Action::ViewProject,
            |site, viewer, _| {
                Ok(site.widest_for(viewer, Action::ViewProject, Resource::new_project))
            },
            shown,
        )
        .asks(
            Method::GET,
            "/supervise/projects/new",
            Action::FileProject,
            |site, viewer, _| Ok(where_one_files(site, viewer)),
            new,
        )
        .asks(
            Method::POST,
            "/supervise/projects/new",
            Action::FileProject,
            |site, viewer, _| Ok(where_one_files(site, viewer)),
            file,
        )
}

/// Where somebody files, if anywhere.
pub(crate) fn where_one_files(site: &Site, viewer: &Viewer) -> Option<Resource> {
    site.widest_for(viewer, Action::FileProject, Resource::new_project)
}

/// What the address says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    text: String,
    stage: String,
    kind: String,
    year: String,
    place: String,
    newest: String,
    page: u64,
}

impl Wanted {
    /// Whether not all that somebody may see is asked for.
    fn is_narrowed(&self) -> bool {
        let all = [&self.text, &self.stage, &self.kind, &self.year, &self.place];
        all.into_iter().any(|one| !one.trim().is_empty())
    }

    /// The address of another page of the same.
    fn address(&self, page: u64) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [
            ("text", &self.text),
            ("stage", &self.stage),
            ("kind", &self.kind),
            ("year", &self.year),
            ("place", &self.place),
            ("newest", &self.newest),
        ] {
            if !value.is_empty() {
                form.append_pair(name, value);
            }
        }
        if page > 0 {
            form.append_pair("page", &page.to_string());
        }
        let query = form.finish();
        if query.is_empty() {
            return "/supervise/projects".to_owned();
        }
        format!("/supervise/projects?{query}")
    }
}

struct Line {
    id: String,
    code: String,
    name: String,
    place: String,
    stage: String,
    owner: String,
    budget: String,
    paid: String,
    done: u32,
    required: u32,
    doubts: u32,
}

/// One of a list to choose from.
pub(crate) struct Option_ {
    pub key: String,
    pub name: String,
    pub chosen: bool,
}

#[derive(Template)]
#[template(path = "projects.html")]
struct ProjectsPage {
    shell: Shell,
    lines: Vec<Line>,
    total: u64,
    wanted: Wanted,
    /// The year cannot be read.
    unreadable: bool,
    stages: Vec<Option_>,
    kinds: Vec<Option_>,
    places: Vec<Option_>,
    before: Option<String>,
    after: Option<String>,
    may_file: bool,
    sees_flags: bool,
}

/// In place of a division's code: what lies in no township.
pub(crate) const NOWHERE: &str = "none";

/// Places to narrow a list to: what lies in the viewer's jurisdictions, down to the township.
pub(crate) fn places(site: &Site, words: Words, within: &[String], chosen: &str) -> Vec<Option_> {
    let mut places = Vec::new();
    if chosen == NOWHERE {
        places.push(Option_ {
            key: NOWHERE.to_owned(),
            name: words.say("elsewhere"),
            chosen: true,
        });
    }
    for code in within {
        for (code, name) in site.divisions().below(code).filter(|_| code.len() < 9) {
            places.push(Option_ {
                key: code.to_owned(),
                name: name.to_owned(),
                chosen: code == chosen,
            });
        }
    }
    places
}

pub(crate) fn choices(words: Words, of: &[(&str, &str, &str)], chosen: &str) -> Vec<Option_> {
    of.iter()
        .map(|(key, zh, en)| Option_ {
            key: (*key).to_owned(),
            name: pick(words, zh, en).to_owned(),
            chosen: *key == chosen,
        })
        .collect()
}

pub(crate) fn stages(words: Words, filing: &Filing, chosen: &str) -> Vec<Option_> {
    let stages = filing.stages.iter();
    let stages: Vec<_> = stages
        .map(|stage| (&*stage.key, &*stage.zh, &*stage.en))
        .collect();
    choices(words, &stages, chosen)
}

pub(crate) fn kinds(words: Words, filing: &Filing, chosen: &str) -> Vec<Option_> {
    let kinds = filing.choices.get("kind").into_iter().flatten();
    let kinds: Vec<_> = kinds
        .map(|kind| (&*kind.key, &*kind.zh, &*kind.en))
        .collect();
    choices(words, &kinds, chosen)
}

/// How a stage is called.
pub(crate) fn stage_name(words: Words, filing: &Filing, key: &str) -> String {
    let stage = filing.stages.iter().find(|stage| stage.key == key);
    stage.map_or_else(
        || key.to_owned(),
        |stage| pick(words, &stage.zh, &stage.en).to_owned(),
    )
}

async fn shown(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let viewer = &asked.viewer;
    let words = words(viewer.language);
    let filing = scene.newest(&site)?.filing;
    let within = site.places_for(viewer, Action::ViewProject, Resource::new_project);
    let narrowed = kandeng_platform::jurisdiction::is_code(&wanted.place)
        && within
            .iter()
            .any(|code| kandeng_platform::jurisdiction::contains(code, &wanted.place));
    let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let filter = Filter {
        within: if narrowed {
            vec![wanted.place.clone()]
        } else {
            within.clone()
        },
        stage: some(&wanted.stage),
        kind: some(&wanted.kind),
        year: wanted.year.trim().parse().ok(),
        text: some(&wanted.text),
        withdrawn: false,
        newest: !wanted.newest.is_empty(),
        nowhere: wanted.place == NOWHERE,
        ..Filter::default()
    };
    let from = wanted.page.saturating_mul(u64::from(ON_PAGE));
    let sees_flags = site.widest(viewer, Action::ViewDesk).is_some();
    let (found, doubts): (Page, BTreeMap<String, u32>) = site.platform().query(|connection| {
        let found = list(connection, &filter, from, ON_PAGE)?;
        let mut doubts = BTreeMap::new();
        if sees_flags {
            let mut count = connection.prepare_cached(
                "select count(*) from flags where subject_kind = 'project' and subject = ?1 and state = 'open'",
            )?;
            for row in &found.rows {
                let open = count.query_row([&row.code], |row| row.get(0))?;
                doubts.insert(row.code.clone(), open);
            }
        }
        Ok((found, doubts))
    })?;
    let lines = found.rows.iter().map(|row| Line {
        id: row.id.to_string(),
        code: row.code.clone(),
        name: row.name.clone().unwrap_or_else(|| words.say("unnamed")),
        place: site.divisions().place(&row.jurisdiction),
        stage: stage_name(words, &filing, &row.stage),
        owner: row.owner.clone().unwrap_or_default(),
        budget: row
            .budget_fen
            .map(|fen| money(words, fen))
            .unwrap_or_default(),
        paid: money(words, row.paid_fen),
        done: row.done,
        required: row.required,
        doubts: doubts.get(&row.code).copied().unwrap_or(0),
    });
    let page = ProjectsPage {
        lines: lines.collect(),
        total: found.total,
        stages: stages(words, &filing, &wanted.stage),
        kinds: kinds(words, &filing, &wanted.kind),
        places: places(&site, words, &within, &wanted.place),
        before: (wanted.page > 0).then(|| wanted.address(wanted.page - 1)),
        after: (from + u64::from(ON_PAGE) < found.total).then(|| wanted.address(wanted.page + 1)),
        may_file: where_one_files(&site, viewer).is_some(),
        sees_flags,
        unreadable: !wanted.year.trim().is_empty() && filter.year.is_none(),
        wanted,
        shell: Shell::of(&site, viewer, frame, words, words.say("projects")),
    };
    Ok(html(&page))
}

/// What is typed of a new project.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct NewProject {
    code: String,
    name: String,
    kind: String,
    village: String,
}

#[derive(Template)]
#[template(path = "new_project.html")]
struct NewPage {
    shell: Shell,
    told: Option<String>,
    typed: NewProject,
    kinds: Vec<Option_>,
    villages: Vec<Option_>,
}

async fn new(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
) -> Result<Response, Problem> {
    show_new(
        &site,
        &asked.viewer,
        &scene,
        frame,
        None,
        NewProject::default(),
    )
}

fn show_new(
    site: &Site,
    viewer: &Viewer,
    scene: &Supervise,
    frame: Frame,
    told: Option<String>,
    typed: NewProject,
) -> Result<Response, Problem> {
    let words = words(viewer.language);
    let filing = scene.newest(site)?.filing;
    let within = site.places_for(viewer, Action::FileProject, Resource::new_project);
    let mut villages = Vec::new();
    for code in &within {
        villages.extend(villages_in(site, code, &typed.village));
    }
    let page = NewPage {
        told,
        kinds: kinds(words, &filing, &typed.kind),
        villages,
        typed,
        shell: Shell::of(site, viewer, frame, words, words.say("new-project")),
    };
    Ok(html(&page))
}

/// The villages in a jurisdiction, by township.
fn villages_in(site: &Site, code: &str, chosen: &str) -> Vec<Option_> {
    let divisions = site.divisions();
    let of = |code: &str| Option_ {
        key: code.to_owned(),
        name: divisions.place(code),
        chosen: code == chosen,
    };
    match code.len() {
        12 => vec![of(code)],
        _ => divisions
            .below(code)
            .flat_map(|(code, _)| villages_in(site, code, chosen))
            .collect(),
    }
}

async fn file(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
    Form(typed): Form<NewProject>,
) -> Result<Response, Problem> {
    let viewer = &asked.viewer;
    let words = words(viewer.language);
    let declared = scene.newest(&site)?;
    let village = typed.village.trim();
    let place = match village {
        "" => asked.resource.jurisdiction.clone(),
        village => village.to_owned(),
    };
    // A project is filed where its village lies, and by whoever may file there.
    let there = Resource::new_project(&place);
    if !site.authority().may(viewer, Action::FileProject, &there) {
        let told = words.say("village-elsewhere");
        return show_new(&site, viewer, &scene, frame, Some(told), typed);
    }
    let edit = [
        ("name", typed.name.trim()),
        ("kind", typed.kind.trim()),
        ("village_code", village),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .fold(Edit::default(), |edit, (column, value)| {
        edit.with(column, value)
    });
    let mut hiding = Hiding::new(site.platform(), scene.vault(), scene.key());
    let (edit, people) = hide(
        &mut hiding,
        &declared.filing,
        &typed.code,
        &crate::project::Filed::default(),
        &[],
        edit,
    )?;
    let id = site.platform().new_id();
    let command = FileProject {
        id,
        filing: declared.filing,
        declaration: declared.version,
        code: typed.code.clone(),
        stage: None,
        edit,
        people,
        file: None,
    };
    let cx = site.context(viewer, &place);
    match site
        .platform()
        .carry_out::<Project, _>(id, command, &cx)
        .await
    {
        Ok(_) => {
            let to = format!("/supervise/projects/{id}");
            Ok(told(Redirect::to(&to).into_response(), "filed"))
        }
        Err(CommandError::Refused(refusal)) => {
            let told = words.of(&refusal.text).to_owned();
            show_new(&site, viewer, &scene, frame, Some(told), typed)
        }
        Err(error) => Err(error.into()),
    }
}
