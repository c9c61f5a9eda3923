//! A project's page: every item in its place, the doubtful ones red, who vouched, what happened.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::response::Response;
use kandeng_platform::account::Viewer;
use kandeng_platform::authority::{Action, Resource};
use kandeng_platform::page::{Asked, Frame, Problem, Shell, Site, Words, html, money};
use kandeng_platform::{Language, Remembered};
use rusqlite::params;
use uuid::Uuid;

use super::super::alike::{Alike, of_project};
use super::super::projects::{Option_, stage_name, stages};
use super::super::telling::Telling;
use super::super::words::{pick, words};
use super::happened::{Happened, happened};
use super::marks::marks;
use super::read;
use super::sections::{SectionView, sections};
use crate::filing::Filing;
use crate::project::ProjectPage as Filing_;
use crate::scene::Supervise;

/// A category, as one finds it at the top.
pub(super) struct Tab {
    pub key: String,
    pub name: String,
    /// How far it is, or how many of its items are doubtful.
    pub told: String,
    pub is_doubtful: bool,
    /// Nothing is asked of it yet, and nothing is there.
    pub is_to_do: bool,
    pub is_current: bool,
}

/// The categories of a project.
pub(super) fn tabs(
    words: Words,
    filing: &Filing,
    page: &Filing_,
    doubtful: &BTreeSet<&str>,
    current: Option<&str>,
) -> Vec<Tab> {
    let of = |category: &crate::filing::Category| {
        let count = category
            .items
            .iter()
            .filter(|item| doubtful.contains(&*item.key))
            .count();
        let progress = page
            .progress
            .get(&category.key)
            .copied()
            .unwrap_or_default();
        Tab {
            key: category.key.clone(),
            name: pick(words, &category.zh, &category.en).to_owned(),
            told: if count > 0 {
                words.say_of("doubtful-items", count.to_string().as_str())
            } else {
                format!("{}/{}", progress.filled, progress.apply)
            },
            is_doubtful: count > 0,
            is_to_do: progress.required == 0 && progress.filled == 0,
            is_current: current == Some(&*category.key),
        }
    };
    filing.categories.iter().map(of).collect()
}

/// The most projects of which is remembered what stands around them.
const MOST_AROUND: usize = 4_096;

/// What stands around projects' items: what happened to them, and who shares something with them.
pub(crate) struct Around {
    happened: Remembered<(Uuid, Language), Arc<Vec<Happened>>>,
    related: Remembered<(Uuid, Language, Vec<String>), Arc<Vec<RelatedView>>>,
    alike: Remembered<(Uuid, Language, Vec<String>), Arc<Vec<Alike>>>,
}

impl Default for Around {
    fn default() -> Self {
        Self {
            happened: Remembered::new(MOST_AROUND),
            related: Remembered::new(MOST_AROUND),
            alike: Remembered::new(MOST_AROUND),
        }
    }
}

/// A flag on the project.
struct FlagView {
    id: String,
    rule: String,
    severity: String,
    says: String,
}

/// Another project that shares something with this one.
struct RelatedView {
    id: String,
    code: String,
    name: String,
    shares: String,
}

#[derive(Template)]
#[template(path = "project.html")]
struct ProjectPage {
    shell: Shell,
    id: String,
    name: String,
    code: String,
    place: String,
    kind: String,
    owner: String,
    stage: String,
    budget: Option<String>,
    paid: String,
    withdrawn: bool,
    edition: u32,
    doubts: usize,
    tabs: Vec<Tab>,
    sections: Vec<SectionView>,
    flags: Vec<FlagView>,
    sees_flags: bool,
    happened: Arc<Vec<Happened>>,
    related: Arc<Vec<RelatedView>>,
    alike: Arc<Vec<Alike>>,
    may_change: bool,
    may_withdraw: bool,
    may_erase: bool,
    stages: Vec<Option_>,
    ground: Option<super::ground::Ground>,
}

pub(super) async fn shown(
    site: Site,
    asked: Asked,
    Extension(scene): Extension<Supervise>,
    Extension(frame): Extension<Frame>,
) -> Result<Response, Problem> {
    let (page, declared) = read(&site, &scene, &asked.params)?;
    let filing = &*declared.filing;
    let words = words(asked.viewer.language);
    let viewer = &asked.viewer;
    let code = page.row.code.clone();
    let sees_flags = sees_flags(&site, viewer, &asked.resource);
    let mut flags = Vec::new();
    let mut says: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if sees_flags {
        for (flag, items) in flags_of(&site, &Telling::new(&site, &scene, words)?, words, &code)? {
            for item in items {
                says.entry(item).or_default().push(flag.says.clone());
            }
            flags.push(flag);
        }
    } else if !page.row.withdrawn {
        says = marks(&site, &scene, page.row.id, words).await?.items;
    }
    let doubtful: BTreeSet<&str> = says.keys().map(String::as_str).collect();
    let sections = sections(&site, viewer, &asked.resource, words, filing, &page, &says);
    let row = &page.row;
    let shown = ProjectPage {
        id: row.id.to_string(),
        name: row.name.clone().unwrap_or_else(|| words.say("unnamed")),
        code: code.clone(),
        place: site.divisions().place(&row.jurisdiction),
        kind: kind_name(words, filing, row.kind.as_deref()),
        owner: row.owner.clone().unwrap_or_default(),
        stage: stage_name(words, filing, &row.stage),
        budget: row.budget_fen.map(|fen| money(words, fen)),
        paid: money(words, row.paid_fen),
        withdrawn: row.withdrawn,
        edition: row.edition,
        doubts: doubtful.len(),
        tabs: tabs(words, filing, &page, &doubtful, None),
        sections,
        flags,
        sees_flags,
        happened: (scene.around().happened).of(
            site.platform(),
            (row.id, viewer.language),
            || happened(&site, words, filing, row.id).map(Arc::new),
        )?,
        related: if sees_flags {
            related(&site, viewer, &scene, words, row.id)?
        } else {
            Arc::default()
        },
        alike: if sees_flags {
            alike_photos(&site, viewer, &scene, words, filing, &page)?
        } else {
            Arc::default()
        },
        may_change: !row.withdrawn
            && site
                .authority()
                .may(viewer, Action::ChangeItems, &asked.resource),
        may_erase: site
            .authority()
            .may(viewer, Action::EraseFile, &asked.resource),
        may_withdraw: !row.withdrawn
            && site
                .authority()
                .may(viewer, Action::WithdrawProject, &asked.resource),
        stages: stages(words, filing, &row.stage),
        ground: super::ground::of(words, filing, &page, scene.datum()),
        shell: Shell::of(
            &site,
            viewer,
            frame,
            words,
            row.name.clone().unwrap_or_else(|| code.clone()),
        ),
    };
    Ok(html(&shown))
}

/// Whether somebody sees the flags of a project, as officers do; what a filer sees are the rules for filers, and nothing
/// else.
pub(crate) fn sees_flags(site: &Site, viewer: &Viewer, project: &Resource) -> bool {
    let on_flag = Resource {
        facts: kandeng_platform::authority::Facts::Flag {
            hands: kandeng_platform::authority::Hands::default(),
            severity: "low".to_owned(),
            proposed_by: None,
        },
        ..project.clone()
    };
    site.authority().may(viewer, Action::ViewFlag, &on_flag)
}

/// How a kind of project is called.
pub(crate) fn kind_name(words: Words, filing: &Filing, key: Option<&str>) -> String {
    let kinds = filing.choices.get("kind").into_iter().flatten();
    let kind = kinds.into_iter().find(|kind| Some(&*kind.key) == key);
    kind.map_or_else(String::new, |kind| {
        pick(words, &kind.zh, &kind.en).to_owned()
    })
}

fn flags_of(
    site: &Site,
    telling: &Telling,
    words: Words,
    code: &str,
) -> Result<Vec<(FlagView, Vec<String>)>, Problem> {
    let language = pick(words, "says_zh", "says_en");
    let found = site.platform().query(|connection| {
        connection
            .prepare_cached(&format!(
                "select stream, rule, severity, {language}, items from flags where \
                 subject_kind = 'project' and subject = ?1 and state = 'open' order by \
                 case severity when 'high' then 0 when 'medium' then 1 else 2 end, rule, stream"
            ))?
            .query_map([code], |row| {
                let stream: String = row.get(0)?;
                let severity: String = row.get(2)?;
                let items: String = row.get(4)?;
                let rule: String = row.get(1)?;
                let flag = FlagView {
                    id: stream.rsplit('/').next().unwrap_or_default().to_owned(),
                    severity,
                    says: telling.says(&rule, row.get(3)?),
                    rule,
                };
                // Cannot fail: the projection wrote it.
                Ok((flag, serde_json::from_str(&items).unwrap_or_default()))
            })?
            .collect::<rusqlite::Result<Vec<(FlagView, Vec<String>)>>>()
    })?;
    Ok(found)
}

/// The photos that open doubts about the project are about, side by side with those that they are like.
fn alike_photos(
    site: &Site,
    viewer: &Viewer,
    scene: &Supervise,
    words: Words,
    filing: &Filing,
    page: &Filing_,
) -> Result<Arc<Vec<Alike>>, Problem> {
    let within = site.places_for(viewer, Action::ViewProject, Resource::new_project);
    let key = (page.row.id, viewer.language, within.clone());
    let read = || of_project(site, scene, words, filing, &within, &page.row.code).map(Arc::new);
    (scene.around().alike).of(site.platform(), key, read)
}

/// The most projects that are named as related.
const RELATED: usize = 20;

/// Other projects with the same contractor, payee or account. Only those that the viewer may read.
fn related(
    site: &Site,
    viewer: &Viewer,
    scene: &Supervise,
    words: Words,
    id: Uuid,
) -> Result<Arc<Vec<RelatedView>>, Problem> {
    let within = site.places_for(viewer, Action::ViewProject, Resource::new_project);
    let key = (id, viewer.language, within.clone());
    let read = || read_related(site, words, &within, id).map(Arc::new);
    (scene.around().related).of(site.platform(), key, read)
}

fn read_related(
    site: &Site,
    words: Words,
    within: &[String],
    id: Uuid,
) -> Result<Vec<RelatedView>, Problem> {
    let found = site.platform().query(|connection| {
        connection
            .prepare_cached(include_str!("related.sql"))?
            .query_map(params![id.to_string(), RELATED as i64 * 4], |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, String>(1)?,
                    row.get::<_, Option<String>>(2)?,
                    row.get::<_, String>(3)?,
                    row.get::<_, String>(4)?,
                ))
            })?
            .collect::<rusqlite::Result<Vec<_>>>()
    })?;
    let theirs = found.into_iter().filter(|(.., place, _)| {
        within
            .iter()
            .any(|code| kandeng_platform::jurisdiction::contains(code, place))
    });
    Ok(theirs
        .take(RELATED)
        .map(|(id, code, name, _, shares)| RelatedView {
            id,
            name: name.unwrap_or_else(|| words.say("unnamed")),
            code,
            shares: words.say(&format!("shares-{shares}")),
        })
        .collect())
}
